//! Against real servers: what is sent is what is stored, and what is asked is what is meant.

mod build;
mod filter;
mod plan;
mod refused;
mod stored;
mod values;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use annvil_core::engine::Schema;
use annvil_core::form::Form;
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::operation::Batch;
use annvil_core::scenario::{PostgresSpec, Variant};
use annvil_core::secret::Secret;
use bytes::BytesMut;
use futures_util::SinkExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::build::Builder;
use super::design::{self, Design};
use super::plan::{Claim, explain};
use super::rows::{Raw, from_bigint};
use super::server::ServerFacts;
use super::{mark, statement};

/// No index of these tests takes as long.
const LIMIT: Duration = Duration::from_mins(1);

/// Dimensions of the vectors of these tests.
const DIM: usize = 16;

/// A server that takes minutes to build, and is there only on demand.
const ON_DEMAND: &str = "RUVECTOR_URL";

/// Runs a test on the server of an environment variable. Without it the test is skipped, except in CI.
fn on_server(variable: &str, test: impl AsyncFnOnce(&str)) {
    let Ok(url) = std::env::var(variable) else {
        let needed = std::env::var_os("CI").is_some() && variable != ON_DEMAND;
        assert!(!needed, "{variable} is not set: run `cargo xtask services up`");
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        let said = writeln!(std::io::stderr(), "skipped {name}: {variable} is not set");
        return said.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test(&url));
}

/// A connection of its own.
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Settings of the engine; each test file has a schema of its own, so that they can run at the same time.
fn spec() -> PostgresSpec {
    PostgresSpec { schema: "annvil_unit".into(), ..PostgresSpec::default() }
}

/// A variant as it is written in a scenario.
fn variant(json: &str) -> Variant {
    serde_json::from_str(json).unwrap()
}

/// A table on a server, dropped by [`Collection::drop`].
struct Collection {
    client: Client,
    watcher: Client,
    tls: MakeRustlsConnect,
    design: Design,
    data: Data,
}

/// Rows with labels.
struct Data {
    ids: Vec<u64>,
    vectors: Vec<f32>,
    labels: Labels,
    rows: Vec<usize>,
    texts: Vec<String>,
}

impl Data {
    /// Rows with numbers in −1 to 1, or 0 and 1 for metrics of bits.
    fn new(rows: usize, metric: Metric) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let of_bits = matches!(metric, Metric::Hamming | Metric::Jaccard);
        let number = |x: f32| if of_bits { f32::from(x > 0.0) } else { x };
        let mut vectors: Vec<f32> = (0..rows * DIM).map(|_| number(random.random_range(-1.0..1.0))).collect();
        // No row of zeros, which has no direction.
        vectors.iter_mut().step_by(DIM).for_each(|x| *x = 1.0);
        Self {
            ids: (0..rows as u64).map(|i| if i == 0 { u64::MAX - 1 } else { i }).collect(),
            vectors,
            labels: labels(rows),
            rows: (0..rows).collect(),
            texts: (0..rows).map(|i| format!("text {i} of 'a' \\ \"b\" é")).collect(),
        }
    }

    fn vector(&self, i: usize) -> &[f32] {
        &self.vectors[i * DIM..(i + 1) * DIM]
    }

    /// Ids of the nearest rows of those that `wanted` selects, by definition.
    fn nearest(&self, metric: Metric, query: &[f32], k: usize, wanted: impl Fn(usize) -> bool) -> Vec<u64> {
        let mut found: Vec<(f64, u64)> = (0..self.ids.len())
            .filter(|i| wanted(*i))
            .map(|i| (metric.distance(query, self.vector(i)), self.ids[i]))
            .collect();
        found.sort_by(|a, b| a.partial_cmp(b).unwrap());
        found.into_iter().take(k).map(|(_, id)| id).collect()
    }
}

/// Labels of every type, each missing in some rows, with what is hard to write.
fn labels(rows: usize) -> Labels {
    let mut columns = BTreeMap::from(
        [
            ("text", LabelType::Text),
            ("id", LabelType::Int),
            ("a \"b\"", LabelType::Float),
            ("flag", LabelType::Bool),
            ("tags", LabelType::TextList),
        ]
        .map(|(name, kind)| (name.to_owned(), Column::new(kind))),
    );
    let texts = ["n", "v", "it's", "back\\slash", "", "é"];
    let ints = [-3, 0, 1, 2, i64::from(i32::MAX) + 1, (1 << 53) + 1, i64::MAX, i64::MIN];
    let floats = [-2.5, -0.0, 0.5, 1.0, 1e300, f64::NAN, f64::INFINITY, 9_007_199_254_740_992.0];
    for i in 0..rows {
        let list = |n: usize| texts.iter().take(n).map(|text| (*text).to_owned()).collect();
        let values = [
            ("text", (i % 7 != 0).then(|| LabelValue::Text(texts[i % 6].to_owned()))),
            ("id", (i % 5 != 0).then(|| LabelValue::Int(ints[i % 8]))),
            ("a \"b\"", (i % 6 != 0).then(|| LabelValue::Float(floats[i % 8]))),
            ("flag", (i % 4 != 0).then_some(LabelValue::Bool(i % 3 == 0))),
            ("tags", (i % 3 != 0).then(|| LabelValue::TextList(list(i % 5)))),
        ];
        for (name, value) in values {
            columns.get_mut(name).unwrap().push(value).unwrap();
        }
    }
    Labels::new(columns).unwrap()
}

