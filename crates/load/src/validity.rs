//! Whether a measurement means anything, apart from whether its figures are good.

use annvil_core::engine::Mode;
use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::record::ValidityCheck;
use annvil_core::units::{Nanos, count};

use crate::measured::Measured;
use crate::recorder::Part;

/// Highest share of time that may pass outside the calls of an in-process engine.
const OUTSIDE: f64 = 0.20;

/// Highest share of the processors that the client of a remote engine may use.
const CLIENT: f64 = 0.85;

/// Windows shorter than this say nothing about shares of time: one interruption is much of them.
const SHORT: Nanos = Nanos(100_000_000);

/// Highest share of the threads' time for which they may wait for a processor.
const WAITING: f64 = 0.20;

/// Highest deviation from Little's law.
const LITTLE: f64 = 0.05;

/// Highest 99th percentile of scheduling lag, unless 5 % of the median service time is more.
const LAG: f64 = 250_000.0;

/// Least share of the arrivals that are released before the schedule is at its end, and sent.
const ACHIEVED: f64 = 0.999;

/// What was asked for, as far as it decides what can be checked.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Callers at the same time.
    pub sessions: usize,
    /// How they are driven.
    pub mode: Mode,
    /// Whether sessions start together and never pause, in closed load.
    pub steady: bool,
    /// Share of the arrivals that may be dropped.
    pub allow_drops: f64,
}

impl Asked {
    /// Closed load of `sessions` that start together and never pause.
    pub fn closed(sessions: usize, mode: Mode) -> Self {
        Self { sessions, mode, steady: true, allow_drops: 0.0 }
    }
}

/// Checks a phase of load.
pub fn phase(measured: &Measured, asked: Asked) -> Vec<ValidityCheck> {
    let total = measured.total();
    let mut checks = vec![operations(&total)];
    checks.extend(achieved(measured, asked.allow_drops));
    checks.extend(harness(measured, asked));
    checks.push(processor(measured));
    checks.push(match asked.mode {
        Mode::Blocking => outside_calls(measured, &total, asked),
        Mode::Multiplexed(_) => client(measured),
    });
    checks
}

/// Checks the harness itself, measured with an engine that does nothing: all time is outside the engine then.
pub fn harness(measured: &Measured, asked: Asked) -> Vec<ValidityCheck> {
    let total = measured.total();
    vec![scheduling_lag(measured, &total), littles_law(measured, &total, asked)]
}

fn check(name: &str, valid: Option<bool>, figure: String) -> ValidityCheck {
    ValidityCheck { name: name.to_owned(), valid, figure }
}

/// A phase that did nothing measured nothing.
fn operations(total: &Part) -> ValidityCheck {
    let (done, failed) = (total.operations, total.failed());
    check("operations", Some(done > 0), format!("{done} answered, {failed} failed"))
}

/// Whether the arrivals of open load were really made: on time as far as it lay with the harness, and all of them.
fn achieved(measured: &Measured, allow_drops: f64) -> Vec<ValidityCheck> {
    let Some(offers) = &measured.offers else { return Vec::new() };
    let offered = offers.offered.max(1) as f64;
    // What the target held up for too long to be sent at all is a failure of the target.
    let share = (1.0 - measured.late as f64 / offered).max(0.0);
    let figure = format!(
        "{:.2} % of {}, at least {:.1} %{}{}",
        share * 100.0,
        count(offers.offered),
        ACHIEVED * 100.0,
        some(measured.late, "released late"),
        some(offers.unsent, "never sent"),
    );
    let valid = (offers.offered > 0).then_some(share >= ACHIEVED);
    let mut checks = vec![check("arrivals achieved", valid, figure)];
    if offers.dropped > 0 || allow_drops > 0.0 {
        let share = offers.dropped as f64 / offered;
        let figure = format!(
            "{} of {}, {:.2} %, allowed {:.2} %",
            count(offers.dropped),
            count(offers.offered),
            share * 100.0,
            allow_drops * 100.0
        );
        checks.push(check("arrivals dropped", Some(share <= allow_drops), figure));
    }
    checks
}

