//! Whole runs behind pgbouncer in transaction mode.

use super::scenario::{Place, block, form, phase, recall};
use super::server::{Database, url};

#[test]
fn a_run_behind_a_pooler() {
    let Some(bouncer) = url("PGBOUNCER_URL") else { return };
    let Some(console) = url("PGBOUNCER_ADMIN_URL") else { return };
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let (start, _) = bouncer.rsplit_once('/').unwrap();
    let pooled = format!("{start}/{}", database.name);
    let scenario = "\
data: {name: wordnet-10k, rows: 800, queries_limit: 50}
engine: {postgres: {pooler: transaction, pool: 2}}
variants:
  scan: {baseline: true}
  hnsw: {index: {hnsw: {}}, search: {ef_search: [40, 200], set: {enable_seqscan: off}}, report_at: {ef_search: 200}}
phases:
  - verify: {queries: 20}
  - search: {k: 10, queries: 50, warmup: 5}
  - search: {name: many, k: 10, sessions: 8, for: 2500ms, warmup: 16, points: report}
  - mixed: {mix: {search: 70, upsert: 20, fetch: 5, delete: 5}, sessions: 4, for: 1s, checkpoints: 1}
";
    let place = Place::new(scenario);
    let set = format!("engine.postgres.pooler_console={console}");
    let record = place.run(&pooled, &["--set", &set]).good();
    assert_eq!(
        (recall(block(&record, "scan"), "search"), recall(block(&record, "scan"), "many")),
        (1.0, 1.0)
    );
    for block in &record.blocks {
        let many = form(block, "many");
        assert!(many.operations > 8 && many.failures.is_empty(), "{:?}", many.failures);
        assert!(form(block, "mixed").failures.is_empty());
        let server = phase(block, "many").server.as_ref().unwrap();
        // Eight sessions have two connections: most calls wait for theirs.
        let waits = server.connection_wait.as_ref().unwrap();
        assert!(waits.count() >= many.operations && waits.quantile(0.5).0 > 0, "{}", waits.count());
        // The two of the pool, and one that the harness opens for itself.
        assert!(matches!(server.connections, Some(2 | 3)), "{:?}", server.connections);
        let own = server.pools.iter().find(|pool| pool.name.starts_with(&format!("{}/", database.name)));
        let own = own.unwrap_or_else(|| panic!("no pool of ours: {:?}", server.pools));
        assert!(own.clients_active + own.servers_idle + own.servers_active > 0, "{own:?}");
    }
    let hnsw = block(&record, "hnsw");
    assert!(recall(hnsw, "many") > 0.95, "{}", recall(hnsw, "many"));
    let report = place.report();
    assert!(report.contains("pool"), "the report does not speak of pools");
}
