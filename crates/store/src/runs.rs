//! Runs into the store, out of it and away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use annvil_core::figures::{Figures, Provenance};
use annvil_core::key::MetricKey;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::database::{DatabaseError, Result, Statement, Stop, Store, pack};
use crate::filter::{RunFilter, RunRow, micros, usable};

/// Rows in one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 1_000;

/// Columns that [`row`] reads.
pub(crate) const COLUMNS: &str = "r.provenance, r.blocks, r.folder";

/// A run with its figures and where its folder is, as it goes into the store.
pub type Entry<'a> = (&'a Provenance, &'a [Figures], Option<&'a Path>);

impl Store {
    /// Adds a run with its figures, in one transaction. A run of the same name is replaced; baselines that hold it go on
    /// holding it. Figures that are not finite are left out.
    pub fn add(&self, provenance: &Provenance, figures: &[Figures], folder: Option<&Path>) -> Result<()> {
        self.add_all(&[(provenance, figures, folder)])
    }

    /// Adds several runs in one transaction: all of them or, if it fails, none.
    pub fn add_all(&self, entries: &[Entry<'_>]) -> Result<()> {
        let blocks = || entries.iter().flat_map(|(_, figures, _)| *figures);
        let names: BTreeSet<&MetricKey> =
            blocks().flat_map(|figures| figures.values.keys().chain(figures.by_query.keys())).collect();
        let numbers = self.numbers(&names)?;
        let folders: Vec<Option<String>> =
            entries.iter().map(|(_, _, folder)| folder.map(|folder| self.folder_kept(folder))).collect();
        self.transaction(async |connection| {
            for ((provenance, figures, _), folder) in entries.iter().zip(&folders) {
                let run = upsert(provenance, figures.len(), folder.as_deref(), connection).await?;
                write(run, figures, &numbers, connection).await?;
            }
            Ok(())
        })
    }

    /// Runs, the latest first.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        let rows = self.connected(async |connection| select(filter).rows(connection).await)?;
        rows.iter().map(|found| self.row(found)).collect()
    }

    /// How many runs there are, whatever the filter's limit.
    pub fn count(&self, filter: &RunFilter) -> Result<u64> {
        let mut statement = Statement::new("SELECT count(*) FROM annvil_run r");
        filter.conditions(" WHERE ", &mut statement);
        let rows = self.connected(async |connection| statement.rows(connection).await)?;
        let count = rows.first().map_or(Ok(0i64), |row| row.try_get(0));
        count.map(i64::cast_unsigned).map_err(|error| self.unreadable(&error))
    }

    /// A run by its name, or by the beginning of it if no other run's name begins so.
    pub fn find(&self, name: &str) -> Result<RunRow> {
        let mut statement = Statement::new("SELECT ");
        statement.push(COLUMNS).push(" FROM annvil_run r WHERE r.id = ").value(name);
        statement.push(&format!(" OR substr(r.id, 1, {}) = ", name.chars().count())).value(name);
        statement
            .push(" ORDER BY CASE WHEN r.id = ")
            .value(name)
            .push(" THEN 0 ELSE 1 END, r.began DESC, r.id LIMIT 3");
        let rows = self.connected(async |connection| statement.rows(connection).await)?;
        let mut found: Vec<RunRow> = rows.iter().map(|found| self.row(found)).collect::<Result<_>>()?;
        let is_one = found.len() == 1 || found.first().is_some_and(|run| run.provenance.run == name);
        if is_one && !name.is_empty() {
            return Ok(found.swap_remove(0));
        }
        let names: Vec<&str> = found.iter().map(|run| run.provenance.run.as_str()).collect();
        Err(DatabaseError::Missing {
            what: if names.is_empty() {
                format!("no run in {} is called `{name}`", self.shown())
            } else {
                format!("several runs begin with `{name}`: {}", names.join(", "))
            },
            help: "`annvil history list` shows what there is; `annvil history import runs/` takes in what lies in folders.".to_owned(),
        })
    }

    /// Whether a run of exactly this name is there.
    pub fn holds(&self, name: &str) -> Result<bool> {
        let mut statement = Statement::new("SELECT 1 FROM annvil_run r WHERE r.id = ");
        statement.value(name);
        let rows = self.connected(async |connection| statement.rows(connection).await)?;
        Ok(!rows.is_empty())
    }

    /// Removes runs with all their figures, in one transaction. Their folders stay. One that a baseline holds is an error, and
    /// then none is removed.
    pub fn remove(&self, names: &[String]) -> Result<u64> {
        self.transaction(async |connection| {
            let mut removed = 0;
            for some in names.chunks(AT_ONCE) {
                let mut held = Statement::new(
                    "SELECT r.id, b.name FROM annvil_run r JOIN annvil_member m ON m.run = r.key \
                     JOIN annvil_baseline b ON b.key = m.baseline WHERE r.id IN ",
                );
                held.list(some.iter().map(String::as_str)).push(" ORDER BY r.id LIMIT 1");
                if let Some(row) = held.rows(connection).await?.first() {
                    return Err(Stop::Refused(DatabaseError::Refused {
                        reason: format!(
                            "the baseline `{}` holds the run {}",
                            row.try_get::<String, _>(1)?,
                            row.try_get::<String, _>(0)?
                        ),
                        help: "Delete the baseline first, or leave the run.".to_owned(),
                    }));
                }
                // Figures and answers go with their runs.
                let mut delete = Statement::new("DELETE FROM annvil_run WHERE id IN ");
                delete.list(some.iter().map(String::as_str));
                removed += delete.run(connection).await?;
            }
            Ok(removed)
        })
    }

