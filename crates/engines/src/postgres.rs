//! PostgreSQL with pgvector, pgvectorscale or `RuVector`.

mod address;
mod answers;
mod build;
mod check;
mod codec;
mod columns;
mod connect;
mod console;
mod counters;
mod design;
mod drive;
mod encoded;
mod fault;
mod filter;
mod honoured;
mod indexes;
mod knobs;
mod link;
mod load;
mod mark;
mod naming;
mod operators;
mod own;
mod plan;
mod pool;
pub mod probe;
mod promise;
pub mod pull;
mod quote;
mod report;
mod rows;
mod server;
mod session;
mod settings;
mod shared;
mod statement;
#[cfg(test)]
mod tests;
mod tls;
mod writes;
mod written;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use annvil_core::dataset::Queries;
use annvil_core::engine::{
    ControlFuture, Encoded, Engine, EngineError, EngineInfo, Mode, Promise, Result, Schema, Session, Settled,
    Usage,
};
use annvil_core::form::{Form, Params, Scores};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::Batch;
use annvil_core::scenario::{Pooler, PostgresSpec, Variant};
use annvil_core::server::{Advice, Explained, PoolFigures, ServerFigures};
use annvil_core::units::Nanos;

use crate::{Context, read, write};
use address::Address;
use build::Builder;
use connect::Control;
use console::Console;
use design::Design;
use encoded::Ready;
use load::Loaders;
use naming::TableName;
use server::ServerFacts;
use session::PostgresSession;
use settings::Sizes;
use shared::Shared;

/// The engine's name.
const NAME: &str = "postgres";

/// Opens the engine. Nothing is connected yet.
pub(crate) fn open(spec: &PostgresSpec, variant: &Variant, context: &Context) -> Result<Box<dyn Engine>> {
    let url = spec.url.as_ref().ok_or_else(|| EngineError::Configuration {
        what: "engine.postgres.url is not set".to_owned(),
        help: "--set engine.postgres.url=postgres://user:password@host:port/database, or DATABASE_URL"
            .to_owned(),
    })?;
    let address = Address::new(url, "engine.postgres.url")?;
    let console = spec.pooler_console.as_ref();
    let console = console.map(|url| Address::new(url, "engine.postgres.pooler_console")).transpose()?;
    Ok(Box::new(Postgres {
        variant: variant.clone(),
        name: TableName::claim(spec, variant),
        shared: Arc::new(Shared::new(spec.clone(), address, Arc::clone(&context.clock))),
        console: console.map(Console::new),
        made: RwLock::new(None),
        partitioned: AtomicBool::new(false),
        control: Mutex::default(),
        loaders: Loaders::default(),
        notices: Mutex::default(),
    }))
}

/// Refuses what can't work.
pub(crate) fn check(spec: &PostgresSpec, variant: &Variant, metric: Metric) -> Result<()> {
    check::variant(spec, variant, metric)
}

/// A collection on a server.
struct Postgres {
    variant: Variant,
    name: TableName,
    shared: Arc<Shared>,
    console: Option<Console>,
    /// What [`Engine::create`] made.
    made: RwLock<Option<Made>>,
    /// Whether there are partitions for the labels' values.
    partitioned: AtomicBool,
    /// A connection of the control plane that nobody uses now.
    control: Mutex<Option<Control>>,
    loaders: Loaders,
    /// What the server said while it built.
    notices: Mutex<Vec<String>>,
}

/// A collection that was made, or found.
#[derive(Clone)]
struct Made {
    design: Arc<Design>,
    schema: Arc<Schema>,
}

impl Postgres {
    fn spec(&self) -> &PostgresSpec {
        &self.shared.spec
    }

    fn made(&self) -> Result<Made> {
        let made = read(&self.made).clone();
        made.ok_or_else(|| EngineError::failed(NAME, "use the collection", "it was not created"))
    }

