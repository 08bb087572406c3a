//! The Postgres engine against real servers. Without them a test says so and passes, except in CI.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::dataset::Queries;
use annvil_core::engine::{Encoded, Engine, EngineError, Schema, Session};
use annvil_core::filter::Filter;
use annvil_core::form::{Form, Operation, Params};
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpError, OpRef, Reply};
use annvil_core::scenario::{EngineSpec, Pooler, PostgresSpec, Setting, Variant};
use annvil_core::secret::Secret;
use annvil_core::units::{HumanDuration, Nanos};
use annvil_core::vector::{Matrix, RowId};
use annvil_engines::{Context, open};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DIM: usize = 12;

struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(async move { tokio::time::sleep(instant.saturating_sub(self.now()).into()).await })
    }
}

/// Runs a test with the value of a variable of `cargo xtask services env`.
fn with(variable: &str, test: impl AsyncFnOnce(&str)) {
    let Ok(value) = std::env::var(variable) else {
        assert!(std::env::var_os("CI").is_none(), "{variable} is not set: run `cargo xtask services up`");
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        return eprintln!("skipped {name}: {variable} is not set");
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test(&value));
}

fn spec(url: &str) -> PostgresSpec {
    PostgresSpec { url: Some(Secret::new(url)), schema: "annvil_wire".to_owned(), ..PostgresSpec::default() }
}

fn engine_of(spec: PostgresSpec, variant: &str) -> Result<Box<dyn Engine>, EngineError> {
    let variant: Variant = serde_json::from_str(variant).unwrap();
    let context = Context { clock: Arc::new(Wall(Instant::now())), scratch: std::env::temp_dir() };
    open(&EngineSpec::Postgres(Box::new(spec)), &variant, &context)
}

struct Rows {
    ids: Vec<RowId>,
    vectors: Vec<f32>,
    labels: Labels,
    at: Vec<usize>,
}

impl Rows {
    fn new(count: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let vectors = (0..count * DIM).map(|_| random.random::<f32>() - 0.5).collect();
        let mut group = Column::new(LabelType::Text);
        let mut count_of = Column::new(LabelType::Int);
        for row in 0..i64::try_from(count).unwrap() {
            group.push((row % 7 != 0).then(|| LabelValue::Text(format!("g{}", row % 3)))).unwrap();
            count_of.push(Some(LabelValue::Int(row))).unwrap();
        }
        let labels =
            Labels::new(BTreeMap::from([("group".to_owned(), group), ("count".to_owned(), count_of)]))
                .unwrap();
        Self { ids: (0..count as RowId).collect(), vectors, labels, at: (0..count).collect() }
    }

    fn batch(&self) -> Batch<'_> {
        Batch {
            ids: &self.ids,
            dim: DIM,
            vectors: &self.vectors,
            labels: &self.labels,
            label_rows: &self.at,
            texts: &[],
        }
    }

    fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * DIM..(row + 1) * DIM]
    }

    fn schema(&self) -> Schema {
        Schema {
            dim: DIM,
            metric: Metric::L2,
            rows: self.ids.len(),
            sessions: 1,
            build_threads: 1,
            labels: self.labels.schema(),
        }
    }

    /// The nearest rows of those that `selected` takes, by definition.
    fn nearest(&self, query: &[f32], k: usize, selected: impl Fn(usize) -> bool) -> Vec<RowId> {
        let mut all: Vec<(f64, RowId)> = (0..self.ids.len())
            .filter(|row| selected(*row))
            .map(|row| (Metric::L2.distance(query, self.vector(row)), row as RowId))
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all.into_iter().take(k).map(|(_, id)| id).collect()
    }
}

async fn filled(engine: &dyn Engine, rows: &Rows) {
    engine.create(&rows.schema()).await.unwrap();
    engine.load(rows.batch()).await.unwrap();
    engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await.unwrap();
}

fn queries() -> Queries {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    Matrix::new((0..20 * DIM).map(|_| random.random::<f32>() - 0.5).collect(), DIM).unwrap()
}

