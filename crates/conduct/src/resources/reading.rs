//! Counters as they stand at an instant, and what two of them say of the time between.

use annvil_core::record::ResourceFigures;
use annvil_core::units::{Bytes, Nanos, Rate};

/// What is read of one subject at one instant. Counters count from anywhere: only differences mean something.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    /// Processor time, in nanoseconds.
    pub(super) cpu: Option<u64>,
    pub(super) minor_faults: Option<u64>,
    pub(super) major_faults: Option<u64>,
    pub(super) disk_read: Option<u64>,
    pub(super) disk_written: Option<u64>,
    pub(super) received: Option<u64>,
    pub(super) sent: Option<u64>,
    pub(super) loopback: Option<u64>,
    pub(super) swapped_in: Option<u64>,
    pub(super) swapped_out: Option<u64>,
    /// Processor time stolen and processor time of all cores, in ticks.
    pub(super) stolen: Option<(u64, u64)>,
    /// Bytes. From here on the state at the instant.
    pub(super) resident: Option<u64>,
    pub(super) proportional: Option<u64>,
    pub(super) threads: Option<u64>,
    pub(super) load: Option<f64>,
    pub(super) available: Option<u64>,
    /// Why something is absent.
    pub(super) why: Option<String>,
}

impl Reading {
    /// A reading in which nothing is known.
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..Self::default() }
    }
}

/// Figures as an array, so that means and peaks are loops: the order of [`ResourceFigures`].
pub(super) type Values = [Option<f64>; 16];

/// Place of `available`, whose worst value is the lowest.
pub(super) const AVAILABLE: usize = 13;

/// What happened between two readings of a subject that lie `time` apart.
pub(super) fn between(before: &Reading, after: &Reading, time: Nanos) -> Values {
    let seconds = time.as_secs_f64();
    let rate = |counter: fn(&Reading) -> Option<u64>| {
        // A counter that went backwards began anew: a cgroup or an interface was made again.
        let difference = counter(after)?.checked_sub(counter(before)?)?;
        (seconds > 0.0).then(|| difference as f64 / seconds)
    };
    let steal = || {
        let ((stolen, all), (stolen_before, all_before)) = (after.stolen?, before.stolen?);
        let all = all.checked_sub(all_before).filter(|all| *all > 0)?;
        Some(stolen.checked_sub(stolen_before)? as f64 / all as f64)
    };
    [
        rate(|reading| reading.cpu).map(|nanos| nanos / 1e9),
        after.resident.map(|bytes| bytes as f64),
        after.proportional.map(|bytes| bytes as f64),
        after.threads.map(|threads| threads as f64),
        rate(|reading| reading.minor_faults),
        rate(|reading| reading.major_faults),
        rate(|reading| reading.disk_read),
        rate(|reading| reading.disk_written),
        rate(|reading| reading.received),
        rate(|reading| reading.sent),
        rate(|reading| reading.loopback),
        steal(),
        after.load,
        after.available.map(|bytes| bytes as f64),
        rate(|reading| reading.swapped_in),
        rate(|reading| reading.swapped_out),
    ]
}

/// The figures, rounded to what can be told apart: a clock tick of 10 ms in a second is a hundredth of a core.
pub(super) fn figures(values: &Values) -> ResourceFigures {
    let [
        cpu,
        resident,
        proportional,
        threads,
        minor_faults,
        major_faults,
        disk_read,
        disk_written,
        received,
        sent,
        loopback,
        ..,
    ] = *values;
    let [.., steal, load, available, swapped_in, swapped_out] = *values;
    let round = |value: Option<f64>| value.map(|value| (value * 1e4).round() / 1e4);
    let bytes = |value: Option<f64>| value.map(|value| Bytes(value.round() as u64));
    let per_second = |value: Option<f64>| value.map(|value| Rate((value * 1e2).round() / 1e2));
    ResourceFigures {
        cpu: round(cpu),
        resident: bytes(resident),
        proportional: bytes(proportional),
        threads: threads.map(|threads| threads.round() as u64),
        minor_faults: per_second(minor_faults),
        major_faults: per_second(major_faults),
        disk_read: bytes(disk_read),
        disk_written: bytes(disk_written),
        received: bytes(received),
        sent: bytes(sent),
        loopback: bytes(loopback),
        steal: round(steal),
        load: round(load),
        available: bytes(available),
        swapped_in: per_second(swapped_in),
        swapped_out: per_second(swapped_out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_become_rates_and_states_stay() {
        let before = Reading {
            cpu: Some(1_000_000_000),
            major_faults: Some(10),
            disk_read: Some(1000),
            disk_written: Some(5000),
            stolen: Some((10, 1000)),
            resident: Some(1),
            available: Some(9000),
            ..Reading::default()
        };
        let after = Reading {
            cpu: Some(4_000_000_000),
            major_faults: Some(20),
            disk_read: None,
            disk_written: Some(4000),
            sent: Some(77),
            stolen: Some((60, 1200)),
            resident: Some(300),
            available: Some(8000),
            load: Some(1.5),
            ..Reading::default()
        };
        let figures = figures(&between(&before, &after, Nanos::from_secs(2)));
        assert_eq!(
            (figures.cpu, figures.major_faults, figures.steal),
            (Some(1.5), Some(Rate(5.0)), Some(0.25))
        );
        assert_eq!((figures.resident, figures.available), (Some(Bytes(300)), Some(Bytes(8000))));
        assert_eq!(figures.load, Some(1.5));
        assert_eq!((figures.disk_read, figures.disk_written, figures.sent), (None, None, None));
        let at_once = between(&before, &after, Nanos::ZERO);
        assert_eq!((at_once[0], at_once[1], at_once[AVAILABLE]), (None, Some(300.0), Some(8000.0)));
    }
}