    /// A connection that answers. It is put back by [`Postgres::keep`]; dropped, it is closed.
    async fn control(&self) -> Result<Control> {
        let kept = self.control.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(kept) = kept
            && kept.is_alive().await
        {
            return Ok(kept);
        }
        let opened = Control::open(&self.shared.address).await?;
        // Behind a pooler a setting would stay with whoever has the connection next.
        if self.spec().pooler == Pooler::None {
            let read_only =
                self.spec().read_only.then(|| ("default_transaction_read_only".to_owned(), "on".to_owned()));
            let lock = format!("{}ms", (self.spec().lock_timeout.0.0 / 1_000_000).max(1));
            let mut settings =
                vec![("lock_timeout".to_owned(), lock), ("statement_timeout".to_owned(), "0".to_owned())];
            settings.extend(read_only);
            if let Some(set) = knobs::set(&settings, false) {
                let done = opened.client.batch_execute(&set).await;
                done.map_err(|error| report::failed("set up a connection", &error))?;
            }
        }
        Ok(opened)
    }

    fn keep(&self, control: Control) {
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Some(control);
    }

    async fn describe(&self) -> Result<EngineInfo> {
        let control = self.control().await?;
        let facts = ServerFacts::read(&control.client).await?;
        let mut configuration: BTreeMap<String, String> = settings::different(&control.client).await?;
        self.keep(control);
        let spec = self.spec();
        configuration.insert("extensions".to_owned(), facts.extensions().join(", "));
        let between = match spec.pooler {
            Pooler::None => "nothing",
            Pooler::Transaction => "a pooler in transaction mode",
        };
        configuration.insert("between client and server".to_owned(), between.to_owned());
        let pool = spec.pool.map_or_else(|| "one a session".to_owned(), |pool| format!("{pool} shared"));
        configuration.insert("connections".to_owned(), pool);
        configuration.insert("prepared statements".to_owned(), spec.is_prepared().to_string());
        Ok(EngineInfo {
            name: NAME.to_owned(),
            version: facts.version,
            configuration,
            hidden_threads: "none".to_owned(),
        })
    }

    async fn make(&self, schema: &Schema) -> Result<()> {
        let control = self.control().await?;
        let (spec, wanted) = (self.spec(), design::extension(&self.variant));
        let facts = ServerFacts::ensure(&control.client, wanted, !spec.is_existing()).await?;
        let design = Design::new(spec, &self.variant, schema, &facts, &self.name.0)?;
        if !design.is_existing() {
            design.check_class(&facts)?;
            mark::create(&control.client, &design).await?;
        }
        self.keep(control);
        self.partitioned.store(false, Ordering::Relaxed);
        *write(&self.made) = Some(Made { design: Arc::new(design), schema: Arc::new(schema.clone()) });
        Ok(())
    }

    async fn copy(&self, rows: Batch<'_>) -> Result<()> {
        let Made { design, schema } = self.made()?;
        if design.is_existing() {
            return Ok(());
        }
        if design.partition_column().is_some() && !self.partitioned.load(Ordering::Relaxed) {
            let control = self.control().await?;
            for statement in design.partitions(rows.labels)? {
                mark::change(&control.client, &design, &statement, "make the partitions").await?;
            }
            self.keep(control);
            self.partitioned.store(true, Ordering::Relaxed);
        }
        self.loaders.load(&self.shared.address, &design, &schema, &rows).await
    }

    async fn build(&self, deadline: Instant, progress: &(dyn Fn(u64) + Sync)) -> Result<Settled> {
        self.loaders.close();
        let Made { design, schema } = self.made()?;
        let began = Instant::now();
        if !design.is_existing() {
            let (control, watcher) = (self.control().await?, Control::open(&self.shared.address).await?);
            let builder = Builder {
                design: &design,
                client: &control.client,
                watcher: &watcher.client,
                tls: &self.shared.address.tls,
                is_local: self.shared.address.is_local,
                threads: schema.build_threads,
                deadline,
                progress,
            };
            builder.run().await?;
            *self.notices.lock().unwrap_or_else(PoisonError::into_inner) = control.notices();
            self.keep(control);
        }
        // Rows are found as soon as they are committed, by a scan.
        Ok(Settled { searchable: Nanos::ZERO, indexed: began.elapsed().into() })
    }

    async fn judge(&self) -> Result<Vec<Advice>> {
        let Made { design, .. } = self.made()?;
        let control = self.control().await?;
        let usage = counters::usage(&control.client, &design).await?;
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sizes = Sizes {
            stored: usage.table.zip(usage.index).map(|(table, index)| table.0 + index.0),
            is_built: !design.is_existing(),
            cores: self.shared.address.is_local.then(|| annvil_core::engine::driving_threads(usize::MAX)),
            notices: &notices,
        };
        let advice = settings::advise(&control.client, &design, sizes).await?;
        self.keep(control);
        Ok(advice)
    }

