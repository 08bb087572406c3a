//! Plans: the claimed index is in them, or it is said why not.

use annvil_core::form::Form;
use annvil_core::metric::Metric;
use annvil_core::scenario::Pooler;

use super::super::build::first;
use super::super::counters;
use super::{Collection, LIMIT, connect, on_server, variant};

/// Enough rows for the planner to prefer an index.
const ROWS: usize = 2_000;

#[test]
fn every_index_is_in_the_plan() {
    let variants = [
        r#"{"index": {"hnsw": {}}}"#,
        r#"{"index": {"hnsw": {"quantize": "halfvec"}}, "search": {"iterative_scan": "relaxed_order"}}"#,
        r#"{"index": {"hnsw": {"quantize": "bit"}}, "rerank": {"candidates": 100},
            "search": {"ef_search": 100, "set": {"enable_seqscan": "off"}}}"#,
        r#"{"index": {"ivfflat": {"lists": 20}}, "search": {"probes": 2}}"#,
        r#"{"index": {"hnsw": {}}, "postgres": {"partition_by": "text"}, "search": {"set": {"enable_seqscan": "off"}}}"#,
    ];
    on_server("PGVECTOR_URL", async |url| {
        for text in variants {
            let collection = Collection::new(url, "planned", &variant(text), Metric::Cosine, ROWS).await;
            let explained = collection.explain(&Form::search("all", 10)).await;
            assert_eq!(explained.refused, None, "{text}\n{}", explained.plan);
            assert!(explained.plan.contains("Index Scan"), "{text}\n{}", explained.plan);
            assert!(explained.plan.len() < 5_000, "{}", explained.plan);
            collection.drop().await;
        }
    });
}

#[test]
fn diskann_is_in_the_plan() {
    on_server("VECTORSCALE_URL", async |url| {
        let text = r#"{"index": {"diskann": {}}, "search": {"profile": "balanced"}}"#;
        let collection = Collection::new(url, "planned", &variant(text), Metric::L2, ROWS).await;
        let explained = collection.explain(&Form::search("all", 10)).await;
        assert_eq!(explained.refused, None, "{}", explained.plan);
        collection.drop().await;
    });
}

#[test]
fn a_wrong_operator_class_is_refused_with_the_right_one() {
    on_server("PGVECTOR_URL", async |url| {
        let text = r#"{"index": {"hnsw": {"ops": "vector_l2_ops"}}}"#;
        let collection = Collection::new(url, "wrong", &variant(text), Metric::Cosine, ROWS).await;
        let explained = collection.explain(&Form::search("all", 10)).await;
        let refused = explained.refused.unwrap();
        assert!(refused.contains("built with vector_l2_ops, the query orders by <=> (cosine)"), "{refused}");
        assert!(refused.contains("index: {hnsw: {ops: vector_cosine_ops}}"), "{refused}");
        // A filtered form may go another way: its plan is only recorded.
        let some = Form::search("some", 10).filtered("flag = true".parse().unwrap());
        assert_eq!(collection.explain(&some).await.refused, None);
        collection.drop().await;
    });
}

