//! Every filter that travels with the data set in the box, answered by Postgres without an index, against exact answers.
//! Without a server a test says so and passes, except in CI.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::dataset::{DataSpec, Dataset};
use annvil_core::engine::{Engine, Schema};
use annvil_core::form::Form;
use annvil_core::operation::{Batch, OpRef, Reply};
use annvil_core::scenario::{EngineSpec, PostgresSpec, Variant};
use annvil_core::secret::Secret;
use annvil_core::units::Nanos;
use annvil_core::vector::RowId;
use annvil_data::boxed::filtered_answers;
use annvil_data::filtered::{self, Ask};
use annvil_engines::{Context, open};

/// The server's distances are of 32 bits.
const ROUNDING: f64 = 2e-6;

struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(async move { tokio::time::sleep(instant.saturating_sub(self.now()).into()).await })
    }
}

async fn filled(engine: &dyn Engine, set: &dyn Dataset) {
    let info = set.info();
    let schema = Schema {
        dim: info.dim,
        metric: info.metric,
        rows: info.rows,
        sessions: 1,
        build_threads: 1,
        labels: set.labels().schema(),
    };
    engine.create(&schema).await.unwrap();
    let (ids, at): (Vec<RowId>, Vec<usize>) = (0..info.rows).map(|row| (row as RowId, row)).unzip();
    let mut vectors = Vec::new();
    set.read_f32(0..info.rows, &mut vectors);
    let batch = Batch {
        ids: &ids,
        dim: info.dim,
        vectors: &vectors,
        labels: set.labels(),
        label_rows: &at,
        texts: &[],
    };
    engine.load(batch).await.unwrap();
    engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await.unwrap();
}

async fn every_filter(url: &str) {
    let set =
        annvil_data::open(&serde_json::from_str::<DataSpec>(r#"{"name": "wordnet-10k"}"#).unwrap()).unwrap();
    let asks: Vec<Ask> = filtered_answers()
        .unwrap()
        .into_iter()
        .map(|answer| Ask { query: answer.query, filter: answer.filter })
        .collect();
    assert_eq!(asks.len(), 600);
    let truth = filtered::truth(&*set, &asks, 10, 2).unwrap();
    let spec = PostgresSpec {
        url: Some(Secret::new(url)),
        schema: "annvil_filters".to_owned(),
        ..PostgresSpec::default()
    };
    let context = Context { clock: Arc::new(Wall(Instant::now())), scratch: std::env::temp_dir() };
    let engine = open(&EngineSpec::Postgres(Box::new(spec)), &Variant::default(), &context).unwrap();
    filled(&*engine, &*set).await;

    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut forms = Vec::new();
    for ask in &asks {
        places.entry(ask.filter.to_string()).or_insert_with(|| {
            forms.push(Form::search(format!("filter {}", forms.len()), 10).filtered(ask.filter.clone()));
            forms.len() - 1
        });
    }
    assert!(forms.len() > 100, "{}", forms.len());
    let encoded = engine.encode(&forms, set.queries(), set.labels()).unwrap();
    let session = engine.session(encoded).await.unwrap();
    let (mut reply, mut same) = (Reply::default(), 0);
    let mut row = Vec::new();
    for (ask, exact) in asks.iter().zip(&truth) {
        let (Ask { query, filter }, name) = (ask, format!("query {} where {}", ask.query, ask.filter));
        let op = OpRef::Search { form: places[&filter.to_string()], query: *query };
        session.call(op, &mut reply).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(reply.ids.len(), exact.possible(10), "{name}");
        let predicate = filter.compile(set.labels()).unwrap();
        for (rank, (id, wanted)) in reply.ids.iter().zip(&exact.distances).enumerate() {
            let at = *id as usize;
            assert!(predicate.matches(set.labels(), at), "{name}: row {id} is not selected");
            assert!(!reply.ids[..rank].contains(id), "{name}: row {id} twice");
            row.clear();
            set.read_f32(at..at + 1, &mut row);
            let distance = set.info().metric.distance(set.queries().row(*query), &row);
            // Only rows that are equally far may stand in for each other.
            assert!(
                (distance - wanted).abs() < ROUNDING,
                "{name}: row {id} at {rank}: {distance}, not {wanted}"
            );
            assert!((f64::from(reply.scores[rank]) - distance).abs() < ROUNDING, "{name}: score of row {id}");
        }
        same += usize::from(reply.ids == exact.ids);
    }
    assert!(same >= 590, "{same} of 600 in the same order");
    engine.destroy().await.unwrap();
}

#[test]
fn every_filter_of_the_data_set() {
    let Ok(url) = std::env::var("PGVECTOR_URL") else {
        assert!(std::env::var_os("CI").is_none(), "PGVECTOR_URL is not set: run `cargo xtask services up`");
        return eprintln!("skipped every_filter_of_the_data_set: PGVECTOR_URL is not set");
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(every_filter(&url));
}
