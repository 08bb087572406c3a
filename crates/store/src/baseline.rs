//! Baselines: named groups of runs that later runs are held against.

mod rolling;
mod save;

use std::fmt;

use annvil_core::figures::Group;
use annvil_core::key::MetricKey;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::database::{DatabaseError, Result, Statement, Store};

/// What a baseline is made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BaselineSpec {
    /// Names of its runs. Of a rolling baseline they only say which scenario, plan and machine are meant; the latest run that
    /// fits does if there are none.
    pub runs: Vec<String>,
    /// Whether it goes along with new runs.
    pub rolling: Option<Rolling>,
    /// Who saves it.
    pub who: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A baseline that goes along: the latest runs of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rolling {
    /// At most so many runs.
    pub runs: u32,
    /// Of this branch; of any if not given.
    pub branch: Option<String>,
    /// Of this scenario; that of the runs it is saved with if not given.
    pub scenario: Option<String>,
}

/// A version of a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its name.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// When it was saved, RFC 3339.
    pub saved: String,
    /// Who saved it.
    pub who: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who measured: `annvil`, or another tool.
    pub tool: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Hash of the plan; other tools have none.
    pub plan_hash: Option<String>,
    /// Digest of the machine; other tools say none.
    pub fingerprint: Option<String>,
    /// The machine, in words.
    pub machine: Option<String>,
    /// Commit of its latest run when it was saved.
    pub commit: Option<String>,
    /// Whether it goes along with new runs.
    pub rolling: Option<Rolling>,
    /// Names of its runs; empty if it goes along.
    pub runs: Vec<String>,
}

/// A baseline with the figures that it stands for now.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The baseline.
    pub baseline: Baseline,
    /// Its runs and figures, named `NAME` with the version: `main@3`.
    pub group: Group,
    /// Where it begins, if runs before a change were left out.
    pub segment: Option<Segment>,
}

/// Where a rolling baseline begins because a figure took a new level there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The first run of the new level.
    pub run: String,
    /// Its commit.
    pub commit: Option<String>,
    /// The figure that changed.
    pub key: MetricKey,
    /// By how much: a share, or a difference of shares.
    pub change: f64,
    /// How many of the runs that would have counted were left out.
    pub left_out: usize,
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}@{}", self.name, self.version))
    }
}

/// Name and version of a baseline as they are written: `main`, `main@3`.
pub fn split(text: &str) -> (&str, Option<u32>) {
    let version = |text: &str| text.parse().ok().filter(|version| *version > 0);
    match text.rsplit_once('@').map(|(name, number)| (name, version(number))) {
        Some((name, Some(version))) => (name, Some(version)),
        _ => (text, None),
    }
}

impl Store {
    /// Every version of every baseline, by name, the latest version first.
    pub fn baselines(&self) -> Result<Vec<Baseline>> {
        let select = "SELECT spec FROM annvil_baseline ORDER BY name, version DESC";
        let rows = self.connected(async |connection| Statement::new(select).rows(connection).await)?;
        rows.iter().map(|row| self.baseline_of(row)).collect()
    }

    /// A version of a baseline; the latest if none is given.
    pub fn baseline(&self, name: &str, version: Option<u32>) -> Result<Baseline> {
        let rows = self.connected(async |connection| one(name, version).rows(connection).await)?;
        match rows.first() {
            Some(row) => self.baseline_of(row),
            None => Err(self.no_baseline(name, version)),
        }
    }

    /// A baseline with its runs and figures. A rolling one is cut at the last change of any figure that is judged.
    pub fn resolve(&self, name: &str, version: Option<u32>) -> Result<Resolved> {
        let baseline = self.baseline(name, version)?;
        let (runs, segment) = match &baseline.rolling {
            Some(rolling) => self.rolled(&baseline, rolling)?,
            None => (baseline.runs.clone(), None),
        };
        let group = self.group(&baseline.to_string(), &runs)?;
        Ok(Resolved { baseline, group, segment })
    }

    /// Makes a version of a baseline the next version of another name; that version.
    pub fn promote(&self, name: &str, version: Option<u32>, to: &str, who: Option<&str>) -> Result<Baseline> {
        save::check_name(to)?;
        let mut promoted = self.baseline(name, version)?;
        promoted.reason = Some(format!("promoted from {promoted}"));
        promoted.saved = now();
        promoted.who = who.map(str::to_owned).or(promoted.who);
        to.clone_into(&mut promoted.name);
        self.transaction(async |connection| save::insert(promoted, connection).await)
    }

    /// Deletes a version of a baseline, or all of them if none is given, with what was accepted against it; how many there
    /// were. Runs stay.
    pub fn delete_baseline(&self, name: &str, version: Option<u32>) -> Result<u64> {
        let deleted = self.transaction(async |connection| {
            let mut deleted = 0;
            for (table, column) in [("annvil_acceptance", "baseline"), ("annvil_baseline", "name")] {
                let mut delete = Statement::new(&format!("DELETE FROM {table} WHERE {column} = "));
                delete.value(name);
                if let Some(version) = version {
                    delete.push(" AND version = ").value(i64::from(version));
                }
                deleted = delete.run(connection).await?;
            }
            Ok(deleted)
        })?;
        if deleted == 0 { Err(self.no_baseline(name, version)) } else { Ok(deleted) }
    }

    fn baseline_of(&self, row: &AnyRow) -> Result<Baseline> {
        let spec: String = row.try_get(0).map_err(|error| self.unreadable(&error))?;
        self.json(&spec)
    }

    fn no_baseline(&self, name: &str, version: Option<u32>) -> DatabaseError {
        let all = self.baselines().unwrap_or_default();
        let versions: Vec<String> =
            all.iter().filter(|known| known.name == name).map(|known| known.version.to_string()).collect();
        if let (Some(version), false) = (version, versions.is_empty()) {
            let help = format!("Its versions are {}.", versions.join(", "));
            return DatabaseError::Missing {
                what: format!("the baseline `{name}` has no version {version}"),
                help,
            };
        }
        let mut names: Vec<&str> = all.iter().map(|known| known.name.as_str()).collect();
        names.dedup();
        let near = names.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
        let near = near.filter(|known| strsim::damerau_levenshtein(known, name) <= 2);
        let help = match (near, names.is_empty()) {
            (Some(near), _) => format!("Did you mean `{near}`?"),
            (None, false) => format!("There are {}.", names.join(", ")),
            (None, true) => format!("`annvil baseline save {name} RUN` makes it."),
        };
        DatabaseError::Missing { what: format!("there is no baseline `{name}` in {}", self.shown()), help }
    }
}

fn one(name: &str, version: Option<u32>) -> Statement {
    let mut select = Statement::new("SELECT spec FROM annvil_baseline WHERE name = ");
    select.value(name);
    if let Some(version) = version {
        select.push(" AND version = ").value(i64::from(version));
    }
    select.push(" ORDER BY version DESC LIMIT 1");
    select
}

/// This instant, RFC 3339.
fn now() -> String {
    jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
