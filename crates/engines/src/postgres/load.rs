//! Rows copied in: binary COPY over several connections at a time.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use annvil_core::engine::{EngineError, Result, Schema};
use annvil_core::operation::Batch;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use futures_util::future::join_all;
use tokio_postgres::Error;

use super::address::Address;
use super::connect::Control;
use super::design::Design;
use super::report::failed;
use super::{NAME, knobs};
use crate::check;

/// Bytes that are sent at once.
const CHUNK: usize = 256 << 10;

/// What every binary COPY begins with: a signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Connections that copy; kept from batch to batch.
#[derive(Default)]
pub(super) struct Loaders(Mutex<Vec<Control>>);

impl Loaders {
    /// Copies rows in, all or none of them.
    pub(super) async fn load(
        &self,
        address: &Address,
        design: &Design,
        schema: &Schema,
        rows: &Batch<'_>,
    ) -> Result<()> {
        check::rows(rows, schema, design.largest())
            .and_then(|()| design.check_rows(rows))
            .map_err(|why| EngineError::failed(NAME, "load rows", why))?;
        if rows.is_empty() {
            return Ok(());
        }
        let count = design.spec.load_connections.clamp(1, rows.len());
        let mut connections = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        while connections.len() < count {
            connections.push(Control::open(address).await?);
        }
        let each = rows.len().div_ceil(count);
        let parts = connections.iter().take(count).enumerate().map(|(number, connection)| {
            let range = (number * each).min(rows.len())..((number + 1) * each).min(rows.len());
            copy(connection, design, rows, range)
        });
        let copied: std::result::Result<Vec<()>, Error> = join_all(parts).await.into_iter().collect();
        // Only when all parts are in is any of them kept.
        let end = if copied.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = join_all(connections.iter().take(count).map(|one| one.client.batch_execute(end))).await;
        let doing = format!("copy rows into {}", design.table());
        // Connections that failed are closed; the next batch opens others.
        copied.map_err(|error| failed(&doing, &error))?;
        ended
            .into_iter()
            .collect::<std::result::Result<(), Error>>()
            .map_err(|error| failed(&doing, &error))?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = connections;
        Ok(())
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Copies some rows in a transaction that is left open.
async fn copy(
    connection: &Control,
    design: &Design,
    rows: &Batch<'_>,
    range: std::ops::Range<usize>,
) -> std::result::Result<(), Error> {
    let client = &connection.client;
    let mut settings = design.limits();
    // The run's time limit bounds it.
    settings.retain(|(name, _)| name != "statement_timeout");
    settings.push(("statement_timeout".to_owned(), "0".to_owned()));
    let set = knobs::set(&settings, true).unwrap_or_default();
    client.batch_execute(&format!("BEGIN; {set}")).await?;
    // Prepared and closed within the transaction: behind a pooler nothing of it is left on the server's connection.
    let statement = client.prepare(&design.copy()).await?;
    {
        let mut sink = pin!(client.copy_in::<_, Bytes>(&statement).await?);
        let mut buffer = BytesMut::with_capacity(CHUNK + CHUNK / 4);
        buffer.put_slice(HEADER);
        for i in range {
            design.put_row(&mut buffer, rows, i);
            if buffer.len() >= CHUNK {
                sink.send(buffer.split().freeze()).await?;
                buffer.reserve(CHUNK + CHUNK / 4);
            }
        }
        buffer.put_i16(-1);
        sink.send(buffer.freeze()).await?;
        sink.finish().await?;
    }
    drop(statement);
    Ok(())
}
