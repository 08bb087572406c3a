//! Which runs.

use std::path::PathBuf;

use annvil_core::figures::Provenance;
use jiff::Timestamp;
use serde::Serialize;

use crate::database::Statement;

/// Which runs of a store: all that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Name of the scenario.
    pub scenario: Option<String>,
    /// Branch of the user's project.
    pub branch: Option<String>,
    /// Commit, or the beginning of one.
    pub commit: Option<String>,
    /// Who measured: `annvil`, or another tool.
    pub tool: Option<String>,
    /// Hash of the plan.
    pub plan_hash: Option<String>,
    /// Digest of the machine.
    pub fingerprint: Option<String>,
    /// Runs that began then or later.
    pub since: Option<Timestamp>,
    /// Runs that began earlier.
    pub before: Option<Timestamp>,
    /// Only runs that can be judged: complete, valid, without a failure.
    pub usable: bool,
    /// Only what was measured for itself on a branch: no request of somebody's, no block of an interleaved comparison.
    pub own: bool,
    /// At most so many, the latest.
    pub limit: Option<u32>,
}

/// A run as the store knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRow {
    /// Where its figures come from.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Its blocks.
    pub blocks: u32,
    /// Its folder, if it has one.
    pub folder: Option<PathBuf>,
}

impl RunRow {
    /// Whether it can be judged.
    pub fn usable(&self) -> bool {
        usable(&self.provenance)
    }
}

/// Whether a run can be judged: it came to its end, nothing failed and nothing was invalid.
pub(crate) fn usable(provenance: &Provenance) -> bool {
    provenance.complete && provenance.invalid.is_empty() && provenance.failed.is_empty()
}

/// A time in microseconds since 1970; 0 if it is unknown.
pub(crate) fn micros(started: &str) -> i64 {
    started.parse::<Timestamp>().map_or(0, Timestamp::as_microsecond)
}

impl RunFilter {
    /// The conditions on the run `r`, after a word such as `WHERE`.
    pub(crate) fn conditions(&self, first: &str, statement: &mut Statement) {
        let mut word = first;
        let texts = [
            ("r.scenario", &self.scenario),
            ("r.branch", &self.branch),
            ("r.tool", &self.tool),
            ("r.plan_hash", &self.plan_hash),
            ("r.fingerprint", &self.fingerprint),
        ];
        for (column, wanted) in
            texts.into_iter().filter_map(|(column, wanted)| Some((column, wanted.as_ref()?)))
        {
            statement.push(word).push(column).push(" = ").value(wanted.as_str());
            word = " AND ";
        }
        if let Some(commit) = &self.commit {
            let begins = format!("substr(r.commit_id, 1, {}) = ", commit.chars().count());
            statement.push(word).push(&begins).value(commit.as_str());
            word = " AND ";
        }
        for (column, instant) in [("r.began >= ", self.since), ("r.began < ", self.before)] {
            if let Some(instant) = instant {
                statement.push(word).push(column).value(instant.as_microsecond());
                word = " AND ";
            }
        }
        if self.usable {
            statement.push(word).push("r.usable = 1");
            word = " AND ";
        }
        if self.own {
            statement.push(word).push("r.session = r.id AND r.request IS NULL");
        }
    }
}
