//! The dictionary of figures: their names are long and few, so figures carry a number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Statement, Store};
use crate::database::error::Result;

/// Names in one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 1_000;

/// What is known of the dictionary. Names are only ever added, so it is never wrong, only short.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    known: Mutex<BTreeMap<MetricKey, i64>>,
}

impl Metrics {
    fn known(&self) -> MutexGuard<'_, BTreeMap<MetricKey, i64>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// The numbers of names; names that are new get one.
    pub(crate) fn numbers(&self, names: &BTreeSet<&MetricKey>) -> Result<BTreeMap<MetricKey, i64>> {
        let pick = |known: &BTreeMap<MetricKey, i64>| -> Option<BTreeMap<MetricKey, i64>> {
            names.iter().map(|name| Some(((*name).clone(), *known.get(name)?))).collect()
        };
        if let Some(all) = pick(&self.names().known()) {
            return Ok(all);
        }
        let known = self.dictionary()?;
        if let Some(all) = pick(&known) {
            return Ok(all);
        }
        let missing: Vec<&MetricKey> =
            names.iter().copied().filter(|name| !known.contains_key(name)).collect();
        // A transaction of its own: a name without figures does no harm, and nobody waits for the figures to be written.
        self.transaction(async |connection| {
            for some in missing.chunks(AT_ONCE) {
                insert(some).run(connection).await?;
            }
            Ok(())
        })?;
        Ok(pick(&self.dictionary()?).unwrap_or_default())
    }

    /// The number of a name, if any run has such a figure.
    pub(crate) fn number(&self, name: &MetricKey) -> Result<Option<i64>> {
        let known = self.names().known().get(name).copied();
        Ok(if known.is_some() { known } else { self.dictionary()?.get(name).copied() })
    }

    /// Every name, read anew.
    pub(crate) fn dictionary(&self) -> Result<BTreeMap<MetricKey, i64>> {
        let read = self.connected(async |connection| all(connection).await)?;
        self.names().known().clone_from(&read);
        Ok(read)
    }
}

fn insert(names: &[&MetricKey]) -> Statement {
    let mut insert =
        Statement::new("INSERT INTO annvil_metric (variant, point, phase, form, quantity, stat) VALUES ");
    for (at, name) in names.iter().enumerate() {
        let words = [name.quantity.to_string(), name.stat.to_string()];
        let words = [&name.variant, &name.point, &name.phase, &name.form, &words[0], &words[1]];
        insert.push(if at == 0 { "" } else { ", " }).list(words.map(String::as_str));
    }
    insert.push(" ON CONFLICT DO NOTHING");
    insert
}

async fn all(connection: &mut AnyConnection) -> sqlx::Result<BTreeMap<MetricKey, i64>> {
    let select = "SELECT key, variant, point, phase, form, quantity, stat FROM annvil_metric";
    let rows = sqlx::query(select).fetch_all(connection).await?;
    let mut all = BTreeMap::new();
    for row in &rows {
        // A quantity that only a newer program knows is none of ours.
        if let Some(name) = name(row)? {
            all.insert(name, row.try_get(0)?);
        }
    }
    Ok(all)
}

fn name(row: &AnyRow) -> sqlx::Result<Option<MetricKey>> {
    let quantity = row.try_get::<String, _>(5)?.parse::<Quantity>();
    let stat = row.try_get::<String, _>(6)?.parse::<Stat>();
    let (Ok(quantity), Ok(stat)) = (quantity, stat) else { return Ok(None) };
    Ok(Some(MetricKey {
        variant: row.try_get(1)?,
        point: row.try_get(2)?,
        phase: row.try_get(3)?,
        form: row.try_get(4)?,
        quantity,
        stat,
    }))
}
