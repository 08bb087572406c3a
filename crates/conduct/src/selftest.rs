//! The harness measured by itself: what it costs, how late it sends, and whether it finds a stall of known length.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::Clock;
use annvil_core::engine::{Engine, Mode};
use annvil_core::form::Form;
use annvil_core::histogram::Histogram;
use annvil_core::label::Labels;
use annvil_core::quantity::Stat;
use annvil_core::record::ValidityCheck;
use annvil_core::scenario::{Answers, EngineSpec, NullSpec, Stall, StubSpec, Transport, Variant};
use annvil_core::schedule::{Arrivals, Poisson, Uniform};
use annvil_core::units::{HumanDuration, Nanos, Rate};
use annvil_core::vector::Matrix;
use annvil_engines::Context;
use annvil_load::claims::End;
use annvil_load::floor::{closed_null, open_null, per_operation};
use annvil_load::time::{SystemClock, thread_cpu_time};
use annvil_load::validity::{self, Asked};
use annvil_load::warm::WarmUp;
use annvil_load::work::{Task, Work};
use annvil_load::{Load, Measured};
use serde::Serialize;

use crate::error::RunError;
use crate::machine;

/// One thing that was measured, and what it may be.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// What was found, in words.
    pub found: String,
    /// The figures behind the words, by name, in nanoseconds, per second, or as shares.
    pub figures: Vec<(String, f64)>,
    /// What it may be, in words; absent if nothing is asked of it.
    pub bar: Option<String>,
    /// Whether it is; absent if nothing is asked or it could not be told.
    pub met: Option<bool>,
    /// Whether the measurement itself can be trusted.
    pub checks: Vec<ValidityCheck>,
}

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct SelfTest {
    /// The measurements, in order.
    pub lines: Vec<Line>,
}

impl SelfTest {
    /// Whether every bar is met.
    pub fn met(&self) -> bool {
        self.lines.iter().all(|line| line.met != Some(false))
    }

    /// Whether everything could be measured.
    pub fn valid(&self) -> bool {
        self.lines.iter().flat_map(|line| &line.checks).all(|check| check.valid != Some(false))
    }
}

/// How long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// About half a minute: the stall oracle is scaled down.
    Quick,
    /// Some minutes: the stall oracle as it is published, a minute each.
    Full,
}

/// Bars of the floor, in nanoseconds an operation.
const CLOSED: f64 = 250.0;
const OPEN: f64 = 400.0;

/// Bars of pacing at 5,000 arrivals a second.
const LAG_P50: f64 = 15_000.0;
const LAG_P99: f64 = 100_000.0;
const LAG_CPU: f64 = 0.10;
const LAG_BARE: f64 = 1.3;

/// How far the stall oracle may be off.
const ORACLE: f64 = 0.02;

/// Runs everything. `told` hears of each line before the next is measured.
pub fn selftest(scratch: &Path, extent: Extent, told: &mut dyn FnMut(&Line)) -> Result<SelfTest, RunError> {
    let bench = Bench { scratch };
    let mut lines = Vec::new();
    let mut put = |line: Line| {
        told(&line);
        lines.push(line);
    };
    let null = bench.open(&EngineSpec::Null(NullSpec {}))?;
    let sessions: &[usize] = if machine::usable_cores() > 1 { &[1, 2] } else { &[1] };
    for sessions in sessions {
        put(best(|| closed(&null, *sessions))?);
    }
    put(best(|| open(&null))?);
    for rate in [1_000.0, 5_000.0, 20_000.0, 100_000.0] {
        put(best(|| pacing(&null, rate))?);
    }
    let oracle = match extent {
        Extent::Quick => Oracle { seconds: 12, stall: 200, limit: 40 },
        Extent::Full => Oracle { seconds: 60, stall: 1000, limit: 200 },
    };
    for over in [None, Some(Transport::Tcp)] {
        for limit in [None, Some(oracle.limit)] {
            put(best(|| bench.stall(oracle, over, limit))?);
        }
    }
    put(bench.loopback()?);
    Ok(SelfTest { lines })
}

