//! Saving a baseline: which runs may stand together, and under which name.

use std::fmt::Display;

use annvil_core::figures::Provenance;
use sqlx::{AnyConnection, Row};

use super::{Baseline, BaselineSpec, now};
use crate::database::{DatabaseError, Result, Statement, Stop, Store};
use crate::filter::{RunFilter, RunRow};

impl Store {
    /// Saves a baseline: version 1 of a new name, or the next version of one that is there. Runs that cannot be judged, or
    /// that differ in tool, scenario, plan or machine, are refused.
    pub fn save_baseline(&self, name: &str, spec: &BaselineSpec) -> Result<Baseline> {
        check_name(name)?;
        let runs = if spec.runs.is_empty() { self.latest(spec)? } else { self.named(&spec.runs)? };
        check(&runs)?;
        let Some(last) = runs.iter().max_by_key(|run| crate::filter::micros(&run.provenance.started)) else {
            return Err(refused("a baseline without runs", "Give at least one run."));
        };
        let about = &last.provenance;
        let rolling = spec.rolling.clone().map(|mut rolling| {
            rolling.scenario.get_or_insert_with(|| about.scenario.clone());
            rolling
        });
        if rolling.as_ref().is_some_and(|rolling| rolling.runs == 0) {
            return Err(refused(
                "a rolling baseline of no runs",
                "Give --rolling 10, for the last ten runs.",
            ));
        }
        if let Some(wanted) = rolling
            .as_ref()
            .and_then(|rolling| rolling.scenario.as_ref())
            .filter(|wanted| **wanted != about.scenario)
        {
            return Err(refused(
                format!("{} is a run of the scenario {}, not of {wanted}", about.run, about.scenario),
                "Give a run of that scenario, or leave --scenario out.",
            ));
        }
        let names = || runs.iter().map(|run| run.provenance.run.clone()).collect();
        let baseline = Baseline {
            name: name.to_owned(),
            version: 0,
            saved: now(),
            who: spec.who.clone(),
            reason: spec.reason.clone(),
            tool: about.tool.clone(),
            scenario: about.scenario.clone(),
            plan_hash: about.plan_hash.clone(),
            fingerprint: about.fingerprint.clone(),
            machine: about.machine.clone(),
            commit: about.origin.commit.clone(),
            runs: if rolling.is_some() { Vec::new() } else { names() },
            rolling,
        };
        self.transaction(async |connection| insert(baseline, connection).await)
    }

