//! Records with plausible figures: every random value comes from a fixed seed.

use std::collections::BTreeMap;

use annvil_core::dataset::DatasetInfo;
use annvil_core::document::Document;
use annvil_core::engine::{EngineInfo, Promise, Settled, Usage};
use annvil_core::form::{Form, Operation, Params, Scores};
use annvil_core::histogram::Histogram;
use annvil_core::key::MetricKey;
use annvil_core::metric::Metric;
use annvil_core::objective::{Grade, Reference, Selector, Target};
use annvil_core::plan::{Plan, stream};
use annvil_core::quantity::Stat;
use annvil_core::record::{
    Block, Build, Check, Environment, Failure, FailureKind, Floor, FormRecord, Interval, Judged,
    MemoryRecord, MetricValue, ObjectiveResult, PhaseRecord, PhaseResult, RecallRecord, RunRecord, SCHEMA,
    Share, Status, ValidityCheck, metrics,
};
use annvil_core::scenario::{self, Phase, Scenario, point_name};
use annvil_core::units::{Bytes, Nanos};
use annvil_core::vector::Element;
use rand::Rng;
use serde_json::{Value, json};

mod limit;
pub(crate) mod load;
mod resources;
pub(crate) mod server;

/// Queries of a search phase.
const QUERIES: u64 = 10_000;

/// How a variant behaves.
#[derive(Clone)]
pub(crate) struct Nature {
    /// Median of a search at ef 64, in microseconds.
    pub(crate) p50: f64,
    /// Recall at ef 64.
    pub(crate) recall: f64,
    /// Half width of its interval.
    pub(crate) half: f64,
    /// Time of building, in seconds.
    pub(crate) build: f64,
    /// Bytes of the index, in MB.
    pub(crate) index: f64,
    /// Bytes of the codes of a row.
    pub(crate) codes: f64,
}

/// Variants of the usual scenario and their natures.
pub(crate) fn usual() -> Vec<(&'static str, Value, Nature)> {
    let hnsw = json!({"hnsw": {"m": 16, "ef_construction": 128}});
    let of = |p50, recall, half, build, index, codes| Nature { p50, recall, half, build, index, codes };
    vec![
        ("exact f32", json!({"index": "none", "baseline": true}), of(340.0, 1.0, 0.0, 0.0, 15.4, 1536.0)),
        (
            "hnsw f32",
            json!({"index": hnsw, "search": {"ef_search": [16, 32, 64, 128]}, "report_at": {"ef_search": 64}}),
            of(68.0, 0.9951, 0.0012, 4.9, 17.9, 1536.0),
        ),
        (
            "hnsw f16",
            json!({"index": hnsw, "storage": "f16", "search": {"ef_search": [16, 32, 64, 128]}, "report_at": {"ef_search": 64}}),
            of(51.0, 0.9950, 0.0012, 4.1, 10.6, 768.0),
        ),
        (
            "hnsw i8",
            json!({"index": hnsw, "storage": "i8", "search": {"ef_search": [16, 32, 64, 128]}, "report_at": {"ef_search": 64}}),
            of(37.0, 0.9642, 0.0031, 3.8, 6.9, 384.0),
        ),
    ]
}

fn phases() -> Value {
    json!([
        {"load": {}}, {"settle": {}}, {"verify": {}},
        {"search": {"k": 10, "warmup": 1000}},
        {"search": {"name": "two-sessions", "sessions": 2, "points": "report", "for": "12s"}},
        {"search": {"name": "plants", "where": "lexname = 'noun.plant'", "points": "report"}},
        {"fetch": {}}, {"distance": {}}, {"persist": {}}, {"restore": {}}
    ])
}

/// A run of `variants` in `blocks` blocks.
pub(crate) fn run(variants: &[(&str, Value, Nature)], blocks: u32) -> RunRecord {
    build(variants, blocks, &phases(), &objectives(), QUERIES)
}

