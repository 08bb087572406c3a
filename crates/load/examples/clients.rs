//! What the postgres engine does through the harness, for `cargo xtask compare-clients`.
//!
//! `clients SCRIPTS`: the server's URL is the variable `DATABASE_URL`. It loads WordNet-10k into the table
//! `annvil.clients`, builds an HNSW index, writes the same searches as scripts of pgbench into the folder `SCRIPTS` and says
//! `ready`. Then it does what each line of its standard input says, until that ends, and answers with a line:
//!
//! ```text
//! one SESSIONS SECONDS      `select 1`           → operations, seconds, processor seconds
//! search SESSIONS SECONDS   searches             → the same
//! copy ROWS                 rows into a new table → rows, seconds, processor seconds
//! ```
//! All sessions are driven by one thread, as with `pgbench -j 1`.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use annvil_core::clock::Clock;
use annvil_core::dataset::{DataSpec, Dataset, Queries};
use annvil_core::engine::{Encoded, Engine, Schema};
use annvil_core::form::{Form, Params};
use annvil_core::label::Labels;
use annvil_core::operation::Batch;
use annvil_core::plan::stream;
use annvil_core::scenario::{EngineSpec, Hnsw, Index, PostgresSpec, Variant};
use annvil_core::schedule::Arrivals;
use annvil_core::secret::Secret;
use annvil_core::units::Nanos;
use annvil_core::vector::RowId;
use annvil_load::claims::End;
use annvil_load::time::{SystemClock, cpu_time, runtime};
use annvil_load::warm::WarmUp;
use annvil_load::work::{Task, Work};
use annvil_load::{Load, choice, run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// pgbench takes 128 scripts, so both sides ask that many queries.
const QUERIES: usize = 128;

/// Neighbours of each query.
const K: usize = 10;

/// Rows handed over at a time, as by the phase `load` unless it says something else.
const BATCH: usize = 1000;

/// Operations before each measurement.
const WARMUP: u64 = 500;

/// Where the searches go.
const TABLE: &str = "clients";

fn main() -> Result<()> {
    let scripts = env::args().nth(1).ok_or("usage: clients SCRIPTS")?;
    let url = Secret::new(env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?);
    let data = annvil_data::open(&DataSpec::named("wordnet-10k"))?;
    let queries = data.queries().first(QUERIES);
    write_scripts(Path::new(&scripts), &queries)?;
    let spec = |spec: PostgresSpec| PostgresSpec { url: Some(url.clone()), ..spec };
    let one = Side::new(
        spec(PostgresSpec { sql: Some("select 1".to_owned()), ..PostgresSpec::default() }),
        Index::None,
        &*data,
    )?;
    let search = Side::new(
        spec(PostgresSpec { table: Some(TABLE.to_owned()), ..PostgresSpec::default() }),
        Index::Hnsw(Hnsw { m: 16, ef_construction: 64, ..Hnsw::default() }),
        &*data,
    )?;
    search.copy(&*data, data.info().rows)?;
    let (ones, searches) = (one.ready(&queries)?, search.ready(&queries)?);
    let mut output = std::io::stdout().lock();
    writeln!(output, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let done = match words[..] {
            ["one", sessions, seconds] => one.drive(&ones, sessions.parse()?, seconds.parse()?)?,
            ["search", sessions, seconds] => search.drive(&searches, sessions.parse()?, seconds.parse()?)?,
            ["copy", rows] => {
                let fresh = Side::new(spec(PostgresSpec::default()), Index::None, &*data)?;
                let copied = fresh.copy(&*data, rows.parse()?)?;
                fresh.destroy()?;
                copied
            }
            _ => return Err(format!("unknown command `{line}`").into()),
        };
        writeln!(output, "{} {} {}", done.operations, done.wall.as_secs_f64(), done.cpu.as_secs_f64())?;
        output.flush()?;
    }
    search.destroy()
}

/// The searches as statements with the vector in their text.
fn write_scripts(folder: &Path, queries: &Queries) -> Result<()> {
    for (number, query) in queries.iter().enumerate() {
        let mut vector = String::new();
        for value in query {
            let comma = if vector.is_empty() { "" } else { "," };
            write!(vector, "{comma}{value}")?;
        }
        let statement =
            format!("SELECT id FROM annvil.{TABLE} ORDER BY embedding <=> '[{vector}]' LIMIT {K};\n");
        fs::write(folder.join(format!("{number}.sql")), statement)?;
    }
    Ok(())
}

/// What was done, and what it took.
struct Done {
    operations: u64,
    wall: Nanos,
    /// Processor time of this process.
    cpu: Nanos,
}

/// One engine.
struct Side {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    /// Of the control plane.
    runtime: tokio::runtime::Runtime,
}

impl Side {
    /// Opens an engine and makes its collection.
    fn new(spec: PostgresSpec, index: Index, data: &dyn Dataset) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let context = annvil_engines::Context { clock: Arc::clone(&clock), scratch: env::temp_dir() };
        let variant = Variant { index, ..Variant::default() };
        let engine = annvil_engines::open(&EngineSpec::Postgres(Box::new(spec)), &variant, &context)?;
        let info = data.info();
        let schema = Schema {
            dim: info.dim,
            metric: info.metric,
            rows: info.rows,
            sessions: 1,
            build_threads: 2,
            labels: Labels::empty(info.rows).schema(),
        };
        let runtime = runtime()?;
        runtime.block_on(engine.create(&schema))?;
        Ok(Self { engine: engine.into(), clock, runtime })
    }

    /// Copies so many rows in, those of the data set again and again. Only the engine's time counts.
    fn copy(&self, data: &dyn Dataset, rows: usize) -> Result<Done> {
        let (mut wall, mut cpu) = (Nanos::ZERO, Nanos::ZERO);
        let (mut vectors, info) = (Vec::new(), data.info());
        let labels = Labels::empty(rows);
        for first in (0..rows).step_by(BATCH) {
            let here = first % info.rows;
            let count = BATCH.min(rows - first).min(info.rows - here);
            data.read_f32(here..here + count, &mut vectors);
            let ids: Vec<RowId> = (first as RowId..(first + count) as RowId).collect();
            let label_rows: Vec<usize> = (first..first + count).collect();
            let batch = Batch {
                ids: &ids,
                dim: info.dim,
                vectors: &vectors,
                labels: &labels,
                label_rows: &label_rows,
                texts: &[],
            };
            let (sent, before) = (self.clock.now(), cpu_time().unwrap_or_default());
            self.runtime.block_on(self.engine.load(batch))?;
            wall = wall.saturating_add(self.clock.now().saturating_sub(sent));
            cpu = cpu.saturating_add(cpu_time().unwrap_or_default().saturating_sub(before));
        }
        Ok(Done { operations: rows as u64, wall, cpu })
    }

    /// Builds what is to be built, and encodes the queries. A search must use the index.
    fn ready(&self, queries: &Queries) -> Result<Arc<Encoded>> {
        let deadline = Instant::now() + Duration::from_mins(5);
        let encoded = self.runtime.block_on(async {
            self.engine.settle(deadline, &|_| {}).await?;
            self.engine.apply(&Params::new()).await?;
            let encoded = self.engine.encode(&[Form::search("search", K)], queries, &Labels::empty(0))?;
            let plan = self.engine.explain(&*encoded, 0, 0).await?;
            Ok::<_, Box<dyn Error>>((encoded, plan.and_then(|plan| plan.refused)))
        })?;
        match encoded {
            (encoded, None) => Ok(encoded),
            (_, Some(refused)) => Err(refused.into()),
        }
    }

    /// Closed load by sessions on one thread.
    fn drive(&self, encoded: &Arc<Encoded>, sessions: usize, seconds: u64) -> Result<Done> {
        // At random, as pgbench chooses its scripts.
        let order = choice::uniform(QUERIES, &mut stream(1, "order"));
        let load = Load {
            sessions,
            threads: Some(1),
            end: End { operations: None, duration: Some(Nanos::from_secs(seconds)) },
            warmup: WarmUp::Operations(WARMUP),
            ..Load::new(
                Arc::clone(&self.engine),
                Arc::clone(encoded),
                Arc::clone(&self.clock),
                Work::of(Task::Search { form: 0, order }),
            )
        };
        let measured = run(load, Arrivals::Closed, &mut |_| ControlFlow::Continue(()))?;
        let total = measured.total();
        if total.failed() > 0 {
            return Err(format!("{} of {} operations failed", total.failed(), total.operations).into());
        }
        let cpu = measured.process_cpu.ok_or("the processor time of this process cannot be read")?;
        Ok(Done { operations: total.operations, wall: measured.window, cpu })
    }

    fn destroy(&self) -> Result<()> {
        Ok(self.runtime.block_on(self.engine.destroy())?)
    }
}
