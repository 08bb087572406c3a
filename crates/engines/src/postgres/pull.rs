//! Rows of a table that is there, as a data set: so that the table can be measured as it is.
//!
//! Everything is read in one transaction that only reads, so that counts, rows and queries are those of one moment. Rows
//! come one after the other: of vectors no more is held than a block, and the queries.

mod draw;
mod labels;
mod method;
mod relation;
mod write;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use annvil_core::engine::{EngineError, Result};
use annvil_core::label::LabelType;
use annvil_core::metric::Metric;
use annvil_core::secret::Secret;
use annvil_core::units::count;
use annvil_core::vector::Element;
use annvil_data::DataError;
use futures_util::future::{Either, select};
use serde::Serialize;
use tokio_postgres::Client;

use self::draw::Drawn;
use self::relation::{Relation, VectorColumn};
use self::write::Writing;
use super::address::Address;
use super::connect::Control;
use super::report::failed;

/// How often it is asked whether to go on.
const LOOK: Duration = Duration::from_millis(100);

/// What is wanted of a table.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where the database is.
    pub url: Secret,
    /// The table, with its schema if that is not on the search path, quoted as in SQL.
    pub table: String,
    /// The column of vectors; the only one there is unless given.
    pub vector: Option<String>,
    /// The column that tells rows apart; the primary key unless given.
    pub id: Option<String>,
    /// Columns that become labels beside the id.
    pub labels: Vec<String>,
    /// A column that becomes the rows' text.
    pub text: Option<String>,
    /// Rows to draw; all unless given.
    pub rows: Option<usize>,
    /// Queries to draw.
    pub queries: usize,
    /// `table.column` that queries are drawn from, instead of the rows.
    pub queries_from: Option<String>,
    /// The metric; that of the indexes over the column unless given.
    pub metric: Option<Metric>,
    /// Where every choice comes from.
    pub seed: u64,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Pulled {
    /// The folder.
    pub path: PathBuf,
    /// The table, as SQL would name it.
    pub table: String,
    /// The column of vectors.
    pub vector: String,
    /// The label that tells rows apart, for `id_label`.
    pub id: String,
    /// Rows written.
    pub rows: u64,
    /// Rows of the table that have a vector.
    pub of: u64,
    /// Rows that have none, which were left out.
    pub without_vector: u64,
    /// Dimensions.
    pub dim: usize,
    /// Element type of the rows.
    pub element: Element,
    /// The metric.
    pub metric: Metric,
    /// The index that says so, if nobody else did.
    pub metric_of: Option<String>,
    /// Access method of the index over the column for this metric, if there is one of which a variant can speak.
    pub index: Option<String>,
    /// Labels and their types.
    pub labels: Vec<(String, LabelType)>,
    /// Queries written.
    pub queries: u64,
    /// Where they come from; the rows themselves if nothing is said.
    pub queries_from: Option<String>,
    /// A statement that searches the table as it is.
    pub sql: String,
    /// Why a run would refuse the set, if it would.
    pub unsound: Option<String>,
}

impl Pulled {
    /// Whether these are all rows that can be found: only then is there a recall of the table itself.
    pub fn is_whole(&self) -> bool {
        self.rows == self.of
    }
}

/// Why there is no set.
#[derive(Debug)]
pub enum PullError {
    /// The server, or what was asked of it.
    Server(EngineError),
    /// The folder.
    Data(DataError),
    /// It was told to stop.
    Stopped,
}

impl std::fmt::Display for PullError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Server(error) => error.fmt(f),
            Self::Data(error) => error.fmt(f),
            Self::Stopped => f.write_str("stopped; nothing is left"),
        }
    }
}

impl std::error::Error for PullError {}

impl From<EngineError> for PullError {
    fn from(error: EngineError) -> Self {
        Self::Server(error)
    }
}

impl From<DataError> for PullError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

/// Reads a table and writes it as a data set to the folder `into`, which must not exist. `progress` is told rows done and
/// rows in all. When `stop` says so, what the server does is cancelled, and nothing is left.
pub async fn pull(
    wanted: &Wanted,
    into: &Path,
    progress: &dyn Fn(u64, u64),
    stop: &dyn Fn() -> bool,
) -> std::result::Result<Pulled, PullError> {
    let address = Address::new(&wanted.url, "the address")?;
    let control = Control::open(&address).await?;
    let token = control.client.cancel_token();
    let work = pin!(read(&control.client, &address, wanted, into, progress));
    let stopping = pin!(async {
        while !stop() {
            tokio::time::sleep(LOOK).await;
        }
    });
    match select(work, stopping).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => {
            // A server that can't be told notices by itself that nobody reads any more.
            drop(tokio::time::timeout(Duration::from_secs(2), token.cancel_query(address.tls.clone())).await);
            Err(PullError::Stopped)
        }
    }
}