/// The smallest run that still shows something: the fixture of the crate's example.
pub(crate) fn small() -> RunRecord {
    let variants = usual().into_iter().take(3).map(|(name, mut configuration, nature)| {
        configuration["search"] = if name == "exact f32" { json!({}) } else { json!({"ef_search": 64}) };
        (name, configuration, nature)
    });
    let variants = variants.collect::<Vec<_>>();
    let phases = json!([{"load": {}}, {"settle": {}}, {"verify": {}}, {"search": {"k": 10}}]);
    build(&variants, 1, &phases, &objectives(), 1000)
}

fn objectives() -> Value {
    json!([
        "search.recall@10.mean >= 0.95",
        "*.service.mean < 10ms, critical 50ms",
        {"settle.memory <= 0.7 x baseline": {"except": {"hnsw f32": "kept as the reference of the graph; it stores what the baseline stores"}}},
        "search.throughput >= 5 x baseline"
    ])
}

fn build(
    variants: &[(&str, Value, Nature)],
    blocks: u32,
    phases: &Value,
    objectives: &Value,
    queries: u64,
) -> RunRecord {
    let map: indexmap::IndexMap<String, Value> =
        variants.iter().map(|(name, configuration, _)| ((*name).to_owned(), configuration.clone())).collect();
    let text = format!(
        r#"{{"why": "Does an HNSW index make our search fast enough, and is it still right?", "data": "wordnet-10k",
            "engine": {{"embedded": {{}}}}, "variants": {}, "phases": {phases}, "blocks": {blocks}, "objectives": {objectives}}}"#,
        serde_json::to_string(&map).unwrap(),
    );
    // Names that no scenario may have stand in records that somebody else wrote: only shapes need a scenario that holds.
    let scenario: Scenario = match scenario::read(&Document::parse("quick.yaml", &text).unwrap()) {
        Ok(scenario) => scenario,
        Err(_) => serde_json::from_str(&text).unwrap(),
    };
    let data = DatasetInfo {
        name: "WordNet-10k".to_owned(),
        rows: 10_000,
        dim: 384,
        element: Element::F16,
        metric: Metric::Cosine,
        queries: 1000,
        content_hash: "9f1c".repeat(16),
        licence: Some("WordNet 3.0 licence; embeddings made with all-MiniLM-L6-v2".to_owned()),
    };
    let plan = Plan::new("quick", &scenario, data, 2);
    let mut record = RunRecord {
        schema: SCHEMA,
        id: "2026-11-21T10-04-12-quick-3f9a".to_owned(),
        build: Build {
            version: "0.1.0".to_owned(),
            commit: "4d1f0c2".to_owned(),
            compiler: "rustc 1.95.0".to_owned(),
            profile: "release".to_owned(),
        },
        status: Status::Complete,
        started: "2026-11-21T10:04:12Z".to_owned(),
        seconds: 83.2,
        plan_hash: "3f9a".repeat(16),
        plan,
        environment: environment(),
        origin: annvil_core::record::Origin::default(),
        floor: Some(Floor {
            one_session_ns: 190.3,
            two_sessions_ns: Some(204.9),
            open_ns: Some(231.0),
            lag_p50: Some(Nanos(9_400)),
            lag_p99: Some(Nanos(38_000)),
        }),
        blocks: Vec::new(),
        objectives: Vec::new(),
    };
    for (number, names) in record.plan.order.clone().iter().enumerate() {
        for name in names {
            let (_, _, nature) = variants.iter().find(|(own, ..)| own == name).unwrap();
            let made = block(&record.plan, name, number as u32, nature, queries);
            record.blocks.push(made);
        }
    }
    judge(&mut record);
    record
}

