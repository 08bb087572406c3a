//! Building the indexes: with settings of its own, watched by a second connection, ended at a deadline.

use std::time::{Duration, Instant};

use annvil_core::engine::{EngineError, Result};
use annvil_core::scenario::{Hnsw, Index, Quantize};
use tokio_postgres::{CancelToken, Client, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::codec::Codec;
use super::design::Design;
use super::indexes::IndexStatement;
use super::report::{failed, words};
use super::{NAME, knobs, quote};

/// How often the server is asked for its progress.
const POLL: Duration = Duration::from_millis(100);

/// How long to try to end what the server does for a build that was given up.
const CANCELLING: Duration = Duration::from_secs(5);

/// `maintenance_work_mem` is not raised beyond this on a server whose memory is not known.
const REMOTE_MEMORY: u64 = 1 << 30;

/// What building needs.
pub(super) struct Builder<'a> {
    /// What is built.
    pub(super) design: &'a Design,
    /// Builds.
    pub(super) client: &'a Client,
    /// Watches, and cancels at the deadline.
    pub(super) watcher: &'a Client,
    /// How the server is asked to cancel.
    pub(super) tls: &'a MakeRustlsConnect,
    /// Whether the server is on this machine.
    pub(super) is_local: bool,
    /// Threads that may build: the leader and its workers.
    pub(super) threads: usize,
    /// When to give up.
    pub(super) deadline: Instant,
    /// Told the number of indexed rows.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
}

impl Builder<'_> {
    /// Makes all indexes and gathers the planner's statistics.
    pub(super) async fn run(&self) -> Result<()> {
        for index in self.design.indexes() {
            let doing = format!("build the index {}", index.name);
            let done = self.one(&index, &doing).await;
            if done.is_err() {
                // Nothing to say about it beside the error itself; on a lost connection there is nothing to roll back.
                drop(tokio::time::timeout(CANCELLING, self.client.batch_execute("ROLLBACK")).await);
            }
            done?;
        }
        let analyze = format!("ANALYZE {}", self.design.table());
        let doing = "analyze the table";
        tokio::time::timeout_at(self.deadline.into(), self.client.batch_execute(&analyze))
            .await
            .map_err(|_| late(doing))?
            .map_err(|error| failed(doing, &error))?;
        (self.progress)(self.design.rows as u64);
        Ok(())
    }

    /// One index in a transaction of its own: the settings end with it, and a pooler keeps the connection.
    async fn one(&self, index: &IndexStatement, doing: &str) -> Result<()> {
        let fail = |error| failed(doing, &error);
        self.client.batch_execute("BEGIN").await.map_err(fail)?;
        let settings = self.settings(doing).await?;
        if let Some(set) = knobs::set(&settings, true) {
            self.client.batch_execute(&set).await.map_err(fail)?;
        }
        let pid = first(self.client, "select pg_backend_pid()").await.map_err(fail)?.unwrap_or_default();
        let mut unfinished = Unfinished(Some((self.client.cancel_token(), self.tls.clone())));
        let mut building = std::pin::pin!(self.client.batch_execute(&index.sql));
        loop {
            let until = (Instant::now() + POLL).min(self.deadline);
            match tokio::time::timeout_at(until.into(), &mut building).await {
                Ok(done) => {
                    unfinished.0 = None;
                    done.map_err(|error| refused(doing, &error))?;
                    break;
                }
                Err(_) if Instant::now() >= self.deadline => {
                    let cancel = format!("select pg_cancel_backend({pid})");
                    let ended = async {
                        self.watcher.batch_execute(&cancel).await.is_ok() && {
                            drop(building.await);
                            true
                        }
                    };
                    if tokio::time::timeout(CANCELLING, ended).await == Ok(true) {
                        unfinished.0 = None;
                    }
                    return Err(late(doing));
                }
                Err(_) if index.is_vector => self.tell(&pid).await,
                Err(_) => {}
            }
        }
        self.client.batch_execute("COMMIT").await.map_err(fail)
    }

    /// Settings of the transaction that builds; what the user wrote comes last and wins.
    async fn settings(&self, doing: &str) -> Result<Vec<(String, String)>> {
        let ask = "select current_setting('max_parallel_maintenance_workers') || ' ' || \
                   pg_size_bytes(current_setting('maintenance_work_mem'))";
        let now = first(self.client, ask).await.map_err(|error| failed(doing, &error))?.unwrap_or_default();
        let mut numbers = now.split(' ').map(|number| number.parse::<u64>().unwrap_or(0));
        let (workers, memory) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let spec = &self.design.spec;
        // The run's time limit bounds it.
        let mut settings = vec![("statement_timeout".to_owned(), "0".to_owned())];
        let lock = self.design.limits().into_iter().find(|(name, _)| name == "lock_timeout");
        settings.extend(lock);
        let allowed = self.threads.saturating_sub(1) as u64;
        // Threads are counted on this machine unless somebody said how many: they do not bound another machine, but for one alone.
        let fewer = allowed < workers && (self.is_local || allowed == 0);
        if fewer || (spec.tune && allowed > workers) {
            settings.push(("max_parallel_maintenance_workers".to_owned(), allowed.to_string()));
        }
        if spec.tune {
            let most = if self.is_local { memory_of_machine() / 4 } else { REMOTE_MEMORY };
            // A fifth more than estimated; never less than the server gives by itself.
            let wanted = (graph_bytes(self.design) * 6 / 5).min(most).max(memory);
            settings.push(("maintenance_work_mem".to_owned(), format!("{}kB", wanted / 1024)));
        }
        settings.extend(spec.build_set.iter().map(|(name, value)| (name.clone(), value.0.clone())));
        Ok(settings)
    }

    /// Tells how far the server says that it is. A watcher that fails only leaves the progress unknown.
    async fn tell(&self, pid: &str) {
        let rows = self.design.rows;
        // On partitions the counters begin anew with each.
        let ask = format!(
            "select (case when coalesce(partitions_total, 0) > 0 then {rows} * partitions_done / partitions_total \
             when tuples_done > 0 then tuples_done \
             when blocks_total > 0 then {rows} * blocks_done / blocks_total else 0 end)::bigint \
             from pg_stat_progress_create_index where pid = {pid}"
        );
        let told = first(self.watcher, &ask).await.ok().flatten().and_then(|text| text.parse::<u64>().ok());
        if let Some(done) = told.filter(|done| *done > 0) {
            (self.progress)(done.min(rows as u64));
        }
    }
}