/// Measures again what missed its bar, up to three times: noise of the machine makes every one of these figures worse and
/// none better.
fn best(measure: impl Fn() -> Result<Line, RunError>) -> Result<Line, RunError> {
    let mut line = measure()?;
    for _ in 1..3 {
        if line.met != Some(false) {
            break;
        }
        line = measure()?;
    }
    Ok(line)
}

fn line(what: impl Into<String>, found: impl Into<String>, figures: &[(&str, f64)]) -> Line {
    Line {
        what: what.into(),
        found: found.into(),
        figures: figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        bar: None,
        met: None,
        checks: Vec::new(),
    }
}

/// The harness's own checks, and those of the machine since `before`.
fn checks(measured: &Measured, asked: Asked, before: &machine::Activity) -> Vec<ValidityCheck> {
    let mut checks = validity::harness(measured, asked);
    checks.extend(machine::Activity::now().since(before));
    checks
}

fn closed(null: &Arc<dyn Engine>, sessions: usize) -> Result<Line, RunError> {
    let before = machine::Activity::now();
    let measured = closed_null(null, sessions, 2_000_000)?;
    let ns = per_operation(&measured, sessions);
    let rate = Rate(1e9 / ns * sessions as f64);
    let plural = if sessions == 1 { "" } else { "s" };
    let bar = (sessions == 1).then(|| format!("at most {CLOSED:.0} ns"));
    Ok(Line {
        met: bar.as_ref().map(|_| ns <= CLOSED),
        bar,
        checks: checks(&measured, Asked::closed(sessions, Mode::Blocking), &before),
        ..line(
            format!("closed load, null engine, {sessions} session{plural}"),
            format!("{ns:.0} ns an operation, {rate}"),
            &[("ns_per_operation", ns), ("per_second", rate.0)],
        )
    })
}

fn open(null: &Arc<dyn Engine>) -> Result<Line, RunError> {
    const N: u64 = 2_000_000;
    let before = machine::Activity::now();
    let measured = open_null(null, N, Box::new(Poisson::new(Rate(1e12), N, 1)))?;
    let ns = per_operation(&measured, 1);
    Ok(Line {
        bar: Some(format!("at most {OPEN:.0} ns")),
        met: Some(ns <= OPEN),
        checks: machine::Activity::now().since(&before),
        ..line(
            "open load, null engine, every arrival due at once",
            format!("{ns:.0} ns an operation, {} a core at most", Rate(1e9 / ns)),
            &[("ns_per_operation", ns), ("per_second", 1e9 / ns)],
        )
    })
}

fn pacing(null: &Arc<dyn Engine>, rate: f64) -> Result<Line, RunError> {
    let count = (rate * 2.0) as u64;
    let before = machine::Activity::now();
    let measured = open_null(null, count, Box::new(Uniform::new(Rate(rate), count)))?;
    let total = measured.total();
    let stat = |stat| total.sched_lag.stat(stat).unwrap_or(f64::NAN);
    let (p50, p99, max) = (stat(Stat::P50), stat(Stat::P99), stat(Stat::Max));
    let seconds = count as f64 / rate;
    // The last arrival is due one step before the end of the schedule.
    let achieved = (seconds / (measured.window.as_secs_f64() + 1.0 / rate)).min(1.0);
    let cpu = measured.cpu.map(|cpu| cpu.as_secs_f64() / seconds);
    let nanos = |value: f64| Nanos(value as u64);
    let mut this = line(
        format!("pacing, {} arrivals", Rate(rate)),
        format!(
            "late by p50 {}, p99 {}, at most {}; achieved {:.2} %, {} of a core",
            nanos(p50),
            nanos(p99),
            nanos(max),
            achieved * 100.0,
            cpu.map_or_else(|| "unknown".to_owned(), |cpu| format!("{:.1} %", cpu * 100.0)),
        ),
        &[
            ("lag_p50_ns", p50),
            ("lag_p99_ns", p99),
            ("lag_max_ns", max),
            ("achieved", achieved),
            ("cpu", cpu.unwrap_or(f64::NAN)),
        ],
    );
    if rate == 5_000.0 {
        // What sleeping costs at all depends on the kernel, and on a virtual machine on its host.
        let bare = bare_sleep(rate);
        let most = bare.map_or(LAG_CPU, |bare| LAG_CPU.max(LAG_BARE * bare));
        let besides = bare.map_or_else(String::new, |bare| {
            format!(", or {LAG_BARE} × the {:.1} % of a bare sleep", bare * 100.0)
        });
        this.bar = Some(format!(
            "p50 {}, p99 {}, {:.0} % of a core{besides}",
            nanos(LAG_P50),
            nanos(LAG_P99),
            LAG_CPU * 100.0
        ));
        this.figures.push(("bare_sleep_cpu".to_owned(), bare.unwrap_or(f64::NAN)));
        this.met = Some(p50 <= LAG_P50 && p99 <= LAG_P99 && cpu.is_none_or(|cpu| cpu <= most));
    }
    if rate == 100_000.0 {
        this.bar = Some("achieved 99.9 %".to_owned());
        this.met = Some(achieved >= 0.999);
    }
    this.checks = machine::Activity::now().since(&before);
    Ok(this)
}

