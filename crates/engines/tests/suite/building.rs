//! Load and settle.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use annvil_core::engine::EngineError;
use annvil_core::form::Form;
use annvil_core::metric::Metric;
use annvil_core::operation::OpRef;
use annvil_core::scenario::{Storage, Variant};
use tempfile::TempDir;

use super::common::*;

#[test]
fn one_thread_builds_the_same_graph_every_time() {
    let answers = || {
        let folder = TempDir::new().unwrap();
        let engine = engine(&hnsw(Storage::I8, None), folder.path());
        let rows = rows(2000, 48, 1.0, 1);
        let schema = annvil_core::engine::Schema { build_threads: 1, ..rows.schema(Metric::Cosine) };
        fill(engine.as_ref(), &rows, &schema).unwrap();
        now(engine.apply(&[("ef_search".to_owned(), 10)].into())).unwrap();
        let session = session(engine.as_ref(), &[Form::search("search", 10)], &queries(50, 48, 1.0, 2));
        (0..50).map(|query| search(session.as_ref(), 0, query)).collect::<Vec<_>>()
    };
    assert_eq!(answers(), answers());
}

#[test]
fn many_threads_build_a_graph_of_all_rows() {
    let folder = TempDir::new().unwrap();
    let engine = engine(&hnsw(Storage::F32, None), folder.path());
    let rows = rows(3000, 32, 1.0, 1);
    let schema = annvil_core::engine::Schema { build_threads: 8, sessions: 1, ..rows.schema(Metric::L2) };
    fill(engine.as_ref(), &rows, &schema).unwrap();
    let queries = queries(50, 32, 1.0, 2);
    let session = session(engine.as_ref(), &[Form::search("search", 10)], &queries);
    for id in 0..3000 {
        assert_eq!(call(session.as_ref(), OpRef::Fetch { id }).unwrap().ids, [id]);
    }
    let found: usize = (0..50)
        .map(|query| {
            let truth = truth(&rows, Metric::L2, queries.row(query), 10, |_| true);
            hits(&search(session.as_ref(), 0, query).ids, &truth)
        })
        .sum();
    // Eight threads on two cores: 0.96 and more, now and then far less.
    assert!(found > 250, "{found} of 500");
}

#[test]
fn settle_tells_progress_and_may_be_called_again() {
    for variant in [Variant::default(), hnsw(Storage::F16, Some(50))] {
        let folder = TempDir::new().unwrap();
        let engine = engine(&variant, folder.path());
        let rows = rows(900, 16, 1.0, 1);
        // Fewer rows announced than come.
        let schema = annvil_core::engine::Schema { rows: 100, ..rows.schema(Metric::L2) };
        now(engine.create(&schema)).unwrap();
        let queries = queries(30, 16, 1.0, 2);
        for part in 0..3 {
            let range = part * 300..(part + 1) * 300;
            rows.batch(range.clone(), |batch| now(engine.load(batch))).unwrap();
            let told = AtomicU64::new(0);
            let progress = |rows| told.store(rows, Ordering::SeqCst);
            now(engine.settle(Instant::now() + Duration::from_mins(1), &progress)).unwrap();
            assert_eq!(told.load(Ordering::SeqCst), range.end as u64);
            let session = session(engine.as_ref(), &[Form::search("search", 10)], &queries);
            let found: usize = (0..30)
                .map(|query| {
                    let truth = truth(&rows, Metric::L2, queries.row(query), 10, |row| row < range.end);
                    hits(&search(session.as_ref(), 0, query).ids, &truth)
                })
                .sum();
            assert!(found > 290, "{found} of 300");
        }
        now(engine.settle(Instant::now() + Duration::from_mins(1), &|_| ())).unwrap();
    }
}

#[test]
fn a_deadline_ends_building() {
    let folder = TempDir::new().unwrap();
    let engine = engine(&hnsw(Storage::F32, None), folder.path());
    let rows = rows(20_000, 96, 1.0, 1);
    now(engine.create(&rows.schema(Metric::L2))).unwrap();
    rows.batch(0..20_000, |batch| now(engine.load(batch))).unwrap();
    let start = Instant::now();
    let error = now(engine.settle(start + Duration::from_millis(50), &|_| ())).unwrap_err();
    assert!(matches!(error, EngineError::Deadline { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn usage_counts_what_is_in_use() {
    let (rows_count, dim) = (2000, 384);
    let rows = rows(rows_count, dim, 1.0, 1);
    for (storage, code) in [(Storage::F32, 1536), (Storage::F16, 768), (Storage::I8, 384), (Storage::B1, 48)]
    {
        let folder = TempDir::new().unwrap();
        let engine = engine(&hnsw(storage, (storage == Storage::B1).then_some(100)), folder.path());
        fill(engine.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
        let usage = now(engine.usage()).unwrap();
        assert_eq!((usage.rows, usage.codes.unwrap().0), (Some(2000), 2000 * code));
        // A node has 10 bytes and 4 + 32 × 4 of edges on the lowest level; above that some more; then the key table.
        let graph = usage.index.unwrap().0 - 2000 * code;
        assert!((146 * 2000..220 * 2000).contains(&graph), "{storage:?}: {} bytes a row", graph / 2000);
        assert!((40 * 2000..120 * 2000).contains(&usage.payload.unwrap().0), "{usage:?}");
        match (storage, usage.disk) {
            (Storage::B1, Some(disk)) => assert_eq!(disk.0, 2000 * 4 * 384),
            (Storage::B1, None) => panic!("originals are on disk"),
            (_, disk) => assert_eq!(disk, None),
        }
        let info = now(engine.info()).unwrap();
        assert!(info.version.starts_with("usearch 2.") && info.configuration["index"] == "hnsw", "{info:?}");
    }
}
