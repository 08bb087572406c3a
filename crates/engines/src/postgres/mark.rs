//! Tables of ours: made with a mark, and dropped only where they carry it.

use annvil_core::engine::{EngineError, Result};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::design::{Design, MARK};
use super::report::failed;
use super::{knobs, quote};

/// Drops the table if it is there and ours. A table without our mark is refused and stays.
pub(super) async fn remove(client: &Client, design: &Design) -> Result<()> {
    let table = design.table();
    let ask = format!(
        "select coalesce(obj_description(to_regclass({0}), 'pg_class'), '') where to_regclass({0}) is not null",
        quote::text(table).unwrap_or_default()
    );
    let doing = format!("look for the table {table}");
    let answers = client.simple_query(&ask).await.map_err(|error| failed(&doing, &error))?;
    let comment = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default()),
        _ => None,
    });
    let Some(comment) = comment else { return Ok(()) };
    if !comment.starts_with(MARK) {
        return Err(EngineError::Configuration {
            what: format!("the table {table} is there and not made by Annvil, so it is left alone"),
            help: "give another name as `engine.postgres.table`, or measure it as it is by `sql`".to_owned(),
        });
    }
    change(client, design, &format!("DROP TABLE {table}"), &format!("drop the table {table}")).await
}

/// Changes a table of ours, with limits of its own: sent in one message, so that they are of the same transaction and end with it, also
/// behind a pooler. The time limit is the run's.
pub(super) async fn change(client: &Client, design: &Design, sql: &str, doing: &str) -> Result<()> {
    let mut settings = design.limits();
    settings.retain(|(name, _)| name != "statement_timeout");
    settings.push(("statement_timeout".to_owned(), "0".to_owned()));
    let set = knobs::set(&settings, true).unwrap_or_default();
    client.batch_execute(&format!("{set}; {sql}")).await.map_err(|error| failed(doing, &error))
}

/// Drops the table if it is there and ours, and makes it anew.
pub(super) async fn create(client: &Client, design: &Design) -> Result<()> {
    remove(client, design).await?;
    for statement in design.create() {
        let doing = format!("make the table {}", design.table());
        change(client, design, &statement, &doing).await?;
    }
    Ok(())
}
