//! The store of runs: an index of what lies in their folders, with baselines and A/A figures, in SQLite or PostgreSQL.

mod answers;
mod error;
mod metrics;
mod migrate;
mod place;
mod statement;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{Any, AnyConnection, Transaction};
use tokio::runtime::Runtime;

pub(crate) use answers::{Recalls, pack, unpack};
pub use error::DatabaseError;
pub(crate) use error::Result;
pub(crate) use statement::Statement;

use metrics::Metrics;
use migrate::Found;
use place::Place;

/// Name of the store beside the folders of runs.
pub const HISTORY: &str = "history.db";

/// How long one program waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait for a server to let us in.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is idle before it is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(10);

/// Settings of every connection to SQLite.
///
/// Writers append to a log, so that readers don't wait for them. `FULL` has every commit on the disk before it is
/// acknowledged: what was stored survives a killed process, as it would with less, and a power cut too; it costs a few
/// milliseconds a run, and runs take seconds.
const SETTINGS: [&str; 3] =
    ["PRAGMA busy_timeout = 30000", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"];

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// Runs with their figures, baselines and A/A figures. Cheap to clone; every clone means the same store.
///
/// Calls block until they are done: they are for threads that run no asynchronous code. Several processes may write at
/// once; each call is one transaction.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    runtime: Runtime,
    place: Place,
    /// The one connection: calls block, and wait for each other.
    connection: Mutex<Option<Open>>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Open {
    connection: AnyConnection,
    used: Instant,
}

impl Store {
    /// The store at an address: a path, `sqlite://PATH` or `postgres://user@host/database`. It is made if it is not there,
    /// and brought up to what this program knows.
    pub fn open(address: &str) -> Result<Self> {
        let place = Place::of(address)?;
        let shown = place.shown();
        if let Some(folder) = place.folder() {
            std::fs::create_dir_all(folder).map_err(|cause| DatabaseError::ReadOnly {
                place: shown.clone(),
                reason: cause.to_string(),
            })?;
        }
        install_default_drivers();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| DatabaseError::Unreachable { place: shown, reason: cause.to_string() })?;
        let kind = place.kind();
        let connection = Mutex::new(None);
        let store =
            Self { inner: Arc::new(Inner { runtime, place, connection, metrics: Metrics::default() }) };
        match store.connected(async |connection| migrate::migrate(connection, kind).await)? {
            // Only now: a file of something else is left as it is.
            Found::Known if kind == Kind::Sqlite => {
                store.connected(async |connection| keep_a_log(connection).await)?;
                Ok(store)
            }
            Found::Known => Ok(store),
            Found::Newer(found) => {
                Err(DatabaseError::Newer { place: store.shown(), found, known: migrate::NEWEST })
            }
            Found::Foreign(table) => Err(DatabaseError::Foreign { place: store.shown(), table }),
        }
    }

    /// The store beside the folders of runs in `output`: `output/history.db`.
    pub fn beside(output: &Path) -> Result<Self> {
        let path = output.join(HISTORY);
        match path.to_str() {
            Some(text) => Self::open(&format!("sqlite://{text}")),
            None => Err(DatabaseError::Address {
                place: path.display().to_string(),
                reason: "its name is no text".to_owned(),
            }),
        }
    }

    /// Where it is, without a password.
    pub fn shown(&self) -> String {
        self.inner.place.shown()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.inner.place
    }

    pub(crate) fn names(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// A row that is not as it was written.
    pub(crate) fn unreadable(&self, error: &sqlx::Error) -> DatabaseError {
        DatabaseError::Damaged { place: self.shown(), reason: error.to_string() }
    }

    /// A column of JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, text: &str) -> Result<T> {
        serde_json::from_str(text)
            .map_err(|error| DatabaseError::Damaged { place: self.shown(), reason: error.to_string() })
    }

    /// Reads, without a transaction.
    pub(crate) fn connected<T>(
        &self,
        read: impl AsyncFnOnce(&mut AnyConnection) -> sqlx::Result<T>,
    ) -> Result<T> {
        self.with(async |connection| Ok(read(connection).await?))
    }

    /// Reads and writes in one transaction, which either happens whole or not at all. What `work` refuses is undone.
    pub(crate) fn transaction<T>(
        &self,
        work: impl AsyncFnOnce(&mut AnyConnection) -> std::result::Result<T, Stop>,
    ) -> Result<T> {
        let kind = self.inner.place.kind();
        self.with(async |connection| {
            let mut transaction = begin(connection, kind).await?;
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        })
    }

    /// Does something with the connection, which is made if there is none or it was lost.
    fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut AnyConnection) -> std::result::Result<T, Stop>,
    ) -> Result<T> {
        let inner = &self.inner;
        let mut open = inner.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let done = inner.runtime.block_on(async {
            let open = ready(&mut open, &inner.place).await?;
            let done = work(&mut open.connection).await;
            open.used = Instant::now();
            done
        });
        done.map_err(|stop| match stop {
            Stop::Refused(error) => error,
            Stop::Database(error) => {
                if matches!(error, sqlx::Error::Io(_)) {
                    *open = None;
                }
                DatabaseError::of(&self.shown(), &error)
            }
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        use sqlx::Connection as _;
        let open = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(open) = open {
            // The last to close SQLite's file also takes its log in. What was written is safe whether or not it does.
            let _ = self.runtime.block_on(open.connection.close());
        }
    }
}

/// A connection that answers.
async fn ready<'a>(open: &'a mut Option<Open>, place: &Place) -> std::result::Result<&'a mut Open, Stop> {
    use sqlx::{ConnectOptions as _, Connection as _};
    // A server may have closed what was idle, while a run was measured.
    if let Some(idle) = open.as_mut().filter(|open| open.used.elapsed() > IDLE)
        && idle.connection.ping().await.is_err()
    {
        *open = None;
    }
    if let Some(open) = open {
        return Ok(open);
    }
    let url = place.url()?;
    // Statements would go to the log of the run that is measured.
    let options = url.reveal().parse::<AnyConnectOptions>()?.disable_statement_logging();
    let connecting = tokio::time::timeout(CONNECT, options.connect()).await;
    let mut connection = connecting.map_err(|_| DatabaseError::Unreachable {
        place: place.shown(),
        reason: format!("no answer within {} s", CONNECT.as_secs()),
    })??;
    set(&mut connection, place.kind()).await?;
    Ok(open.insert(Open { connection, used: Instant::now() }))
}