fn encoded(engine: &dyn Engine, rows: &Rows, forms: &[Form]) -> Arc<Encoded> {
    engine.encode(forms, &queries(), &rows.labels).unwrap()
}

async fn ask(session: &dyn Session, op: OpRef<'_>) -> Result<Reply, OpError> {
    let mut reply = Reply { ids: vec![99], ..Reply::default() };
    session.call(op, &mut reply).await.map(|()| reply)
}

/// Answers, filters, fetch, distance and writes of one engine, against definitions.
async fn everything(spec: PostgresSpec) {
    let rows = Rows::new(300);
    let engine = engine_of(spec, "{}").unwrap();
    filled(&*engine, &rows).await;
    assert_eq!(engine.usage().await.unwrap().rows, Some(300));
    let filter: Filter = "group = 'g1' and not (count < 100)".parse().unwrap();
    let forms = [Form::search("ten", 10), Form::search("some", 10).filtered(filter)];
    let session = engine.session(encoded(&*engine, &rows, &forms)).await.unwrap();
    for query in 0..20 {
        let vector = queries().row(query).to_vec();
        let reply = ask(&*session, OpRef::Search { form: 0, query }).await.unwrap();
        assert_eq!(reply.ids, rows.nearest(&vector, 10, |_| true));
        for (id, score) in reply.ids.iter().zip(&reply.scores) {
            assert!(
                (f64::from(*score) - Metric::L2.distance(&vector, rows.vector(*id as usize))).abs() < 1e-5
            );
        }
        let reply = ask(&*session, OpRef::Search { form: 1, query }).await.unwrap();
        assert_eq!(reply.ids, rows.nearest(&vector, 10, |row| row % 7 != 0 && row % 3 == 1 && row >= 100));
    }
    let fetched = ask(&*session, OpRef::Fetch { id: 17 }).await.unwrap();
    assert_eq!((fetched.ids.as_slice(), fetched.vector.as_slice()), (&[17][..], rows.vector(17)));
    assert!(ask(&*session, OpRef::Fetch { id: 5000 }).await.unwrap().ids.is_empty());
    let distance = ask(&*session, OpRef::Distance { query: 3, id: 17 }).await.unwrap();
    let truly = Metric::L2.distance(queries().row(3), rows.vector(17));
    assert!((f64::from(distance.scores[0]) - truly).abs() < 1e-5);

    // A row is found by the next search after it was written, and not after it was removed.
    let query = queries().row(0).to_vec();
    let double = [query.clone(), query.clone()].concat();
    let one = Batch { ids: &[700, 701], vectors: &double, label_rows: &[1, 2], ..rows.batch() };
    assert_eq!(ask(&*session, OpRef::Upsert { rows: one }).await.unwrap().affected, 2);
    assert_eq!(ask(&*session, OpRef::Upsert { rows: one }).await.unwrap().affected, 2);
    let mut first = ask(&*session, OpRef::Search { form: 0, query: 0 }).await.unwrap().ids[..2].to_vec();
    first.sort_unstable();
    assert_eq!(first, [700, 701]);
    assert_eq!(engine.usage().await.unwrap().rows, Some(302));
    let single = Batch { ids: &[700], vectors: &query, label_rows: &[1], ..rows.batch() };
    assert_eq!(ask(&*session, OpRef::Upsert { rows: single }).await.unwrap().affected, 1);
    assert_eq!(ask(&*session, OpRef::Delete { ids: &[700, 701, 9999] }).await.unwrap().affected, 2);
    assert_eq!(ask(&*session, OpRef::Delete { ids: &[] }).await.unwrap().affected, 0);
    let after = ask(&*session, OpRef::Search { form: 0, query: 0 }).await.unwrap().ids;
    assert_eq!(after, rows.nearest(&query, 10, |_| true));

    // What does not fit is refused and leaves nothing.
    let short = Batch { ids: &[800], dim: DIM - 1, vectors: &query[1..], label_rows: &[1], ..rows.batch() };
    assert!(matches!(ask(&*session, OpRef::Upsert { rows: short }).await, Err(OpError::Wrong(_))));
    let mut bad = query.clone();
    bad[2] = f32::NAN;
    let none = Batch { ids: &[800], vectors: &bad, label_rows: &[1], ..rows.batch() };
    assert!(matches!(ask(&*session, OpRef::Upsert { rows: none }).await, Err(OpError::Wrong(_))));
    engine.load(none).await.unwrap_err();
    assert!(ask(&*session, OpRef::Fetch { id: 800 }).await.unwrap().ids.is_empty());
    engine.destroy().await.unwrap();
    assert!(matches!(ask(&*session, OpRef::Search { form: 0, query: 0 }).await, Err(OpError::Other(_))));
}