/// A statement under way. Dropped, it is cancelled, so that the table is free again: a server goes on building for a client that has gone.
struct Unfinished(Option<(CancelToken, MakeRustlsConnect)>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some((token, tls)) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // It is sent while the runtime does what comes next, which is to remove the table.
            runtime.spawn(tokio::time::timeout(CANCELLING, async move { token.cancel_query(tls).await }));
        }
    }
}

/// Bytes of the graph that pgvector builds in `maintenance_work_mem`, by its structures: the vector, about 136 bytes for
/// an element, and 16 bytes for each of its edges, 2 m on the lowest level and m on every level above, of which an
/// element has 1 ÷ (m − 1) on average. That is 2 to 3 % below where pgvector 0.8.6 says that the memory is full, for
/// vector, halfvec and bit at 384 dimensions. For other indexes, the bytes of the vectors.
pub(super) fn graph_bytes(design: &Design) -> u64 {
    let (dim, rows) = (design.dim as u64, design.rows as u64);
    let vector = match (design.variant.index.quantize(), design.codec) {
        (Some(Quantize::Bit), _) | (None, Codec::Bit) => dim.div_ceil(8),
        (Some(Quantize::Halfvec), _) | (None, Codec::Halfvec) => 2 * dim,
        (None, Codec::Vector | Codec::Ruvector | Codec::Sparsevec) => 4 * dim,
    };
    let edges = match &design.variant.index {
        Index::Hnsw(Hnsw { m, .. }) => 120 + 16 * (2 * *m as u64 + 2),
        _ => 0,
    };
    rows * (vector + 16 + edges)
}

/// Physical memory of this machine in bytes.
fn memory_of_machine() -> u64 {
    let info = rustix::system::sysinfo();
    #[allow(clippy::useless_conversion)] // 32 bits on some machines
    let total = u64::from(info.totalram);
    total * u64::from(info.mem_unit)
}

fn late(doing: &str) -> EngineError {
    EngineError::Deadline { engine: NAME.to_owned(), doing: doing.to_owned() }
}

/// The server refused to build: with what is known to help.
fn refused(doing: &str, error: &tokio_postgres::Error) -> EngineError {
    let said = words(error);
    if said.contains("could not resize shared memory") {
        let help = "\n  Parallel building needs shared memory: lower `maintenance_work_mem` or set \
                    `build_set: {max_parallel_maintenance_workers: 0}`";
        return EngineError::failed(NAME, doing, said + help);
    }
    EngineError::failed(NAME, doing, said)
}

/// The first column of the first row, as text.
pub(super) async fn first(
    client: &Client,
    sql: &str,
) -> std::result::Result<Option<String>, tokio_postgres::Error> {
    let answers = client.simple_query(sql).await?;
    Ok(answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}

/// The `regclass` of a name, for statements that ask the catalogue.
pub(super) fn regclass(name: &str) -> String {
    format!("{}::regclass", quote::text(name).unwrap_or_default())
}