/// Share of a core that a loop takes which does nothing but sleep until the next of so many instants a second.
fn bare_sleep(rate: f64) -> Option<f64> {
    let (before, began) = (thread_cpu_time()?, Instant::now());
    let count = rate as u32;
    for k in 0..count {
        let due = Duration::from_secs_f64(f64::from(k) / rate);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
    }
    Some(thread_cpu_time()?.saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64())
}

/// 1,000 arrivals a second, answers after a millisecond, one stall in the middle.
#[derive(Debug, Clone, Copy)]
struct Oracle {
    seconds: u64,
    /// Length of the stall in milliseconds.
    stall: u64,
    /// Operations in flight in the limited case: a fifth of what arrives in the stall.
    limit: usize,
}

impl Oracle {
    /// What the response time must be at some quantiles, in nanoseconds: every arrival followed through so many places, first
    /// come, first served. Unlimited, those of the stall wait from its whole length down to nothing.
    fn response(self, quantiles: [f64; 2], limit: Option<usize>) -> [f64; 2] {
        const MS: u64 = 1_000_000;
        let (from, until) = (self.seconds * 500 * MS, (self.seconds * 500 + self.stall) * MS);
        let arrivals = self.seconds * 1000;
        let mut places: BinaryHeap<Reverse<u64>> =
            (0..limit.unwrap_or(arrivals as usize)).map(|_| Reverse(0)).collect();
        let mut responses: Vec<u64> = (0..arrivals)
            .map(|k| {
                let due = k * MS;
                let free = places.pop().map_or(0, |Reverse(free)| free);
                let sent = due.max(free);
                let begun = if sent + MS >= from && sent < until { until } else { sent };
                places.push(Reverse(begun + MS));
                begun + MS - due
            })
            .collect();
        responses.sort_unstable();
        quantiles.map(|quantile| {
            let at = (quantile * arrivals as f64).ceil() as usize;
            responses[at.clamp(1, responses.len()) - 1] as f64
        })
    }
}

struct Bench<'a> {
    scratch: &'a Path,
}

