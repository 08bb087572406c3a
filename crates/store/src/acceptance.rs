//! Changes that somebody accepted, with the reason.

use annvil_core::gate::{Amount, MetricPattern};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::baseline::Resolved;
use crate::database::{Result, Statement, Store};
use crate::filter::micros;

/// A change that is known and accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Name of the baseline that the change is held against.
    pub baseline: String,
    /// Its version. What is accepted against one is not accepted against the next.
    pub version: u32,
    /// Which figures.
    pub pattern: MetricPattern,
    /// Why.
    pub reason: String,
    /// Who accepts it.
    pub who: String,
    /// When, RFC 3339.
    pub when: String,
    /// How much worse they may be: a share or a difference of shares; any amount if not given.
    pub up_to: Option<Amount>,
}

impl Store {
    /// Keeps that a change is accepted.
    pub fn accept(&self, acceptance: &Acceptance) -> Result<()> {
        // There must be such a baseline.
        self.baseline(&acceptance.baseline, Some(acceptance.version))?;
        self.transaction(async |connection| {
            let json =
                serde_json::to_string(acceptance).map_err(|error| sqlx::Error::Encode(error.into()))?;
            let mut insert =
                Statement::new("INSERT INTO annvil_acceptance (baseline, version, acceptance) VALUES (");
            insert.value(acceptance.baseline.as_str()).push(", ").value(i64::from(acceptance.version));
            insert.push(", ").value(json).push(")");
            insert.run(connection).await?;
            Ok(())
        })
    }

    /// Everything that was accepted against a version of a baseline, in order.
    pub fn acceptances(&self, name: &str, version: u32) -> Result<Vec<Acceptance>> {
        let mut select = Statement::new("SELECT acceptance FROM annvil_acceptance WHERE baseline = ");
        select.value(name).push(" AND version = ").value(i64::from(version)).push(" ORDER BY key");
        let rows = self.connected(async |connection| select.rows(connection).await)?;
        rows.iter()
            .map(|row| {
                let text: String = row.try_get(0).map_err(|error| self.unreadable(&error))?;
                self.json(&text)
            })
            .collect()
    }

    /// What is accepted against a baseline as it is now. A rolling baseline of which every run began after a change was
    /// accepted has that change in it: accepting it a second time would allow it twice.
    pub fn accepted(&self, resolved: &Resolved) -> Result<Vec<Acceptance>> {
        let mut accepted = self.acceptances(&resolved.baseline.name, resolved.baseline.version)?;
        if resolved.baseline.rolling.is_some() {
            let earliest =
                resolved.group.runs.iter().map(|run| micros(&run.started)).min().unwrap_or_default();
            accepted.retain(|acceptance| earliest <= micros(&acceptance.when));
        }
        Ok(accepted)
    }
}
