//! How late arrivals are sent: the harness's clock, a timer of the kernel read through the runtime, against tokio's own
//! `sleep_until`, whose ticks are a millisecond. Rounds of both alternate; what counts is the ratio of their medians.
//!
//! 5,000 arrivals a second on the null engine, evenly spaced, one second a round.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::engine::Engine;
use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::scenario::{EngineSpec, NullSpec, Variant};
use annvil_core::schedule::Uniform;
use annvil_core::units::{Nanos, Rate};
use annvil_load::floor::open_null;
use annvil_load::time::{SystemClock, runtime, thread_cpu_time};

const RATE: u64 = 5_000;
const ROUNDS: usize = 7;

/// What a round came to: p50 and p99 of the lag in nanoseconds, and processor time as a share of a core.
type Round = (f64, f64, f64);

fn harness(null: &Arc<dyn Engine>) -> Round {
    let measured = open_null(null, RATE, Box::new(Uniform::new(Rate(RATE as f64), RATE))).unwrap();
    let lag = measured.total().sched_lag;
    let cpu = measured.cpu.unwrap().as_secs_f64() / measured.window.as_secs_f64();
    (lag.stat(Stat::P50).unwrap(), lag.stat(Stat::P99).unwrap(), cpu)
}

fn tokio_timer() -> Round {
    let before = thread_cpu_time().unwrap();
    let mut lag = Histogram::new();
    let began = Instant::now();
    runtime().unwrap().block_on(async {
        for k in 0..RATE {
            let due = began + Duration::from_nanos(k * 1_000_000_000 / RATE);
            tokio::time::sleep_until(due.into()).await;
            lag.record(Nanos(Instant::now().saturating_duration_since(due).as_nanos() as u64));
        }
    });
    let cpu = thread_cpu_time().unwrap().saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64();
    (lag.stat(Stat::P50).unwrap(), lag.stat(Stat::P99).unwrap(), cpu)
}

fn median(rounds: &[Round], of: fn(&Round) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let context =
        annvil_engines::Context { clock: Arc::new(SystemClock::new()), scratch: std::env::temp_dir() };
    let null: Arc<dyn Engine> =
        annvil_engines::open(&EngineSpec::Null(NullSpec {}), &Variant::default(), &context).unwrap().into();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(harness(&null));
        theirs.push(tokio_timer());
    }
    for (name, rounds) in [("timerfd", &ours), ("tokio sleep_until", &theirs)] {
        println!(
            "{name:<18} lag p50 {:>8}  p99 {:>8}  {:.1} % of a core",
            Nanos(median(rounds, |round| round.0) as u64).to_string(),
            Nanos(median(rounds, |round| round.1) as u64).to_string(),
            median(rounds, |round| round.2) * 100.0
        );
    }
    println!(
        "tokio's lag is {:.0} times as long at p50, {:.0} times at p99 (medians of {ROUNDS} rounds, {RATE}/s)",
        median(&theirs, |round| round.0) / median(&ours, |round| round.0),
        median(&theirs, |round| round.1) / median(&ours, |round| round.1)
    );
}
