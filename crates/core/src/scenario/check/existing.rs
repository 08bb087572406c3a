//! Collections that are there already: nothing that would write to them is begun.

use super::Check;
use crate::document::DocumentError;
use crate::scenario::{EngineSpec, Phase, Scenario, shape};

impl Check<'_> {
    /// What writes is refused where the collection is the user's own, and `read_only` where it is not.
    pub(super) fn existing(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let EngineSpec::Postgres(spec) = &scenario.engine else { return Ok(()) };
        if spec.read_only && !spec.is_existing() {
            let help = match spec.sql {
                None => "write `sql:`, a statement of your own on a table that is there",
                Some(_) => "`sql` names `$table`, which Annvil makes: name a table that is there",
            };
            return Err(self.wrong(
                &["engine", "postgres", "read_only"],
                "`read_only` leaves nothing to be searched: there is no table unless one is loaded",
                help,
            ));
        }
        if !spec.is_existing() {
            return Ok(());
        }
        let why = if spec.read_only {
            "the engine is `read_only`"
        } else {
            "`sql` without `$table` measures a table that is there"
        };
        for (index, phase) in scenario.phases.iter().enumerate() {
            let number = index.to_string();
            if shape::expand(phase.clone(), scenario.scale).iter().any(writes) {
                return Err(self.wrong_key(
                    &["phases", &number, phase.kind()],
                    format!("`{}` writes, and {why}", phase.name()),
                    "leave it out: settle, verify, search, fetch, distance and limit only read",
                ));
            }
            let asked = self.document.value_at(&["phases", &number, "verify", "writes"]);
            if asked.and_then(|value| value.as_bool()) == Some(true) {
                return Err(self.wrong(
                    &["phases", &number, "verify", "writes"],
                    format!("the checks of writes write, and {why}"),
                    "leave `writes` out: the other checks are done",
                ));
            }
        }
        let cut = scenario.variants.iter().find(|(_, variant)| variant.rows.is_some());
        match cut {
            None => Ok(()),
            Some(_) if !scenario.sizes.is_empty() => Err(self.wrong_key(
                &["sizes"],
                format!("`sizes` are rows to be loaded, and {why}"),
                "leave them out",
            )),
            Some((name, _)) => Err(self.wrong_key(
                &["variants", name, "rows"],
                format!("`rows` are loaded, and {why}"),
                "leave it out",
            )),
        }
    }
}

/// Whether a phase changes the collection or replaces it.
fn writes(phase: &Phase) -> bool {
    match phase {
        Phase::Load(_) | Phase::Persist(_) | Phase::Restore(_) | Phase::Migration(_) | Phase::Runbook(_) => {
            true
        }
        Phase::Mixed(mixed) => mixed.writes() || mixed.freshness.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::scenario::{EngineSpec, Phase, Scenario, read};

    const EXISTING: &str = "\
data: wordnet-10k
engine:
  postgres:
    read_only: true
    sql: select id from items order by v <=> $query limit $k
variants:
  theirs: {index: {hnsw: {}}}
phases:
  - search: {k: 10}
";

    fn with(from: &str, to: &str) -> Result<Scenario, String> {
        assert!(EXISTING.contains(from), "{from}");
        let text = EXISTING.replace(from, to);
        let document = Document::parse("s.yaml", &text).map_err(|error| error.to_string())?;
        read(&document).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_loaded_into_a_table_that_is_there() {
        let kinds = |scenario: &Scenario| scenario.phases.iter().map(Phase::kind).collect::<Vec<_>>();
        for scenario in [with("", ""), with("    read_only: true\n", "")] {
            assert_eq!(kinds(&scenario.unwrap()), ["settle", "verify", "search"]);
        }
        let own = with("items", "$table").unwrap_err();
        assert!(own.starts_with("`read_only` leaves nothing to be searched"), "{own}");
        assert!(own.contains("s.yaml:4:16"), "{own}");
        let own =
            with("    read_only: true\n    sql: select id from items", "    sql: select id from $table")
                .unwrap();
        assert_eq!(kinds(&own), ["load", "settle", "verify", "search"]);
    }

    #[test]
    fn an_engine_may_be_named_alone() {
        let text = "data: wordnet-10k\nengine: postgres\nvariants: {a: {}}\nphases: [search]\n";
        let mut document = Document::parse("s.yaml", text).unwrap();
        let EngineSpec::Postgres(spec) = read(&document).unwrap().engine else { panic!("another engine") };
        assert_eq!((spec.url, spec.load_connections), (None, 2));
        document.set("engine.postgres.url", "postgres://me@host/db", "--set").unwrap();
        let EngineSpec::Postgres(spec) = read(&document).unwrap().engine else { panic!("another engine") };
        assert_eq!(spec.url.unwrap().reveal(), "postgres://me@host/db");
    }

    #[test]
    fn what_writes_is_refused_with_its_place() {
        let search = "- search: {k: 10}";
        for (to, start) in [
            ("- load", "`load` writes, and the engine is `read_only` in s.yaml:9:5"),
            ("- persist", "`persist` writes, and the engine is `read_only` in s.yaml:9:5"),
            ("- migration: {from: theirs}", "`migration` writes"),
            ("- mixed: {mix: {search: 9, upsert: 1}, for: 1s}", "`mixed` writes"),
            ("- mixed: {mix: {search: 9, delete: 1}, for: 1s}", "`mixed` writes"),
            ("- runbook: {steps: [insert: {rows: 0..10}, search: {}]}", "`runbook` writes"),
            (
                "- verify: {writes: true}",
                "the checks of writes write, and the engine is `read_only` in s.yaml:9:22",
            ),
        ] {
            let error = with(search, to).unwrap_err();
            assert!(error.starts_with(start), "{to}: {error}");
        }
        assert!(with(search, "- mixed: {mix: {search: 9, fetch: 1}, for: 1s}").is_ok());
        assert!(with(search, "- verify: {writes: false}\n  - search").is_ok());
        let sizes = with("variants:", "sizes: [10]\nvariants:").unwrap_err();
        assert!(sizes.starts_with("`sizes` are rows to be loaded"), "{sizes}");
        let rows = with("theirs: {", "theirs: {rows: 10, ").unwrap_err();
        assert!(rows.starts_with("`rows` are loaded"), "{rows}");
    }
}
