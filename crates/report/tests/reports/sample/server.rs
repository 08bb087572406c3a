//! A run on a server: tables, sizes, what the server counted, how it answers, what could be set otherwise.

use annvil_core::histogram::Histogram;
use annvil_core::record::{PhaseResult, RunRecord};
use annvil_core::server::{Advice, PlanRecord, PoolFigures, ServerFigures};
use annvil_core::units::{Bytes, Nanos};
use serde_json::{Value, json};

use super::{Nature, build, judge};

const SCAN: &str = "Limit  (cost=1181.00..1181.03 rows=10 width=16)
  ->  Sort  (cost=1181.00..1206.00 rows=10000 width=16)
        Sort Key: ((embedding <=> $1))
        ->  Seq Scan on scan_1 (cost=0.00..965.00 rows=10000 width=16)";

const INDEX: &str = "Limit  (cost=48.05..52.90 rows=10 width=16)
  ->  Index Scan using hnsw_1_embedding_idx on hnsw_1 (cost=48.05..4900.05 rows=10000 width=16)
        Order By: (embedding <=> $1)";

/// Two sizes, each with its baseline.
pub(crate) fn served() -> RunRecord {
    let hnsw = json!({"hnsw": {"m": 16, "ef_construction": 64}});
    let bits = json!({"hnsw": {"m": 16, "ef_construction": 64, "quantize": "bit"}});
    let of = |p50, recall, half, build, index, codes| Nature { p50, recall, half, build, index, codes };
    let search = json!({"ef_search": 64});
    let variants: Vec<(&str, Value, Nature)> = vec![
        ("scan 1k", json!({"baseline": true, "rows": 1000}), of(520.0, 1.0, 0.0, 0.0, 0.0, 1536.0)),
        (
            "hnsw 1k",
            json!({"index": hnsw, "search": search, "rows": 1000}),
            of(210.0, 0.998, 0.0009, 0.2, 2.1, 1536.0),
        ),
        ("scan 10k", json!({"baseline": true, "rows": 10_000}), of(5200.0, 1.0, 0.0, 0.0, 0.0, 1536.0)),
        (
            "hnsw 10k",
            json!({"index": hnsw, "search": search, "rows": 10_000}),
            of(410.0, 0.985, 0.0021, 4.4, 20.5, 1536.0),
        ),
        (
            "halfvec 10k",
            json!({"index": hnsw, "search": search, "storage": "f16", "rows": 10_000}),
            of(390.0, 0.985, 0.0021, 3.9, 10.3, 768.0),
        ),
        (
            "bits 10k",
            json!({"index": bits, "search": search, "rerank": {"candidates": 200}, "rows": 10_000,
                "postgres": {"partial": ["pos = 'n'"], "partition_by": "lexname"}}),
            of(330.0, 0.93, 0.004, 1.1, 3.2, 48.0),
        ),
    ];
    let phases = json!([{"load": {}}, {"settle": {}}, {"verify": {}}, {"search": {"k": 10}}]);
    let objectives = json!([
        "search.recall@10.mean >= 0.95",
        "settle.stored <= 1.4 x baseline",
        "search.buffer_hits >= 99%"
    ]);
    let mut record = build(&variants, 1, &phases, &objectives, 1000);
    let url = json!({"postgres": {"url": "postgres://me:hunter2@127.0.0.1:5432/db"}});
    record.plan.engine = serde_json::from_value(url).unwrap();
    for block in &mut record.blocks {
        let planned = record.plan.variants.iter().find(|variant| variant.name == block.variant).unwrap();
        let rows = planned.rows(&record.plan.dataset) as u64;
        let (half, scans) = (block.variant.starts_with("halfvec"), block.variant.starts_with("scan"));
        let memory = block.memory.as_mut().unwrap();
        let table = rows * if half { 800 } else { 2070 };
        memory.own_process = false;
        memory.usage.rows = Some(rows);
        memory.usage.codes = None;
        memory.usage.table = Some(Bytes(table));
        memory.usage.out_of_line = Some(Bytes(if half { 0 } else { table * 9 / 10 }));
        memory.usage.buffers = Some(Bytes((table + memory.usage.index.unwrap().0) * 8 / 10));
        for phase in &mut block.phases {
            let mut wait = Histogram::new();
            (1..=200).for_each(|n| wait.record(Nanos(n * 1000)));
            let server = match &mut phase.result {
                PhaseResult::Verify { plans, .. } => {
                    let plan = if scans { SCAN } else { INDEX }.to_owned();
                    plans.push(PlanRecord { form: "search".to_owned(), plan });
                    continue;
                }
                PhaseResult::Load { .. } => {
                    ServerFigures { log: Some(Bytes(table + 70_000)), ..ServerFigures::default() }
                }
                PhaseResult::Settle(_) => ServerFigures {
                    temporary: Some(Bytes(if scans { 0 } else { 3_400_000 })),
                    log: Some(memory.usage.index.unwrap()),
                    ..ServerFigures::default()
                },
                _ => ServerFigures {
                    buffers_hit: Some(99_140),
                    buffers_read: Some(if scans { 860 } else { 0 }),
                    log: Some(Bytes(0)),
                    temporary: Some(Bytes(0)),
                    connection_wait: Some(wait),
                    connections: Some(2),
                    pools: vec![PoolFigures {
                        name: "db me".to_owned(),
                        clients_active: 2,
                        clients_waiting: 8,
                        servers_active: 2,
                        longest_wait: Nanos(4_100_000),
                        ..PoolFigures::default()
                    }],
                    ..ServerFigures::default()
                },
            };
            phase.server = Some(Box::new(server));
        }
        block.advice = vec![Advice {
            setting: "shared_buffers".to_owned(),
            value: "128 MB".to_owned(),
            because: format!("shared_buffers is 128 MB, table and index are {} MB", 21 * rows / 1000),
            try_this: "shared_buffers = 512MB, which takes a restart".to_owned(),
        }];
    }
    judge(&mut record);
    record
}
