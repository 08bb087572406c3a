//! Answers and scores of each storage and metric against their definition.

use annvil_core::engine::Mode;
use annvil_core::form::{Form, Operation, Scores};
use annvil_core::metric::Metric;
use annvil_core::operation::OpRef;
use annvil_core::scenario::{Storage, Variant};
use tempfile::TempDir;

use super::common::*;

const K: usize = 10;

/// Searches 40 queries; returns recall and the largest error of a score.
fn ask(variant: &Variant, metric: Metric, dim: usize, scale: f32) -> (f64, f64, Scores) {
    let folder = TempDir::new().unwrap();
    let engine = engine(variant, folder.path());
    let rows = rows(600, dim, scale, 1);
    fill(engine.as_ref(), &rows, &rows.schema(metric)).unwrap();
    let queries = queries(40, dim, scale, 2);
    let form = Form::search("search", K);
    let session = session(engine.as_ref(), std::slice::from_ref(&form), &queries);
    let promise = engine.promise(&form);
    assert_eq!(promise.exact, variant.index == annvil_core::scenario::Index::None);
    let (mut found, mut worst) = (0, 0.0_f64);
    for query in 0..40 {
        let reply = search(session.as_ref(), 0, query);
        assert_eq!((reply.ids.len(), reply.affected, reply.vector.len()), (K, 0, 0));
        found += hits(&reply.ids, &truth(&rows, metric, queries.row(query), K, |_| true));
        assert!(reply.scores.is_sorted(), "{metric}: {:?}", reply.scores);
        if promise.scores == Scores::None {
            assert!(reply.scores.is_empty());
        } else {
            assert_eq!(reply.scores.len(), K);
        }
        for (id, score) in reply.ids.iter().zip(&reply.scores) {
            let exact = metric.distance(queries.row(query), rows.vector(*id as usize));
            worst = worst.max((f64::from(*score) - exact).abs());
        }
    }
    (found as f64 / (40 * K) as f64, worst, promise.scores)
}

#[test]
fn every_storage_scores_as_it_promises() {
    for metric in Metric::ALL {
        // Rows of length 1 or so, and rows of length 30 or so.
        for scale in [0.25, 10.0] {
            let sum = if metric == Metric::Cosine { 1.0 } else { f64::from(scale * scale) * 50.0 };
            for (name, variant, least) in [
                ("flat", Variant::default(), 1.0),
                ("f32", hnsw(Storage::F32, None), 0.95),
                ("f16", hnsw(Storage::F16, None), 0.95),
                ("f16 reranked", hnsw(Storage::F16, Some(30)), 0.95),
                ("b1", hnsw(Storage::B1, None), 0.2),
                ("b1 reranked", hnsw(Storage::B1, Some(300)), 0.9),
            ] {
                if matches!(metric, Metric::L1 | Metric::Hamming | Metric::Jaccard) && name != "flat" {
                    continue; // see below
                }
                let (recall, worst, scores) = ask(&variant, metric, 52, scale);
                assert!(recall >= least, "{name} {metric} {scale}: recall {recall}");
                let allowed = match scores {
                    Scores::Exact => 1e-6 * sum,
                    Scores::Within(error) => error,
                    Scores::None => 0.0,
                };
                assert!(worst <= allowed, "{name} {metric} {scale}: off by {worst}, {allowed} promised");
                if let Scores::Within(error) = scores {
                    assert!(
                        worst > error / 200.0,
                        "{name} {metric} {scale}: {error} promised, only off by {worst}"
                    );
                }
            }
        }
    }
    let (recall, worst, scores) = ask(&hnsw(Storage::I8, None), Metric::Cosine, 52, 10.0);
    assert!(recall > 0.8 && Scores::Within(0.03) == scores && worst < 0.03, "{recall} {worst} {scores:?}");
}

#[test]
fn graphs_refuse_metrics_that_they_are_not_built_on() {
    let check = |storage, metric| annvil_engines::check(&embedded(), &hnsw(storage, None), metric);
    for storage in [Storage::F32, Storage::F16, Storage::B1] {
        assert!(check(storage, Metric::L1).unwrap_err().to_string().contains("metric l1"));
    }
    assert!(check(Storage::F16, Metric::Hamming).unwrap_err().to_string().contains("storage b1"));
    check(Storage::B1, Metric::Hamming).unwrap();
}

#[test]
fn a_flat_scan_is_exact() {
    for metric in Metric::ALL {
        let (recall, ..) = ask(&Variant::default(), metric, 7, 1.0);
        assert_eq!(recall, 1.0);
    }
}

