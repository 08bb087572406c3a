//! Phases of load with plausible figures: open and closed, sweeps, mixed operations, the highest load.

use std::collections::BTreeMap;

use annvil_core::form::{Form, Operation};
use annvil_core::histogram::Histogram;
use annvil_core::record::{
    CheckpointRecord, FormRecord, FreshnessRecord, Interval, LoadRecord, Offered, OpenRecord, PhaseResult,
    RecallRecord, RunRecord,
};
use annvil_core::scenario::{MixedPhase, Phase, RateSpec};
use annvil_core::units::Nanos;
use rand::Rng;
use serde_json::json;

use super::{build, form_record, latencies, one, recall, usual};

/// Samples of a histogram that stands for many more.
const SAMPLES: u64 = 1500;

/// A run with every kind of load: the fixture of the crate's example.
pub(crate) fn loaded() -> RunRecord {
    let two = usual().into_iter().filter(|(name, ..)| ["exact f32", "hnsw f16"].contains(name));
    let variants = two.map(|(name, mut configuration, nature)| {
        configuration["search"] = if name == "exact f32" { json!({}) } else { json!({"ef_search": 64}) };
        (name, configuration, nature)
    });
    let phases = json!([
        {"load": {}}, {"settle": {}}, {"verify": {}},
        {"search": {"k": 10, "warmup": 1000}},
        {"search": {"name": "steady", "rate": "1000/s", "for": "20s", "arrivals": "poisson", "sessions": 4}},
        {"search": {"name": "rush", "rate": {"ramp": {"from": "200/s", "to": "4000/s"}}, "for": "12s",
            "max_in_flight": 64, "when_full": "drop", "allow_drops": 0.5}},
        {"limit": {"walk": {"rate": {"from": "500/s"}}, "hold": ["limit.response.p95 < 2ms", "limit.success >= 99.9%"]}},
        {"concurrency-sweep": {"name": "sessions", "sessions": [1, 2, 4, 8, 16], "for": "1s"}},
        {"migration": {"shares": [10, 50, 100], "for": "2s"}},
        {"mixed": {"mix": {"search": 80, "upsert": 15, "fetch": 4, "delete": 1}, "for": "12s", "checkpoints": 4,
            "freshness": "20/s", "sessions": 4}}
    ]);
    let objectives = json!([
        "search.recall@10.mean >= 0.95",
        "steady.response.p99 < 1ms",
        {"rush.success >= 95%": {"abort": true}},
        "mixed.freshness.p99 < 1s"
    ]);
    build(&variants.collect::<Vec<_>>(), 1, &phases, &objectives, 1000)
}

/// Closed load of one form.
pub(crate) fn closed(form: FormRecord) -> PhaseResult {
    let load = LoadRecord {
        waited: None,
        sessions: form.sessions,
        threads: form.sessions,
        in_flight: form.sessions as f64 * 0.99,
        open: None,
        warm: None,
    };
    measured(load, vec![form])
}

fn measured(load: LoadRecord, forms: Vec<FormRecord>) -> PhaseResult {
    PhaseResult::Measured { load, forms, checkpoints: Vec::new(), freshness: None, ended: None }
}

/// A search as its phase asks for it, made of one that was alone; `p50` in nanoseconds.
pub(crate) fn search(random: &mut impl Rng, phase: &Phase, mut form: FormRecord, p50: f64) -> PhaseResult {
    let traffic = phase.traffic().unwrap();
    if phase.shape() == Some("concurrency-sweep") {
        let n = traffic.sessions as f64;
        let rate = n / p50 * 1e9 / (1.0 + 0.09 * (n - 1.0) + 0.006 * n * (n - 1.0));
        form.sessions = traffic.sessions;
        form.service = latencies(random, n / rate * 1e9 * 0.97, SAMPLES);
        form.window = Nanos::from_secs(1);
        form.operations = rate as u64;
        form.intervals.clear();
        return closed(form);
    }
    match (&traffic.rate, traffic.duration) {
        (Some(rate), Some(duration)) => open(random, rate, duration, traffic.sessions, form, p50),
        _ => closed(form),
    }
}

fn due(rate: &RateSpec, share: f64) -> f64 {
    match rate {
        RateSpec::Ramp(ramp) => {
            ramp.from.per_second() + (ramp.to.per_second() - ramp.from.per_second()) * share
        }
        RateSpec::Hold(rate) => rate.per_second(),
        _ => 100.0,
    }
}