    /// A run that was read.
    pub(crate) fn row(&self, row: &AnyRow) -> Result<RunRow> {
        let read = || -> sqlx::Result<(String, i64, Option<String>)> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let (provenance, blocks, folder) = read().map_err(|error| self.unreadable(&error))?;
        Ok(RunRow {
            provenance: self.json(&provenance)?,
            blocks: u32::try_from(blocks).unwrap_or_default(),
            folder: folder.map(|folder| self.folder_now(&folder)),
        })
    }

    /// A folder as it is kept: beside a file without what both have in common, so that they can be moved together.
    fn folder_kept(&self, folder: &Path) -> String {
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = whole(folder);
        let own = self.place().folder().map(whole);
        let kept = own.and_then(|own| folder.strip_prefix(own).ok().map(Path::to_owned));
        kept.unwrap_or(folder).to_string_lossy().into_owned()
    }

    /// The same folder where it is now.
    fn folder_now(&self, folder: &str) -> PathBuf {
        match self.place().folder() {
            Some(own) => own.join(folder),
            None => folder.into(),
        }
    }
}

fn select(filter: &RunFilter) -> Statement {
    let mut statement = Statement::new("SELECT ");
    statement.push(COLUMNS).push(" FROM annvil_run r");
    filter.conditions(" WHERE ", &mut statement);
    statement.push(" ORDER BY r.began DESC, r.key DESC");
    if let Some(limit) = filter.limit {
        statement.push(" LIMIT ").value(i64::from(limit));
    }
    statement
}

/// Writes what is known of a run, in the place of what was known of it before; its number.
async fn upsert(
    provenance: &Provenance,
    blocks: usize,
    folder: Option<&str>,
    connection: &mut AnyConnection,
) -> std::result::Result<i64, Stop> {
    let json = serde_json::to_string(provenance).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let mut insert = Statement::new(
        "INSERT INTO annvil_run (id, session, tool, scenario, plan_hash, fingerprint, branch, commit_id, request, began, usable, \
         blocks, folder, provenance) VALUES (",
    );
    insert.value(provenance.run.as_str()).push(", ").value(provenance.session.as_str());
    insert.push(", ").value(provenance.tool.as_str()).push(", ").value(provenance.scenario.as_str());
    let origin = &provenance.origin;
    for text in
        [&provenance.plan_hash, &provenance.fingerprint, &origin.branch, &origin.commit, &origin.request]
    {
        insert.push(", ").value(text.as_deref());
    }
    insert.push(", ").value(micros(&provenance.started)).push(", ").value(i64::from(usable(provenance)));
    insert.push(", ").value(blocks.cast_signed() as i64).push(", ").value(folder).push(", ").value(json);
    insert.push(") ON CONFLICT (id) DO UPDATE SET ");
    let columns = [
        "session",
        "tool",
        "scenario",
        "plan_hash",
        "fingerprint",
        "branch",
        "commit_id",
        "request",
        "began",
        "usable",
        "blocks",
        "folder",
        "provenance",
    ];
    let set = columns.map(|column| format!("{column} = excluded.{column}")).join(", ");
    // Names hold the second and the plan, so that two machines of a team may find the same one: neither run may be lost.
    let same = " WHERE annvil_run.began = excluded.began AND annvil_run.fingerprint IS NOT DISTINCT FROM excluded.fingerprint";
    insert.push(&set).push(same).push(" RETURNING key");
    let rows = insert.rows(connection).await?;
    let taken = || DatabaseError::Refused {
        reason: format!("another run, of another time or machine, is called {}", provenance.run),
        help: "Both were measured in the same second by the same plan; one of them can be in a store."
            .to_owned(),
    };
    let row = rows.first().ok_or_else(taken)?;
    Ok(row.try_get(0)?)
}

/// Writes the figures of a run, in the place of those that it had.
async fn write(
    run: i64,
    figures: &[Figures],
    numbers: &BTreeMap<MetricKey, i64>,
    connection: &mut AnyConnection,
) -> std::result::Result<(), Stop> {
    for table in ["DELETE FROM annvil_figure WHERE run = ", "DELETE FROM annvil_answers WHERE run = "] {
        let mut delete = Statement::new(table);
        delete.value(run);
        delete.run(connection).await?;
    }
    let number = |name: &MetricKey| numbers.get(name).copied().ok_or(sqlx::Error::RowNotFound);
    let mut values = Vec::new();
    for block in figures {
        for (name, value) in block.values.iter().filter(|(_, value)| value.is_finite()) {
            values.push((number(name)?, i64::from(block.block), *value));
        }
    }
    for some in values.chunks(AT_ONCE) {
        let mut insert = Statement::new("INSERT INTO annvil_figure (metric, run, block, value) VALUES ");
        for (at, (metric, block, value)) in some.iter().enumerate() {
            insert.push(if at == 0 { "(" } else { ", (" }).value(*metric).push(", ").value(run);
            insert.push(", ").value(*block).push(", ").value(*value).push(")");
        }
        insert.run(connection).await?;
    }
    for block in figures {
        for (name, recalls) in &block.by_query {
            let mut insert =
                Statement::new("INSERT INTO annvil_answers (run, metric, block, recalls) VALUES (");
            insert.value(run).push(", ").value(number(name)?).push(", ").value(i64::from(block.block));
            insert.push(", ").value(pack(recalls)).push(")");
            insert.run(connection).await?;
        }
    }
    Ok(())
}