fn some(n: u64, what: &str) -> String {
    if n == 0 { String::new() } else { format!(", {} {what}", count(n)) }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether the threads have to share processors: then they wait for each other by design, which is saturation and not a
/// fault of the measurement.
fn share_processors(threads: usize) -> Option<usize> {
    let cores = cores();
    (threads > cores).then_some(cores)
}

fn scheduling_lag(measured: &Measured, total: &Part) -> ValidityCheck {
    const NAME: &str = "scheduling lag";
    let service = total.service.stat(Stat::P50).unwrap_or(0.0);
    let limit = LAG.max(0.05 * service);
    // With fewer than 1,000 operations there is no 99th percentile; the 90th must hold all the more.
    let known = [("p99", Stat::P99), ("p90", Stat::P90)];
    let lag = known.into_iter().find_map(|(name, stat)| Some((name, total.sched_lag.stat(stat)?)));
    match lag {
        Some((name, lag)) => {
            let mut figure = format!("{name} {}, limit {}", Nanos(lag as u64), Nanos(limit as u64));
            if lag > limit {
                figure.push_str(&starved(measured).unwrap_or_default());
            }
            check(NAME, Some(lag <= limit), figure)
        }
        None => check(NAME, None, "too few operations to tell".to_owned()),
    }
}

/// Why arrivals were late, if the threads had to wait for a processor when they were woken.
fn starved(measured: &Measured) -> Option<String> {
    let (waited, cpu) = (measured.waited?.0 as f64, measured.cpu?.0 as f64);
    let share = waited / (waited + cpu).max(1.0);
    (share > WAITING).then(|| {
        format!("; of the time that the threads wanted a processor they waited for it {:.0} %", share * 100.0)
    })
}

/// Mean number in flight = throughput × mean time in the system.
///
/// In closed load without pauses every session always has one operation in flight or is about to send the next, so the
/// law finds sessions that stopped, started late or waited for each other. Elsewhere the number in flight, integrated
/// over time as operations are sent and land, is held against what the histograms say.
fn littles_law(measured: &Measured, total: &Part, asked: Asked) -> ValidityCheck {
    const NAME: &str = "in flight";
    if measured.window.0 == 0 {
        return check(NAME, None, "no operation".to_owned());
    }
    let window = measured.window.0 as f64;
    let operations = total.operations + total.failed();
    if measured.offers.is_none() && asked.steady {
        let sessions = asked.sessions;
        let in_flight = (busy(total) + sum(&total.sched_lag)) / window;
        let deviation = (in_flight - sessions as f64).abs() / sessions as f64;
        // With a handful of operations each, or in a moment, sessions begin and end at different times by chance.
        let enough = operations >= 100 * sessions as u64
            && measured.window >= SHORT
            && (asked.mode != Mode::Blocking || share_processors(sessions).is_none());
        let figure = format!("{in_flight:.2} of {sessions}, may be off by {:.0} %", LITTLE * 100.0);
        return check(NAME, enough.then_some(deviation <= LITTLE), figure);
    }
    let expected = busy(total) / window;
    let deviation = (measured.in_flight - expected).abs() / expected.max(f64::MIN_POSITIVE);
    let figure = format!(
        "{}, by Little's law {}, may be off by {:.0} %",
        digits(measured.in_flight),
        digits(expected),
        LITTLE * 100.0
    );
    // What is clamped in a histogram is longer than it says.
    let enough = operations >= 100 && measured.window >= SHORT && total.service.clamped() == 0;
    check(NAME, enough.then_some(deviation <= LITTLE), figure)
}

fn digits(value: f64) -> String {
    if value < 0.1 { format!("{value:.4}") } else { format!("{value:.2}") }
}

/// Somebody else on the machine, such as a compiler, takes processors away: threads are ready to run and wait.
fn processor(measured: &Measured) -> ValidityCheck {
    const NAME: &str = "waiting for a processor";
    let Some(waited) = measured.waited.filter(|_| measured.window.0 > 0) else {
        return check(NAME, None, "unknown here".to_owned());
    };
    let threads = measured.threads;
    // What a thread that runs all the time could have used: one that mostly sleeps must not hide how it fares when it wakes.
    let available = measured.window.0 as f64 * threads as f64;
    let share = waited.0 as f64 / available;
    let mut figure = format!("{:.1} % of the threads' time, limit {:.0} %", share * 100.0, WAITING * 100.0);
    if measured.window < SHORT {
        return check(NAME, None, format!("{figure}; too short to tell"));
    }
    let others = measured.process_cpu.map(|own| {
        let room = measured.window.0 as f64 * cores() as f64;
        (1.0 - own.0 as f64 / room).max(0.0)
    });
    let Some(cores) = share_processors(threads) else {
        if share > WAITING {
            figure.push_str("; something else on this machine takes them");
        }
        return check(NAME, Some(share <= WAITING), figure);
    };
    // Threads that share processors wait for each other; but then this process uses all there is.
    match others.filter(|_| share > WAITING) {
        Some(taken) if taken > WAITING => {
            let figure = format!(
                "{figure}; {threads} threads had {:.0} % of {cores} core{}, something else on this machine takes the rest",
                (1.0 - taken) * 100.0,
                if cores == 1 { "" } else { "s" },
            );
            check(NAME, Some(false), figure)
        }
        _ => check(NAME, None, format!("{figure}; {threads} threads share {cores} cores")),
    }
}

fn outside_calls(measured: &Measured, total: &Part, asked: Asked) -> ValidityCheck {
    const NAME: &str = "time outside the engine";
    if measured.window.0 == 0 {
        return check(NAME, None, "no operation".to_owned());
    }
    let share = if measured.offers.is_none() && asked.steady {
        outside_share(measured, asked.sessions)
    } else {
        // Between arrivals a session has nothing to do: only what it uses of the processor is its own.
        let Some(cpu) = measured.cpu else { return check(NAME, None, "unknown here".to_owned()) };
        (cpu.0 as f64 - busy(total)).max(0.0) / (measured.window.0 as f64 * measured.threads as f64)
    };
    let figure = format!("{:.1} %, limit {:.0} %", share * 100.0, OUTSIDE * 100.0);
    let tells = measured.window >= SHORT && share_processors(asked.sessions).is_none();
    check(NAME, tells.then_some(share <= OUTSIDE), figure)
}

/// Whether the client of a remote engine had processors to spare.
fn client(measured: &Measured) -> ValidityCheck {
    const NAME: &str = "client's processors";
    let Some(cpu) = measured.process_cpu.filter(|_| measured.window >= SHORT) else {
        return check(NAME, None, "too short to tell".to_owned());
    };
    let window = measured.window.0 as f64;
    let process = cpu.0 as f64 / (window * cores() as f64);
    let threads = measured.cpu.map_or(0.0, |cpu| cpu.0 as f64 / (window * measured.threads as f64));
    let figure = format!(
        "{:.0} % of {} cores, {:.0} % of its {} thread{}, limit {:.0} %",
        process * 100.0,
        cores(),
        threads * 100.0,
        measured.threads,
        if measured.threads == 1 { "" } else { "s" },
        CLIENT * 100.0
    );
    check(NAME, Some(process.max(threads) <= CLIENT), figure)
}

/// Share of the sessions' time that passed outside the engine's calls, in closed load.
pub fn outside_share(measured: &Measured, sessions: usize) -> f64 {
    let available = measured.window.0 as f64 * sessions as f64;
    (1.0 - busy(&measured.total()) / available).max(0.0)
}

fn busy(total: &Part) -> f64 {
    sum(&total.service) + total.failing as f64
}

fn sum(histogram: &Histogram) -> f64 {
    histogram.stat(Stat::Mean).unwrap_or(0.0) * histogram.count() as f64
}