fn environment() -> Environment {
    Environment {
        cpu: Some("Intel Xeon @ 2.00 GHz".to_owned()),
        cpu_flags: ["avx2", "avx512f", "f16c", "fma"].map(str::to_owned).to_vec(),
        cores: 2,
        affinity: vec![0, 1],
        memory: Some(Bytes(8_320_000_000)),
        swap: Some(Bytes(0)),
        kernel: Some("Linux 6.8.0".to_owned()),
        virtualization: Some("kvm".to_owned()),
        container_limits: BTreeMap::from([("cpu.max".to_owned(), "max 100000".to_owned())]),
        load_average: Some(0.31),
        steal: Some(0.002),
        fingerprint: "a90c41d27e55b813".to_owned(),
        ..Environment::default()
    }
}

/// A latency that looks like that of a search: a log-normal body and a rare slow tail.
fn one(random: &mut impl Rng, median: f64) -> Nanos {
    let mut uniform = || (f64::from(random.next_u32()) + 1.0) / (f64::from(u32::MAX) + 2.0);
    let normal: f64 = f64::sqrt(-2.0 * uniform().ln()) * (uniform() * std::f64::consts::TAU).cos();
    let slow = if random.next_u32().is_multiple_of(400) { 2.6 } else { 1.0 };
    Nanos((median * (normal * 0.19).exp() * slow) as u64)
}

fn latencies(random: &mut impl Rng, median: f64, samples: u64) -> Histogram {
    let mut histogram = Histogram::new();
    for _ in 0..samples {
        histogram.record(one(random, median));
    }
    histogram
}