/// The tables of a database that have a column of vectors, each with it.
pub async fn tables(url: &Secret) -> Result<Vec<String>> {
    let address = Address::new(url, "the address")?;
    let control = Control::open(&address).await?;
    relation::with_vectors(&control.client).await
}

async fn read(
    client: &Client,
    address: &Address,
    wanted: &Wanted,
    into: &Path,
    progress: &dyn Fn(u64, u64),
) -> std::result::Result<Pulled, PullError> {
    begin(client).await?;
    let table = Relation::find(client, address, &wanted.table).await?;
    let vector = table.vector(wanted.vector.as_deref())?;
    let (metric, metric_of) = table.metric(client, vector, wanted.metric).await?;
    let index = table.method(client, vector, metric).await?;
    let id = table.id(wanted.id.as_deref())?;
    let labels = labels::columns(&table, id, &wanted.labels)?;
    let text = wanted.text.as_deref().map(|name| table.column(name)).transpose()?;
    let drawn = Drawn::plan(client, &table, vector, wanted.rows, wanted.seed, 0).await?;
    if drawn.rows == 0 {
        return Err(relation::wrong(
            format!("no row of {} has a vector in {}", table.shown, vector.column.name),
            "fill the column first, or name another with --vector",
        )
        .into());
    }
    let others = match &wanted.queries_from {
        Some(from) => Some(queries_of(client, address, from, wanted).await?),
        None => None,
    };
    let source = format!("table {} of {}", table.shown, address.place);
    let mut writing = Writing::new(into, vector, labels, text, metric, source);
    // Queries that are rows are drawn on the way.
    let own = if others.is_none() { wanted.queries } else { 0 };
    writing.rows(client, &table, &drawn, own, wanted.seed, progress).await?;
    if let Some((queries, column, drawn)) = &others {
        writing.others(client, queries, column, drawn).await?;
    }
    let ended = client.batch_execute("commit").await;
    ended.map_err(|error| failed("end the transaction", &error))?;
    let (dim, queries) = (writing.dim(), writing.queries());
    let (element, labels) = (writing.element(), writing.labels());
    let finished = writing.finish()?;
    Ok(Pulled {
        path: finished.path,
        table: table.shown.clone(),
        vector: vector.column.name.clone(),
        id: id.name.clone(),
        rows: drawn.rows,
        of: drawn.of,
        without_vector: drawn.without,
        dim,
        element,
        metric,
        metric_of,
        index,
        labels,
        queries,
        queries_from: wanted.queries_from.clone(),
        sql: table.sql(vector, id, metric),
        unsound: finished.unsound,
    })
}

/// Begins the transaction in which everything is read. A limit of time would be the table's size.
async fn begin(client: &Client) -> Result<()> {
    let begin = "begin isolation level repeatable read, read only; set local statement_timeout = 0; \
                 set local lock_timeout = '10s'; set local idle_in_transaction_session_timeout = 0; \
                 set local synchronize_seqscans = off; set local max_parallel_workers_per_gather = 0";
    client.batch_execute(begin).await.map_err(|error| failed("begin a transaction that only reads", &error))
}

/// The column that queries come from, and which rows of it.
async fn queries_of(
    client: &Client,
    address: &Address,
    from: &str,
    wanted: &Wanted,
) -> Result<(Relation, VectorColumn, Drawn)> {
    let Some((table, column)) = from.rsplit_once('.') else {
        return Err(relation::wrong(
            format!("`--queries-from {from}` names no column"),
            "write --queries-from table.column",
        ));
    };
    let table = Relation::find(client, address, table).await?;
    let column = table.vector(Some(column.trim_matches('"')))?.clone();
    let drawn = Drawn::plan(client, &table, &column, Some(wanted.queries), wanted.seed, 1).await?;
    if drawn.rows < wanted.queries as u64 {
        return Err(relation::wrong(
            format!(
                "{} queries are asked for, and {from} has {}",
                count(wanted.queries as u64),
                count(drawn.rows)
            ),
            "set --queries to that or less",
        ));
    }
    Ok((table, column, drawn))
}
