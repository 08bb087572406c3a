//! A session: operations as statements, answers as they come.

use std::rc::Rc;
use std::sync::Arc;

use annvil_core::clock::LocalFuture;
use annvil_core::engine::{Encoded, Session};
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::vector::RowId;
use bytes::{BufMut, BytesMut};
use tokio_postgres::Row;

use super::answers::{self, Columns};
use super::encoded::{Ready, RowStatements};
use super::fault;
use super::link::{DISTANCE, FETCH, FORMS, Link, Run};
use super::pool::Pool;
use super::rows::{Raw, from_bigint, to_bigint};
use super::shared::Shared;
use super::writes;

/// One caller, with a connection of its own or a share of some.
pub(super) struct PostgresSession {
    pool: Rc<Pool>,
    encoded: Arc<Encoded>,
}

impl PostgresSession {
    /// Opens a session on the thread that will use it.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        encoded: Arc<Encoded>,
    ) -> annvil_core::engine::Result<Self> {
        let pool = Pool::of(shared, &encoded);
        pool.grow(Ready::of(&*encoded)?).await?;
        Ok(Self { pool, encoded })
    }

    async fn answer(&self, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        out.clear();
        let ready = Ready::of(&*self.encoded).map_err(|error| OpError::Other(error.to_string()))?;
        let lease = self.pool.take(ready).await?;
        let done = call(lease.link()?, ready, op, out).await;
        lease.done();
        if done.is_err() {
            out.clear();
        }
        done
    }
}

impl Session for PostgresSession {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        Box::pin(self.answer(op, out))
    }
}

async fn call(link: &Link, ready: &Ready, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
    match op {
        OpRef::Search { form, query } => search(link, ready, form, query, out).await,
        OpRef::Fetch { id } => fetch(link, ready, id, out).await,
        OpRef::Distance { query, id } => distance(link, ready, query, id, out).await,
        OpRef::Upsert { rows } => writes::upsert(link, ready, rows, out).await,
        OpRef::Delete { ids } => writes::delete(link, ready, ids, out).await,
    }
}

async fn search(
    link: &Link,
    ready: &Ready,
    form: usize,
    query: usize,
    out: &mut Reply,
) -> Result<(), OpError> {
    let statement = ready.forms.get(form).and_then(|form| form.search.as_ref());
    let statement = statement.ok_or_else(|| OpError::Other(format!("form {form} is no search")))?;
    let parameters =
        if statement.parameters.is_empty() { &[] } else { std::slice::from_ref(the_query(ready, query)?) };
    let (mut columns, mut fault) = (None, None);
    let mut each = |row: &Row| {
        let columns = match columns {
            Some(columns) => Ok(columns),
            None => Columns::of(row.columns(), statement.scores).inspect(|found| columns = Some(*found)),
        };
        let taken =
            columns.and_then(|columns| answers::take(row, columns, &ready.ids, ready.design.operators, out));
        if let Err(error) = taken {
            fault.get_or_insert(error);
        }
    };
    run(link, Run { place: FORMS + form, statement, parameters }, &mut each).await?;
    fault.map_or(Ok(()), Err)
}

async fn fetch(link: &Link, ready: &Ready, id: RowId, out: &mut Reply) -> Result<(), OpError> {
    let statement = &own(ready)?.fetch;
    let mut fault = None;
    let mut each = |row: &Row| match vector(row, ready, out) {
        Ok(id) => out.ids.push(id),
        Err(error) => fault = Some(error),
    };
    run(link, Run { place: FETCH, statement, parameters: &[id_of(id)] }, &mut each).await?;
    fault.map_or(Ok(()), Err)
}

fn vector(row: &Row, ready: &Ready, out: &mut Reply) -> Result<RowId, OpError> {
    let id: i64 = row.try_get(0).map_err(|error| OpError::Wrong(error.to_string()))?;
    ready.design.codec().decode(answers::bytes(row, 1)?, &mut out.vector).map_err(OpError::Wrong)?;
    Ok(from_bigint(id))
}

async fn distance(
    link: &Link,
    ready: &Ready,
    query: usize,
    id: RowId,
    out: &mut Reply,
) -> Result<(), OpError> {
    let statement = &own(ready)?.distance;
    let parameters = [the_query(ready, query)?.clone(), id_of(id)];
    let mut fault = None;
    let mut each = |row: &Row| match answers::double(row) {
        Ok(raw) => out.scores.push(ready.design.operators.distance(raw)),
        Err(error) => fault = Some(error),
    };
    run(link, Run { place: DISTANCE, statement, parameters: &parameters }, &mut each).await?;
    fault.map_or(Ok(()), Err)
}

async fn run(link: &Link, run: Run<'_>, each: &mut dyn FnMut(&Row)) -> Result<u64, OpError> {
    link.run(run, each).await.map_err(|error| fault::call(&error))
}

/// Statements on rows, which a table of the user's own has not.
pub(super) fn own(ready: &Ready) -> Result<&RowStatements, OpError> {
    ready.rows.as_ref().ok_or_else(|| {
        OpError::Unsupported("with `sql` on a table of one's own only searches are known".to_owned())
    })
}

fn the_query(ready: &Ready, query: usize) -> Result<&Raw, OpError> {
    ready.queries.get(query).ok_or_else(|| OpError::Other(format!("query {query} was not encoded")))
}

fn id_of(id: RowId) -> Raw {
    let mut out = BytesMut::with_capacity(8);
    out.put_i64(to_bigint(id));
    Raw(Some(out.freeze()))
}
