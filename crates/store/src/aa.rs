//! What comparing the same with the same has shown on a machine.

use annvil_core::comparison::AaSummary;
use annvil_core::key::MetricKey;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::database::{Result, Statement, Store};

/// One session of A/A measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AaRecord {
    /// Digest of the machine.
    pub fingerprint: String,
    /// Hash of the plan.
    pub plan_hash: String,
    /// What it came to, with when and of how many blocks.
    pub summary: AaSummary,
    /// What it showed of each figure.
    pub metrics: Vec<AaMetric>,
}

/// What A/A measurements showed of one figure. Spreads are on the scale of its changes: of logs for ratios, in shares for
/// differences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AaMetric {
    /// The figure.
    pub key: MetricKey,
    /// Its mean in this session, in base units: geometric for ratios. Several sessions tell how much sessions differ.
    pub mean: f64,
    /// Standard deviation of blocks within a session.
    pub sd_within: f64,
    /// Standard deviation of sessions around the machine's mean; none before the second session.
    pub sd_between: Option<f64>,
    /// Degrees of freedom of `sd_between`, or of `sd_within` where there is none.
    pub freedom: usize,
    /// The smallest change that five blocks a side find four times in five.
    pub detectable: Option<f64>,
}

impl Store {
    /// Adds a session.
    pub fn save_aa(&self, record: &AaRecord) -> Result<()> {
        self.transaction(async |connection| {
            let json = serde_json::to_string(record).map_err(|error| sqlx::Error::Encode(error.into()))?;
            let mut insert =
                Statement::new("INSERT INTO annvil_aa (fingerprint, plan_hash, record) VALUES (");
            insert.value(record.fingerprint.as_str()).push(", ").value(record.plan_hash.as_str());
            insert.push(", ").value(json).push(")");
            insert.run(connection).await?;
            Ok(())
        })
    }

    /// The latest session of a machine and a plan.
    pub fn aa(&self, fingerprint: &str, plan_hash: &str) -> Result<Option<AaRecord>> {
        Ok(self.aa_sessions(fingerprint, plan_hash)?.pop())
    }

    /// Every session of a machine and a plan, the earliest first.
    pub fn aa_sessions(&self, fingerprint: &str, plan_hash: &str) -> Result<Vec<AaRecord>> {
        let mut select = Statement::new("SELECT record FROM annvil_aa WHERE fingerprint = ");
        select.value(fingerprint).push(" AND plan_hash = ").value(plan_hash).push(" ORDER BY key");
        let rows = self.connected(async |connection| select.rows(connection).await)?;
        rows.iter()
            .map(|row| {
                let text: String = row.try_get(0).map_err(|error| self.unreadable(&error))?;
                self.json(&text)
            })
            .collect()
    }
}
