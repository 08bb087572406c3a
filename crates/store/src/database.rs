//! The store of runs: an index of what lies in their folders, with baselines and A/A figures, in SQLite or PostgreSQL.

mod answers;
mod connection;
mod error;
mod metrics;
mod migrate;
mod place;
mod statement;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::de::DeserializeOwned;
use sqlx::AnyConnection;
use sqlx::any::install_default_drivers;
use tokio::runtime::Runtime;

pub(crate) use answers::{Recalls, pack, unpack};
pub use error::DatabaseError;
pub(crate) use error::Result;
pub(crate) use statement::Statement;

use connection::Open;
use metrics::Metrics;
use migrate::Found;
use place::Place;

/// Name of the store beside the folders of runs.
pub const HISTORY: &str = "history.db";

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// What is done with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is read and written.
    Write,
    /// It is read, while others may write.
    Read,
    /// It is read, and nobody writes: a file that lies where nothing can be made.
    Still,
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
    access: Access,
    /// The one connection: calls block, and wait for each other.
    connection: Mutex<Option<Open>>,
    metrics: Metrics,
}

impl Store {
    /// The store at an address: a path, `sqlite://PATH` or `postgres://user@host/database`. It is made if it is not there,
    /// and brought up to what this program knows.
    pub fn open(address: &str) -> Result<Self> {
        let place = Place::of(address)?;
        if let Some(folder) = place.folder() {
            std::fs::create_dir_all(folder).map_err(|cause| DatabaseError::ReadOnly {
                place: place.shown(),
                reason: cause.to_string(),
            })?;
        }
        let store = Self::at(place, Access::Write)?;
        let kind = store.place().kind();
        let found = store.connected(async |connection| migrate::migrate(connection, kind).await)?;
        store.known(found)?;
        if kind == Kind::Sqlite {
            // Only now: a file of something else is left as it is.
            store.connected(async |connection| connection::keep_a_log(connection).await)?;
        }
        Ok(store)
    }

    /// The store at an address, to look at: nothing is made and nothing changed, so that a file or a server that must not be
    /// written does too. None if there is no store.
    ///
    /// One that an older program wrote is brought up to what this one knows, and for that it has to be written.
    pub fn read(address: &str) -> Result<Option<Self>> {
        let place = Place::of(address)?;
        if place.file().is_some_and(|path| !path.exists()) {
            return Ok(None);
        }
        let kind = place.kind();
        let look = |access| {
            let store = Self::at(place.clone(), access)?;
            let found = store.connected(async |connection| migrate::look(connection, kind).await)?;
            Ok((store, found))
        };
        let (store, found) = match look(Access::Read) {
            // SQLite keeps two files beside one with a log, and here it can't make them.
            Err(DatabaseError::Unreachable { .. } | DatabaseError::ReadOnly { .. }) if place.is_whole() => {
                look(Access::Still)?
            }
            other => other?,
        };
        match found {
            Found::Nothing => Ok(None),
            Found::Older => Self::open(address).map(Some),
            found => store.known(found).map(|()| Some(store)),
        }
    }

    /// Where a store is, without a password.
    pub fn shown_at(address: &str) -> Result<String> {
        Place::of(address).map(|place| place.shown())
    }

    /// What to say where [`Store::read`] finds none.
    pub fn missing(address: &str) -> DatabaseError {
        match Place::of(address) {
            Ok(place) => DatabaseError::Missing {
                what: format!("there is no store at {}", place.shown()),
                help: "Look whether the address is right; verbs that measure or save make a store."
                    .to_owned(),
            },
            Err(error) => error,
        }
    }

    /// The address of the store beside the folders of runs in `output`: `output/history.db`.
    pub fn address_beside(output: &Path) -> Result<String> {
        let path = output.join(HISTORY);
        match path.to_str() {
            Some(text) => Ok(format!("sqlite://{text}")),
            None => Err(DatabaseError::Address {
                place: path.display().to_string(),
                reason: "its name is no text".to_owned(),
            }),
        }
    }

    /// The store beside the folders of runs in `output`.
    pub fn beside(output: &Path) -> Result<Self> {
        Self::open(&Self::address_beside(output)?)
    }

    fn at(place: Place, access: Access) -> Result<Self> {
        install_default_drivers();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| DatabaseError::Unreachable {
            place: place.shown(),
            reason: cause.to_string(),
        })?;
        let connection = Mutex::new(None);
        Ok(Self {
            inner: Arc::new(Inner { runtime, place, access, connection, metrics: Metrics::default() }),
        })
    }

    /// Whether what was found is a store that this program knows.
    fn known(&self, found: Found) -> Result<()> {
        let place = self.shown();
        match found {
            Found::Newer(found) => Err(DatabaseError::Newer { place, found, known: migrate::NEWEST }),
            Found::Foreign(table) => Err(DatabaseError::Foreign { place, table }),
            Found::Known | Found::Older | Found::Nothing => Ok(()),
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
            let mut transaction = connection::begin(connection, kind).await?;
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
            let open = connection::ready(&mut open, &inner.place, inner.access).await?;
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
