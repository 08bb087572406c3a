//! Variants that can't work are refused before anything is opened, each with what to try.

use annvil_core::metric::Metric::{self, Cosine, Hamming, Jaccard, L1, L2};
use annvil_core::scenario::{PostgresSpec, Variant};

use super::super::check;

fn refusal(variant: &str, metric: Metric) -> Option<String> {
    let variant: Variant = serde_json::from_str(variant).unwrap();
    check::variant(&PostgresSpec::default(), &variant, metric).err().map(|error| error.to_string())
}

#[test]
fn each_with_what_to_try() {
    let cases = [
        (r#"{"storage": "i8"}"#, Cosine, "storage i8", "quantize: bit"),
        (r#"{"storage": "bit"}"#, Cosine, "storage bit with the metric cosine", "rerank: {candidates: 200}"),
        ("{}", Hamming, "the metric hamming with numbers", "storage: bit"),
        (r#"{"storage": "sparsevec", "index": {"ivfflat": {}}}"#, L2, "ivfflat over sparsevec", "hnsw"),
        (r#"{"index": {"ivfflat": {}}}"#, L1, "ivfflat with the metric l1", "hnsw"),
        (
            r#"{"storage": "bit", "index": {"ivfflat": {}}}"#,
            Jaccard,
            "ivfflat with the metric jaccard",
            "hnsw",
        ),
        (
            r#"{"index": {"diskann": {}}, "storage": "halfvec"}"#,
            L2,
            "diskann over another type",
            "storage: vector",
        ),
        (
            r#"{"index": {"diskann": {}}, "postgres": {"extension": "pgvector"}}"#,
            L2,
            "diskann by pgvector",
            "pgvectorscale",
        ),
        (r#"{"index": {"diskann": {}}, "rerank": {"candidates": 9}}"#, L2, "rerank with diskann", "rescore"),
        (r#"{"index": {"hnsw": {"quantize": "bit"}}}"#, L2, "quantize bit without rerank", "candidates"),
        (
            r#"{"index": {"hnsw": {}}, "rerank": {"candidates": 20}}"#,
            L2,
            "holds what the table holds",
            "quantize",
        ),
        (r#"{"rerank": {"candidates": 20}}"#, L2, "holds what the table holds", "leave it out"),
        (
            r#"{"index": {"hnsw": {"quantize": "bit"}}, "rerank": {"candidates": 100}, "search": {"ef_search": [200, 64]}}"#,
            L2,
            "rerank wants 100 candidates, and ef_search 64 ends the scan before",
            "iterative_scan: strict_order",
        ),
        (
            r#"{"index": {"hnsw": {"quantize": "bit"}}, "rerank": {"candidates": 100}}"#,
            L2,
            "ef_search 40 ends the scan",
            "100 or more",
        ),
        (
            r#"{"index": {"hnsw": {}}, "search": {"ef_search": 2000}}"#,
            L2,
            "ef_search 2000 is out of range",
            "1 to 1000",
        ),
        (
            r#"{"index": {"hnsw": {}}, "search": {"probes": 2}}"#,
            L2,
            "the index hnsw has no `probes`",
            "ef_search",
        ),
        (
            r#"{"index": {"ivfflat": {}}, "search": {"iterative_scan": "strict_order"}}"#,
            L2,
            "strict order with ivfflat",
            "relaxed_order",
        ),
        (
            r#"{"search": {"iterative_scan": "relaxed_order"}}"#,
            L2,
            "an iterative scan with the index none",
            "hnsw",
        ),
        (r#"{"index": {"hnsw": {"m": 40, "ef_construction": 64}}}"#, L2, "below twice m", "at least 80"),
        (r#"{"postgres": {"extension": "ruvector"}, "storage": "halfvec"}"#, L2, "with ruvector", "32-bit"),
        (r#"{"postgres": {"extension": "ruvector"}}"#, L1, "the metric l1 with ruvector", "pgvector"),
        (
            r#"{"postgres": {"extension": "ruvector"}}"#,
            Metric::InnerProduct,
            "a scan answers the farthest rows",
            "length 1",
        ),
    ];
    for (variant, metric, what, help) in cases {
        let said = refusal(variant, metric).unwrap_or_else(|| panic!("{variant} is not refused"));
        let (first, rest) = said.split_once('\n').unwrap_or((&said, ""));
        assert!(first.contains(what) && rest.contains(help), "{variant}: {said}");
    }
}

#[test]
fn what_works_is_not_refused() {
    let cases = [
        (r#"{"storage": "bit", "index": {"hnsw": {}}}"#, Jaccard),
        (r#"{"storage": "bit", "index": {"ivfflat": {}}}"#, Hamming),
        (r#"{"storage": "halfvec", "index": {"hnsw": {}}, "search": {"profile": ["speed", "quality"]}}"#, L1),
        (r#"{"index": {"diskann": {}}, "search": {"profile": "speed"}}"#, Cosine),
        (
            r#"{"index": {"hnsw": {"quantize": "bit"}}, "rerank": {"candidates": 500},
                "search": {"ef_search": 40, "iterative_scan": "strict_order"}}"#,
            Cosine,
        ),
    ];
    for (variant, metric) in cases {
        assert_eq!(refusal(variant, metric), None, "{variant}");
    }
}

#[test]
fn settings_of_the_engine_are_checked_too() {
    let refusal = |json: &str| {
        let spec: PostgresSpec = serde_json::from_str(json).unwrap();
        check::variant(&spec, &Variant::default(), L2).err().map(|error| error.to_string())
    };
    assert!(refusal(r#"{"read_only": true}"#).unwrap().contains("without `$table`"));
    assert!(refusal(r#"{"id_label": "key"}"#).unwrap().contains("there is no `sql`"));
    assert_eq!(refusal(r#"{"read_only": true, "sql": "select id from items", "id_label": "key"}"#), None);
}
