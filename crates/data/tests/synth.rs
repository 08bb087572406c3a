//! Synthetic data is what its recipe says: the same in any order, and with the shares, dimensions and distances asked for.

#![allow(clippy::unwrap_used)]

use annvil_core::dataset::{Count, LabelSpec, SynthKind};
use annvil_core::filter::Filter;
use annvil_core::label::{Column, Labels};
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};
use annvil_data::synth::ladder::{Order, ladder};
use annvil_data::synth::{FitOptions, Generator, Model, Recipe, fit_vectors};
use annvil_data::{exact, intrinsic};
use proptest::prelude::*;

fn recipe(json: &str) -> Recipe {
    serde_json::from_str(json).unwrap()
}

fn generator(json: &str) -> Generator {
    Generator::new(&recipe(json)).unwrap()
}

fn all(generator: &Generator) -> Vectors {
    generator.block(0..generator.rows(), 2).unwrap()
}

fn row(vectors: &Vectors, row: usize) -> Vec<f32> {
    let mut out = vec![0.0; vectors.dim()];
    vectors.write_f32(row, &mut out);
    out
}

/// Within five standard deviations of a binomial share.
fn is_share(found: usize, of: usize, share: f64) -> bool {
    (found as f64 / of as f64 - share).abs() <= 5.0 * (share * (1.0 - share) / of as f64).sqrt()
}

const RICH: &str = r#"{"rows": 900, "dim": 12, "intrinsic_dim": 4, "queries": 30, "seed": 3, "drift": 0.5,
    "near_duplicates": {"share": 0.2}, "other_queries": {"share": 0.3}, "tenants": {"count": 7},
    "labels": [{"name": "a", "selectivity": 0.1, "correlation": 0.5}]}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_block_does_not_depend_on_the_others(
        start in 0usize..900, length in 0usize..200, threads in 1usize..4, kind in 0..2, element in 0..4,
    ) {
        let kind = [SynthKind::Clustered, SynthKind::Uniform][kind as usize];
        let element = [Element::F32, Element::F16, Element::I8, Element::B1][element as usize];
        let generator = Generator::new(&Recipe { kind, element, ..recipe(RICH) }).unwrap();
        let end = (start + length).min(900);
        let (whole, part) = (all(&generator), generator.block(start..end, threads).unwrap());
        for number in start..end {
            prop_assert_eq!(row(&part, number - start), row(&whole, number));
        }
        let (whole, part) = (generator.labels(0..900).unwrap(), generator.labels(start..end).unwrap());
        for (name, column) in part.columns() {
            for number in start..end {
                prop_assert_eq!(column.value(number - start), whole.column(name).unwrap().value(number));
            }
        }
        let queries = generator.queries(0..30).unwrap();
        let from = start % 30;
        let some = generator.queries(from..30).unwrap();
        prop_assert_eq!(some.row(0), queries.row(from));
    }
}

#[test]
fn the_seed_decides() {
    let with = |seed| all(&Generator::new(&Recipe { seed, ..recipe(RICH) }).unwrap());
    assert_eq!(with(1), with(1));
    assert_ne!(row(&with(1), 0), row(&with(2), 0));
}

#[test]
fn clusters_follow_the_law() {
    // Clusters so narrow that each row says which it belongs to.
    let generator = generator(
        r#"{"rows": 20000, "dim": 8, "intrinsic_dim": 2, "metric": "l2",
            "clusters": {"count": 10, "exponent": 1, "spread": 1e-6}}"#,
    );
    let rows = all(&generator);
    let mut sizes = std::collections::BTreeMap::<Vec<i64>, usize>::new();
    for number in 0..rows.rows() {
        let key = row(&rows, number).iter().map(|x| (f64::from(*x) * 1000.0).round() as i64).collect();
        *sizes.entry(key).or_default() += 1;
    }
    let mut sizes: Vec<usize> = sizes.into_values().filter(|size| *size > 20).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let whole: f64 = (1..=10).map(|i| 1.0 / f64::from(i)).sum();
    assert_eq!(sizes.len(), 10, "{sizes:?}");
    for (i, size) in sizes.iter().enumerate() {
        // Sorted sizes of neighbours in rank may change places, which moves them by less than their own chance.
        assert!(is_share(*size, 20_000, 1.0 / (i as f64 + 1.0) / whole), "{i}: {sizes:?}");
    }
}

