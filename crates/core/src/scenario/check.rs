//! Reading a scenario, and what a type can't say: names that must be unique or known, values that can't work.

use std::collections::BTreeSet;

use super::{Phase, Scenario, shape, size};
use crate::document::{Document, DocumentError};
use crate::scenario::{LoadPhase, SettlePhase, VerifyPhase};

mod counts;
mod existing;
mod limit;
mod objectives;
mod runbook;
mod sizes;
mod traffic;
mod variants;

use counts::counts;

/// Reads a scenario, puts a variant for each size in the place of each, and `load`, `settle` and `verify` in front of the
/// phases where they are not written. Where the collection is there already, nothing is loaded.
pub fn read(document: &Document) -> Result<Scenario, DocumentError> {
    let mut scenario: Scenario = document.read()?;
    let written: Vec<String> = scenario.variants.keys().cloned().collect();
    let check = Check { document, written: &written };
    check.limits(&scenario)?;
    check.variants(&scenario)?;
    check.sizes(&scenario)?;
    size::expand(&mut scenario).map_err(|twice| check.twice(&twice))?;
    check.baselines(&scenario)?;
    check.phases(&scenario)?;
    check.existing(&scenario)?;
    let scale = scenario.scale;
    scenario.phases = scenario.phases.into_iter().flat_map(|phase| shape::expand(phase, scale)).collect();
    check.names(&scenario)?;
    let existing = scenario.engine.is_existing();
    complete(&mut scenario.phases, existing);
    check.objectives(&scenario)?;
    Ok(scenario)
}

/// The phases that every measurement needs, in their order, in front of the first that needs them.
fn complete(phases: &mut Vec<Phase>, existing: bool) {
    let needed = [
        Phase::Load(LoadPhase::default()),
        Phase::Settle(SettlePhase::default()),
        Phase::Verify(VerifyPhase::default()),
    ];
    let mut at = 0;
    for phase in needed.into_iter().skip(usize::from(existing)) {
        if let Some(place) = phases.iter().position(|written| written.kind() == phase.kind()) {
            at = place + 1;
        } else {
            phases.insert(at, phase);
            at += 1;
        }
    }
}

struct Check<'a> {
    document: &'a Document,
    /// Variants as they are written, before there is one for each size.
    written: &'a [String],
}

