//! Which runs may go.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::Row;

use crate::database::{DatabaseError, Result, Statement, Store};
use crate::filter::{RunFilter, RunRow};

/// Which runs are to go: those that are old by either rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prune {
    /// All but the latest so many of each scenario.
    pub keep: Option<u32>,
    /// Those that began earlier.
    pub before: Option<Timestamp>,
    /// Of this scenario; of all if not given.
    pub scenario: Option<String>,
}

/// Runs that may go, and those that may not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pruned {
    /// Runs that no baseline holds, the latest first.
    pub removable: Vec<RunRow>,
    /// Names of runs that stay, and the baseline that holds each.
    pub held: Vec<(String, String)>,
}

impl Store {
    /// Which runs would be removed, and which are held by a baseline: as its members, or because a rolling one stands for
    /// them now.
    pub fn to_prune(&self, prune: &Prune) -> Result<Pruned> {
        let filter = RunFilter { scenario: prune.scenario.clone(), ..RunFilter::default() };
        let before = prune.before.map(Timestamp::as_microsecond);
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let holders = self.holders()?;
        let mut pruned = Pruned::default();
        for run in self.runs(&filter)? {
            let seen = seen.entry(run.provenance.scenario.clone()).or_default();
            *seen += 1;
            let beyond = prune.keep.is_some_and(|keep| *seen > keep);
            let began = crate::filter::micros(&run.provenance.started);
            if !beyond && before.is_none_or(|before| began >= before) {
                continue;
            }
            match holders.get(&run.provenance.run) {
                Some(baseline) => pruned.held.push((run.provenance.run, baseline.clone())),
                None => pruned.removable.push(run),
            }
        }
        Ok(pruned)
    }

    /// Every run that a baseline holds, with one that does.
    fn holders(&self) -> Result<BTreeMap<String, String>> {
        let select = "SELECT r.id, b.name FROM annvil_member m JOIN annvil_run r ON r.key = m.run \
                      JOIN annvil_baseline b ON b.key = m.baseline";
        let mut holders = self.connected(async |connection| {
            let rows = Statement::new(select).rows(connection).await?;
            rows.iter()
                .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
                .collect::<sqlx::Result<BTreeMap<_, _>>>()
        })?;
        for baseline in self.baselines()? {
            let Some(rolling) = &baseline.rolling else { continue };
            match self.rolled(&baseline, rolling) {
                Ok((runs, _)) => holders.extend(runs.into_iter().map(|run| (run, baseline.name.clone()))),
                // It has no runs left.
                Err(DatabaseError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(holders)
    }
}
