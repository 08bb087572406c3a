//! Figures out of the store: of some runs as a group, of one name as a series over time.

use std::collections::BTreeMap;

use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::key::MetricKey;
use serde::Serialize;
use sqlx::{AnyConnection, Row};

use crate::database::{DatabaseError, Recalls, Result, Statement, Store, unpack};
use crate::filter::RunFilter;
use crate::runs::COLUMNS;

/// Values in one statement: SQLite takes 32,766.
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
    /// Runs by their names as a group, in the order in which they began.
    pub fn group(&self, name: &str, runs: &[String]) -> Result<Group> {
        let mut found: BTreeMap<i64, Found> = BTreeMap::new();
        let (mut values, mut answers) = (Vec::new(), Vec::new());
        for some in runs.chunks(AT_ONCE) {
            let names = || some.iter().map(String::as_str);
            let mut about = Statement::new("SELECT ");
            about.push(COLUMNS).push(", r.key, r.began FROM annvil_run r WHERE r.id IN ").list(names());
            let mut figures = Statement::new(
                "SELECT f.run, f.block, f.metric, f.value FROM annvil_figure f JOIN annvil_run r ON r.key = f.run \
                 WHERE r.id IN ",
            );
            figures.list(names());
            let mut recalls = Statement::new(
                "SELECT a.run, a.block, a.metric, a.recalls FROM annvil_answers a JOIN annvil_run r ON r.key = a.run \
                 WHERE r.id IN ",
            );
            recalls.list(names());
            let (about, of_some, recalls) = self.connected(async |connection| {
                let about = about.rows(connection).await?;
                let values = values_of(figures, connection).await?;
                Ok((about, values, recalls_of(recalls, connection).await?))
            })?;
            for row in &about {
                let read = || Ok((row.try_get::<i64, _>(3)?, row.try_get::<i64, _>(4)?));
                let (key, began) = read().map_err(|error| self.unreadable(&error))?;
                found.insert(key, (began, self.row(row)?.provenance));
            }
            values.extend(of_some);
            answers.extend(recalls);
        }
        if let Some(missing) = runs.iter().find(|name| !found.values().any(|(_, about)| about.run == **name))
        {
            return Err(DatabaseError::Missing {
                what: format!("no run in {} is called `{missing}`", self.shown()),
                help: "`annvil history list` shows what there is.".to_owned(),
            });
        }
        let names: BTreeMap<i64, MetricKey> =
            self.dictionary()?.into_iter().map(|(name, number)| (number, name)).collect();
        let mut blocks = Blocks { found: &found, names: &names, made: BTreeMap::new() };
        for (place, value) in values {
            if let Some((figures, name)) = blocks.at(place) {
                figures.values.insert(name, value);
            }
        }
        for (place, packed) in answers {
            let Some((figures, name)) = blocks.at(place) else { continue };
            let recalls: Recalls = unpack(&packed).ok_or_else(|| DatabaseError::Damaged {
                place: self.shown(),
                reason: format!("the recalls of {} can't be unpacked", figures.run),
            })?;
            figures.by_query.insert(name, recalls);
        }
        let figures = blocks.made.into_values().collect();
        let mut runs: Vec<_> = found.into_iter().map(|(key, (began, about))| (began, key, about)).collect();
        runs.sort_by_key(|(began, key, _)| (*began, *key));
        Ok(Group {
            name: name.to_owned(),
            runs: runs.into_iter().map(|(_, _, about)| about).collect(),
            figures,
        })
    }

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
        let Some(metric) = self.number(key)? else { return Ok(Vec::new()) };
        let statement = one_figure(metric, filter);
        let mut points = self.connected(async |connection| {
            let rows = statement.rows(connection).await?;
            rows.iter()
                .map(|row| {
                    let point = SeriesPoint {
                        run: row.try_get(0)?,
                        began: row.try_get(1)?,
                        commit: row.try_get(2)?,
                        fingerprint: row.try_get(3)?,
                        plan_hash: row.try_get(4)?,
                        usable: row.try_get::<i64, _>(5)? == 1,
                        value: row.try_get(7)?,
                    };
                    Ok((row.try_get::<i64, _>(6)?, point))
                })
                .collect::<sqlx::Result<Vec<_>>>()
        })?;
        points.sort_by_key(|(key, point)| (point.began, *key));
        Ok(points.into_iter().map(|(_, point)| point).collect())
    }
}

/// Reads one figure of every run that fits.
fn one_figure(metric: i64, filter: &RunFilter) -> Statement {
    let columns = "r.id, r.began, r.commit_id, r.fingerprint, r.plan_hash, r.usable, r.key";
    let mut select = Statement::new("SELECT ");
    select.push(columns);
    if let Some(limit) = filter.limit {
        // Few runs: their figures are looked up. SQLite takes a cross join from left to right.
        select.push(", avg(f.value) FROM (SELECT r.* FROM annvil_run r");
        filter.conditions(" WHERE ", &mut select);
        select.push(" ORDER BY r.began DESC, r.key DESC LIMIT ").value(i64::from(limit));
        select.push(") r CROSS JOIN annvil_figure f WHERE f.run = r.key AND f.metric = ").value(metric);
        select.push(" GROUP BY ").push(columns);
    } else {
        // All of them: the figure's own stretch is read.
        select.push(", f.value FROM (SELECT run, avg(value) AS value FROM annvil_figure WHERE metric = ");
        select.value(metric).push(" GROUP BY run) f JOIN annvil_run r ON r.key = f.run");
        filter.conditions(" WHERE ", &mut select);
    }
    select
}

/// Run, block and name of a figure, by their numbers.
type Place = (i64, i64, i64);

/// When a run began, and what is known of it.
type Found = (i64, Provenance);

/// Blocks that are put together, in the order in which they were measured.
struct Blocks<'a> {
    found: &'a BTreeMap<i64, Found>,
    names: &'a BTreeMap<i64, MetricKey>,
    /// By begin, number and block.
    made: BTreeMap<(i64, i64, i64), Figures>,
}

impl Blocks<'_> {
    /// The block that a figure belongs to, and the figure's name.
    fn at(&mut self, (run, block, metric): Place) -> Option<(&mut Figures, MetricKey)> {
        let (began, about) = self.found.get(&run)?;
        let name = self.names.get(&metric)?.clone();
        let figures = self.made.entry((*began, run, block)).or_insert_with(|| Figures {
            run: about.run.clone(),
            session: about.session.clone(),
            block: u32::try_from(block).unwrap_or_default(),
            ..Figures::default()
        });
        Some((figures, name))
    }
}

async fn values_of(statement: Statement, connection: &mut AnyConnection) -> sqlx::Result<Vec<(Place, f64)>> {
    let rows = statement.rows(connection).await?;
    rows.iter()
        .map(|row| Ok(((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?), row.try_get(3)?)))
        .collect()
}

async fn recalls_of(
    statement: Statement,
    connection: &mut AnyConnection,
) -> sqlx::Result<Vec<(Place, Vec<u8>)>> {
    let rows = statement.rows(connection).await?;
    rows.iter()
        .map(|row| Ok(((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?), row.try_get(3)?)))
        .collect()
}