#[test]
fn an_index_that_is_not_there_or_not_taken_is_refused() {
    on_server("PGVECTOR_URL", async |url| {
        let hnsw = variant(r#"{"index": {"hnsw": {}}}"#);
        let collection = Collection::loaded(url, super::spec(), "missing", &hnsw, Metric::Cosine, ROWS).await;
        let refused = collection.explain(&Form::search("all", 10)).await.refused.unwrap();
        assert!(refused.contains("No table of the statement has an index hnsw"), "{refused}");
        collection.drop().await;

        let dear = variant(r#"{"index": {"hnsw": {}}, "search": {"set": {"enable_indexscan": "off"}}}"#);
        let collection = Collection::new(url, "dear", &dear, Metric::Cosine, ROWS).await;
        let refused = collection.explain(&Form::search("all", 10)).await.refused.unwrap();
        assert!(refused.contains("enable_seqscan: off"), "{refused}");
        collection.drop().await;
    });
}

#[test]
fn partial_and_label_indexes_serve_their_filters() {
    on_server("PGVECTOR_URL", async |url| {
        let text = r#"{"index": {"hnsw": {}}, "search": {"set": {"enable_seqscan": "off", "enable_sort": "off"}},
                      "postgres": {"partial": ["flag = true", "not (text = 'n')"]}}"#;
        let collection = Collection::new(url, "partial", &variant(text), Metric::L2, ROWS).await;
        for (filter, index) in [("flag = true", "_embedding_0"), ("not (text = 'n')", "_embedding_1")] {
            let form = Form::search("some", 10).filtered(filter.parse().unwrap());
            let plan = collection.explain(&form).await.plan;
            assert!(plan.contains(index), "{filter}\n{plan}");
        }
        // No index is over the whole, and the variant does not claim one; but somebody has to use one of them.
        assert_eq!(collection.explain(&Form::search("all", 10)).await.refused, None);
        collection.drop().await;

        let text = r#"{"index": {"hnsw": {}}, "search": {"set": {"enable_indexscan": "off"}},
                      "postgres": {"partial": ["flag = true"]}}"#;
        let collection = Collection::new(url, "unused", &variant(text), Metric::L2, ROWS).await;
        let refused = collection.explain(&Form::search("all", 10)).await.refused.unwrap();
        assert!(refused.contains("no form is answered by one"), "{refused}");
        let form = Form::search("some", 10).filtered("flag = true".parse().unwrap());
        let refused = collection.explain(&form).await.refused.unwrap();
        assert!(refused.contains("cheaper than the index hnsw"), "{refused}");
        collection.drop().await;

        let text = r#"{"index": {"hnsw": {}}, "postgres": {"label_indexes": ["tags", "id"]}}"#;
        let collection = Collection::new(url, "by_label", &variant(text), Metric::L2, ROWS).await;
        let form = Form::search("some", 10).filtered("id = 9223372036854775807".parse().unwrap());
        let plan = collection.explain(&form).await.plan;
        assert!(plan.contains("Index") || plan.contains("Seq Scan"), "{plan}");
        collection.drop().await;
    });
}

#[test]
fn a_variant_without_index_must_not_use_one() {
    on_server("PGVECTOR_URL", async |url| {
        let collection = Collection::new(url, "none", &variant("{}"), Metric::L2, ROWS).await;
        assert_eq!(collection.explain(&Form::search("all", 10)).await.refused, None);
        let sql =
            format!("create index on {} using hnsw (embedding vector_l2_ops)", collection.design.table());
        collection.client.batch_execute(&sql).await.unwrap();
        let refused = collection.explain(&Form::search("all", 10)).await.refused.unwrap();
        assert!(refused.contains("the variant has no index, and the plan uses"), "{refused}");
        collection.drop().await;
    });
}

#[test]
fn settings_that_do_nothing_are_refused() {
    on_server("PGVECTOR_URL", async |url| {
        for (set, why) in [
            (r#"{"hnws.ef_search": 100}"#, "knows the setting hnws.ef_search"),
            (r#"{"hnsw.max_scan_tuple": 100}"#, "does not take the setting hnsw.max_scan_tuple"),
            (r#"{"hnsw.max_scan_tuples": 0}"#, "does not take the setting hnsw.max_scan_tuples"),
        ] {
            let text = format!(r#"{{"index": {{"hnsw": {{}}}}, "search": {{"set": {set}}}}}"#);
            let mut collection =
                Collection::new(url, "unheeded", &variant(&text), Metric::Cosine, ROWS).await;
            // One that knows no setting of pgvector yet takes them all.
            collection.client = connect(url).await;
            let refused = collection.explain(&Form::search("all", 10)).await.refused.unwrap_or_default();
            assert!(refused.contains(why), "{set}: {refused}");
            collection.drop().await;
        }
    });
}

#[test]
fn everything_works_behind_a_pooler_of_transactions() {
    on_server("PGBOUNCER_URL", async |url| {
        let mut spec = super::spec();
        spec.pooler = Pooler::Transaction;
        let text =
            r#"{"index": {"hnsw": {}}, "search": {"ef_search": 123, "set": {"enable_seqscan": "off"}}}"#;
        let collection = Collection::loaded(url, spec, "pooled", &variant(text), Metric::Cosine, ROWS).await;
        collection.build(LIMIT, &|_| ()).await.unwrap();
        let explained = collection.explain(&Form::search("all", 10)).await;
        assert_eq!(explained.refused, None, "{}", explained.plan);
        let usage = counters::usage(&collection.client, &collection.design).await.unwrap();
        assert_eq!(usage.rows, Some(ROWS as u64));
        let figures = counters::observe(&collection.client, &collection.design, true).await.unwrap();
        assert!(figures.buffers_hit.is_some() && figures.database_hit > Some(0), "{figures:?}");
        // The settings ended with the transaction that they were for.
        let left = first(&collection.client, "select current_setting('hnsw.ef_search', true)").await.unwrap();
        assert_ne!(left.as_deref(), Some("123"));
        collection.drop().await;
    });
}