#[allow(clippy::too_many_lines, reason = "an arm for each phase")]
fn block(plan: &Plan, name: &str, number: u32, nature: &Nature, queries: u64) -> Block {
    let mut random = stream(42, &format!("{name} {number}"));
    let variant = plan.variant(name).unwrap();
    let drift = 1.0 + (f64::from(random.next_u32() % 100) - 50.0) / 2500.0;
    let mut phases = Vec::new();
    let mut began = 0;
    let mut put =
        |name: &str, kind: &str, point: &Params, seconds: f64, result: PhaseResult, parts: &[(&str, f64)]| {
            let valid = matches!(result, PhaseResult::Measured { .. });
            let share = |(what, part): &(&str, f64)| Share {
                what: (*what).to_owned(),
                time: Nanos((part * 1e9) as u64),
            };
            phases.push(PhaseRecord {
                name: name.to_owned(),
                kind: kind.to_owned(),
                point: point.clone(),
                began: Nanos(began),
                time: Nanos((seconds * 1e9) as u64),
                breakdown: parts.iter().map(share).collect(),
                result,
                validity: if valid { checks_of_validity(seconds) } else { Vec::new() },
                server: None,
                resources: valid.then(|| resources::resources(seconds)),
            });
            began += (seconds * 1e9) as u64;
        };
    for phase in &plan.phases {
        let kind = phase.kind();
        let points =
            if phase.name() == "search" { variant.points.clone() } else { vec![variant.report_at.clone()] };
        for point in points {
            let at = if kind == "search" { point.clone() } else { Params::new() };
            let ef = *point.get("ef_search").unwrap_or(&64) as f64;
            let p50 = nature.p50 * 1000.0 * drift * (ef / 64.0).powf(0.75);
            match kind {
                "load" => {
                    let time = Nanos((nature.codes * 16_000.0) as u64);
                    let result = PhaseResult::Load { rows: 10_000, batches: 10, time };
                    put(
                        "load",
                        kind,
                        &at,
                        0.06,
                        result,
                        &[("in the engine", 0.03), ("reading and widening rows", 0.03)],
                    );
                }
                "settle" => {
                    let indexed = Nanos((nature.build * drift * 1e9) as u64);
                    put(
                        "settle",
                        kind,
                        &at,
                        nature.build + 0.01,
                        PhaseResult::Settle(Settled { searchable: indexed, indexed }),
                        &[],
                    );
                }
                "verify" => {
                    put(
                        "verify",
                        kind,
                        &at,
                        0.8,
                        PhaseResult::Verify { checks: checks(), plans: Vec::new() },
                        &[("answers", 0.5), ("writes", 0.3)],
                    );
                }
                "search" => {
                    let (sessions, n) =
                        if phase.name() == "two-sessions" { (2, queries) } else { (1, queries) };
                    let mut form = Form::search(phase.name(), 10);
                    if phase.name() == "plants" {
                        form.filter = Some("lexname = 'noun.plant'".parse().unwrap());
                    }
                    let loss = (1.0 - nature.recall) * (64.0 / ef).powf(1.1);
                    let recall = recall(
                        &mut random,
                        (1.0 - loss).max(0.0),
                        nature.half,
                        if queries < QUERIES { 40 } else { 1000 },
                    );
                    let record = form_record(&mut random, form, sessions, 1, p50, n, Some(recall));
                    let result = load::search(&mut random, phase, record, p50);
                    let seconds = window(&result);
                    put(
                        phase.name(),
                        kind,
                        &at,
                        seconds + 0.12,
                        result,
                        &[("encoding", 0.01), ("warm-up", 0.08), ("measuring", seconds), ("scoring", 0.03)],
                    );
                }
                "fetch" | "distance" => {
                    let operation = if kind == "fetch" { Operation::Fetch } else { Operation::Distance };
                    let form = Form::of(kind, operation, 1);
                    let each = if kind == "fetch" { 190.0 } else { 61.0 + nature.codes / 40.0 };
                    let record = form_record(&mut random, form, 1, 256, each, 8000, None);
                    let seconds = record.window.as_secs_f64();
                    put(kind, kind, &at, seconds, load::closed(record), &[("measuring", seconds)]);
                }
                "mixed" => {
                    let Phase::Mixed(keys) = phase else { unreachable!() };
                    let right = recall(&mut random, nature.recall, nature.half, 40);
                    let result = load::mixed(&mut random, keys, p50, &right);
                    put(
                        phase.name(),
                        kind,
                        &Params::new(),
                        12.8,
                        result,
                        &[("warm-up", 0.4), ("measuring", 12.0)],
                    );
                }
                "migration" if variant.configuration.baseline => {
                    let what = "moving searches from a variant to itself".to_owned();
                    put(phase.name(), kind, &at, 0.0, PhaseResult::Unsupported { what }, &[]);
                }
                "migration" => {
                    let result = load::migration(&mut random, phase, name, p50);
                    put(phase.name(), "search", &point, 2.2, result, &[("measuring", 2.0)]);
                }
                "limit" => put(phase.name(), kind, &point, 31.0, limit::limit(p50), &[]),
                "persist" => {
                    let times = vec![Nanos::from_millis(41), Nanos::from_millis(38), Nanos::from_millis(44)];
                    let bytes = Bytes((nature.index * 1.02e6) as u64);
                    put(kind, kind, &at, 0.13, PhaseResult::Persist { rows: 10_000, bytes, times }, &[]);
                }
                _ => {
                    let times = vec![Nanos::from_millis(9), Nanos::from_millis(8), Nanos::from_millis(11)];
                    let cache = "pages dropped with posix_fadvise".to_owned();
                    let result = PhaseResult::Restore {
                        rows: 10_000,
                        queries: 100,
                        cold: Some(Nanos::from_millis(31)),
                        times,
                        cache,
                    };
                    put(kind, kind, &at, 0.07, result, &[]);
                }
            }
        }
    }
    let index = (nature.index * 1e6) as u64;
    Block {
        block: number,
        variant: name.to_owned(),
        engine: Some(EngineInfo {
            name: "embedded".to_owned(),
            version: "usearch 2.26.6".to_owned(),
            configuration: BTreeMap::from([("kernels".to_owned(), "serial, haswell, skylake".to_owned())]),
            hidden_threads: "none".to_owned(),
        }),
        phases,
        memory: Some(MemoryRecord {
            usage: Usage {
                rows: Some(10_000),
                index: Some(Bytes(index)),
                codes: Some(Bytes((nature.codes * 1e4) as u64)),
                ..Usage::default()
            },
            resident_before: Some(Bytes(31_000_000)),
            resident_after: Some(Bytes(31_000_000 + index + 2_300_000)),
            peak: Some(Bytes(61_000_000 + index)),
            own_process: true,
        }),
        advice: Vec::new(),
        failure: None,
    }
}

