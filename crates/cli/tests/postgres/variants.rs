//! Every kind of storage and index through a whole run, held against exact answers.

use annvil_core::record::RunRecord;

use super::scenario::{Place, block, form, recall, verified};
use super::server::Database;

fn run(database: &Database, variants: &str) -> RunRecord {
    let scenario = format!(
        "data: {{name: wordnet-10k, rows: 1500, queries_limit: 60}}
engine: postgres
variants:
{variants}phases:
  - verify: {{queries: 60}}
  - search: {{k: 10, queries: 60, warmup: 10}}
  - search: {{name: verbs, k: 10, queries: 60, warmup: 10, where: pos = 'v'}}
"
    );
    let record = Place::new(&scenario).run(&database.url, &[]).good();
    for block in &record.blocks {
        let (checks, plans) = verified(block);
        assert!(checks.len() > 10 && checks.iter().all(|check| check.passed), "{}", block.variant);
        assert!(checks.iter().any(|check| check.form == "writes"), "{}", block.variant);
        assert_eq!(plans.len(), 2, "{}", block.variant);
        for phase in ["search", "verbs"] {
            let form = form(block, phase);
            assert!(form.operations == 60 && form.failures.is_empty(), "{}: {form:?}", block.variant);
        }
    }
    // No table is left of it. The extension pg_buffercache may be, with views of its own.
    let left = database.sql(
        "select relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'annvil' and relkind in ('r', 'p', 'i', 'I')",
    );
    assert_eq!(left, Vec::<String>::new());
    record
}

/// The plan of the form without a filter goes by an index of this kind, and there is one.
#[track_caller]
fn goes_by_index(record: &RunRecord, variant: &str) {
    let block = block(record, variant);
    let (_, plans) = verified(block);
    assert!(plans[0].contains("Index Scan using"), "{}", plans[0]);
    assert!(block.memory.as_ref().unwrap().usage.index.unwrap().0 > 0);
}

#[test]
fn every_storage_and_index_of_pgvector() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let graph = "search: {ef_search: 200, iterative_scan: relaxed_order, set: {enable_seqscan: off}}";
    let record = run(
        &database,
        &format!(
            "  scan: {{baseline: true}}
  half scan: {{storage: halfvec}}
  sparse: {{storage: sparsevec}}
  hnsw: {{index: {{hnsw: {{}}}}, {graph}}}
  halfvec: {{storage: halfvec, index: {{hnsw: {{}}}}, {graph}}}
  half index: {{index: {{hnsw: {{quantize: halfvec}}}}, {graph}}}
  bits: {{index: {{hnsw: {{quantize: bit}}}}, rerank: {{candidates: 200}}, {graph}}}
  lists: {{index: {{ivfflat: {{lists: 20}}}}, search: {{probes: 20, set: {{enable_seqscan: off}}}}}}
"
        ),
    );
    // All rows are looked at; sparse vectors are the same numbers written otherwise.
    for variant in ["scan", "sparse", "lists"] {
        let block = block(&record, variant);
        assert_eq!((recall(block, "search"), recall(block, "verbs")), (1.0, 1.0), "{variant}");
    }
    // The rows are of 16 bits themselves; the queries are rounded.
    for (variant, least) in
        [("half scan", 0.995), ("hnsw", 0.98), ("halfvec", 0.98), ("half index", 0.98), ("bits", 0.95)]
    {
        let block = block(&record, variant);
        let found = (recall(block, "search"), recall(block, "verbs"));
        assert!(found.0 >= least && found.1 >= least, "{variant}: {found:?}");
    }
    for variant in ["hnsw", "halfvec", "half index", "bits", "lists"] {
        goes_by_index(&record, variant);
    }
    assert!(verified(block(&record, "scan")).1[0].contains("Seq Scan"));
}

#[test]
fn the_graph_of_pgvectorscale() {
    let Some(database) = Database::of("VECTORSCALE_URL") else { return };
    let record = run(
        &database,
        "  scan: {baseline: true}
  diskann: {index: {diskann: {}}, search: {search_list_size: 200, rescore: 200, set: {enable_seqscan: off}}}
",
    );
    let scan = block(&record, "scan");
    assert_eq!((recall(scan, "search"), recall(scan, "verbs")), (1.0, 1.0));
    let found = recall(block(&record, "diskann"), "search");
    assert!(found >= 0.95, "{found}");
    goes_by_index(&record, "diskann");
}
