//! Filters as SQL select exactly the rows that they select here.

use std::collections::BTreeSet;

use annvil_core::filter::{Comparison, Filter, Value};
use annvil_core::metric::Metric;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::super::filter::sql;
use super::super::rows::from_bigint;
use super::{Collection, on_server, variant};

const ROWS: usize = 1_000;

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ])
}

fn equality() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![Comparison::Equal, Comparison::NotEqual])
}

fn text() -> impl Strategy<Value = String> {
    let texts = ["n", "v", "it's", "back\\slash", "", "é", "nobody", "'; drop table x; --", "$1"];
    prop::sample::select(texts.map(str::to_owned).to_vec())
}

fn number() -> impl Strategy<Value = Value> {
    let ints = vec![-3, 0, 1, 2, 1 << 31, (1 << 53) + 1, 1 << 53, i64::MAX, i64::MIN, i64::MIN + 1];
    let floats =
        vec![-2.5, -0.0, 0.0, 0.5, 1.0, 1.5, 1e300, -1e300, 9_007_199_254_740_992.0, 9.3e18, -9.3e18];
    prop_oneof![
        prop::sample::select(ints).prop_map(Value::Int),
        prop::sample::select(floats).prop_map(Value::Float)
    ]
}

fn test() -> impl Strategy<Value = Filter> {
    let numeric = || prop::sample::select(vec!["id".to_owned(), "a \"b\"".to_owned()]);
    let field = prop::sample::select(vec!["id", "a \"b\"", "text", "flag", "tags"]);
    let flag = || "flag".to_owned();
    let listed = |inside| {
        move |field: String, values| {
            if inside { Filter::In { field, values } } else { Filter::NotIn { field, values } }
        }
    };
    let smaller_first = |(field, a, b): (String, Value, Value)| {
        let number = |value: &Value| match value {
            Value::Int(x) => *x as f64,
            Value::Float(x) => *x,
            _ => 0.0,
        };
        let (low, high) = if number(&a) <= number(&b) { (a, b) } else { (b, a) };
        Filter::Between { field, low, high }
    };
    prop_oneof![
        (numeric(), comparison(), number()).prop_map(|(field, comparison, value)| Filter::Compare {
            field,
            comparison,
            value
        }),
        (equality(), text()).prop_map(|(comparison, text)| Filter::Compare {
            field: "text".into(),
            comparison,
            value: Value::Text(text)
        }),
        (equality(), any::<bool>()).prop_map(move |(comparison, x)| Filter::Compare {
            field: flag(),
            comparison,
            value: Value::Bool(x)
        }),
        (numeric(), prop::collection::vec(number(), 1..4), any::<bool>())
            .prop_map(move |(field, values, inside)| listed(inside)(field, values)),
        (prop::collection::vec(text().prop_map(Value::Text), 1..4), any::<bool>())
            .prop_map(move |(values, inside)| listed(inside)("text".into(), values)),
        (prop::collection::vec(any::<bool>().prop_map(Value::Bool), 1..3), any::<bool>())
            .prop_map(move |(values, inside)| listed(inside)(flag(), values)),
        (numeric(), number(), number()).prop_map(smaller_first),
        text().prop_map(|text| Filter::Contains { field: "tags".into(), text }),
        field.prop_map(|field| Filter::Exists { field: field.into() }),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    test().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

#[test]
fn the_server_selects_what_core_selects() {
    on_server("PGVECTOR_URL", async |url| {
        let plain = variant("{}");
        let collection = Collection::new(url, "filters", &plain, Metric::L2, ROWS).await;
        let (data, design) = (&collection.data, &collection.design);
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let mut selecting = 0;
        for _ in 0..600 {
            let filter = filter().new_tree(&mut runner).unwrap().current();
            let predicate = filter.compile(&data.labels).unwrap();
            let wanted: BTreeSet<u64> = (0..ROWS)
                .filter(|row| predicate.matches(&data.labels, *row))
                .map(|row| data.ids[row])
                .collect();
            let condition = sql(&filter, &design.columns).unwrap();
            let statement = format!("select id from {} where {condition}", design.table());
            let rows = collection
                .client
                .query_typed(&statement, &[])
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
            let found: BTreeSet<u64> = rows.iter().map(|row| from_bigint(row.get(0))).collect();
            assert_eq!(found, wanted, "{filter}\n{condition}");
            selecting += usize::from(!wanted.is_empty() && wanted.len() < ROWS);
        }
        assert!(selecting > 300, "only {selecting} of 600 filters selected some rows and not all");
        collection.drop().await;
    });
}

#[test]
fn what_can_not_be_asked_is_refused() {
    let labels = super::labels(1).schema();
    let columns = super::super::columns::LabelColumns::new(&labels).unwrap();
    let refusal = |text: &str| sql(&text.parse().unwrap(), &columns).unwrap_err().to_string();
    assert!(refusal("nothing = 1").contains("no such label"));
    assert!(refusal("text > 'a'").contains("compares numbers"));
    let nul = Filter::Compare {
        field: "text".into(),
        comparison: Comparison::Equal,
        value: Value::Text("a\0b".into()),
    };
    assert!(sql(&nul, &columns).unwrap_err().to_string().contains("NUL"));
}
