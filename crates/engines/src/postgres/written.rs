//! Settings that the user wrote: none may undo what a key of the scenario says.

use annvil_core::engine::{EngineError, Result};
use annvil_core::scenario::{PostgresSpec, Variant};

/// Settings that keys of the engine stand for.
const KEYS: [(&str, &str); 4] = [
    ("statement_timeout", "engine.postgres.statement_timeout"),
    ("lock_timeout", "engine.postgres.lock_timeout"),
    ("default_transaction_read_only", "engine.postgres.read_only"),
    ("transaction_read_only", "engine.postgres.read_only"),
];

/// Search parameters and the server's names of them, with each extension.
const PARAMETERS: [(&str, &str); 6] = [
    ("ef_search", "hnsw.ef_search"),
    ("ef_search", "ruvector.hnsw_ef_search"),
    ("probes", "ivfflat.probes"),
    ("probes", "ruvector.probes"),
    ("search_list_size", "diskann.query_search_list_size"),
    ("rescore", "diskann.query_rescore"),
];

/// Refuses a setting that a key sets too: what is written last would win unseen.
pub(super) fn check(spec: &PostgresSpec, variant: &Variant) -> Result<()> {
    let points = variant.points();
    let search = &variant.search;
    let key = |name: &str| {
        let of_engine = KEYS.iter().find(|(setting, _)| *setting == name).map(|(_, key)| (*key).to_owned());
        let swept = PARAMETERS
            .iter()
            .find(|(key, setting)| *setting == name && points.iter().any(|point| point.contains_key(*key)))
            .map(|(key, _)| format!("search.{key}"));
        let scan = match name {
            "hnsw.iterative_scan" | "ivfflat.iterative_scan" => {
                search.iterative_scan.map(|_| "search.iterative_scan".to_owned())
            }
            "hnsw.max_scan_tuples" => search.max_scan_tuples.map(|_| "search.max_scan_tuples".to_owned()),
            _ => None,
        };
        of_engine.or(swept).or(scan)
    };
    for (place, set) in [("engine.postgres.set", &spec.set), ("search.set", &search.set)] {
        for name in set.keys() {
            // The server takes names in any case.
            if let Some(key) = key(&name.to_ascii_lowercase()) {
                return Err(EngineError::Configuration {
                    what: format!("`{place}` sets {name}, which `{key}` stands for"),
                    help: format!("leave it out of `set`, and give the value as `{key}`"),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(spec: &str, variant: &str) -> Result<()> {
        check(&serde_json::from_str(spec).unwrap(), &serde_json::from_str(variant).unwrap())
    }

    #[test]
    fn what_a_key_says_is_not_undone() {
        let swept = r#"{"index": {"hnsw": {}}, "search": {"ef_search": [40, 100]}}"#;
        for (spec, variant, key) in [
            (r#"{"set": {"HNSW.ef_search": 100}}"#, swept, "search.ef_search"),
            (r#"{"set": {"default_transaction_read_only": false}}"#, "{}", "engine.postgres.read_only"),
            (r#"{"set": {"lock_timeout": 0}}"#, "{}", "engine.postgres.lock_timeout"),
            (
                "{}",
                r#"{"index": {"hnsw": {}}, "search": {"iterative_scan": "off", "set": {"hnsw.iterative_scan": "strict_order"}}}"#,
                "search.iterative_scan",
            ),
            (
                "{}",
                r#"{"search": {"profile": "speed", "set": {"ivfflat.probes": 3}}, "index": {"ivfflat": {}}}"#,
                "search.probes",
            ),
        ] {
            let error = checked(spec, variant).unwrap_err().to_string();
            assert!(error.contains(key), "{spec} {variant}: {error}");
        }
        // Where nothing else sets it, it is a setting as any other.
        assert!(checked(r#"{"set": {"hnsw.ef_search": 100, "jit": false}}"#, "{}").is_ok());
    }
}
