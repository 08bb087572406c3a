//! Grammar, errors, and the fast path against the plain one.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Comparison, Filter, Value};
use crate::label::{Column, LabelType, LabelValue, Labels};

fn parse(text: &str) -> Filter {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn schema() -> BTreeMap<String, LabelType> {
    let columns = [
        ("b", LabelType::Bool),
        ("f", LabelType::Float),
        ("i", LabelType::Int),
        ("l", LabelType::TextList),
        ("pos tag", LabelType::Text),
        ("t", LabelType::Text),
    ];
    columns.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect()
}

#[test]
fn the_canonical_text_of_filters() {
    for (given, canonical) in [
        ("a=1 AND b = 2 or c != 'it''s'", "(a = 1 and b = 2) or c != 'it''s'"),
        ("a = 1 and (b = 2 or c = 3)", "a = 1 and (b = 2 or c = 3)"),
        ("not a = 1 and b exists", "not a = 1 and b exists"),
        ("not (a = 1 and b exists)", "not (a = 1 and b exists)"),
        ("((a.b_1 >= -2.50))", "a.b_1 >= -2.5"),
        ("a not in (1,2.0, 1e300, 'x', true)", "a not in (1, 2.0, 1e300, 'x', true)"),
        ("a between 1 and 2 and b contains 'law'", "a between 1 and 2 and b contains 'law'"),
        (
            "\"not\" = 1 and \"a \"\"b\" exists and \"plain\" exists",
            "\"not\" = 1 and \"a \"\"b\" exists and plain exists",
        ),
    ] {
        let filter = parse(given);
        assert_eq!(filter.to_string(), canonical);
        assert_eq!(parse(canonical), filter);
    }
    assert_eq!(parse("a = 1 and (b = 2 or a = 3)").fields().into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn precedence_is_not_and_or() {
    let expected = Filter::Or(vec![
        parse("a = 1"),
        Filter::And(vec![Filter::Not(Box::new(parse("b = 2"))), parse("c = 3")]),
    ]);
    assert_eq!(parse("a = 1 or not b = 2 and c = 3"), expected);
}

#[test]
fn errors_point_at_the_place_and_say_what_to_try() {
    for (text, at, len, message, help) in [
        ("", 0, 0, "the filter ends where a field should follow", "condition"),
        ("pos = n", 6, 1, "expected a value, found `n`", "'n'"),
        ("pos = \"n\"", 6, 3, "found the field", "single quotes"),
        ("pos == 'n'", 4, 2, "`==`", "`=`"),
        ("pos <> 'n'", 4, 2, "`<>`", "`!=`"),
        ("a = 1 && b = 2", 6, 1, "`&`", "`and`"),
        ("pos = 'n", 6, 2, "no closing '", "''"),
        ("(a = 1", 6, 0, "the filter ends where `)` should follow", "close"),
        ("a = 1)", 5, 1, "closes nothing", "remove"),
        ("a = 1 b = 2", 6, 1, "expected `and`, `or` or the end, found `b`", "join"),
        ("and = 1", 0, 3, "expected a field, found `and`", "\"and\""),
        ("a in ()", 6, 1, "expected a value", "text"),
        ("a in 1", 5, 1, "expected `(`", "in ("),
        ("a between 1, 2", 11, 1, "expected `and`", "between low and high"),
        ("a contains 5", 11, 1, "expected a text", "single quotes"),
        ("a like 'x'", 2, 4, "expected an operator, found `like`", "contains"),
        ("a = 12ab", 4, 4, "`12ab` is not a number", "numbers"),
        ("a = 99999999999999999999", 4, 20, "exceeds 64 bits", "exponent"),
        ("a = 1e999", 4, 5, "too large", "1.8e308"),
        ("a = -", 4, 1, "not a number", "numbers"),
        ("ä = 1", 0, 2, "unexpected character", "double quotes"),
        ("1 = a", 0, 1, "expected a field", "first"),
    ] {
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!((error.at, error.len), (at, len), "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
        assert!(error.help.contains(help), "{text}: {error}");
    }
}

#[test]
fn nesting_is_bounded_and_long_chains_are_not() {
    for (open, close) in [("(", ")"), ("not ", ""), ("not (", ")")] {
        let deep = format!("{}a = 1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(deep.parse::<Filter>().unwrap_err().message.contains("nested deeper"));
    }
    let long = vec!["a = 1"; 10_000].join(" or ");
    assert_eq!(parse(&long).to_string(), long);
    let deepest = (1..super::MAX_DEPTH).fold(parse("a = 1"), |f, _| Filter::Not(Box::new(f)));
    assert_eq!(parse(&deepest.to_string()), deepest);
    assert!(Filter::Not(Box::new(deepest)).to_string().parse::<Filter>().is_err());
}

#[test]
fn filters_that_do_not_fit_the_labels() {
    for (text, field, message, help) in [
        ("pos_tag = 'n'", "pos_tag", "no such label", "did you mean `pos tag`?"),
        ("something = 'n'", "something", "no such label", "the labels are b, f, i, l, pos tag, t"),
        ("t = 5", "t", "the label is a text and 5 is a whole number", "single quotes"),
        ("i = '5'", "i", "the label is a whole number and '5' is a text", "without quotes"),
        ("i in (1, true)", "i", "the label is a whole number and true is a boolean", "number"),
        ("b = 1.5", "b", "the label is a boolean and 1.5 is a number", "true or false"),
        ("t < 'n'", "t", "`<` compares numbers", "`=`"),
        ("b >= true", "b", "`>=` compares numbers", "`=`"),
        ("t between 'a' and 'b'", "t", "`between` compares numbers", "in"),
        ("i between 5 and 3", "i", "nothing lies between 5 and 3", "smaller"),
        ("t contains 'x'", "t", "member of a list, and the label is text", "`=`"),
        ("i contains 'x'", "i", "the label is a whole number", "range"),
        ("l = 'law'", "l", "the label is a list of texts and 'law' is a text", "contains"),
        ("not (i = 1 and q exists)", "q", "no such label", "did you mean"),
    ] {
        let error = parse(text).check(&schema()).unwrap_err();
        assert_eq!(error.field, field, "{text}");
        assert!(error.message.contains(message) && error.help.contains(help), "{text}: {error}");
    }
    let error = parse("a = 1").check(&BTreeMap::new()).unwrap_err();
    assert!(error.help.contains("no labels"), "{error}");
    for malformed in [
        Filter::And(vec![]),
        Filter::Or(vec![parse("i = 1")]),
        Filter::In { field: "i".into(), values: vec![] },
        Filter::Compare { field: "f".into(), comparison: Comparison::Less, value: Value::Float(f64::NAN) },
    ] {
        assert!(malformed.check(&schema()).is_err(), "{malformed:?}");
    }
}

#[test]
fn a_missing_value_satisfies_no_test() {
    let mut column = Column::new(LabelType::Text);
    column.push(Some(LabelValue::Text("n".into()))).unwrap();
    column.push(None).unwrap();
    let labels = Labels::new(BTreeMap::from([("pos".to_owned(), column)])).unwrap();
    for (text, rows) in [
        ("pos = 'n'", [true, false]),
        ("pos != 'n'", [false, false]),
        ("not pos = 'n'", [false, true]),
        ("pos not in ('v')", [true, false]),
        ("pos != 'never seen'", [true, false]),
        ("pos = 'never seen'", [false, false]),
        ("pos in ('never', 'n')", [true, false]),
        ("not pos exists", [false, true]),
    ] {
        let predicate = parse(text).compile(&labels).unwrap();
        assert_eq!([0, 1].map(|row| predicate.matches(&labels, row)), rows, "{text}");
        assert!(!parse("pos exists").compile(&labels).unwrap().matches(&labels, 2), "past the end");
    }
}

#[test]
fn filters_travel_as_texts() {
    let filter: Filter = serde_json::from_str(r#""a = 1 and  b='x'""#).unwrap();
    assert_eq!(serde_json::to_string(&filter).unwrap(), r#""a = 1 and b = 'x'""#);
    assert!(serde_json::from_str::<Filter>("\"a = \"").unwrap_err().to_string().contains("at byte 4"));
    assert!(serde_json::from_str::<Filter>("5").is_err());
}

// Few texts and numbers, so that they meet, beside the ends of the ranges.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("n".to_owned()), Just("v".to_owned()), Just("it's".to_owned()), "\\PC{0,3}"]
}

fn whole() -> impl Strategy<Value = i64> {
    prop_oneof![6 => -3..4_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => Just(i64::MAX - 1), 1 => Just((1 << 53) + 1)]
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-6..7_i32).prop_map(|x| f64::from(x) / 2.0),
        1 => Just(-0.0), 1 => Just(9_223_372_036_854_775_808.0), 1 => Just(-1e300), 1 => Just(f64::MAX), 1 => Just(f64::MIN_POSITIVE),
        1 => Just(-9_223_372_036_854_775_808.0),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![whole().prop_map(Value::Int), float().prop_map(Value::Float)]
}

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

fn lists(field: String, values: Vec<Value>, negated: bool) -> Filter {
    if negated { Filter::NotIn { field, values } } else { Filter::In { field, values } }
}

fn equality(field: String, value: Value, negated: bool) -> Filter {
    let comparison = if negated { Comparison::NotEqual } else { Comparison::Equal };
    Filter::Compare { field, comparison, value }
}

fn below(low: &Value, high: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Int(x) => *x as f64,
        Value::Float(x) => *x,
        _ => unreachable!(),
    };
    number(low) <= number(high)
}

/// Tests that fit the schema.
fn test() -> impl Strategy<Value = Filter> {
    let numeric = || prop::sample::select(vec!["i".to_owned(), "f".to_owned()]);
    let textual = || prop::sample::select(vec!["t".to_owned(), "pos tag".to_owned()]);
    prop_oneof![
        (numeric(), comparison(), number()).prop_map(|(field, comparison, value)| Filter::Compare {
            field,
            comparison,
            value
        }),
        (numeric(), prop::collection::vec(number(), 1..12), any::<bool>())
            .prop_map(|(f, v, n)| lists(f, v, n)),
        (numeric(), number(), number()).prop_map(|(field, a, b)| {
            let (low, high) = if below(&a, &b) { (a, b) } else { (b, a) };
            Filter::Between { field, low, high }
        }),
        (textual(), text(), any::<bool>()).prop_map(|(f, t, n)| equality(f, Value::Text(t), n)),
        (textual(), prop::collection::vec(text().prop_map(Value::Text), 1..4), any::<bool>())
            .prop_map(|(f, v, n)| lists(f, v, n)),
        (any::<bool>(), any::<bool>()).prop_map(|(x, n)| equality("b".into(), Value::Bool(x), n)),
        (prop::collection::vec(any::<bool>().prop_map(Value::Bool), 1..3), any::<bool>())
            .prop_map(|(v, n)| lists("b".into(), v, n)),
        text().prop_map(|text| Filter::Contains { field: "l".into(), text }),
        prop::sample::select(schema().into_keys().collect::<Vec<_>>())
            .prop_map(|field| Filter::Exists { field }),
    ]
}

fn joined(test: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    test.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|f| Filter::Not(Box::new(f))),
        ]
    })
}