/// Time for which something was measured.
fn window(result: &PhaseResult) -> f64 {
    match result {
        PhaseResult::Measured { forms, .. } => forms[0].window.as_secs_f64(),
        _ => 0.0,
    }
}

fn form_record(
    random: &mut impl Rng,
    form: Form,
    sessions: usize,
    batch: u64,
    p50: f64,
    samples: u64,
    recall: Option<RecallRecord>,
) -> FormRecord {
    let service = latencies(random, p50, samples);
    let operations = samples * batch;
    let mean = service.stat(Stat::Mean).unwrap();
    let rate = sessions as f64 / (mean * 1.02) * 1e9;
    let long = sessions > 1;
    let window = Nanos(if long { 12_340_000_000 } else { (operations as f64 / rate * 1e9) as u64 });
    let operations = if long { (rate * 12.34) as u64 } else { operations };
    let seconds = window.as_secs_f64().ceil() as u64;
    let intervals = (1..=seconds).map(|second| {
        let wave = 1.0 + (second as f64 * 1.7).sin() * 0.03;
        let at = Nanos::from_secs(second).min(window);
        let part = at.saturating_sub(Nanos::from_secs(second - 1)).as_secs_f64();
        Interval {
            at,
            operations: (rate * wave * part) as u64,
            failures: 0,
            p50: Some(Nanos((p50 / wave) as u64)),
            p99: Some(Nanos((p50 * 1.9 / wave) as u64)),
            response_p50: None,
            response_p99: None,
        }
    });
    FormRecord {
        promise: (form.operation == Operation::Search)
            .then_some(Promise { exact: false, scores: Scores::Exact }),
        form,
        sessions,
        batch,
        operations,
        failures: BTreeMap::new(),
        window,
        warmup: Share { what: "1000 operations".to_owned(), time: Nanos::from_millis(80) },
        service,
        response: None,
        queue_wait: None,
        sched_lag: Some(latencies(random, 90.0, samples.min(1000))),
        failed: None,
        recall,
        intervals: intervals.collect(),
    }
}

fn recall(random: &mut impl Rng, mean: f64, half: f64, queries: u64) -> RecallRecord {
    let by_query: Vec<(u32, f32)> = (0..queries as u32)
        .map(|query| {
            let hits = (0..10).filter(|_| f64::from(random.next_u32()) / f64::from(u32::MAX) < mean).count();
            (query, hits as f32 / 10.0)
        })
        .collect();
    RecallRecord {
        k: 10,
        scored: queries,
        mean,
        half_width: half,
        p10: if mean > 0.97 { 1.0 } else { 0.9 },
        queries,
        mrr: (mean + 0.004).min(1.0),
        ndcg: (mean + 0.002).min(1.0),
        short_answers: 0,
        by_query,
    }
}

fn checks() -> Vec<Check> {
    let check = |form: &str, name: &str, detail: &str| Check {
        form: form.to_owned(),
        name: name.to_owned(),
        passed: true,
        detail: detail.to_owned(),
    };
    vec![
        check("search", "no row twice", "200 checked"),
        check("search", "ordered by its own scores", "200 checked"),
        check("search", "no more than k", "200 checked"),
        check("plants", "only rows that the filter selects", "200 checked"),
        check("writes", "upsert is read back", "1,000 checked"),
        check("writes", "deleted rows are gone", "100 checked"),
    ]
}