#[test]
fn everything_prepared() {
    with("PGVECTOR_URL", async |url| everything(spec(url)).await);
}

#[test]
fn everything_without_prepared_statements() {
    with("PGVECTOR_URL", async |url| everything(PostgresSpec { prepared: Some(false), ..spec(url) }).await);
}

#[test]
fn everything_on_the_other_server() {
    with("VECTORSCALE_URL", async |url| everything(spec(url)).await);
}

#[test]
fn everything_behind_a_pooler() {
    with("PGBOUNCER_URL", async |url| {
        everything(PostgresSpec { pooler: Pooler::Transaction, ..spec(url) }).await;
    });
}

#[test]
fn everything_encrypted() {
    with("PGBOUNCER_URL", async |url| {
        let pooled = |url: &str| PostgresSpec { pooler: Pooler::Transaction, ..spec(url) };
        everything(pooled(&format!("{url}?sslmode=require"))).await;
        // Its authority is none that browsers know.
        let stranger = engine_of(pooled(&format!("{url}?sslmode=verify-full")), "{}").unwrap();
        let said = stranger.info().await.unwrap_err().to_string();
        assert!(said.contains("certificate") && said.contains("sslrootcert"), "{said}");
        let Ok(authority) = std::env::var("PGBOUNCER_CA") else { return };
        for mode in ["verify-ca", "verify-full", "require"] {
            let known = pooled(&format!("{url}?sslmode={mode}&sslrootcert={authority}"));
            engine_of(known, "{}").unwrap().info().await.unwrap();
        }
    });
}

#[test]
fn a_pooler_tells_of_its_pools() {
    with("PGBOUNCER_ADMIN_URL", async |console| {
        let Ok(url) = std::env::var("PGBOUNCER_URL") else { return };
        let engine = engine_of(
            PostgresSpec {
                pooler: Pooler::Transaction,
                pooler_console: Some(Secret::new(console)),
                ..spec(&url)
            },
            "{}",
        )
        .unwrap();
        engine.info().await.unwrap();
        let pools = engine.pools().await.unwrap();
        assert!(pools.iter().any(|pool| pool.name.starts_with("postgres/")), "{pools:?}");
        assert!(engine.pools().await.unwrap().is_empty(), "not again within a second");
    });
}