impl Bench<'_> {
    fn open(&self, spec: &EngineSpec) -> Result<Arc<dyn Engine>, RunError> {
        let context = Context { clock: Arc::new(SystemClock::new()), scratch: self.scratch.to_owned() };
        Ok(annvil_engines::open(spec, &Variant::default(), &context)?.into())
    }

    /// Searches without answers on a stub that shares its clock with the load.
    fn run(
        &self,
        stub: StubSpec,
        arrivals: Arrivals,
        change: impl FnOnce(&mut Load),
    ) -> Result<Measured, RunError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let context = Context { clock: Arc::clone(&clock), scratch: self.scratch.to_owned() };
        let engine: Arc<dyn Engine> =
            annvil_engines::open(&EngineSpec::Stub(stub), &Variant::default(), &context)?.into();
        let queries = Matrix::new(vec![0.0; 4], 1).unwrap_or_else(|| unreachable!("rows of one element"));
        let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(0))?;
        let work = Work::of(Task::Search { form: 0, order: vec![0, 1, 2, 3] });
        let mut load = Load::new(Arc::clone(&engine), encoded, clock, work);
        change(&mut load);
        let measured = annvil_load::run(load, arrivals, &mut |_| ControlFlow::Continue(()))?;
        annvil_load::time::runtime().map_err(RunError::Process)?.block_on(engine.destroy())?;
        Ok(measured)
    }

    fn stall(&self, oracle: Oracle, over: Option<Transport>, limit: Option<usize>) -> Result<Line, RunError> {
        let before = machine::Activity::now();
        let stub = StubSpec {
            service: Some(HumanDuration::from_millis(1)),
            stalls: vec![Stall {
                at: HumanDuration::from_millis(oracle.seconds * 500),
                length: HumanDuration::from_millis(oracle.stall),
            }],
            answers: Answers::Empty,
            over,
            ..StubSpec::default()
        };
        let arrivals = Arrivals::Open(Box::new(Uniform::new(Rate(1e3), oracle.seconds * 1000)));
        let measured = self.run(stub, arrivals, |load| {
            load.max_in_flight = limit;
            load.end.duration = Some(Nanos::from_secs(oracle.seconds));
        })?;
        let total = measured.total();
        let response = total.response.as_ref();
        let stat = |histogram: Option<&Histogram>, stat| {
            histogram.and_then(|histogram| histogram.stat(stat)).unwrap_or(f64::NAN)
        };
        let found = [stat(response, Stat::P99), stat(response, Stat::P999)];
        let expected = oracle.response([0.99, 0.999], limit);
        let off = found
            .iter()
            .zip(expected)
            .map(|(found, expected)| (found / expected - 1.0).abs())
            .fold(0.0, f64::max);
        let service = stat(Some(&total.service), Stat::P99);
        let nanos = |value: f64| Nanos(value as u64);
        let place = if over.is_some() { "loopback TCP" } else { "in this process" };
        let limited = limit.map_or_else(|| "unlimited".to_owned(), |limit| format!("{limit} in flight"));
        Ok(Line {
            bar: Some(format!(
                "p99 {}, p99.9 {}, ± {:.0} %",
                nanos(expected[0]),
                nanos(expected[1]),
                ORACLE * 100.0
            )),
            met: Some(off <= ORACLE),
            checks: checks(&measured, Asked::closed(1, Mode::Multiplexed(1)), &before),
            ..line(
                format!("stall of {} ms, {place}, {limited}", oracle.stall),
                format!(
                    "response p99 {}, p99.9 {}; service p99 {}",
                    nanos(found[0]),
                    nanos(found[1]),
                    nanos(service)
                ),
                &[
                    ("response_p99_ns", found[0]),
                    ("response_p999_ns", found[1]),
                    ("service_p99_ns", service),
                    ("off", off),
                ],
            )
        })
    }

    /// What a call over loopback TCP costs, one at a time.
    fn loopback(&self) -> Result<Line, RunError> {
        let before = machine::Activity::now();
        let stub = StubSpec { answers: Answers::Empty, over: Some(Transport::Tcp), ..StubSpec::default() };
        let measured = self.run(stub, Arrivals::Closed, |load| {
            load.end = End { operations: Some(20_000), duration: None };
            load.warmup = WarmUp::Operations(1_000);
        })?;
        let total = measured.total();
        let stat = |stat| total.service.stat(stat).unwrap_or(f64::NAN);
        let (p50, p99) = (stat(Stat::P50), stat(Stat::P99));
        let rate = Rate(total.operations as f64 / measured.window.as_secs_f64());
        Ok(Line {
            checks: checks(&measured, Asked::closed(1, Mode::Multiplexed(1)), &before),
            ..line(
                "closed load, stub over loopback TCP, 1 session",
                format!("p50 {}, p99 {}, {rate}", Nanos(p50 as u64), Nanos(p99 as u64)),
                &[("service_p50_ns", p50), ("service_p99_ns", p99), ("per_second", rate.0)],
            )
        })
    }
}