    fn named(&self, names: &[String]) -> Result<Vec<RunRow>> {
        let mut runs = Vec::with_capacity(names.len());
        for name in names {
            let run = self.find(name)?;
            if runs.iter().all(|known: &RunRow| known.provenance.run != run.provenance.run) {
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// The latest run that a rolling baseline means.
    fn latest(&self, spec: &BaselineSpec) -> Result<Vec<RunRow>> {
        let Some(rolling) = &spec.rolling else {
            return Err(refused("a baseline without runs", "Give at least one run, or --rolling N."));
        };
        let (scenario, branch) = (rolling.scenario.clone(), rolling.branch.clone());
        let filter = RunFilter { scenario, branch, usable: true, limit: Some(1), ..RunFilter::default() };
        let runs = self.runs(&filter)?;
        if runs.is_empty() {
            let of = |word: &str, name: &Option<String>| {
                name.as_ref().map_or_else(String::new, |name| format!(" of the {word} {name}"))
            };
            return Err(DatabaseError::Missing {
                what: format!(
                    "there is no run that can be judged{}{}",
                    of("scenario", &rolling.scenario),
                    of("branch", &rolling.branch)
                ),
                help: "Measure one first; `annvil history list` shows what there is.".to_owned(),
            });
        }
        Ok(runs)
    }
}

/// Writes a baseline as the next version of its name.
pub(super) async fn insert(
    mut baseline: Baseline,
    connection: &mut AnyConnection,
) -> std::result::Result<Baseline, Stop> {
    let version = next_version(&baseline.name, connection).await?;
    baseline.version = u32::try_from(version).unwrap_or(u32::MAX);
    let spec = serde_json::to_string(&baseline).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let mut insert = Statement::new("INSERT INTO annvil_baseline (name, version, spec) VALUES ");
    insert.push("(").value(baseline.name.as_str()).push(", ").value(version).push(", ").value(spec);
    insert.push(") RETURNING key");
    let rows = insert.rows(connection).await?;
    let key: i64 = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    for (place, run) in (0i64..).zip(&baseline.runs) {
        let mut member = Statement::new("INSERT INTO annvil_member (baseline, place, run) SELECT ");
        member.push(&format!("{key}, {place}, key FROM annvil_run WHERE id = ")).value(run.as_str());
        if member.run(connection).await? == 0 {
            // It was removed a moment ago.
            let help = "`annvil history list` shows what there is.".to_owned();
            return Err(DatabaseError::Missing { what: format!("the run {run} is gone"), help }.into());
        }
    }
    Ok(baseline)
}

/// The next version of a name. Whoever else saves that name waits until this transaction is over.
async fn next_version(name: &str, connection: &mut AnyConnection) -> std::result::Result<i64, Stop> {
    let mut insert = Statement::new("INSERT INTO annvil_version (name, latest) VALUES (");
    insert
        .value(name)
        .push(", 1) ON CONFLICT (name) DO UPDATE SET latest = annvil_version.latest + 1 RETURNING latest");
    let rows = insert.rows(connection).await?;
    Ok(rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?)
}

/// Names are written as `NAME@VERSION` and joined by `+`.
pub(super) fn check_name(name: &str) -> Result<()> {
    let good = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    if name.is_empty() || !name.chars().all(good) {
        return Err(refused(
            format!("`{name}` as the name of a baseline"),
            "Names have letters, digits, `-`, `_`, `.` and `/`.",
        ));
    }
    Ok(())
}

/// Whether runs may stand together.
fn check(runs: &[RunRow]) -> Result<()> {
    for run in runs {
        let about = &run.provenance;
        let why = if !about.complete {
            Some("it did not come to its end".to_owned())
        } else if let Some(reason) = about.invalid.first() {
            Some(format!("it is invalid: {reason}"))
        } else {
            about.failed.first().map(|what| format!("it failed: {what}"))
        };
        if let Some(why) = why {
            return Err(refused(
                format!("{} as a baseline: {why}", about.run),
                "Measure again; nothing can be held against a run that means nothing.",
            ));
        }
    }
    let Some((first, others)) = runs.split_first() else { return Ok(()) };
    for other in others {
        same(&first.provenance, &other.provenance)?;
    }
    Ok(())
}

fn same(one: &Provenance, other: &Provenance) -> Result<()> {
    let differ = |what: &str, a: &dyn Display, b: &dyn Display| {
        Err(refused(
            format!("{} and {} together: their {what} differ ({a}, {b})", one.run, other.run),
            "A baseline is made of runs of one plan on one machine.",
        ))
    };
    let short = |text: &Option<String>| {
        text.as_ref().map_or_else(|| "none".to_owned(), |text| text.chars().take(12).collect())
    };
    if one.tool != other.tool {
        return differ("tools", &one.tool, &other.tool);
    }
    // Results of other tools are called by their files.
    if one.scenario != other.scenario && one.plan_hash.is_some() {
        return differ("scenarios", &one.scenario, &other.scenario);
    }
    if one.plan_hash != other.plan_hash {
        return differ("plans", &short(&one.plan_hash), &short(&other.plan_hash));
    }
    if one.fingerprint != other.fingerprint {
        let name = |about: &Provenance| {
            let print = short(&about.fingerprint);
            about.machine.as_ref().map_or(print.clone(), |machine| format!("{machine}, {print}"))
        };
        return differ("machines", &name(one), &name(other));
    }
    Ok(())
}

fn refused(reason: impl Into<String>, help: &str) -> DatabaseError {
    DatabaseError::Refused { reason: reason.into(), help: help.to_owned() }
}
