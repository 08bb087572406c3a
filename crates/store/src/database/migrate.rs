//! Bringing a store up to the schema that this program knows.
//!
//! Own lines instead of sqlx's migrator: that one does not lock SQLite, so that of two programs that begin on a fresh file
//! the second would fail; and it knows no words that differ between databases.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::Kind;

/// Every step, in order. What is here is never changed: stores exist that have taken it.
const STEPS: [&str; 2] =
    [include_str!("../../migrations/0001.sql"), include_str!("../../migrations/0002.sql")];

/// The newest schema that is known here.
pub(crate) const NEWEST: i64 = STEPS.len().cast_signed() as i64;

/// What of PostgreSQL's locks is ours while a schema is made: "annvil", in hexadecimal.
const LOCK: &str = "SELECT 1 FROM pg_advisory_xact_lock(107126927550828)";

/// What a store is found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// Ready.
    Known,
    /// Written by an older program.
    Older,
    /// Written by a newer program.
    Newer(i64),
    /// Something else's: one of its tables.
    Foreign(String),
    /// Empty.
    Nothing,
}

/// The schema of a store; 0 if there is nothing of ours in it.
async fn version(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<i64> {
    let there = match kind {
        Kind::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'annvil_schema'",
        Kind::Postgres => {
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'annvil_schema'"
        }
    };
    let there: i64 = sqlx::query(there).fetch_one(&mut *connection).await?.try_get(0)?;
    if there == 0 {
        return Ok(0);
    }
    let version = "SELECT coalesce(max(version), 0) FROM annvil_schema";
    sqlx::query(version).fetch_one(connection).await?.try_get(0)
}

/// What a store is, without changing it.
pub(crate) async fn look(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<Found> {
    Ok(match version(connection, kind).await? {
        NEWEST => Found::Known,
        0 => match (kind, any_table(connection, kind).await?) {
            (Kind::Sqlite, Some(table)) => Found::Foreign(table),
            _ => Found::Nothing,
        },
        older if older < NEWEST => Found::Older,
        newer => Found::Newer(newer),
    })
}

/// One of the tables of a file.
async fn any_table(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<Option<String>> {
    // Databases on servers hold tables of many.
    if kind == Kind::Postgres {
        return Ok(None);
    }
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name LIMIT 1";
    let row = sqlx::query(table).fetch_optional(connection).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Does what is missing, in one transaction that no other program enters.
pub(crate) async fn migrate(connection: &mut AnyConnection, kind: Kind) -> sqlx::Result<Found> {
    if let found @ (Found::Known | Found::Newer(_) | Found::Foreign(_)) = look(connection, kind).await? {
        return Ok(found);
    }
    let mut transaction = super::connection::begin(connection, kind).await?;
    if kind == Kind::Postgres {
        sqlx::query(LOCK).execute(&mut *transaction).await?;
    }
    // Another program may have been first.
    let found = look(&mut transaction, kind).await?;
    match found {
        Found::Known | Found::Newer(_) | Found::Foreign(_) => return Ok(found),
        Found::Nothing => {
            sqlx::raw_sql("CREATE TABLE annvil_schema (version BIGINT NOT NULL PRIMARY KEY)")
                .execute(&mut *transaction)
                .await?;
        }
        Found::Older => {}
    }
    let taken = version(&mut transaction, kind).await?;
    for (number, step) in (1i64..).zip(STEPS).filter(|(number, _)| *number > taken) {
        sqlx::raw_sql(AssertSqlSafe(words(step, kind))).execute(&mut *transaction).await?;
        let note = "INSERT INTO annvil_schema (version) VALUES ($1)";
        sqlx::query(note).bind(number).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(Found::Known)
}

/// A step in the words of a database.
fn words(step: &str, kind: Kind) -> String {
    let (key, bytes, clustered) = match kind {
        Kind::Sqlite => ("INTEGER PRIMARY KEY", "BLOB", " WITHOUT ROWID"),
        Kind::Postgres => ("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA", ""),
    };
    step.replace("{KEY}", key).replace("{BYTES}", bytes).replace("{CLUSTERED}", clustered)
}
