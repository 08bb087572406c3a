//! Whether a measurement means anything, apart from whether its figures are good.

use annvil_core::engine::Mode;
use annvil_core::quantity::Stat;
use annvil_core::record::ValidityCheck;
use annvil_core::units::Nanos;

use crate::runner::Measured;

/// Highest share of time that may pass outside the calls of an in-process engine.
const OUTSIDE: f64 = 0.20;

/// Windows shorter than this say nothing about shares of time: one interruption is much of them.
const SHORT: Nanos = Nanos(100_000_000);

/// Highest share of the sessions' time for which they may wait for a processor.
const WAITING: f64 = 0.20;

/// Highest deviation from Little's law.
const LITTLE: f64 = 0.05;

/// Highest 99th percentile of scheduling lag, unless 5 % of the median service time is more.
const LAG: f64 = 250_000.0;

/// Checks a phase of closed load over `sessions` sessions.
pub fn closed_load(measured: &Measured, sessions: usize, mode: Mode) -> Vec<ValidityCheck> {
    let mut checks = harness(measured, sessions);
    checks.insert(0, operations(measured));
    checks.push(processor(measured, sessions));
    if mode == Mode::Blocking {
        checks.push(outside_calls(measured, sessions));
    }
    checks
}

/// Checks the harness itself, measured with an engine that does nothing: all time is outside the engine then.
pub fn harness(measured: &Measured, sessions: usize) -> Vec<ValidityCheck> {
    vec![scheduling_lag(measured), littles_law(measured, sessions)]
}

fn check(name: &str, valid: Option<bool>, figure: String) -> ValidityCheck {
    ValidityCheck { name: name.to_owned(), valid, figure }
}

/// A phase that did nothing measured nothing.
fn operations(measured: &Measured) -> ValidityCheck {
    let failed = measured.total.failed();
    let done = measured.total.operations;
    check("operations", Some(done > 0), format!("{done} answered, {failed} failed"))
}

/// Whether the sessions have to share processors: then they wait for each other by design, which is saturation and not a
/// fault of the measurement.
fn share_processors(sessions: usize) -> Option<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (sessions > cores).then_some(cores)
}

fn scheduling_lag(measured: &Measured) -> ValidityCheck {
    const NAME: &str = "scheduling lag";
    let service = measured.total.service.stat(Stat::P50).unwrap_or(0.0);
    let limit = LAG.max(0.05 * service);
    match measured.total.sched_lag.stat(Stat::P99) {
        Some(lag) => {
            let figure = format!("p99 {}, limit {}", Nanos(lag as u64), Nanos(limit as u64));
            check(NAME, Some(lag <= limit), figure)
        }
        None => check(NAME, None, "too few operations to tell".to_owned()),
    }
}

/// Mean number in flight = throughput × mean time in the system. In closed load every session always has one operation
/// in flight or is about to send the next, so the law finds sessions that stopped, started late or waited for each other.
fn littles_law(measured: &Measured, sessions: usize) -> ValidityCheck {
    const NAME: &str = "in flight";
    if measured.window.0 == 0 {
        return check(NAME, None, "no operation".to_owned());
    }
    let busy = busy(measured) + total(measured, |part| &part.sched_lag);
    let in_flight = busy / measured.window.0 as f64;
    let deviation = (in_flight - sessions as f64).abs() / sessions as f64;
    // With a handful of operations each, or in a moment, sessions begin and end at different times by chance.
    let enough = measured.total.operations >= 100 * sessions as u64
        && measured.window >= SHORT
        && share_processors(sessions).is_none();
    let figure = format!("{in_flight:.2} of {sessions}, may be off by {:.0} %", LITTLE * 100.0);
    check(NAME, enough.then_some(deviation <= LITTLE), figure)
}

/// Somebody else on the machine, such as a compiler, takes processors away: sessions are ready to run and wait.
fn processor(measured: &Measured, sessions: usize) -> ValidityCheck {
    const NAME: &str = "waiting for a processor";
    let Some(waited) = measured.waited.filter(|_| measured.window.0 > 0) else {
        return check(NAME, None, "unknown here".to_owned());
    };
    let share = waited.0 as f64 / (measured.window.0 as f64 * sessions as f64);
    let figure = format!("{:.1} % of the sessions' time, limit {:.0} %", share * 100.0, WAITING * 100.0);
    if measured.window < SHORT {
        return check(NAME, None, format!("{figure}; too short to tell"));
    }
    if let Some(cores) = share_processors(sessions) {
        return check(NAME, None, format!("{figure}; {sessions} sessions share {cores} cores"));
    }
    check(NAME, Some(share <= WAITING), figure)
}

fn outside_calls(measured: &Measured, sessions: usize) -> ValidityCheck {
    const NAME: &str = "time outside the engine";
    if measured.window.0 == 0 {
        return check(NAME, None, "no operation".to_owned());
    }
    let share = outside_share(measured, sessions);
    let figure = format!("{:.1} %, limit {:.0} %", share * 100.0, OUTSIDE * 100.0);
    let tells = measured.window >= SHORT && share_processors(sessions).is_none();
    check(NAME, tells.then_some(share <= OUTSIDE), figure)
}

/// Share of the sessions' time that passed outside the engine's calls.
pub fn outside_share(measured: &Measured, sessions: usize) -> f64 {
    let available = measured.window.0 as f64 * sessions as f64;
    (1.0 - busy(measured) / available).max(0.0)
}

fn busy(measured: &Measured) -> f64 {
    let failed = measured.total.failed.as_ref();
    let failed = failed.map_or(0.0, |h| h.stat(Stat::Mean).unwrap_or(0.0) * h.count() as f64);
    total(measured, |part| &part.service) + failed
}

fn total(
    measured: &Measured,
    of: impl Fn(&crate::recorder::Part) -> &annvil_core::histogram::Histogram,
) -> f64 {
    let histogram = of(&measured.total);
    histogram.stat(Stat::Mean).unwrap_or(0.0) * histogram.count() as f64
}
