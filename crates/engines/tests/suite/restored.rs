//! Persist and restore.

use std::fs;
use std::path::Path;

use annvil_core::engine::Engine;
use annvil_core::form::Form;
use annvil_core::metric::Metric;
use annvil_core::operation::{OpRef, Reply};
use annvil_core::scenario::{Hnsw, Index, Storage, Variant};
use tempfile::TempDir;

use super::common::*;

fn variants() -> Vec<Variant> {
    vec![
        Variant::default(),
        hnsw(Storage::F32, None),
        hnsw(Storage::F16, None),
        hnsw(Storage::I8, None),
        hnsw(Storage::B1, None),
        hnsw(Storage::B1, Some(50)),
    ]
}

fn forms() -> [Form; 2] {
    [
        Form::search("all", 10),
        Form::search("g2", 10).filtered("group = 'g2' and tags contains 't1'".parse().unwrap()),
    ]
}

fn answers(engine: &dyn Engine) -> Vec<Reply> {
    let session = session(engine, &forms(), &queries(30, 24, 1.0, 2));
    (0..60).map(|i| search(session.as_ref(), i % 2, i / 2)).collect()
}

fn bytes(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn a_restored_collection_answers_as_before_and_can_be_changed() {
    for variant in variants() {
        let (scratch, other, folder) =
            (TempDir::new().unwrap(), TempDir::new().unwrap(), TempDir::new().unwrap());
        let first = engine(&variant, scratch.path());
        let rows = rows(500, 24, 1.0, 1);
        fill(first.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
        // Some churn, so that ids are not their positions any more.
        let before = session(first.as_ref(), &forms(), &queries(1, 24, 1.0, 2));
        call(before.as_ref(), OpRef::Delete { ids: &[0, 7, 499] }).unwrap();
        rows.batch(7..9, |rows| call(before.as_ref(), OpRef::Upsert { rows })).unwrap();
        now(first.apply(&[("ef_search".to_owned(), 20)].into()))
            .or_else(|error| if variant.index == Index::None { Ok(()) } else { Err(error) })
            .unwrap();
        let written = now(first.persist(folder.path())).unwrap();
        assert_eq!(written.0, bytes(folder.path()));
        // Once into the engine that is open, once into a new one that has never seen the data.
        let second = engine(&variant, other.path());
        if variant.index != Index::None {
            now(second.apply(&[("ef_search".to_owned(), 20)].into())).unwrap();
        }
        let wanted = answers(first.as_ref());
        for engine in [first.as_ref(), second.as_ref()] {
            now(engine.restore(folder.path())).unwrap();
            assert_eq!(answers(engine), wanted, "{variant:?}");
            assert_eq!(now(engine.usage()).unwrap().rows, Some(498));
            // More callers than before, at the same time.
            std::thread::scope(|scope| {
                for _ in 0..24 {
                    scope.spawn(|| assert_eq!(answers(engine), wanted));
                }
            });
            let session = session(engine, &forms(), &queries(1, 24, 1.0, 2));
            rows.batch(0..3, |rows| call(session.as_ref(), OpRef::Upsert { rows })).unwrap();
            assert_eq!(call(session.as_ref(), OpRef::Delete { ids: &[1, 499] }).unwrap().affected, 1);
            assert_eq!(call(session.as_ref(), OpRef::Fetch { id: 0 }).unwrap().ids, [0]);
            assert!(call(session.as_ref(), OpRef::Fetch { id: 1 }).unwrap().ids.is_empty());
            assert_eq!(search(session.as_ref(), 0, 0).ids.len(), 10);
        }
        // What was changed since then has not reached the files, and can be persisted in their place.
        let changed = answers(second.as_ref());
        let third = engine(&variant, scratch.path());
        now(third.restore(folder.path())).unwrap();
        if variant.index == Index::None {
            assert_eq!(answers(third.as_ref()), wanted);
        }
        now(second.persist(folder.path())).unwrap();
        now(first.restore(folder.path())).unwrap();
        assert_eq!(answers(first.as_ref()), changed, "{variant:?}");
    }
}

#[test]
fn broken_files_are_refused_by_name() {
    for variant in variants() {
        let (scratch, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let engine = engine(&variant, scratch.path());
        let refused = |says: &str| {
            let message = now(engine.restore(folder.path())).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
            assert!(message.contains(&folder.path().display().to_string()), "{message}");
        };
        refused("persist a collection there first");
        let rows = rows(200, 24, 1.0, 1);
        fill(engine.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
        now(engine.persist(folder.path())).unwrap();
        for file in fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()) {
            let whole = fs::read(&file).unwrap();
            let is_collection = file.extension().unwrap() == "annvil";
            for length in [whole.len() - 1, whole.len() / 2, 70] {
                fs::write(&file, &whole[..length]).unwrap();
                refused(&format!("it has {length} of {} bytes; persist the collection again", whole.len()));
            }
            for at in [90, whole.len() / 2, whole.len() - 1] {
                let mut changed = whole.clone();
                changed[at] ^= 4;
                fs::write(&file, changed).unwrap();
                refused("its checksum is wrong");
            }
            if is_collection {
                fs::write(&file, &whole[..10]).unwrap();
                refused("cut off after 10 bytes");
                fs::write(&file, vec![b'x'; 500]).unwrap();
                refused("not a collection of Annvil");
                let mut newer = whole.clone();
                newer[8] = 9;
                fs::write(&file, newer).unwrap();
                refused("it has format 9");
            } else {
                fs::remove_file(&file).unwrap();
                refused("originals.f32: there is no such file");
            }
            fs::write(&file, whole).unwrap();
        }
        now(engine.restore(folder.path())).unwrap();
        assert_eq!(answers(engine.as_ref()).len(), 60);
    }
}

#[test]
fn another_variant_cannot_restore() {
    let (scratch, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first = engine(&hnsw(Storage::F32, None), scratch.path());
    let rows = rows(100, 24, 1.0, 1);
    fill(first.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
    now(first.persist(folder.path())).unwrap();
    let larger = Variant {
        index: Index::Hnsw(Hnsw { m: 32, ef_construction: 128, ..Hnsw::default() }),
        ..Variant::default()
    };
    for variant in [Variant::default(), hnsw(Storage::I8, None), hnsw(Storage::F32, Some(9)), larger] {
        let message = now(engine(&variant, scratch.path()).restore(folder.path())).unwrap_err().to_string();
        assert!(
            message.contains("it holds storage f32, index hnsw (m 16, ef_construction 128)"),
            "{message}"
        );
    }
}

#[test]
fn an_empty_collection_is_a_collection() {
    for variant in variants() {
        let (scratch, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let engine = engine(&variant, scratch.path());
        let rows = rows(40, 24, 1.0, 1);
        now(engine.create(&rows.schema(Metric::Cosine))).unwrap();
        now(engine.settle(std::time::Instant::now(), &|_| ())).unwrap();
        assert!(answers(engine.as_ref()).iter().all(|reply| reply.ids.is_empty()));
        now(engine.persist(folder.path())).unwrap();
        now(engine.restore(folder.path())).unwrap();
        assert!(answers(engine.as_ref()).iter().all(|reply| reply.ids.is_empty()));
        let session = session(engine.as_ref(), &forms(), &queries(1, 24, 1.0, 2));
        rows.batch(0..40, |rows| call(session.as_ref(), OpRef::Upsert { rows })).unwrap();
        assert_eq!(search(session.as_ref(), 0, 0).ids.len(), 10, "{variant:?}");
    }
}
