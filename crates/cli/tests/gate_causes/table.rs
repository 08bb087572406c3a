//! Causes in a server: a table with an index of its own, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::common::{alone, stderr};
use super::server::{Database, run, sql};
use super::{Place, named, of};

const SELECT: &str = "select key, embedding <=> $query from items where $filter";
const ORDER: &str = "order by embedding <=> $query limit $k";

/// A statement with a further condition that costs something and always holds.
fn statement(condition: &str) -> String {
    format!("engine.postgres.sql={SELECT} and {condition} {ORDER}")
}

/// Processor time of some 2 ms in every call.
const WORK: &str = "(select count(*) from generate_series(1, 20000)) > 0";

/// A call that waits so many seconds without a processor.
fn sleep(seconds: f64) -> String {
    statement(&format!("(select true from pg_sleep({seconds}))"))
}

/// A table of so many rows of 50 tenants, and a scenario that measures it as it is, without a word of its index.
fn items(rows: usize, variant: &str, phase: &str) -> Option<(Database, Place)> {
    let database = Database::of("PGVECTOR_URL")?;
    database.sql(&format!(
        "create extension vector; create extension pg_buffercache; \
         create table items (key bigint primary key, tenant text, embedding vector(64)); \
         select setseed(0.42); \
         insert into items select i, 't' || i % 50, \
           array(select random() - 0.5 from generate_series(1, 64) where i > 0)::real[]::vector from generate_series(1, {rows}) i; \
         create index on items using hnsw (embedding vector_cosine_ops); analyze items"
    ));
    let scenario = format!(
        "
data: ./set
engine:
  postgres:
    read_only: true
    id_label: key
    sql: {SELECT} {ORDER}
variants: {{table: {{{variant}}}}}
phases:
  - verify: {{queries: 3, writes: false}}
  - search: {{k: 10, {phase}}}
"
    );
    let place = Place::of(&scenario, &database.url);
    let set = place.path().join("set");
    let flags =
        ["--table", "items", "--labels", "tenant", "--metric", "cosine", "--queries", "100", "--into"];
    let got = run("", &[&["data", "get", &database.url], &flags[..], &[set.to_str().unwrap()]].concat());
    assert_eq!(got.status.code(), Some(0), "{}", stderr(&got));
    Some((database, place))
}

/// A session that takes table and index out of the server's buffers again and again, until dropped.
struct Sweeper(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl Sweeper {
    fn start(url: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, url) = (Arc::clone(&stop), url.to_owned());
        let sweep = move || {
            while !told.load(Ordering::Relaxed) {
                sql(
                    &url,
                    "do $$ begin for i in 1..50 loop \
                       perform pg_buffercache_evict_relation('items'), pg_buffercache_evict_relation('items_embedding_idx'); \
                       perform pg_sleep(0.002); \
                     end loop; end $$",
                );
            }
        };
        Self(stop, Some(std::thread::spawn(sweep)))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        let ended = self.1.take().map(JoinHandle::join);
        // Who could not sweep has proved nothing.
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))), "the sweeper failed");
    }
}

#[test]
fn four_ways_to_be_slow_have_a_cause_each() {
    let _alone = alone();
    let Some((database, place)) = items(6000, "", "for: 1s, warmup: 100") else { return };
    let Some(before) = place.measure(&[]) else { return };
    // The server works more for each call.
    let Some(_) = place.causes(&before, &[&statement(WORK)], &["server-bound"], &[]) else { return };
    // It waits for something else: there is no figure of that, and nothing is said.
    let Some(_) = place.causes(&before, &[&sleep(0.004)], &[], &[]) else { return };
    // Pages are read again, which is work, too.
    let sweeper = Sweeper::start(&database.url);
    let cold = place.causes(&before, &[], &["cache-misses"], &["server-bound"]);
    drop(sweeper);
    let Some(cold) = cold else { return };
    let report = place.judged(&before, &cold);
    assert_eq!(named(&report)[0], "cache-misses", "{:?}", report.causes);
    let sentence = &of(&report, "cache-misses").sentence;
    assert!(sentence.contains("the buffers held"), "{sentence}");
    // A scan is work, and right: nobody traded speed for that.
    database.sql("drop index items_embedding_idx");
    let Some(scan) = place.causes(&before, &[], &["index-not-used"], &["server-bound"]) else { return };
    let report = place.judged(&before, &scan);
    assert_eq!(named(&report)[0], "index-not-used", "{:?}", report.causes);
    assert_eq!((report.causes[0].evidence[0].a, report.causes[0].evidence[0].b), (1.0, 0.0));
}

#[test]
fn a_pool_that_is_too_small_makes_calls_wait() {
    let _alone = alone();
    let Some((_database, place)) = items(500, "", "sessions: 4, for: 1s, warmup: 50") else { return };
    let (calls, slower) = (sleep(0.002), sleep(0.006));
    let Some(before) = place.measure(&[&calls, "engine.postgres.pool=4"]) else { return };
    // A connection for each of the client's threads.
    let small = [&*calls, "engine.postgres.pool=1"];
    let Some(_) = place.causes(&before, &small, &["connection-waits"], &[]) else { return };
    // As slow for another reason, over as many connections.
    place.causes(&before, &[&slower, "engine.postgres.pool=4"], &[], &[]);
}

#[test]
fn answers_that_run_out_of_candidates_are_told_from_worse_ones() {
    let variant = "index: {hnsw: {}}, search: {ef_search: 100, iterative_scan: strict_order, set: {enable_seqscan: off}}";
    let phase = "queries: 300, warmup: 20, where: \"tenant = 't3'\"";
    let _alone = alone();
    let Some((_database, place)) = items(6000, variant, phase) else { return };
    let Some(before) = place.measure(&[]) else { return };
    // The index hands over its hundred nearest, of which two are the tenant's. That is faster, too.
    let off = ["variants.table.search.iterative_scan=off"];
    let Some(off) = place.causes(&before, &off, &["short-answers"], &["recall-traded"]) else { return };
    let report = place.judged(&before, &off);
    assert_eq!(named(&report)[0], "short-answers", "{:?}", report.causes);
    assert_eq!((report.causes[0].evidence[0].a, report.causes[0].evidence[0].b), (0.0, 300.0));
    // As wrong for another reason: the scan ends early, with ten answers.
    let early = ["variants.table.search.max_scan_tuples=600"];
    place.causes(&before, &early, &["recall-traded"], &[]);
}
