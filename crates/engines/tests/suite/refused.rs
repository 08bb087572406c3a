//! What can't work is refused early, in words that help.

use std::sync::Arc;
use std::time::Instant;

use annvil_core::engine::EngineError;
use annvil_core::form::Form;
use annvil_core::metric::Metric;
use annvil_core::operation::OpRef;
use annvil_core::scenario::{EngineSpec, Hnsw, Index, NullSpec, Rerank, Storage, StubSpec, Sweep, Variant};
use annvil_core::vector::Matrix;
use annvil_engines::{Context, list, open};
use tempfile::TempDir;

use super::common::*;

fn refusal(spec: &EngineSpec, variant: &Variant) -> String {
    let context = Context { clock: Arc::new(Leap::default()), scratch: std::env::temp_dir() };
    match open(spec, variant, &context) {
        Ok(_) => panic!("{variant:?} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn variants_that_cannot_be_are_refused_by_open() {
    let mut ef = Variant::default();
    ef.search.ef_search = Some(Sweep(vec![64]));
    for (variant, says) in [
        (
            Variant { storage: Storage::I8, ..Variant::default() },
            "storage i8 without an index\n  set index: hnsw",
        ),
        (
            Variant { rerank: Some(Rerank { candidates: 10 }), ..Variant::default() },
            "rerank without an index",
        ),
        (ef.clone(), "ef_search without an index"),
        (hnsw(Storage::B1, Some(0)), "candidates is 0"),
        (
            Variant {
                index: Index::Hnsw(Hnsw { m: 1, ef_construction: 9, ..Hnsw::default() }),
                ..Variant::default()
            },
            "m is 1",
        ),
        (
            Variant {
                index: Index::Hnsw(Hnsw { m: 9, ef_construction: 0, ..Hnsw::default() }),
                ..Variant::default()
            },
            "ef_construction is 0",
        ),
    ] {
        let message = refusal(&embedded(), &variant);
        assert!(message.contains(says), "{message}");
    }
    for spec in [EngineSpec::Null(NullSpec {}), EngineSpec::Stub(StubSpec::default())] {
        for variant in [hnsw(Storage::F32, None), ef.clone()] {
            let message = refusal(&spec, &variant);
            assert!(message.contains("always compares whole f32 rows"), "{message}");
        }
    }
    let wrong = StubSpec { errors: 0.7, timeouts: 0.7, ..StubSpec::default() };
    assert!(refusal(&EngineSpec::Stub(wrong), &Variant::default()).contains("add up to at most 1"));
}

#[test]
fn bytes_only_know_cosine() {
    let folder = TempDir::new().unwrap();
    let rows = rows(10, 8, 1.0, 1);
    for metric in [Metric::InnerProduct, Metric::L2] {
        let engine = engine(&hnsw(Storage::I8, None), folder.path());
        let error = now(engine.create(&rows.schema(metric))).unwrap_err();
        assert!(
            matches!(&error, EngineError::Unsupported { help, .. } if help.contains("storage f16")),
            "{error}"
        );
    }
}

#[test]
fn rows_and_queries_must_fit() {
    for variant in [Variant::default(), hnsw(Storage::F16, None)] {
        let folder = TempDir::new().unwrap();
        let engine = engine(&variant, folder.path());
        let good = rows(20, 8, 1.0, 1);
        let form = Form::search("search", 3);
        let ask = |form: &Form, queries: &annvil_core::dataset::Queries| {
            engine.encode(std::slice::from_ref(form), queries, &good.labels).map(|_| ())
        };
        let fail = |result: annvil_core::engine::Result<()>, says: &str| {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        };
        fail(good.batch(0..5, |batch| now(engine.load(batch))), "create it first");
        fail(now(engine.settle(Instant::now(), &|_| ())).map(|_| ()), "create it first");
        fill(engine.as_ref(), &good, &good.schema(Metric::Cosine)).unwrap();
        fail(good.batch(0..5, |batch| now(engine.load(batch))), "row 0 is there already");
        let mut bad = rows(20, 8, 1.0, 2);
        bad.ids.iter_mut().for_each(|id| *id += 100);
        bad.vectors[19] = f32::NAN;
        fail(bad.batch(0..5, |batch| now(engine.load(batch))), "row 102: dimension 3 is NaN");
        bad.vectors[19] = f32::NEG_INFINITY;
        fail(bad.batch(0..5, |batch| now(engine.load(batch))), "dimension 3 is -inf; vectors must be finite");
        let wide = rows(5, 9, 1.0, 2);
        fail(wide.batch(0..5, |batch| now(engine.load(batch))), "9 dimensions, the collection has 8");
        fail(ask(&form, &queries(2, 9, 1.0, 1)), "9 dimensions");
        fail(ask(&form, &Matrix::new(vec![f32::NAN; 8], 8).unwrap()), "query 0: dimension 0 is NaN");
        fail(ask(&Form::search("search", 0), &queries(2, 8, 1.0, 1)), "asks for no answers");
        let filter = |text: &str| form.clone().filtered(text.parse().unwrap());
        fail(ask(&filter("colour = 'red'"), &queries(2, 8, 1.0, 1)), "does not fit the labels");
        fail(ask(&filter("group > 3"), &queries(2, 8, 1.0, 1)), "does not fit the labels");
        let routed = Form { routing: Some("shard 1".into()), ..form.clone() };
        fail(ask(&routed, &queries(2, 8, 1.0, 1)), "routing");
        let session = session(engine.as_ref(), std::slice::from_ref(&form), &queries(2, 8, 1.0, 1));
        let error = wide.batch(0..5, |rows| call(session.as_ref(), OpRef::Upsert { rows })).unwrap_err();
        assert!(error.to_string().contains("9 dimensions"), "{error}");
        assert!(call(session.as_ref(), OpRef::Search { form: 1, query: 0 }).is_err());
        assert!(call(session.as_ref(), OpRef::Search { form: 0, query: 2 }).is_err());
        if variant.storage == Storage::F16 {
            bad.vectors[19] = 70_000.0;
            fail(bad.batch(0..5, |batch| now(engine.load(batch))), "is 70000, and the storage ends at 65504");
        }
        now(engine.destroy()).unwrap();
        assert!(call(session.as_ref(), OpRef::Fetch { id: 1 }).is_err());
    }
}

#[test]
fn the_list_names_every_engine() {
    let engines = list();
    assert_eq!(
        engines.iter().map(|engine| engine.name).collect::<Vec<_>>(),
        ["embedded", "null", "postgres", "stub"]
    );
    assert!(engines.iter().all(|engine| engine.built && !engine.limits.is_empty()));
}
