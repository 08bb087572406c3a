//! The set in the box against the answers that came with it.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use annvil_core::dataset::{DataSpec, Dataset};
use annvil_core::filter::Predicate;
use annvil_core::label::LabelType;
use annvil_core::metric::Metric;
use annvil_core::truth::ExactAnswer;
use annvil_core::vector::{Element, Matrix, Vectors};
use annvil_data::boxed::{filtered_answers, wordnet_10k};
use annvil_data::exact::{ExactScan, answers, truth};
use annvil_data::{open, precise};

static SET: LazyLock<Arc<dyn Dataset>> = LazyLock::new(|| open(&wordnet_10k()).unwrap());

/// The share of shipped ids that lie within the reach of the computed answers, each rounded to 16 bits.
fn share(queries: impl Iterator<Item = (usize, Vec<u64>, ExactAnswer)>, k: usize) -> f64 {
    let (mut hits, mut all) = (0_u32, 0_u32);
    let mut row = vec![0.0; SET.info().dim];
    for (query, shipped, answer) in queries {
        let reach = answer.reach(k).unwrap();
        assert_eq!(shipped.len().min(k), answer.ids.len().min(k));
        for id in shipped.iter().take(k) {
            SET.base().write_f32(*id as usize, &mut row);
            hits += u32::from(precise::distance(Metric::Cosine, SET.queries().row(query), &row) <= reach);
            all += 1;
        }
    }
    f64::from(hits) / f64::from(all)
}

#[test]
fn shape_labels_and_texts() {
    let info = SET.info();
    assert_eq!((info.rows, info.dim, info.queries, info.element), (10_000, 384, 1_000, Element::F16));
    assert_eq!(info.content_hash.len(), 64);
    assert_eq!(SET.text(0), Some("establish, give: bring about"));
    assert_eq!(SET.text(10_000), None);
    let schema = SET.labels().schema();
    assert_eq!(schema["domain"], LabelType::TextList);
    assert_eq!(
        (schema["tag_count"], schema["pos"], schema["has_example"]),
        (LabelType::Int, LabelType::Text, LabelType::Bool)
    );
    assert!(!schema.contains_key("id"));
}

#[test]
fn truth_of_the_stored_rows_agrees_with_the_shipped_truth() {
    let truths = truth(&**SET, 100, None, 2).unwrap();
    let shipped = SET.shipped_truth().unwrap();
    for (k, least) in [(10, 0.9998), (100, 0.9995)] {
        let pairs = shipped.ids.iter().zip(&truths).enumerate();
        let share = share(pairs.map(|(query, (ids, answer))| (query, ids.clone(), answer.clone())), k);
        assert!(share >= least, "share at {k}: {share}");
    }
}

#[test]
fn all_filtered_answers_are_reproduced() {
    let filtered = filtered_answers().unwrap();
    assert_eq!(filtered.len(), 600);
    let predicates: Vec<Predicate> =
        filtered.iter().map(|one| one.filter.compile(SET.labels()).unwrap()).collect();
    let queries: Vec<f32> = filtered.iter().flat_map(|one| SET.queries().row(one.query).to_vec()).collect();
    let queries = Matrix::new(queries, SET.info().dim).unwrap();
    let admit = |query: usize, row: usize| predicates[query].matches(SET.labels(), row);
    let truths = answers(SET.base(), &queries, Metric::Cosine, 100, Some(&admit), 2);
    for ((one, predicate), answer) in filtered.iter().zip(&predicates).zip(&truths) {
        assert!(one.ids.iter().all(|id| predicate.matches(SET.labels(), *id as usize)), "{}", one.filter);
        assert_eq!(one.ids.len(), answer.ids.len(), "{}", one.filter);
        assert_eq!(answer.possible(100), answer.ids.len(), "{}", one.filter);
        // Rounding to 16 bits swaps neighbours of nearly equal distance, never more than a few.
        let (shipped, ours): (BTreeSet<_>, BTreeSet<_>) =
            (one.ids.iter().collect(), answer.ids.iter().collect());
        assert!(shipped.difference(&ours).count() <= 2, "{}", one.filter);
    }
    let share = share(
        filtered.iter().zip(&truths).map(|(one, answer)| (one.query, one.ids.clone(), answer.clone())),
        100,
    );
    assert!(share >= 0.9995, "{share}");
}

#[test]
fn the_flat_scan_finds_what_truth_finds() {
    let mut rows = vec![];
    SET.read_f32(0..SET.info().rows, &mut rows);
    let scan = ExactScan::from_matrix(&Matrix::new(rows, SET.info().dim).unwrap(), Metric::Cosine);
    let truths = truth(&**SET, 10, None, 2).unwrap();
    let (mut found, mut same) = (vec![], 0);
    for (query, answer) in truths.iter().enumerate() {
        scan.search(SET.queries().row(query), 10, &mut found);
        same += usize::from(found.iter().map(|hit| hit.id).eq(answer.ids.iter().copied()));
        for (hit, distance) in found.iter().zip(&answer.distances) {
            assert!((hit.distance - distance).abs() < 2e-6, "query {query}");
        }
    }
    assert!(same >= 995, "{same} of 1000 answers are the same to the last id");
}

#[test]
fn a_cut_set_has_no_shipped_truth() {
    let spec = |rows, queries_limit| DataSpec::Named { name: "wordnet-10k".into(), rows, queries_limit };
    let cut = open(&spec(Some(2000), None)).unwrap();
    assert_eq!((cut.info().rows, cut.base().rows(), cut.labels().rows()), (2000, 2000, 2000));
    assert!(cut.shipped_truth().is_none() && cut.text(2000).is_none());
    assert_ne!(cut.info().content_hash, SET.info().content_hash);
    let fewer = open(&spec(Some(10_000), Some(7))).unwrap();
    assert_eq!((fewer.queries().rows(), fewer.shipped_truth().unwrap().ids.len()), (7, 7));
    let truths = answers(cut.base(), fewer.queries(), Metric::Cosine, 3, None, 2);
    assert!(
        matches!(cut.base(), Vectors::F16(_))
            && truths.iter().all(|answer| answer.ids.iter().all(|id| *id < 2000))
    );
}