#[test]
fn a_point_holds_from_the_next_call_on() {
    with("PGVECTOR_URL", async |url| {
        for (pooler, url) in
            [(Pooler::None, Some(url.to_owned())), (Pooler::Transaction, std::env::var("PGBOUNCER_URL").ok())]
        {
            let Some(url) = url else { continue };
            let rows = Rows::new(50);
            let sql = "select current_setting('hnsw.ef_search')::int8 from $table order by embedding <-> $query limit 1";
            let spec = PostgresSpec { sql: Some(sql.to_owned()), pooler, ..spec(&url) };
            let engine = engine_of(spec, r#"{"index": {"hnsw": {}}}"#).unwrap();
            filled(&*engine, &rows).await;
            let session = engine.session(encoded(&*engine, &rows, &[Form::search("ef", 1)])).await.unwrap();
            for ef in [40, 100, 41] {
                engine.apply(&Params::from([("ef_search".to_owned(), ef)])).await.unwrap();
                assert_eq!(ask(&*session, OpRef::Search { form: 0, query: 0 }).await.unwrap().ids, [ef]);
            }
            engine.destroy().await.unwrap();
        }
    });
}

#[test]
fn eight_sessions_share_two_connections() {
    with("PGVECTOR_URL", async |url| {
        let threads = annvil_core::engine::driving_threads(usize::MAX);
        let spec = PostgresSpec {
            pool: Some(2 * threads),
            sql: Some("select pg_backend_pid(), pg_sleep(0.01)::text from $table limit 1".to_owned()),
            ..spec(url)
        };
        let rows = Rows::new(5);
        let engine = engine_of(spec, "{}").unwrap();
        filled(&*engine, &rows).await;
        let encoded = encoded(&*engine, &rows, &[Form::search("who", 1)]);
        let mut sessions = Vec::new();
        for _ in 0..8 {
            sessions.push(engine.session(Arc::clone(&encoded)).await.unwrap());
        }
        engine.observe().await.unwrap();
        let calls = sessions.iter().map(|session| ask(&**session, OpRef::Search { form: 0, query: 0 }));
        let mut backends: Vec<RowId> = futures_util::future::join_all(calls)
            .await
            .into_iter()
            .map(|reply| reply.unwrap().ids[0])
            .collect();
        backends.sort_unstable();
        backends.dedup();
        assert_eq!(backends.len(), 2);
        // A thread's waits are handed over with its last session.
        drop(sessions);
        let counted = engine.observe().await.unwrap();
        let waits = counted.connection_wait.unwrap();
        assert_eq!(waits.count(), 8);
        // Six of eight waited for at least one call of 10 ms.
        assert!(waits.quantile(0.5).0 > 5_000_000, "{}", waits.quantile(0.5));
        assert_eq!(engine.observe().await.unwrap().connection_wait, None);
        engine.destroy().await.unwrap();
    });
}

#[test]
fn a_call_that_was_given_up_disturbs_nobody() {
    with("PGVECTOR_URL", async |url| {
        let rows = Rows::new(5);
        // Slow for the first form only: `$k` is 30 there.
        let sql = "select $k::int8, pg_sleep(case when $k > 20 then 30 else 0 end)::text from $table limit 1";
        let spec = PostgresSpec { sql: Some(sql.to_owned()), ..spec(url) };
        let engine = engine_of(spec, "{}").unwrap();
        filled(&*engine, &rows).await;
        let encoded = encoded(&*engine, &rows, &[Form::search("slow", 30), Form::search("fast", 10)]);
        let session = engine.session(encoded).await.unwrap();
        for _ in 0..2 {
            let slow = ask(&*session, OpRef::Search { form: 0, query: 0 });
            tokio::time::timeout(Duration::from_millis(50), slow).await.unwrap_err();
            let fast = ask(&*session, OpRef::Search { form: 1, query: 0 });
            let fast = tokio::time::timeout(Duration::from_secs(5), fast).await.unwrap().unwrap();
            assert_eq!(fast.ids, [10]);
        }
        // What was given up does not go on in the server: a table in use could not be dropped.
        tokio::time::timeout(Duration::from_secs(8), engine.destroy()).await.unwrap().unwrap();
    });
}

#[test]
fn time_limits_of_the_server_are_timeouts() {
    with("PGVECTOR_URL", async |url| {
        let rows = Rows::new(5);
        let limited = PostgresSpec {
            statement_timeout: HumanDuration::from_millis(300),
            lock_timeout: HumanDuration::from_millis(100),
            table: Some("wire_limits".to_owned()),
            ..spec(url)
        };
        let sql = "select 1::int8, pg_sleep(10)::text from $table limit 1";
        let slow = engine_of(PostgresSpec { sql: Some(sql.to_owned()), ..limited.clone() }, "{}").unwrap();
        filled(&*slow, &rows).await;
        let session = slow.session(encoded(&*slow, &rows, &[Form::search("slow", 1)])).await.unwrap();
        assert_eq!(ask(&*session, OpRef::Search { form: 0, query: 0 }).await, Err(OpError::Timeout));
        slow.destroy().await.unwrap();
        drop(session);
        drop(slow);

        let engine = engine_of(limited, "{}").unwrap();
        filled(&*engine, &rows).await;
        let session = engine.session(encoded(&*engine, &rows, &[Form::search("ten", 10)])).await.unwrap();
        let (other, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other
            .batch_execute("BEGIN; LOCK TABLE annvil_wire.wire_limits IN ACCESS EXCLUSIVE MODE")
            .await
            .unwrap();
        assert_eq!(ask(&*session, OpRef::Search { form: 0, query: 0 }).await, Err(OpError::Timeout));
        other.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(ask(&*session, OpRef::Search { form: 0, query: 0 }).await.unwrap().ids.len(), 5);
        engine.destroy().await.unwrap();
    });
}

#[test]
fn a_connection_that_is_lost_is_opened_again() {
    with("PGVECTOR_URL", async |url| {
        let rows = Rows::new(5);
        let sql = "select pg_backend_pid() from $table limit 1";
        let spec = PostgresSpec { sql: Some(sql.to_owned()), ..spec(url) };
        let engine = engine_of(spec, "{}").unwrap();
        filled(&*engine, &rows).await;
        let session = engine.session(encoded(&*engine, &rows, &[Form::search("who", 1)])).await.unwrap();
        let who = async || ask(&*session, OpRef::Search { form: 0, query: 0 }).await;
        let first = who().await.unwrap().ids[0];
        let (other, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other.execute("select pg_terminate_backend($1::int8::int4)", &[&first.cast_signed()]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        // Known to be lost before anything is sent, or told by the call that finds it.
        let second = match who().await {
            Ok(reply) => reply.ids[0],
            Err(OpError::Refused(why)) => {
                assert!(why.contains("57P01") || why.contains("closed"), "{why}");
                who().await.unwrap().ids[0]
            }
            Err(other) => panic!("{other}"),
        };
        assert_ne!(first, second);
        engine.destroy().await.unwrap();
    });
}

#[test]
fn a_password_is_in_no_error() {
    with("PGVECTOR_URL", async |url| {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, place) = rest.rsplit_once('@').unwrap();
        let name = user.split_once(':').unwrap().0;
        let (host, _) = place.rsplit_once('/').unwrap();
        for (url, why) in [
            (format!("{scheme}://{name}:hunter2secret@{place}"), "28P01"),
            (format!("{scheme}://{user}@{host}/no_such_database"), "3D000"),
            (format!("{scheme}://{name}:hunter2secret@127.0.0.1:1/postgres"), "refused"),
            (format!("{scheme}://{name}:hunter2secret@{place}?sslmode=require"), ""),
        ] {
            let engine = engine_of(spec(&url), "{}").unwrap();
            let error = engine.info().await.unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(said.contains(why), "{said}");
            assert!(said.contains("connect to 127.0.0.1"), "{said}");
            assert!(!said.contains("hunter2secret"), "{said}");
            assert!(!said.contains(user), "{said}");
        }
    });
}

#[test]
fn a_table_of_somebody_else_is_left_alone() {
    with("PGVECTOR_URL", async |url| {
        let (other, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other
            .batch_execute("create schema if not exists annvil_wire; create table if not exists annvil_wire.theirs (id bigint)")
            .await
            .unwrap();
        let theirs = PostgresSpec { table: Some("theirs".to_owned()), ..spec(url) };
        let engine = engine_of(theirs, "{}").unwrap();
        let said = engine.create(&Rows::new(5).schema()).await.unwrap_err().to_string();
        assert!(said.contains("not made by Annvil"), "{said}");
        engine.destroy().await.unwrap();
        other.batch_execute("drop table annvil_wire.theirs").await.unwrap();
    });
}

#[test]
fn an_existing_table_is_only_read() {
    with("PGVECTOR_URL", async |url| {
        let (other, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other
            .batch_execute(
                "create extension if not exists vector; create schema if not exists annvil_wire; \
                 drop table if exists annvil_wire.items; create table annvil_wire.items (name text, v vector(12)); \
                 insert into annvil_wire.items select 'n' || i, array_fill(i, array[12])::vector from generate_series(0, 9) i",
            )
            .await
            .unwrap();
        let mut rows = Rows::new(10);
        let mut names = Column::new(LabelType::Text);
        (0..10).for_each(|i| names.push(Some(LabelValue::Text(format!("n{i}")))).unwrap());
        rows.labels = Labels::new(BTreeMap::from([("name".to_owned(), names)])).unwrap();
        let read_only = PostgresSpec {
            sql: Some(
                "select name, v <-> $query from annvil_wire.items where $filter order by 2 limit $k"
                    .to_owned(),
            ),
            id_label: Some("name".to_owned()),
            read_only: true,
            set: BTreeMap::from([("jit".to_owned(), Setting("off".to_owned()))]),
            ..spec(url)
        };
        let engine = engine_of(read_only, "{}").unwrap();
        filled(&*engine, &rows).await;
        let forms = [
            Form::search("ten", 3),
            Form::search("some", 3).filtered("name in ('n5', 'n7')".parse().unwrap()),
            Form::of("fetch", Operation::Fetch, 0),
        ];
        let session = engine.session(encoded(&*engine, &rows, &forms)).await.unwrap();
        assert_eq!(ask(&*session, OpRef::Search { form: 0, query: 0 }).await.unwrap().ids, [0, 1, 2]);
        assert_eq!(ask(&*session, OpRef::Search { form: 1, query: 0 }).await.unwrap().ids, [5, 7]);
        assert!(matches!(ask(&*session, OpRef::Fetch { id: 1 }).await, Err(OpError::Unsupported(_))));
        engine.destroy().await.unwrap();
        assert_eq!(
            other.query_one("select count(*) from annvil_wire.items", &[]).await.unwrap().get::<_, i64>(0),
            10
        );
        other.batch_execute("drop table annvil_wire.items").await.unwrap();
    });
}

#[test]
fn a_server_may_die_and_come_back() {
    with("PGVECTOR_BIN", async |bin| {
        let scratch = xtask::services::folders::Scratch::new().unwrap();
        let install = xtask::services::postgres::Install { bin: bin.into() };
        let mut server =
            xtask::services::postgres::Server::start(&install, &scratch.path.join("server"), &[]).unwrap();
        let rows = Rows::new(20);
        let engine = engine_of(spec(&server.url()), "{}").unwrap();
        filled(&*engine, &rows).await;
        let session = engine.session(encoded(&*engine, &rows, &[Form::search("ten", 10)])).await.unwrap();
        let search = async || ask(&*session, OpRef::Search { form: 0, query: 0 }).await;
        let answer = search().await.unwrap();
        // In order: data is kept, and the connection is opened again.
        server.restart().unwrap();
        let after = match search().await {
            Err(OpError::Refused(_)) => search().await,
            other => other,
        };
        assert_eq!(after.unwrap(), answer);
        assert_eq!(engine.usage().await.unwrap().rows, Some(20));
        // As a crash: every call says so, and none hangs.
        server.kill().unwrap();
        for _ in 0..3 {
            let gone = tokio::time::timeout(Duration::from_secs(5), search()).await.unwrap();
            assert!(matches!(gone, Err(OpError::Refused(_))), "{gone:?}");
        }
        assert!(matches!(engine.usage().await, Err(EngineError::Failed { .. })));
        server.restart().unwrap();
        assert_eq!(search().await.unwrap(), answer);
        engine.destroy().await.unwrap();
    });
}
