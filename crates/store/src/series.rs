//! Figures over time out of the store.

use std::collections::HashMap;

use annvil_core::key::MetricKey;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::database::{Result, Statement, Store};
use crate::filter::RunFilter;

/// Figures in one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 1_000;

/// How many of the latest runs tell which figures there are.
const RECENT: u32 = 20;

/// A figure of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesPoint {
    /// Name of the run.
    pub run: String,
    /// When it began, in microseconds since 1970; 0 if unknown.
    pub began: i64,
    /// Commit of the user's project.
    pub commit: Option<String>,
    /// Digest of the machine.
    pub fingerprint: Option<String>,
    /// Hash of the plan.
    pub plan_hash: Option<String>,
    /// Whether the run can be judged.
    pub usable: bool,
    /// The mean over the run's blocks, in base units.
    pub value: f64,
}

impl Store {
    /// Which figures there are: those of the latest runs that fit.
    pub fn metrics(&self, filter: &RunFilter) -> Result<Vec<MetricKey>> {
        let mut statement = Statement::new(
            "SELECT DISTINCT f.metric FROM annvil_figure f WHERE f.run IN (SELECT r.key FROM annvil_run r",
        );
        filter.conditions(" WHERE ", &mut statement);
        statement
            .push(" ORDER BY r.began DESC, r.key DESC LIMIT ")
            .value(i64::from(filter.limit.unwrap_or(RECENT).min(RECENT)));
        statement.push(")");
        let rows = self.connected(async |connection| statement.rows(connection).await)?;
        let numbers: Vec<i64> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
        Ok(self
            .dictionary()?
            .into_iter()
            .filter(|(_, number)| numbers.contains(number))
            .map(|(name, _)| name)
            .collect())
    }

    /// A figure over time, the earliest first. Runs that don't have it are left out; a limit counts them all the same.
    pub fn series(&self, key: &MetricKey, filter: &RunFilter) -> Result<Vec<SeriesPoint>> {
        Ok(self.all_series(std::slice::from_ref(key), filter)?.pop().unwrap_or_default())
    }

    /// The same of several figures, in their order: the runs are read once.
    pub fn all_series(&self, keys: &[MetricKey], filter: &RunFilter) -> Result<Vec<Vec<SeriesPoint>>> {
        let numbers = keys.iter().map(|key| self.number(key)).collect::<Result<Vec<Option<i64>>>>()?;
        let metrics: Vec<i64> = numbers.iter().flatten().copied().collect();
        let (runs, values) = self.connected(async |connection| {
            let runs = runs(filter, connection).await?;
            let mut values = Vec::new();
            for statement in values_of(&metrics, filter) {
                values.extend(
                    statement.rows(connection).await?.iter().map(value).collect::<sqlx::Result<Vec<_>>>()?,
                );
            }
            Ok((runs, values))
        })?;
        let places: HashMap<i64, usize> = runs.iter().enumerate().map(|(at, (run, _))| (*run, at)).collect();
        let mut found: HashMap<i64, Vec<(usize, f64)>> = HashMap::new();
        for (metric, run, value) in values {
            // One that was added since the runs were read is none of them.
            if let Some(at) = places.get(&run) {
                found.entry(metric).or_default().push((*at, value));
            }
        }
        let series = |number: &Option<i64>| {
            let mut values = number.and_then(|number| found.get(&number).cloned()).unwrap_or_default();
            values.sort_unstable_by_key(|(at, _)| *at);
            values.into_iter().map(|(at, value)| SeriesPoint { value, ..runs[at].1.clone() }).collect()
        };
        Ok(numbers.iter().map(series).collect())
    }
}

/// The runs that fit, the earliest first, by their numbers. They have no value yet.
async fn runs(filter: &RunFilter, connection: &mut AnyConnection) -> sqlx::Result<Vec<(i64, SeriesPoint)>> {
    let mut select = Statement::new(
        "SELECT r.key, r.id, r.began, r.commit_id, r.fingerprint, r.plan_hash, r.usable FROM annvil_run r",
    );
    latest(filter, &mut select);
    let read = |row: &AnyRow| {
        let point = SeriesPoint {
            run: row.try_get(1)?,
            began: row.try_get(2)?,
            commit: row.try_get(3)?,
            fingerprint: row.try_get(4)?,
            plan_hash: row.try_get(5)?,
            usable: row.try_get::<i64, _>(6)? == 1,
            value: f64::NAN,
        };
        Ok((row.try_get(0)?, point))
    };
    let mut runs: Vec<_> = select.rows(connection).await?.iter().map(read).collect::<sqlx::Result<_>>()?;
    runs.reverse();
    Ok(runs)
}

/// Those that fit, the latest first.
fn latest(filter: &RunFilter, select: &mut Statement) {
    filter.conditions(" WHERE ", select);
    select.push(" ORDER BY r.began DESC, r.key DESC");
    if let Some(limit) = filter.limit {
        select.push(" LIMIT ").value(i64::from(limit));
    }
}

/// Statements that read the means of figures over the blocks of each run.
fn values_of(metrics: &[i64], filter: &RunFilter) -> Vec<Statement> {
    if filter.limit.is_none() {
        // Of all runs: the figure's own stretch is read.
        let whole = |metric: &i64| {
            let mut select =
                Statement::new("SELECT metric, run, avg(value) FROM annvil_figure WHERE metric = ");
            select.value(*metric).push(" GROUP BY metric, run");
            select
        };
        return metrics.iter().map(whole).collect();
    }
    // Of few: their figures are looked up. SQLite takes a cross join from left to right.
    let some = |metrics: &[i64]| {
        let mut select =
            Statement::new("SELECT f.metric, f.run, avg(f.value) FROM (SELECT r.key FROM annvil_run r");
        latest(filter, &mut select);
        select.push(") r CROSS JOIN annvil_figure f WHERE f.run = r.key AND f.metric IN ");
        select.list(metrics.iter().copied()).push(" GROUP BY f.metric, f.run");
        select
    };
    metrics.chunks(AT_ONCE).map(some).collect()
}

fn value(row: &AnyRow) -> sqlx::Result<(i64, i64, f64)> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}