    async fn plan(&self, encoded: &Encoded, form: usize, query: usize) -> Result<Option<Explained>> {
        let ready = Ready::of(encoded)?;
        let Some(statement) = ready.forms.get(form).and_then(|form| form.search.as_ref()) else {
            return Ok(None);
        };
        let claim = ready.claim(form);
        let query = (!statement.parameters.is_empty()).then(|| ready.queries.get(query).cloned()).flatten();
        let control = self.control().await?;
        let settings = ready.design.settings(&self.shared.point().1);
        let explained =
            plan::explain(&control.client, &ready.design, statement, query, claim, &settings).await?;
        self.keep(control);
        Ok(Some(explained))
    }

    async fn count(&self) -> Result<ServerFigures> {
        let counted = self.shared.take_counted();
        let Ok(Made { design, .. }) = self.made() else { return Ok(ServerFigures::default()) };
        let control = self.control().await?;
        let figures = counters::observe(&control.client, &design, counted.connections > 0).await?;
        self.keep(control);
        Ok(ServerFigures {
            connection_wait: counted.waits,
            connections: (counted.connections > 0).then_some(counted.connections),
            ..figures
        })
    }
}

impl Engine for Postgres {
    fn info(&self) -> ControlFuture<'_, EngineInfo> {
        Box::pin(self.describe())
    }

    fn create<'a>(&'a self, schema: &'a Schema) -> ControlFuture<'a, ()> {
        Box::pin(self.make(schema))
    }

    fn load<'a>(&'a self, rows: Batch<'a>) -> ControlFuture<'a, ()> {
        Box::pin(self.copy(rows))
    }

    fn settle<'a>(
        &'a self,
        deadline: Instant,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> ControlFuture<'a, Settled> {
        Box::pin(self.build(deadline, progress))
    }

    fn apply<'a>(&'a self, point: &'a Params) -> ControlFuture<'a, ()> {
        self.shared.apply(point);
        Box::pin(async { Ok(()) })
    }

    fn promise(&self, form: &Form) -> Promise {
        let unknown = Promise { exact: false, scores: Scores::None };
        self.made().map_or(unknown, |made| made.design.promise(form))
    }

    fn encode(&self, forms: &[Form], queries: &Queries, labels: &Labels) -> Result<Arc<Encoded>> {
        let Made { design, schema } = self.made()?;
        Ok(Arc::new(Ready::new(&design, &schema, forms, queries, labels)?))
    }

    fn mode(&self) -> Mode {
        Mode::Multiplexed(1)
    }

    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        Box::pin(async move {
            let session = PostgresSession::open(&self.shared, encoded).await?;
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        Box::pin(async {
            let Made { design, .. } = self.made()?;
            let control = self.control().await?;
            let usage = counters::usage(&control.client, &design).await?;
            self.keep(control);
            Ok(usage)
        })
    }

    fn explain<'a>(
        &'a self,
        encoded: &'a Encoded,
        form: usize,
        query: usize,
    ) -> ControlFuture<'a, Option<Explained>> {
        Box::pin(self.plan(encoded, form, query))
    }

    fn observe(&self) -> ControlFuture<'_, ServerFigures> {
        Box::pin(self.count())
    }

    fn pools(&self) -> ControlFuture<'_, Vec<PoolFigures>> {
        Box::pin(async {
            match &self.console {
                Some(console) => console.pools().await,
                None => Ok(Vec::new()),
            }
        })
    }

    fn advise(&self) -> ControlFuture<'_, Vec<Advice>> {
        Box::pin(self.judge())
    }

    fn destroy(&self) -> ControlFuture<'_, ()> {
        Box::pin(async {
            self.loaders.close();
            let Ok(Made { design, .. }) = self.made() else { return Ok(()) };
            if design.is_existing() {
                return Ok(());
            }
            let control = self.control().await?;
            mark::remove(&control.client, &design).await?;
            self.keep(control);
            *write(&self.made) = None;
            Ok(())
        })
    }
}