/// Any well-formed test, also of odd names and of types that fit nothing.
fn any_test() -> impl Strategy<Value = Filter> {
    let name = || prop_oneof![Just("Not".to_owned()), Just("a.b".to_owned()), "\\PC{0,4}"];
    let value = || {
        prop_oneof![
            number(),
            text().prop_map(Value::Text),
            any::<bool>().prop_map(Value::Bool),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Float)
        ]
    };
    prop_oneof![
        test(),
        (name(), comparison(), value()).prop_map(|(field, comparison, value)| Filter::Compare {
            field,
            comparison,
            value
        }),
        (name(), prop::collection::vec(value(), 1..4), any::<bool>()).prop_map(|(f, v, n)| lists(f, v, n)),
        (name(), value(), value()).prop_map(|(field, low, high)| Filter::Between { field, low, high }),
        (name(), any::<String>()).prop_map(|(field, text)| Filter::Contains { field, text }),
        name().prop_map(|field| Filter::Exists { field }),
    ]
}

fn table() -> impl Strategy<Value = Labels> {
    let optional = |kind: LabelType| {
        let value: BoxedStrategy<LabelValue> = match kind {
            LabelType::Text => text().prop_map(LabelValue::Text).boxed(),
            LabelType::Int => whole().prop_map(LabelValue::Int).boxed(),
            LabelType::Float => {
                prop_oneof![9 => float(), 1 => Just(f64::NAN)].prop_map(LabelValue::Float).boxed()
            }
            LabelType::Bool => any::<bool>().prop_map(LabelValue::Bool).boxed(),
            LabelType::TextList => prop::collection::vec(text(), 0..3).prop_map(LabelValue::TextList).boxed(),
        };
        prop::option::weighted(0.8, value)
    };
    let row: Vec<_> = schema().into_values().map(optional).collect();
    prop::collection::vec(row, 1..20).prop_map(|rows| {
        let mut columns: Vec<Column> = schema().into_values().map(Column::new).collect();
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value).unwrap();
            }
        }
        Labels::new(schema().into_keys().zip(columns).collect()).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn compiled_filters_mean_what_the_plain_reading_says(labels in table(), filters in prop::collection::vec(joined(test()), 4)) {
        for filter in filters {
            let predicate = filter.compile(&labels).unwrap();
            for row in 0..labels.rows() {
                prop_assert_eq!(predicate.matches(&labels, row), filter.matches_slow(&labels, row), "{} at {}", filter, row);
            }
        }
    }

    #[test]
    fn texts_of_filters_parse_back(filter in joined(any_test())) {
        prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }

    #[test]
    fn nothing_makes_the_parser_panic(text in any::<String>()) {
        let _ = text.parse::<Filter>();
    }

    #[test]
    fn errors_point_into_the_text(filter in joined(any_test()), cut in any::<prop::sample::Index>(), junk in "[ ()'\",=<>!a-z0-9.+-]{0,3}") {
        let text = filter.to_string();
        let cut = text.floor_char_boundary(cut.index(text.len() + 1));
        let text = format!("{}{junk}{}", &text[..cut], &text[cut..]);
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!(error.at + error.len <= text.len());
            prop_assert!(text.get(error.at..error.at + error.len).is_some(), "{} in {:?}", error, text);
        }
    }
}
