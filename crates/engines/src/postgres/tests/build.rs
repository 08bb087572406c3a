//! Building: its progress, its settings, its deadline, and what the server counts.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use annvil_core::engine::EngineError;
use annvil_core::form::Form;
use annvil_core::metric::Metric;
use annvil_core::scenario::Setting;

use super::super::{counters, settings, statement};
use super::{Collection, LIMIT, connect, on_server, spec, variant};

const HNSW: &str = r#"{"index": {"hnsw": {"ef_construction": 64}}}"#;

#[test]
fn progress_grows_to_all_rows() {
    on_server("PGVECTOR_URL", async |url| {
        let collection =
            Collection::loaded(url, spec(), "progress", &variant(HNSW), Metric::L2, 20_000).await;
        let told = Mutex::new(Vec::new());
        collection.build(LIMIT, &|rows| told.lock().unwrap().push(rows)).await.unwrap();
        let told = told.into_inner().unwrap();
        assert_eq!(told.last(), Some(&20_000));
        // At ten a second a machine would have to build these rows in a tenth of a second to tell only the end.
        assert!(told.len() > 1 && told.is_sorted(), "{told:?}");

        let usage = counters::usage(&collection.client, &collection.design).await.unwrap();
        let (index, table, disk) = (usage.index.unwrap().0, usage.table.unwrap().0, usage.disk.unwrap().0);
        assert_eq!(usage.rows, Some(20_000));
        assert!(index > 20_000 * 64 && table > 20_000 * 64 && disk > index + table, "{usage:?}");
        assert!(usage.buffers.is_none_or(|bytes| bytes.0 > 0 && bytes.0 <= disk), "{usage:?}");
        assert_eq!(usage.out_of_line.map(|bytes| bytes.0 < table), Some(true));

        let before = counters::observe(&collection.client, &collection.design, true).await.unwrap();
        // In a session of its own, which ends.
        let session = connect(url).await;
        let statement = statement::search(&collection.design, &Form::search("all", 10)).unwrap();
        for row in 0..50 {
            let query = collection.query(collection.data.vector(row));
            let typed = [(&query as &_, statement.parameters[0].clone())];
            assert_eq!(session.query_typed(&statement.sql, &typed).await.unwrap().len(), 10);
        }
        drop(session);
        let phase =
            counters::observe(&collection.client, &collection.design, true).await.unwrap().since(&before);
        let touched = phase.buffers_hit.unwrap() + phase.buffers_read.unwrap();
        assert!(touched > 500, "{phase:?}");
        assert!(phase.database_hit >= phase.buffers_hit && phase.log.is_some(), "{phase:?}");
        collection.drop().await;
    });
}

#[test]
fn a_build_ends_at_its_deadline_and_can_be_done_again() {
    on_server("PGVECTOR_URL", async |url| {
        let collection = Collection::loaded(url, spec(), "late", &variant(HNSW), Metric::L2, 20_000).await;
        let late = collection.build(Duration::from_millis(150), &|_| ()).await.unwrap_err();
        assert!(matches!(late, EngineError::Deadline { .. }), "{late}");
        // The statement is over and its transaction too: the table is free.
        collection.client.batch_execute(&format!("truncate {}", collection.design.table())).await.unwrap();
        collection.build(LIMIT, &|_| ()).await.unwrap();
        collection.drop().await;
    });
}

#[test]
fn a_build_that_is_given_up_frees_the_table() {
    on_server("PGVECTOR_URL", async |url| {
        let collection =
            Collection::loaded(url, spec(), "given_up", &variant(HNSW), Metric::L2, 20_000).await;
        let building = collection.build(LIMIT, &|_| ());
        let given_up = tokio::time::timeout(Duration::from_millis(150), building).await;
        assert!(given_up.is_err(), "built already");
        // Its connection is free, too, as soon as the statement has ended.
        let other = connect(url).await;
        let freed = collection.client.batch_execute("rollback");
        assert!(tokio::time::timeout(Duration::from_secs(5), freed).await.is_ok(), "goes on building");
        let truncate = format!("set lock_timeout = '5s'; truncate {}", collection.design.table());
        other.batch_execute(&truncate).await.unwrap();
        collection.drop().await;
    });
}

#[test]
fn settings_of_the_build_hold_for_the_build_only() {
    on_server("PGVECTOR_URL", async |url| {
        let mut tuned = spec();
        tuned.tune = true;
        tuned.build_set.insert("maintenance_work_mem".into(), Setting("70MB".into()));
        let collection = Collection::loaded(url, tuned, "tuned", &variant(HNSW), Metric::L2, 500).await;
        let ask = "show maintenance_work_mem";
        let before = super::super::build::first(&collection.client, ask).await.unwrap();
        collection.build(LIMIT, &|_| ()).await.unwrap();
        assert_eq!(super::super::build::first(&collection.client, ask).await.unwrap(), before);

        let mut wrong = spec();
        wrong.build_set.insert("maintenance_work_mem".into(), Setting("much".into()));
        let other = Collection::loaded(url, wrong, "mistuned", &variant(HNSW), Metric::L2, 500).await;
        let error = other.build(LIMIT, &|_| ()).await.unwrap_err().to_string();
        assert!(error.contains("maintenance_work_mem") && error.contains("much"), "{error}");
        collection.drop().await;
        other.drop().await;
    });
}

#[test]
fn settings_are_judged_by_what_was_measured() {
    on_server("PGVECTOR_URL", async |url| {
        let collection = Collection::new(url, "judged", &variant(HNSW), Metric::L2, 200).await;
        let Collection { client, design, .. } = &collection;
        let calm = settings::Sizes { stored: Some(1_000), is_built: true, ..settings::Sizes::default() };
        assert_eq!(settings::advise(client, design, calm).await.unwrap(), []);

        design.highest_cost.store(1e9_f64.to_bits(), Ordering::Relaxed);
        let notices = ["hnsw graph no longer fits into maintenance_work_mem after 100 tuples".to_owned()];
        let large =
            settings::Sizes { stored: Some(1 << 50), cores: Some(1_000), is_built: true, notices: &notices };
        let advice = settings::advise(client, design, large).await.unwrap();
        let named: Vec<&str> = advice.iter().map(|advice| advice.setting.as_str()).collect();
        let expected = [
            "shared_buffers",
            "effective_cache_size",
            "maintenance_work_mem",
            "max_parallel_maintenance_workers",
            "jit",
        ];
        assert_eq!(named, expected);
        assert!(advice[0].because.contains("table and index are"), "{:?}", advice[0]);
        assert!(advice[2].because.contains("after 100 tuples"), "{:?}", advice[2]);

        let different = settings::different(client).await.unwrap();
        assert!(
            !different.keys().any(|name| name.contains("conninfo") || name.contains("file")),
            "{different:?}"
        );
        collection.drop().await;
    });
}