impl Check<'_> {
    fn wrong(&self, path: &[&str], message: impl Into<String>, help: impl Into<String>) -> DocumentError {
        self.document.error(self.document.place(path), message).with_help(help)
    }

    fn wrong_key(&self, path: &[&str], message: impl Into<String>, help: impl Into<String>) -> DocumentError {
        self.document.error(self.document.place_of_key(path), message).with_help(help)
    }

    /// The variant of a scenario as it is called in the file.
    fn as_written<'n>(&self, name: &'n str, scenario: &Scenario) -> &'n str {
        let one_of_several = || super::written_name(name, scenario.variants.get(name)?);
        if self.written.iter().any(|written| written == name) {
            name
        } else {
            one_of_several().unwrap_or(name)
        }
    }

    fn at_least_one(&self, value: u64, path: &[&str]) -> Result<(), DocumentError> {
        if value > 0 {
            return Ok(());
        }
        let key = path.last().copied().unwrap_or_default();
        Err(self.wrong(path, format!("`{key}` must be at least 1"), ""))
    }

    fn limits(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        self.at_least_one(scenario.blocks.into(), &["blocks"])?;
        self.at_least_one(scenario.build_threads.unwrap_or(1) as u64, &["build_threads"])?;
        self.at_least_one(scenario.time_limit.nanos().0, &["time_limit"])?;
        self.at_least_one(scenario.operation_timeout.nanos().0, &["operation_timeout"])
    }

    fn phases(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut persisted = false;
        for (index, phase) in scenario.phases.iter().enumerate() {
            let number = index.to_string();
            let path = |key: &'static str| [&number, phase.kind(), key].map(str::to_owned);
            let place = ["phases", &number, phase.kind(), "name"];
            let name = phase.name();
            let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !fits {
                return Err(self.wrong(
                    &place,
                    format!("`{name}` can't be the name of a phase"),
                    "use letters, digits, `-` and `_`, a letter first: objectives have to name it",
                ));
            }
            if !names.insert(name) {
                return Err(self.wrong(
                    &place,
                    format!("two phases are called `{name}`"),
                    "give one of them a `name:` of its own",
                ));
            }
            for (key, value) in counts(phase) {
                let [number, kind, key] = path(key);
                self.at_least_one(value, &["phases", &number, &kind, &key])?;
            }
            if let Some(traffic) = phase.traffic() {
                self.traffic(&number, phase, &traffic)?;
            }
            self.load(&number, phase, scenario)?;
            match phase {
                Phase::Persist(_) => persisted = true,
                Phase::Restore(_) if !persisted => {
                    return Err(self.wrong(
                        &["phases", &number],
                        "`restore` needs a `persist` before it",
                        "add `- persist`",
                    ));
                }
                _ => {}
            }
        }
        for kind in ["load", "settle", "verify"] {
            if scenario.phases.iter().filter(|phase| phase.kind() == kind).count() > 1 {
                return Err(self.wrong_key(
                    &["phases"],
                    format!("there are two `{kind}` phases"),
                    "a block loads, settles and verifies once",
                ));
            }
        }
        self.after_runbooks(scenario)?;
        self.order(scenario)
    }

    /// Names are unique also after shapes have become phases.
    fn names(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        match scenario.phases.iter().find(|phase| !names.insert(phase.name())) {
            None => Ok(()),
            Some(twice) => Err(self.wrong_key(
                &["phases"],
                format!("two phases are called `{}`, once the shapes are written out", twice.name()),
                "give one of them a `name:` of its own",
            )),
        }
    }

    /// Rows are loaded before the index settles, answers are verified before anything is measured.
    fn order(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let rank = |phase: &Phase| match phase {
            Phase::Load(_) => 0,
            Phase::Settle(_) => 1,
            Phase::Verify(_) => 2,
            _ => 3,
        };
        for (index, pair) in scenario.phases.windows(2).enumerate() {
            if rank(&pair[0]) > rank(&pair[1]) {
                let number = (index + 1).to_string();
                let message = format!("`{}` comes after `{}`", pair[1].kind(), pair[0].kind());
                return Err(self.wrong(
                    &["phases", &number],
                    message,
                    "the order is load, settle, verify, then what is measured",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "\
data: wordnet-10k
engine: embedded
variants:
  flat: {baseline: true}
  hnsw: {index: {hnsw: {}}, search: {ef_search: [16, 64]}}
phases:
  - search: {k: 10}
objectives:
  - search.recall@10.mean >= 0.95
";

    fn with(from: &str, to: &str) -> Result<Scenario, String> {
        assert!(SCENARIO.contains(from), "{from}");
        let document = Document::parse("s.yaml", &SCENARIO.replace(from, to)).map_err(|e| e.to_string())?;
        read(&document).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let scenario = with("", "").unwrap();
        let kinds: Vec<&str> = scenario.phases.iter().map(Phase::kind).collect();
        assert_eq!(kinds, ["load", "settle", "verify", "search"]);
        assert_eq!((scenario.seed, scenario.blocks), (42, 1));
        assert_eq!(scenario.operation_timeout.to_string(), "30s");
        assert_eq!(scenario.variants["hnsw"].points().len(), 2);
    }

    #[test]
    fn what_cannot_work_is_said_with_its_place() {
        for (from, to, start) in [
            ("[16, 64]", "0", "a search parameter must be at least 1, not 0 in s.yaml:5:49"),
            ("[16, 64]", "[16, 16]", "16 is listed twice in s.yaml:5:49"),
            ("k: 10", "k: 0", "`k` must be at least 1 in s.yaml:7:17"),
            (
                "{baseline: true}",
                "{search: {ef_search: 5}}",
                "`ef_search` has no meaning without an HNSW index in s.yaml:4:19",
            ),
            ("search: {k: 10}", "persist: {repeats: 0}", "`repeats` must be at least 1 in s.yaml:7:24"),
            ("search: {k: 10}", "restore", "`restore` needs a `persist` before it in s.yaml:7:5"),
            (
                "- search: {k: 10}",
                "- search: {k: 10}\n  - search: {k: 5}",
                "two phases are called `search` in s.yaml:8:13",
            ),
            ("- search: {k: 10}", "- search: {k: 10}\n  - load", "`load` comes after `search` in s.yaml:8:5"),
            ("- search.", "- serach.", "there is no phase `serach` in s.yaml:9:5"),
            ("engine: embedded", "engine: embeded", "unknown name `embeded` in s.yaml:2:9"),
            ("hnsw: {index", "baseline: {index", "`baseline` can't be the name of a variant in s.yaml:5:3"),
            ("mean >= 0.95", "mean >= 2 x 'flt'", "there is no variant `flt` in s.yaml:9:5"),
            ("recall@10", "recall@5", "no phase measures the recall@5 that this asks for in s.yaml:9:5"),
            (
                "recall@10.mean >= 0.95",
                "response.p50 < 1s",
                "no phase measures the response that this asks for in s.yaml:9:5",
            ),
            (
                "mean >= 0.95",
                "mean >= 0.95: {only: {flat: reason}}",
                "this objective binds no variant in s.yaml:9:",
            ),
            (
                "mean >= 0.95",
                "meen >= 0.95",
                "objective `search.recall@10.meen >= 0.95`: no statistic is called `meen`",
            ),
        ] {
            let error = with(from, to).unwrap_err();
            assert!(error.starts_with(start), "{to}: {error}");
        }
    }
}
