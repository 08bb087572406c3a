//! Rows that are written and removed by sessions.

use annvil_core::operation::{Batch, OpError, Reply};
use annvil_core::vector::RowId;
use bytes::{BufMut, BytesMut};
use tokio_postgres::types::Type;

use super::encoded::Ready;
use super::fault;
use super::link::{DELETE, INSERT, Link, Run};
use super::rows::{Raw, to_bigint};
use super::session::own;
use crate::check;

/// Inserts or replaces rows, all or none: several go in one transaction.
pub(super) async fn upsert(
    link: &Link,
    ready: &Ready,
    rows: Batch<'_>,
    out: &mut Reply,
) -> Result<(), OpError> {
    let upsert = &own(ready)?.upsert;
    check::rows(&rows, &ready.schema, ready.design.largest())
        .and_then(|()| ready.design.check_rows(&rows))
        .map_err(OpError::Wrong)?;
    if rows.is_empty() {
        return Ok(());
    }
    let values: Vec<Vec<Raw>> = (0..rows.len()).map(|i| ready.design.values(&rows, i)).collect();
    let insert = |parameters| Run { place: INSERT, statement: &upsert.insert, parameters };
    let done = match (values.as_slice(), &upsert.delete) {
        ([only], None) => link.run(insert(only), &mut |_| ()).await.map(drop),
        (all, delete) => {
            let ids = [ids_of(rows.ids)];
            let first = delete.as_ref().map(|statement| Run { place: DELETE, statement, parameters: &ids });
            let runs: Vec<Run<'_>> =
                first.into_iter().chain(all.iter().map(|values| insert(values))).collect();
            link.run_all(&runs).await.map(drop)
        }
    };
    done.map_err(|error| fault::call(&error))?;
    out.affected = rows.len() as u64;
    Ok(())
}

/// Removes rows; ids that are not there are no error.
pub(super) async fn delete(
    link: &Link,
    ready: &Ready,
    ids: &[RowId],
    out: &mut Reply,
) -> Result<(), OpError> {
    let statement = &own(ready)?.delete;
    let run = Run { place: DELETE, statement, parameters: &[ids_of(ids)] };
    out.affected = link.run(run, &mut |_| ()).await.map_err(|error| fault::call(&error))?;
    Ok(())
}

/// An array of ids in binary form: one dimension, no NULLs, the element type, length and lower bound.
fn ids_of(ids: &[RowId]) -> Raw {
    let mut out = BytesMut::with_capacity(20 + 12 * ids.len());
    out.put_i32(i32::from(!ids.is_empty()));
    out.put_i32(0);
    out.put_u32(Type::INT8.oid());
    if !ids.is_empty() {
        out.put_u32(ids.len() as u32);
        out.put_i32(1);
    }
    for id in ids {
        out.put_i32(8);
        out.put_i64(to_bigint(*id));
    }
    Raw(Some(out.freeze()))
}
