//! The flat scan and the oracle against the definition of each metric.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use annvil_core::metric::Metric;
use annvil_core::vector::{Matrix, Vectors};
use annvil_data::exact::{ExactScan, answers};
use proptest::prelude::*;

/// Every row and its distance by definition, nearest first.
fn brute_force(
    rows: &Matrix<f32>,
    query: &[f32],
    metric: Metric,
    admit: impl Fn(usize) -> bool,
) -> Vec<(u64, f64)> {
    let mut all: Vec<(u64, f64)> = (0..rows.rows())
        .filter(|row| admit(*row))
        .map(|row| (row as u64, metric.distance(query, rows.row(row))))
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all
}

/// Small whole numbers: every sum is exact in every precision, and ties abound.
fn coarse() -> impl Strategy<Value = (Matrix<f32>, Vec<f32>)> {
    (1..40_usize, 1..40_usize).prop_flat_map(|(rows, dim)| {
        let value = (-2..3_i8).prop_map(f32::from);
        (prop::collection::vec(value.clone(), rows * dim), prop::collection::vec(value, dim))
            .prop_map(move |(data, query)| (Matrix::new(data, dim).unwrap(), query))
    })
}

fn fine() -> impl Strategy<Value = (Matrix<f32>, Vec<f32>)> {
    (1..60_usize, 1..70_usize).prop_flat_map(|(rows, dim)| {
        (prop::collection::vec(-1.0..1.0_f32, rows * dim), prop::collection::vec(-1.0..1.0_f32, dim))
            .prop_map(move |(data, query)| (Matrix::new(data, dim).unwrap(), query))
    })
}

proptest! {
    #[test]
    fn ties_are_in_order_of_their_ids((rows, query) in coarse(), k in 0..50_usize, every in 1..4_usize) {
        let admit = |row: usize| row.is_multiple_of(every);
        for metric in [Metric::InnerProduct, Metric::L2] {
            let expected: Vec<(u64, f64)> = brute_force(&rows, &query, metric, admit).into_iter().take(k).collect();
            let mut found = vec![];
            ExactScan::from_matrix(&rows, metric).search_where(&query, k, admit, &mut found);
            let ids = expected.iter().map(|(id, _)| *id).collect::<Vec<_>>();
            prop_assert_eq!(found.iter().map(|hit| hit.id).collect::<Vec<_>>(), ids.clone(), "scan {}", metric);
            for (hit, (_, distance)) in found.iter().zip(&expected) {
                prop_assert!((hit.distance - distance).abs() < 1e-6);
            }
            let queries = Matrix::new(query.clone(), rows.stride()).unwrap();
            let base = Vectors::F32(rows.clone());
            let truth = answers(&base, &queries, metric, k, Some(&|_, row| admit(row)), 1);
            prop_assert_eq!(&truth[0].ids, &ids, "truth {}", metric);
            prop_assert_eq!(&truth[0].distances, &expected.iter().map(|(_, d)| *d).collect::<Vec<_>>());
        }
    }

    #[test]
    fn distances_of_the_answers_are_the_smallest((rows, query) in fine(), k in 1..20_usize) {
        for metric in Metric::ALL {
            let expected = brute_force(&rows, &query, metric, |_| true);
            let queries = Matrix::new([query.clone(), query.clone(), query.clone()].concat(), rows.stride()).unwrap();
            let truth = answers(&Vectors::F32(rows.clone()), &queries, metric, k, None, 2);
            prop_assert!(truth.iter().all(|answer| *answer == truth[0]));
            let mut found = vec![];
            ExactScan::from_matrix(&rows, metric).search(&query, k, &mut found);
            prop_assert_eq!(found.len(), k.min(rows.rows()));
            prop_assert_eq!(truth[0].ids.len(), found.len());
            prop_assert_eq!(truth[0].reach(k), truth[0].distances.last().copied());
            for (i, (id, distance)) in expected.iter().take(k).enumerate() {
                prop_assert!((truth[0].distances[i] - distance).abs() < 1e-12, "{metric} {id}");
                let scale = if metric == Metric::Cosine { 1.0 } else { rows.stride() as f64 };
                prop_assert!((found[i].distance - distance).abs() < 1e-6 * (1.0 + scale), "{metric} {id}");
            }
        }
    }
}

#[test]
fn rows_can_be_replaced() {
    let mut scan = ExactScan::new(2, Metric::Cosine);
    for row in [[1.0, 0.0], [0.0, 1.0]] {
        scan.push(&row);
    }
    scan.replace(0, &[-5.0, 0.0]);
    let mut found = vec![];
    scan.search(&[1.0, 0.0], 5, &mut found);
    assert_eq!(found.iter().map(|hit| (hit.id, hit.distance)).collect::<Vec<_>>(), [(1, 1.0), (0, 2.0)]);
    assert_eq!((scan.rows(), scan.row(0)), (2, &[-5.0, 0.0][..]));
    assert!(scan.bytes() >= 24);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let mut found = vec![];
    ExactScan::new(3, Metric::L2).search(&[0.0; 3], 10, &mut found);
    assert!(found.is_empty());
    let rows = Vectors::F32(Matrix::new(vec![1.0; 6], 3).unwrap());
    let queries = Matrix::new(vec![1.0; 3], 3).unwrap();
    let truth = answers(&rows, &queries, Metric::L2, 2, Some(&|_, _| false), 1);
    assert_eq!((truth[0].ids.len(), truth[0].reach(2)), (0, None));
}