#[test]
fn the_dimension_of_a_subspace_is_recovered() {
    for (intrinsic_dim, low, high) in [(2, 1.8, 2.2), (6, 5.0, 6.6), (12, 8.5, 13.0)] {
        let json = format!(
            r#"{{"rows": 6000, "dim": 40, "metric": "l2", "intrinsic_dim": {intrinsic_dim}, "anisotropy": 0,
                "noise": 0, "clusters": {{"count": 1}}}}"#
        );
        let found = intrinsic::estimate(&all(&generator(&json)), Metric::L2, 600, 1, 2).unwrap();
        let (mle, two_nn) = (found.mle.unwrap(), found.two_nn.unwrap());
        assert!((low..high).contains(&mle), "mle {mle} for {intrinsic_dim}");
        assert!((0.8 * low..1.25 * high).contains(&two_nn), "two-nn {two_nn} for {intrinsic_dim}");
    }
}

#[test]
fn uniform_rows_fill_the_ball_or_the_sphere_and_warn() {
    let ball = generator(r#"{"rows": 4000, "dim": 5, "kind": "uniform", "metric": "l2"}"#);
    let rows = all(&ball);
    let length = |number| row(&rows, number).iter().map(|x| x * x).sum::<f32>().sqrt();
    // Half of the volume of the ball lies within half to the fifth root.
    let inner = (0..4000).filter(|number| length(*number) < 0.5_f32.powf(0.2)).count();
    assert!(is_share(inner, 4000, 0.5), "{inner}");
    let right = (0..4000).filter(|number| row(&rows, *number)[0] > 0.0).count();
    assert!(is_share(right, 4000, 0.5), "{right}");
    assert!((0..4000).all(|number| length(number) <= 1.0 + 1e-6));
    assert!(ball.warnings()[0].contains("uniform"), "{:?}", ball.warnings());

    let sphere = generator(r#"{"rows": 100, "dim": 5, "kind": "uniform"}"#);
    let rows = all(&sphere);
    for number in 0..100 {
        let square: f32 = row(&rows, number).iter().map(|x| x * x).sum();
        assert!((square - 1.0).abs() < 1e-5);
    }
    assert!(generator(r#"{"rows": 100}"#).warnings().is_empty());
}

#[test]
fn near_duplicates_are_there_and_others_are_not() {
    let json = |share: f64| {
        format!(
            r#"{{"rows": 3000, "dim": 32, "metric": "l2", "near_duplicates": {{"share": {share}, "distance": 0.01}}}}"#
        )
    };
    let near = |share: f64| {
        let generator = generator(&json(share));
        let found =
            intrinsic::neighbourhoods(&all(&generator), Metric::L2, (0..3000).collect(), 1, 2).unwrap();
        found.distances.iter().filter(|distances| distances[0] < 0.05).count()
    };
    assert_eq!(near(0.0), 0);
    // A copy and the row that it copies both have a near one: from 30 % to 60 % of the rows.
    let found = near(0.3);
    assert!((850..1900).contains(&found), "{found}");
}

#[test]
fn drift_moves_the_mean_by_as_much_as_asked() {
    let means = |drift: f64| {
        let generator = generator(&format!(
            r#"{{"rows": 20000, "dim": 16, "metric": "l2", "intrinsic_dim": 4, "drift": {drift}}}"#
        ));
        let mean = |rows: std::ops::Range<usize>| {
            let count = rows.len() as f32;
            let block = generator.block(rows, 2).unwrap();
            (0..block.rows()).fold(vec![0.0; 16], |mut sum, number| {
                sum.iter_mut().zip(row(&block, number)).for_each(|(sum, x)| *sum += x / count);
                sum
            })
        };
        Metric::L2.distance(&mean(0..4000), &mean(16_000..20_000))
    };
    // The means of the first and the last fifth are four fifths of the whole way apart; a typical distance is 1.8.
    let (without, with) = (means(0.0), means(1.0));
    assert!(without < 0.2 && (1.2..1.7).contains(&with), "{without} {with}");
}

#[test]
fn other_queries_are_farther_from_the_rows() {
    let generator = generator(
        r#"{"rows": 4000, "dim": 32, "queries": 200, "other_queries": {"share": 0.5, "gap": 0.5}}"#,
    );
    let queries = generator.queries(0..200).unwrap();
    let truth = exact::answers(&all(&generator), &queries, Metric::Cosine, 10, None, 2);
    let mean = |other: bool| {
        let chosen = (0..200).filter(|query| generator.is_other_query(*query) == other);
        let reaches: Vec<f64> = chosen.map(|query| truth[query].reach(10).unwrap()).collect();
        (reaches.iter().sum::<f64>() / reaches.len() as f64, reaches.len())
    };
    let ((near, _), (far, others)) = (mean(false), mean(true));
    assert!(is_share(others, 200, 0.5), "{others}");
    assert!(far > 1.3 * near, "{near} {far}");
}

fn trues(labels: &Labels, name: &str) -> Vec<bool> {
    let Some(Column::Bool(values)) = labels.column(name) else { unreachable!("{name}") };
    values.iter().map(|value| *value == Some(true)).collect()
}

#[test]
fn labels_have_their_selectivity_whatever_their_correlation() {
    let mut recipe = recipe(r#"{"rows": 20000, "dim": 16, "metric": "l2"}"#);
    let label =
        |name: &str, selectivity, correlation| LabelSpec { name: name.into(), selectivity, correlation };
    recipe.labels = vec![
        label("chance", 0.1, 0.0),
        label("half", 0.1, 0.5),
        label("region", 0.1, 1.0),
        label("rare", 0.001, 0.0),
        label("never", 0.0, 1.0),
        label("always", 1.0, 0.3),
    ];
    for kind in [SynthKind::Clustered, SynthKind::Uniform] {
        // Few rows a cluster, so that the clusters' own chance does not count.
        let generator = Generator::new(&Recipe { kind, ..recipe.clone() }).unwrap();
        let labels = generator.labels(0..20_000).unwrap();
        for label in &recipe.labels {
            let count = trues(&labels, &label.name).iter().filter(|value| **value).count();
            assert!(is_share(count, 20_000, label.selectivity), "{kind:?} {}: {count}", label.name);
        }
        // Of the neighbours of rows with the label, how many have it.
        let rows = all(&generator);
        let agreement = |name: &str| {
            let values = trues(&labels, name);
            let some: Vec<usize> = (0..20_000).filter(|row| values[*row]).take(150).collect();
            let found = intrinsic::neighbourhoods(&rows, Metric::L2, some, 10, 2).unwrap();
            let hits = found.ids.iter().flatten().filter(|id| values[**id as usize]).count();
            hits as f64 / 1500.0
        };
        let found = ["chance", "half", "region"].map(agreement);
        assert!(found[0] < 0.15 && found[2] > 0.25 && found[2] > found[1], "{kind:?} {found:?}");
    }
}

#[test]
fn tenants_are_skewed() {
    let generator = generator(r#"{"rows": 30000, "dim": 4, "intrinsic_dim": 2, "tenants": {"count": 100}}"#);
    let labels = generator.labels(0..30_000).unwrap();
    let size = |tenant: &str| {
        let filter: Filter = format!("tenant = '{tenant}'").parse().unwrap();
        let predicate = filter.compile(&labels).unwrap();
        (0..30_000).filter(|row| predicate.matches(&labels, *row)).count()
    };
    let whole: f64 = (1..=100).map(|i| 1.0 / f64::from(i)).sum();
    for (tenant, rank) in [("t0", 1.0), ("t1", 2.0), ("t9", 10.0), ("t99", 100.0)] {
        assert!(is_share(size(tenant), 30_000, 1.0 / rank / whole), "{tenant}: {}", size(tenant));
    }
}

#[test]
fn a_ladder_selects_exactly_what_it_says() {
    let generator = generator(r#"{"rows": 5000, "dim": 16, "queries": 20}"#);
    let (base, queries) = (all(&generator), generator.queries(0..20).unwrap());
    let mut nearness = vec![];
    for order in [
        Order::Chance,
        Order::FromRow(&base, Metric::Cosine),
        Order::FromQueries(&base, Metric::Cosine, &queries),
    ] {
        let ladder = ladder(5000, 9, order);
        let labels = Labels::new([("rung".to_owned(), ladder.column.clone())].into()).unwrap();
        let counts = ladder.rungs.iter().map(|rung| {
            let predicate = rung.filter.compile(&labels).unwrap();
            let count = (0..5000).filter(|row| predicate.matches(&labels, *row)).count();
            assert_eq!(count, rung.matches);
            assert_eq!(count as f64 / 5000.0, rung.selectivity);
            count
        });
        assert_eq!(counts.collect::<Vec<_>>(), [2500, 500, 50, 5, 0]);
        // How many of the queries' nearest are among the tenth that is selected.
        let predicate = ladder.rungs[1].filter.compile(&labels).unwrap();
        let truth = exact::answers(&base, &queries, Metric::Cosine, 10, None, 2);
        let hits = truth.iter().flat_map(|answer| &answer.ids);
        nearness.push(hits.filter(|id| predicate.matches(&labels, **id as usize)).count());
    }
    assert!(nearness[0] < 50 && nearness[2] > 80, "{nearness:?}");
    assert_eq!(ladder(5000, 9, Order::Chance), ladder(5000, 9, Order::Chance));
    assert_ne!(ladder(5000, 9, Order::Chance).column, ladder(5000, 8, Order::Chance).column);
}

#[test]
fn a_wrong_recipe_is_refused_in_words() {
    for (json, word) in [
        (r#"{"rows": 0}"#, "rows"),
        (r#"{"dim": 8, "intrinsic_dim": 9}"#, "intrinsic_dim"),
        (r#"{"near_duplicates": {"share": 1.5}}"#, "near_duplicates.share"),
        (r#"{"drift": -1}"#, "drift"),
        (r#"{"tenants": {"count": 2}, "labels": [{"name": "tenant", "selectivity": 0.5}]}"#, "tenant"),
        (r#"{"labels": [{"name": "a", "selectivity": 2}]}"#, "selectivity"),
        (r#"{"element": "sparse"}"#, "sparse"),
        (r#"{"like": "wordnet-10k"}"#, "model"),
    ] {
        let error = Generator::new(&recipe(json)).err().unwrap().to_string();
        assert!(error.contains(word), "{json}: {error}");
    }
    let error = generator(r#"{"rows": 10}"#).block(5..11, 1).unwrap_err().to_string();
    assert!(error.contains("10"), "{error}");
}

/// A fit of few trials: the same from the same seed, and its file reads back.
#[test]
fn a_model_is_reproducible_and_travels_in_a_file() {
    let original = generator(r#"{"rows": 1500, "dim": 24, "queries": 50, "metric": "l2", "seed": 4}"#);
    let (base, queries) = (all(&original), original.queries(0..50).unwrap());
    let options = FitOptions { trials: 8, threads: 2, ..FitOptions::default() };
    let fitted = |threads| {
        let options = FitOptions { threads, ..options };
        fit_vectors("original", &base, Some(&queries), Metric::L2, &options).unwrap()
    };
    let model = fitted(2);
    assert_eq!(model, fitted(1));
    let read = Model::from_json(model.to_json().unwrap().as_bytes()).unwrap();
    // Rows from the file are those of the model, to the digits that it keeps.
    let recipe = Recipe { rows: Count(200), ..Recipe::default() };
    let rows = |model: Model| all(&Generator::like(&recipe, model).unwrap());
    let (a, b) = (rows(model.clone()), rows(read));
    assert_eq!((a.rows(), a.dim()), (200, 24));
    let furthest = (0..200).map(|i| Metric::L2.distance(&row(&a, i), &row(&b, i))).fold(0.0, f64::max);
    assert!(furthest < 1e-2, "{furthest}");

    let mut broken = model;
    broken.mean.pop();
    let error = Model::from_json(broken.to_json().unwrap().as_bytes()).unwrap_err().to_string();
    assert!(error.contains("mean"), "{error}");
}

#[test]
fn lengths_and_the_distance_of_queries_follow_the_set() {
    // Rows of lengths from 1 to 3, compared by cosine, and queries of another kind.
    let original = generator(
        r#"{"rows": 1500, "dim": 24, "queries": 200, "metric": "l2", "other_queries": {"share": 1, "gap": 0.3}}"#,
    );
    let queries = original.queries(0..200).unwrap();
    let options = FitOptions { trials: 12, threads: 2, ..FitOptions::default() };
    let base = all(&original);
    let model = fit_vectors("original", &base, Some(&queries), Metric::Cosine, &options).unwrap();
    let (wanted, reached) = model.fit.queries.unwrap();
    assert!((reached / wanted - 1.0).abs() < 0.05, "{wanted} {reached}");
    let recipe = Recipe { rows: Count(1500), ..Recipe::default() };
    let drawn = all(&Generator::like(&recipe, model).unwrap());
    let mean = |rows: &Vectors| {
        (0..1500).map(|i| row(rows, i).iter().map(|x| x * x).sum::<f32>().sqrt()).sum::<f32>() / 1500.0
    };
    assert!((mean(&base) / mean(&drawn) - 1.0).abs() < 0.05, "{} {}", mean(&base), mean(&drawn));
}