/// Open load: beyond what the sessions can do operations wait, and some are dropped.
fn open(
    random: &mut impl Rng,
    rate: &RateSpec,
    duration: Nanos,
    sessions: usize,
    mut form: FormRecord,
    p50: f64,
) -> PhaseResult {
    let seconds = duration.0 / 1_000_000_000;
    let capacity = sessions as f64 / p50 * 0.93e9;
    let (mut offers, mut intervals) = (Vec::new(), Vec::new());
    let (mut wait, mut response) = (Histogram::new(), Histogram::new());
    for second in 0..seconds {
        let noise = 1.0 + (second as f64 * 2.3).sin() * 0.03;
        let offered = due(rate, (second as f64 + 0.5) / seconds as f64) * noise;
        let answered = offered.min(capacity);
        let load = offered / capacity;
        let waits = if load < 1.0 { p50 * 0.3 * load / (1.02 - load) } else { 64.0 * p50 };
        let failures = if second == 7 { 12 } else { 0 };
        offers.push(Offered { offered: offered as u32, dropped: (offered - answered) as u32 });
        let own = latencies(random, waits.max(200.0), 400);
        for (value, n) in own.buckets() {
            for _ in 0..n {
                wait.record(value);
                response.record(Nanos(value.0 + one(random, p50).0));
            }
        }
        intervals.push(Interval {
            at: Nanos::from_secs(second + 1),
            operations: answered as u64 - failures,
            failures,
            p50: Some(Nanos(p50 as u64)),
            p99: Some(Nanos((p50 * 1.7) as u64)),
            response_p50: Some(Nanos((p50 + waits) as u64)),
            response_p99: Some(Nanos((p50 * 1.8 + waits * 2.6) as u64)),
        });
    }
    form.sessions = sessions;
    form.service = latencies(random, p50, SAMPLES);
    form.response = Some(response);
    form.queue_wait = Some(wait);
    form.sched_lag = Some(latencies(random, 21_000.0, SAMPLES));
    form.window = duration;
    form.operations = intervals.iter().map(|second| second.operations).sum();
    form.failures = BTreeMap::from([("timeout".to_owned(), intervals.iter().map(|s| s.failures).sum())]);
    "260 operations, flat".clone_into(&mut form.warmup.what);
    form.intervals = intervals;
    let load = LoadRecord {
        waited: None,
        sessions,
        threads: sessions,
        in_flight: form.operations as f64 * p50 * 1.2 / duration.0 as f64,
        open: Some(OpenRecord {
            offered: offers.iter().map(|second| u64::from(second.offered)).sum(),
            duration,
            max_in_flight: 64,
            dropped: offers.iter().map(|second| u64::from(second.dropped)).sum(),
            unsent: 0,
            late: 0,
            seconds: offers,
        }),
        warm: Some(true),
    };
    measured(load, vec![form])
}

/// Searches that move to a variant: those that stay are as fast as the baseline.
pub(crate) fn migration(random: &mut impl Rng, phase: &Phase, to: &str, p50: f64) -> PhaseResult {
    let Phase::Migration(keys) = phase else { panic!("no migration") };
    let share = f64::from(keys.shares[0]) / 100.0;
    let side = |random: &mut _, name: &str, routing: &str, p50: f64, share: f64, right: f64| {
        let mut form = Form::search(name, 10);
        form.routing = Some(routing.to_owned());
        let recall = (share > 0.0).then(|| recall(random, right, 0.0012, 40));
        let mut record = form_record(random, form, 1, 1, p50, SAMPLES, recall);
        record.window = Nanos::from_secs(2);
        record.operations = (share * 9000.0) as u64;
        if share == 0.0 {
            record.service = Histogram::new();
        }
        record.intervals.clear();
        record
    };
    let from = side(random, "from", "exact f32", 340_000.0, 1.0 - share, 1.0);
    let to = side(random, "to", to, p50, share, 0.9951);
    measured(LoadRecord { sessions: 1, threads: 1, in_flight: 0.99, ..LoadRecord::default() }, vec![from, to])
}

/// Mixed operations whose recall falls as rows come and go.
pub(crate) fn mixed(random: &mut impl Rng, keys: &MixedPhase, p50: f64, right: &RecallRecord) -> PhaseResult {
    let mut forms = Vec::new();
    for (operation, weight) in keys.mix.weights() {
        let each = match operation {
            Operation::Search => p50,
            Operation::Upsert => p50 * 1.3,
            _ => 1500.0,
        };
        let form = Form::of(operation.name(), operation, if operation == Operation::Search { 10 } else { 1 });
        let mut record = form_record(random, form, keys.sessions, 1, each, SAMPLES, None);
        record.window = Nanos::from_secs(12);
        record.operations = u64::from(weight) * 600;
        "280 operations, not yet flat".clone_into(&mut record.warmup.what);
        if operation == Operation::Upsert {
            record.failures = BTreeMap::from([("engine".to_owned(), 2), ("timeout".to_owned(), 1)]);
        }
        record.intervals = (1..=12)
            .map(|second| Interval {
                at: Nanos::from_secs(second),
                operations: u64::from(weight) * 50,
                failures: 0,
                p50: Some(Nanos(each as u64)),
                p99: Some(Nanos((each * (1.6 + second as f64 * 0.05)) as u64)),
                response_p50: None,
                response_p99: None,
            })
            .collect();
        forms.push(record);
    }
    let checkpoints = (1..=4u64).map(|nth| CheckpointRecord {
        at: Nanos::from_secs(nth * 3),
        rows: 10_000 + nth * 2100,
        inserted: nth * 2250,
        replaced: 0,
        deleted: nth * 150,
        unsure: 3,
        queries: 200,
        failed: 0,
        recall: Some(RecallRecord {
            mean: right.mean - nth as f64 * 0.006,
            half_width: 0.004,
            ..right.clone()
        }),
        ghosts: if nth == 4 { 2 } else { 0 },
        missed_new: nth * 3,
    });
    let freshness = FreshnessRecord {
        probes: 240,
        lost: 1,
        failed: 0,
        limit: Nanos::from_secs(5),
        time: latencies(random, p50 * 1.6, 2400),
    };
    let load =
        LoadRecord { sessions: 4, threads: 4, in_flight: 3.97, open: None, warm: Some(false), waited: None };
    PhaseResult::Measured {
        load,
        forms,
        checkpoints: checkpoints.collect(),
        freshness: Some(Box::new(freshness)),
        ended: None,
    }
}