impl Collection {
    /// Makes a table, loads it and builds its indexes.
    async fn new(url: &str, table: &str, variant: &Variant, metric: Metric, rows: usize) -> Self {
        let collection = Self::loaded(url, spec(), table, variant, metric, rows).await;
        collection.build(LIMIT, &|_| ()).await.unwrap();
        collection
    }

    async fn loaded(
        url: &str,
        spec: PostgresSpec,
        table: &str,
        variant: &Variant,
        metric: Metric,
        rows: usize,
    ) -> Self {
        let (client, watcher) = (connect(url).await, connect(url).await);
        let data = Data::new(rows, metric);
        let schema =
            Schema { dim: DIM, metric, rows, sessions: 1, build_threads: 1, labels: data.labels.schema() };
        let facts = ServerFacts::ensure(&client, design::extension(variant), true).await.unwrap();
        let design = Design::new(&spec, variant, &schema, &facts, table).unwrap();
        design.check_class(&facts).unwrap();
        mark::create(&client, &design).await.unwrap();
        for statement in design.partitions(&data.labels).unwrap() {
            client.batch_execute(&statement).await.unwrap();
        }
        let tls = Address::new(&Secret::new(url), "url").unwrap().tls;
        let collection = Self { client, watcher, tls, design, data };
        collection.copy().await;
        collection
    }

    async fn copy(&self) {
        let Data { ids, vectors, labels, rows, texts } = &self.data;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let batch = Batch { ids, dim: DIM, vectors, labels, label_rows: rows, texts: &texts };
        let mut out = BytesMut::from(&b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"[..]);
        for i in 0..batch.len() {
            self.design.put_row(&mut out, &batch, i);
        }
        out.extend_from_slice(&(-1_i16).to_be_bytes());
        // In one transaction, for the pooler: a copy is prepared first.
        self.client.batch_execute("BEGIN").await.unwrap();
        let sink = self.client.copy_in(&self.design.copy()).await.unwrap();
        let mut sink = std::pin::pin!(sink);
        sink.send(out.freeze()).await.unwrap();
        assert_eq!(sink.finish().await.unwrap(), batch.len() as u64);
        self.client.batch_execute("COMMIT").await.unwrap();
    }

    async fn build(
        &self,
        limit: Duration,
        progress: &(dyn Fn(u64) + Sync),
    ) -> annvil_core::engine::Result<()> {
        let builder = Builder {
            design: &self.design,
            client: &self.client,
            watcher: &self.watcher,
            tls: &self.tls,
            is_local: true,
            threads: 1,
            deadline: Instant::now() + limit,
            progress,
        };
        builder.run().await
    }

    fn query(&self, query: &[f32]) -> Raw {
        let mut out = BytesMut::new();
        self.design.codec().encode(query, &mut out);
        Raw(Some(out.freeze()))
    }

    /// Ids and distances of a search, with the settings of a session.
    async fn search(&self, form: &Form, query: &[f32]) -> Vec<(u64, f32)> {
        self.set().await;
        let statement = statement::search(&self.design, form).unwrap();
        let query = self.query(query);
        let rows = self
            .client
            .query_typed(&statement.sql, &[(&query, statement.parameters[0].clone())])
            .await
            .unwrap_or_else(|error| panic!("{}: {error:?}", statement.sql));
        rows.iter().map(|row| (from_bigint(row.get(0)), self.design.operators.distance(row.get(1)))).collect()
    }

    async fn set(&self) {
        let point = self.design.variant.points().pop().unwrap_or_default();
        let set = super::knobs::set(&self.design.settings(&point), false).unwrap();
        self.client.batch_execute(&set).await.unwrap();
    }

    async fn explain(&self, form: &Form) -> annvil_core::server::Explained {
        let statement = statement::search(&self.design, form).unwrap();
        let point = self.design.variant.points().pop().unwrap_or_default();
        let condition =
            form.filter.as_ref().map(|part| super::filter::sql(part, &self.design.columns).unwrap());
        let claim = Claim::of(&self.design, condition.as_ref(), true);
        let query = self.query(self.data.vector(1));
        explain(&self.client, &self.design, &statement, Some(query), claim, &self.design.settings(&point))
            .await
            .unwrap()
    }

    async fn drop(self) {
        mark::remove(&self.client, &self.design).await.unwrap();
    }
}