#[test]
fn distance_equals_the_score_of_a_search_and_fetch_brings_the_row() {
    for (variant, exact) in [
        (Variant::default(), 0.0),
        (hnsw(Storage::F32, None), 0.0),
        (hnsw(Storage::F16, None), 0.001),
        (hnsw(Storage::I8, None), 0.1),
        (hnsw(Storage::I8, Some(50)), 0.0),
        (hnsw(Storage::B1, Some(50)), 0.0),
    ] {
        let folder = TempDir::new().unwrap();
        let engine = engine(&variant, folder.path());
        assert_eq!(engine.mode(), Mode::Blocking);
        let rows = rows(300, 40, 0.5, 3);
        fill(engine.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
        let queries = queries(5, 40, 0.5, 4);
        let forms = [Form::search("search", K), Form::of("distance", Operation::Distance, 0)];
        let session = session(engine.as_ref(), &forms, &queries);
        for query in 0..5 {
            let reply = search(session.as_ref(), 0, query);
            for (id, score) in reply.ids.iter().zip(&reply.scores) {
                let one = call(session.as_ref(), OpRef::Distance { query, id: *id }).unwrap();
                assert_eq!((one.scores.len(), one.ids.len()), (1, 0));
                assert!((one.scores[0] - score).abs() <= 2e-7, "{variant:?}: {} {score}", one.scores[0]);
                let row = call(session.as_ref(), OpRef::Fetch { id: *id }).unwrap();
                assert_eq!((row.ids.as_slice(), row.scores.len()), (&[*id][..], 0));
                let off = Metric::Cosine.distance(&row.vector, rows.vector(*id as usize));
                assert!(off <= exact + 1e-7, "{variant:?}: {off}");
                assert!(exact > 0.0 || row.vector == rows.vector(*id as usize));
            }
        }
        let nothing = call(session.as_ref(), OpRef::Fetch { id: 300 }).unwrap();
        assert!(nothing.ids.is_empty() && nothing.vector.is_empty());
        assert!(call(session.as_ref(), OpRef::Distance { query: 0, id: 300 }).unwrap().scores.is_empty());
    }
}

#[test]
fn signs_are_fetched_as_0_and_1() {
    let folder = TempDir::new().unwrap();
    let engine = engine(&hnsw(Storage::B1, None), folder.path());
    let rows = rows(30, 13, 0.5, 3);
    fill(engine.as_ref(), &rows, &rows.schema(Metric::L2)).unwrap();
    let session = session(engine.as_ref(), &[Form::search("search", K)], &queries(1, 13, 0.5, 4));
    for id in 0..30 {
        let fetched = call(session.as_ref(), OpRef::Fetch { id }).unwrap().vector;
        let signs: Vec<f32> =
            rows.vector(id as usize).iter().map(|x| f32::from(u8::from(*x > 0.0))).collect();
        assert_eq!(fetched, signs);
    }
    assert!(call(session.as_ref(), OpRef::Distance { query: 0, id: 3 }).is_err());
    let distance = Form::of("distance", Operation::Distance, 0);
    assert!(engine.encode(&[distance], &queries(1, 13, 0.5, 4), &rows.labels).is_err());
}

#[test]
fn filters_select_what_they_say() {
    let filters = [
        "group = 'g1'",
        "count between -10 and 40 and not tags contains 't0'",
        "not group exists",
        "count > 9999",
    ];
    for variant in [
        Variant::default(),
        hnsw(Storage::F32, None),
        hnsw(Storage::I8, Some(100)),
        hnsw(Storage::B1, Some(100)),
    ] {
        let folder = TempDir::new().unwrap();
        let engine = engine(&variant, folder.path());
        let rows = rows(400, 24, 1.0, 5);
        fill(engine.as_ref(), &rows, &rows.schema(Metric::L2.min(Metric::Cosine))).unwrap();
        let forms: Vec<Form> =
            filters.iter().map(|filter| Form::search(*filter, K).filtered(filter.parse().unwrap())).collect();
        let queries = queries(20, 24, 1.0, 6);
        let session = session(engine.as_ref(), &forms, &queries);
        let (mut found, mut possible) = (0, 0);
        for (form, filter) in filters.iter().enumerate() {
            let predicate =
                filter.parse::<annvil_core::filter::Filter>().unwrap().compile(&rows.labels).unwrap();
            for query in 0..20 {
                let reply = search(session.as_ref(), form, query);
                let admit = |row: usize| predicate.matches(&rows.labels, row);
                assert!(reply.ids.iter().all(|id| admit(*id as usize)), "{variant:?} {filter}");
                let truth = truth(&rows, Metric::Cosine, queries.row(query), K, admit);
                assert!(reply.ids.len() <= truth.len());
                found += hits(&reply.ids, &truth);
                possible += truth.len();
            }
        }
        let recall = f64::from(u32::try_from(found).unwrap()) / possible as f64;
        assert!(recall > 0.9, "{variant:?}: {recall}");
    }
}

#[test]
fn more_candidates_find_more() {
    let folder = TempDir::new().unwrap();
    let engine = engine(&hnsw(Storage::F32, None), folder.path());
    let rows = rows(3000, 64, 1.0, 5);
    fill(engine.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
    let queries = queries(50, 64, 1.0, 6);
    let session = session(engine.as_ref(), &[Form::search("search", K)], &queries);
    let recall = |ef: Option<u64>| {
        now(engine.apply(&ef.map(|ef| ("ef_search".to_owned(), ef)).into_iter().collect())).unwrap();
        (0..50)
            .map(|query| {
                let truth = truth(&rows, Metric::Cosine, queries.row(query), K, |_| true);
                hits(&search(session.as_ref(), 0, query).ids, &truth)
            })
            .sum::<usize>()
    };
    let (few, usual, many) = (recall(Some(10)), recall(None), recall(Some(600)));
    assert!(few < usual && usual < many, "{few} {usual} {many}");
    assert_eq!(usual, recall(Some(64)));
    assert!(now(engine.apply(&[("ef".to_owned(), 1)].into())).is_err());
    assert!(now(engine.apply(&[("ef_search".to_owned(), 0)].into())).is_err());
}