/// Time that is stolen is counted in ticks: a short phase has too few of them.
fn checks_of_validity(seconds: f64) -> Vec<ValidityCheck> {
    let long = seconds >= 0.1;
    let check = |name: &str, figure: &str| ValidityCheck {
        name: name.to_owned(),
        valid: Some(true),
        figure: figure.to_owned(),
    };
    vec![
        check("scheduling lag", "p99 140 ns, limit 250 µs"),
        check("in flight", "1.00 of 1, may be off by 5 %"),
        check("time outside the engine", "2.1 %, limit 20 %"),
        ValidityCheck {
            name: "stolen by the hypervisor".to_owned(),
            valid: long.then_some(true),
            figure: if long { "0.2 %, limit 10 %" } else { "too short to tell" }.to_owned(),
        },
        check("swapping", "0 pages"),
    ]
}

/// As the conductor does it: every variant but the baseline, at the reported point.
pub(crate) fn judge(record: &mut RunRecord) {
    let all = metrics(record);
    let value = |key: &MetricKey| -> Option<f64> {
        all.iter().find(|metric: &&MetricValue| metric.key == *key).map(|metric| metric.value)
    };
    let results = record.plan.objectives.iter().map(|entry| {
        let objective = &entry.objective;
        let bound = record
            .plan
            .variants
            .iter()
            .filter(|v| !v.configuration.baseline && entry.binds(&v.name))
            .collect::<Vec<_>>();
        let judged = bound.iter().flat_map(|variant| {
            let point = point_name(&variant.report_at);
            let mut keys: Vec<MetricKey> = all
                .iter()
                .map(|metric| &metric.key)
                .filter(|key| key.variant == variant.name && (key.point == point || key.point.is_empty()))
                .filter(|key| objective.phase.matches(&key.phase))
                .filter(|key| key.quantity == objective.quantity && key.stat == objective.stat)
                .cloned()
                .collect();
            keys.sort();
            keys.dedup();
            if keys.is_empty() {
                let phase = match &objective.phase {
                    Selector::Any => "*".to_owned(),
                    Selector::Name(name) => name.clone(),
                };
                let key = MetricKey {
                    variant: variant.name.clone(),
                    point,
                    phase,
                    form: String::new(),
                    quantity: objective.quantity,
                    stat: objective.stat,
                };
                return vec![Judged { key, value: None, target: None, margin: None, grade: Grade::Unknown }];
            }
            let judged = keys.into_iter().map(|key| {
                let own = value(&key);
                let reference = match &objective.target {
                    Target::Relative { to: Reference::Baseline, .. } => {
                        record.plan.baseline(variant).and_then(|base| {
                            let point = if key.point.is_empty() {
                                String::new()
                            } else {
                                point_name(&base.report_at)
                            };
                            value(&MetricKey { variant: base.name.clone(), point, ..key.clone() })
                        })
                    }
                    _ => None,
                };
                let found = objective.judge(own.unwrap_or(f64::NAN), reference, None);
                Judged { key, value: own, target: found.target, margin: found.margin, grade: found.grade }
            });
            judged.collect()
        });
        ObjectiveResult { objective: entry.clone(), judged: judged.collect() }
    });
    record.objectives = results.collect();
}

/// Ends a variant early.
pub(crate) fn fail(record: &mut RunRecord, variant: &str, kind: FailureKind, phase: &str, message: &str) {
    for block in record.blocks.iter_mut().filter(|block| block.variant == variant) {
        let end = block.phases.iter().position(|own| own.name == phase).map_or(0, |at| at + 1);
        block.phases.truncate(end);
        if kind == FailureKind::Verification
            && let Some(PhaseResult::Verify { checks, .. }) =
                block.phases.last_mut().map(|phase| &mut phase.result)
        {
            checks[0].passed = false;
            message.clone_into(&mut checks[0].detail);
        }
        block.failure = Some(Failure { phase: phase.to_owned(), kind, message: message.to_owned() });
    }
    judge(record);
}
