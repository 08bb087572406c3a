//! Upsert and delete: acknowledged writes are seen by the next call.

use annvil_core::form::Form;
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpRef};
use annvil_core::scenario::{Storage, Variant};
use std::collections::BTreeMap;
use tempfile::TempDir;

use super::common::*;

fn variants() -> Vec<Variant> {
    vec![
        Variant::default(),
        hnsw(Storage::F32, None),
        hnsw(Storage::F16, None),
        hnsw(Storage::I8, None),
        hnsw(Storage::I8, Some(20)),
        hnsw(Storage::B1, Some(20)),
    ]
}

#[test]
fn writes_are_read_at_once() {
    for variant in variants() {
        let folder = TempDir::new().unwrap();
        let engine = engine(&variant, folder.path());
        let old = rows(500, 32, 1.0, 1);
        fill(engine.as_ref(), &old, &old.schema(Metric::Cosine)).unwrap();
        // The queries are the new vectors of rows 0..50, and of a row far away.
        let new = rows(51, 32, 1.0, 9);
        let queries = annvil_core::vector::Matrix::new(new.vectors.clone(), 32).unwrap();
        let forms =
            [Form::search("all", 3), Form::search("new", 3).filtered("group = 'fresh'".parse().unwrap())];
        let session = session(engine.as_ref(), &forms, &queries);
        let mut group = Column::new(LabelType::Text);
        (0..51).for_each(|_| group.push(Some(LabelValue::Text("fresh".into()))).unwrap());
        let labels = Labels::new(BTreeMap::from([("group".to_owned(), group)])).unwrap();
        let mut ids: Vec<u64> = (0..50).collect();
        ids.push(1 << 40);
        let label_rows: Vec<usize> = (0..51).collect();
        let batch = Batch {
            ids: &ids,
            dim: 32,
            vectors: &new.vectors,
            labels: &labels,
            label_rows: &label_rows,
            texts: &[],
        };
        assert!(search(session.as_ref(), 1, 0).ids.is_empty());
        assert_eq!(call(session.as_ref(), OpRef::Upsert { rows: batch }).unwrap().affected, 51);
        for (query, id) in ids.iter().enumerate() {
            for form in [0, 1] {
                let reply = search(session.as_ref(), form, query);
                assert_eq!(reply.ids[0], *id, "{variant:?} {form}");
                assert!(form == 0 || reply.ids.iter().all(|id| ids.contains(id)));
            }
            assert_eq!(call(session.as_ref(), OpRef::Fetch { id: *id }).unwrap().ids, [*id]);
        }
        assert_eq!(now(engine.usage()).unwrap().rows, Some(501));
        // Gone, and not counted twice; unknown ones are not counted.
        let gone = [3, 1 << 40, 3, 777_777];
        assert_eq!(call(session.as_ref(), OpRef::Delete { ids: &gone }).unwrap().affected, 2);
        for id in gone {
            assert!(call(session.as_ref(), OpRef::Fetch { id }).unwrap().ids.is_empty());
        }
        for query in [3, 50] {
            assert!(
                search(session.as_ref(), 0, query).ids.iter().all(|id| !gone.contains(id)),
                "{variant:?}"
            );
        }
        assert_eq!(now(engine.usage()).unwrap().rows, Some(499));
        let all: Vec<u64> = (0..500).collect();
        assert_eq!(call(session.as_ref(), OpRef::Delete { ids: &all }).unwrap().affected, 499);
        assert!(search(session.as_ref(), 0, 0).ids.is_empty());
    }
}

#[test]
fn churn_keeps_everything_in_step() {
    // Every row is replaced many times, so that slots are compacted and the graph grows and reuses its nodes.
    for variant in [Variant::default(), hnsw(Storage::F32, None), hnsw(Storage::B1, Some(60))] {
        let folder = TempDir::new().unwrap();
        let engine = engine(&variant, folder.path());
        let mut rows = rows(300, 16, 1.0, 1);
        fill(engine.as_ref(), &rows, &rows.schema(Metric::L2)).unwrap();
        let queries = queries(20, 16, 1.0, 2);
        let forms = [Form::search("all", 5), Form::search("g2", 5).filtered("group = 'g2'".parse().unwrap())];
        let session = session(engine.as_ref(), &forms, &queries);
        for round in 0..12 {
            rows.vectors = super::common::rows(300, 16, 1.0, 10 + round).vectors;
            for start in (0..300).step_by(50) {
                let affected = rows.batch(start..start + 50, |batch| {
                    call(session.as_ref(), OpRef::Upsert { rows: batch }).unwrap().affected
                });
                assert_eq!(affected, 50);
            }
        }
        let g2 =
            "group = 'g2'".parse::<annvil_core::filter::Filter>().unwrap().compile(&rows.labels).unwrap();
        let mut found = [0; 2];
        for query in 0..20 {
            for (form, found) in found.iter_mut().enumerate() {
                let admit = |row: usize| form == 0 || g2.matches(&rows.labels, row);
                let reply = search(session.as_ref(), form, query);
                assert!(reply.ids.iter().all(|id| admit(*id as usize)));
                *found += hits(&reply.ids, &truth(&rows, Metric::L2, queries.row(query), 5, admit));
            }
        }
        assert!(found.iter().all(|found| *found >= 85), "{variant:?}: {found:?} of 100");
    }
}

#[test]
fn writers_and_readers_share_a_collection() {
    let folder = TempDir::new().unwrap();
    let engine = engine(&hnsw(Storage::I8, None), folder.path());
    let rows = rows(1000, 32, 1.0, 1);
    fill(engine.as_ref(), &rows, &rows.schema(Metric::Cosine)).unwrap();
    let queries = queries(20, 32, 1.0, 2);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (engine, rows, queries) = (engine.as_ref(), &rows, &queries);
            scope.spawn(move || {
                let session = session(engine, &[Form::search("all", 5)], queries);
                for round in 0..200 {
                    if thread == 0 {
                        let start = round * 5;
                        let ids: Vec<u64> = (start as u64..start as u64 + 5).collect();
                        assert_eq!(call(session.as_ref(), OpRef::Delete { ids: &ids }).unwrap().affected, 5);
                        rows.batch(start..start + 5, |rows| {
                            call(session.as_ref(), OpRef::Upsert { rows }).unwrap();
                        });
                    } else {
                        assert_eq!(search(session.as_ref(), 0, round % 20).ids.len(), 5);
                    }
                }
            });
        }
    });
    assert_eq!(now(engine.usage()).unwrap().rows, Some(1000));
}
