//! Settings of sessions that search.

use annvil_core::form::Params;
use annvil_core::scenario::{Extension, Index, IterativeScan};
use annvil_core::units::HumanDuration;

use super::design::Design;
use super::quote;

impl Design {
    /// Settings of a session that searches at a point of a sweep, in the order in which they are set. What the user wrote
    /// comes after ours, and names none of them; that nothing may be written comes last of all.
    pub(super) fn settings(&self, point: &Params) -> Vec<(String, String)> {
        let mut settings = self.limits();
        let set = |name: &str, value: String| (name.to_owned(), value);
        for (name, value) in point {
            settings.push(set(self.server_name(name), value.to_string()));
        }
        let search = &self.variant.search;
        let ivfflat = matches!(self.variant.index, Index::Ivfflat(_));
        if let Some(scan) = search.iterative_scan {
            let value = match scan {
                IterativeScan::Off => "off",
                IterativeScan::StrictOrder => "strict_order",
                IterativeScan::RelaxedOrder => "relaxed_order",
            };
            let name = if ivfflat { "ivfflat.iterative_scan" } else { "hnsw.iterative_scan" };
            settings.push(set(name, value.to_owned()));
        }
        if let Some(tuples) = search.max_scan_tuples {
            settings.push(set("hnsw.max_scan_tuples", tuples.to_string()));
        }
        let written = self.spec.set.iter().chain(&search.set);
        settings.extend(written.map(|(name, value)| (name.clone(), value.0.clone())));
        if self.spec.read_only {
            settings.push(("default_transaction_read_only".to_owned(), "on".to_owned()));
        }
        settings
    }

    /// What guards the server in every session of ours: time limits.
    pub(super) fn limits(&self) -> Vec<(String, String)> {
        let limit = |name: &str, limit: HumanDuration| {
            (name.to_owned(), format!("{}ms", (limit.0.0 / 1_000_000).max(1)))
        };
        vec![
            limit("statement_timeout", self.spec.statement_timeout),
            limit("lock_timeout", self.spec.lock_timeout),
        ]
    }

    /// The server's name of a search parameter.
    fn server_name<'a>(&self, name: &'a str) -> &'a str {
        match (name, self.extension) {
            ("ef_search", Extension::Ruvector) => "ruvector.hnsw_ef_search",
            ("probes", Extension::Ruvector) => "ruvector.probes",
            ("ef_search", _) => "hnsw.ef_search",
            ("probes", _) => "ivfflat.probes",
            ("search_list_size", _) => "diskann.query_search_list_size",
            ("rescore", _) => "diskann.query_rescore",
            _ => name,
        }
    }
}

/// One statement that sets them all, for the session or for the transaction only; `None` if there is nothing to set. By function, because
/// `SET` takes a list such as `search_path` for one name when it is quoted, and because one statement is one message.
pub(super) fn set(settings: &[(String, String)], local: bool) -> Option<String> {
    let each: Vec<String> = settings
        .iter()
        .filter_map(|(name, value)| {
            // The default is read when a transaction begins, which is too late within one.
            let name = match name.as_str() {
                "default_transaction_read_only" if local => "transaction_read_only",
                name => name,
            };
            Some(format!("set_config({}, {}, {local})", quote::text(name)?, quote::text(value)?))
        })
        .collect();
    (!each.is_empty()).then(|| format!("SELECT {}", each.join(", ")))
}
