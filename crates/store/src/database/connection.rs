//! The one connection of a store: made, told how to behave, and made anew when it was lost.

use std::time::{Duration, Instant};

use sqlx::any::AnyConnectOptions;
use sqlx::{Any, AnyConnection, Transaction};

use super::place::Place;
use super::{Access, DatabaseError, Kind, Stop};

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

/// What a connection to PostgreSQL is told that only looks.
const READ_ONLY: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// A connection, and when it was used last.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) connection: AnyConnection,
    pub(super) used: Instant,
}

/// A connection that answers.
pub(super) async fn ready<'a>(
    open: &'a mut Option<Open>,
    place: &Place,
    access: Access,
) -> Result<&'a mut Open, Stop> {
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
    let url = place.url(access)?;
    // Statements would go to the log of the run that is measured.
    let options = url.reveal().parse::<AnyConnectOptions>()?.disable_statement_logging();
    let connecting = tokio::time::timeout(CONNECT, options.connect()).await;
    let mut connection = connecting.map_err(|_| DatabaseError::Unreachable {
        place: place.shown(),
        reason: format!("no answer within {} s", CONNECT.as_secs()),
    })??;
    set(&mut connection, place.kind(), access).await?;
    Ok(open.insert(Open { connection, used: Instant::now() }))
}

/// Begins a transaction. SQLite's takes the right to write at once: one that asks for it later may be refused, for the
/// file may have changed since it was read.
pub(super) async fn begin(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<Transaction<'_, Any>> {
    use sqlx::Connection as _;
    match kind {
        Kind::Sqlite => connection.begin_with("BEGIN IMMEDIATE").await,
        Kind::Postgres => connection.begin().await,
    }
}

/// What a new connection is told.
async fn set(connection: &mut AnyConnection, kind: Kind, access: Access) -> sqlx::Result<()> {
    let settings: &[&str] = match (kind, access) {
        (Kind::Sqlite, _) => &SETTINGS,
        (Kind::Postgres, Access::Write) => &[],
        (Kind::Postgres, Access::Read | Access::Still) => &[READ_ONLY],
    };
    for setting in settings {
        sqlx::raw_sql(*setting).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Has SQLite write to a log. The change needs the file for itself and does not wait for it, so it is tried for a while; where
/// a file system can't do it, SQLite stays as it was, and writers wait for readers.
pub(super) async fn keep_a_log(connection: &mut AnyConnection) -> sqlx::Result<()> {
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