/// Why a transaction ends without having happened.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The database failed.
    Database(sqlx::Error),
    /// What is in it speaks against it.
    Refused(DatabaseError),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<DatabaseError> for Stop {
    fn from(error: DatabaseError) -> Self {
        Self::Refused(error)
    }
}

/// Begins a transaction. SQLite's takes the right to write at once: one that asks for it later may be refused, for the
/// file may have changed since it was read.
pub(crate) async fn begin(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<Transaction<'_, Any>> {
    use sqlx::Connection as _;
    match kind {
        Kind::Sqlite => connection.begin_with("BEGIN IMMEDIATE").await,
        Kind::Postgres => connection.begin().await,
    }
}

/// What a new connection is told.
async fn set(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<()> {
    if kind == Kind::Postgres {
        return Ok(());
    }
    for setting in SETTINGS {
        sqlx::raw_sql(setting).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Has SQLite write to a log. The change needs the file for itself and does not wait for it, so it is tried for a while; where
/// a file system can't do it, SQLite stays as it was, and writers wait for readers.
async fn keep_a_log(connection: &mut AnyConnection) -> sqlx::Result<()> {
    use sqlx::Row as _;
    let began = Instant::now();
    loop {
        let mode: String =
            sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await?.try_get(0)?;
        if mode == "wal" {
            return Ok(());
        }
        match sqlx::query("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("5") => {
                if began.elapsed() > PATIENCE {
                    return Err(sqlx::Error::Database(error));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use annvil_core::figures::Provenance;

    use super::*;
    use crate::RunFilter;

    /// A store that was told something, and what came of adding a long run.
    fn added_after(told: &'static str) -> (tempfile::TempDir, Store, DatabaseError) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::beside(folder.path()).unwrap();
        store.connected(async |connection| sqlx::raw_sql(told).execute(connection).await).unwrap();
        let long = Provenance {
            run: "long".to_owned(),
            machine: Some("x".repeat(500_000)),
            ..Provenance::default()
        };
        let error = store.add(&long, &[], None).unwrap_err();
        (folder, store, error)
    }

    #[test]
    fn a_full_disk_is_said_and_what_was_there_is_kept() {
        let (_folder, store, error) = added_after("PRAGMA max_page_count = 40");
        assert!(matches!(error, DatabaseError::Full { .. }), "{error}");
        assert!(error.to_string().contains("annvil history prune"), "{error}");
        assert!(store.runs(&RunFilter::default()).unwrap().is_empty());
        let short = Provenance { run: "short".to_owned(), ..Provenance::default() };
        store.add(&short, &[], None).unwrap();
    }

    #[test]
    fn a_file_that_must_not_be_written_is_said() {
        let (_folder, _store, error) = added_after("PRAGMA query_only = ON");
        assert!(matches!(error, DatabaseError::ReadOnly { .. }) && !error.is_usage(), "{error}");
        assert!(error.to_string().contains("--store"), "{error}");
    }

    #[test]
    fn a_store_that_another_holds_is_said_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (Store::beside(folder.path()).unwrap(), Store::beside(folder.path()).unwrap());
        two.connected(async |connection| sqlx::raw_sql("PRAGMA busy_timeout = 20").execute(connection).await)
            .unwrap();
        let short = Provenance { run: "short".to_owned(), ..Provenance::default() };
        let refused = one.transaction(async |_| {
            let error = std::thread::scope(|scope| scope.spawn(|| two.add(&short, &[], None)).join());
            Ok(error.unwrap().unwrap_err())
        });
        let error = refused.unwrap();
        assert!(matches!(error, DatabaseError::Busy { .. }), "{error}");
        two.add(&short, &[], None).unwrap();
    }

    #[test]
    fn a_lost_connection_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::beside(folder.path()).unwrap();
        *store.inner.connection.lock().unwrap() = None;
        assert_eq!(store.count(&RunFilter::default()).unwrap(), 0);
    }
}
