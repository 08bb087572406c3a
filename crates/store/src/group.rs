//! Runs out of the store, with all their figures, as a group.

use std::collections::BTreeMap;

use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::key::MetricKey;
use sqlx::{AnyConnection, Row};

use crate::database::{DatabaseError, Recalls, Result, Statement, Store, unpack};
use crate::runs::COLUMNS;

/// Values in one statement: SQLite takes 32,766.
const AT_ONCE: usize = 1_000;

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
