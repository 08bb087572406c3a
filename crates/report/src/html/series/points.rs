//! Seconds of a record, put together to as many points as a drawing can show.

use std::collections::BTreeMap;

use annvil_core::record::Interval;
use annvil_core::units::Nanos;

use super::{Pair, began, seconds};
use crate::view::figures::middle;
use crate::view::resources::HOST;
use crate::view::timed::Timed;

/// Longest step between two points that are joined, in seconds of the step.
const GAP: f64 = 1.5;

/// One second of the load, or several.
pub(super) struct Point {
    /// Its end.
    pub(super) seconds: f64,
    /// Operations answered a second.
    pub(super) rate: f64,
    pub(super) failures: u64,
    pub(super) dropped: u64,
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
    /// Whether time is missing before it.
    pub(super) after_gap: bool,
}

/// What a subject used up to a moment.
pub(super) struct Used {
    pub(super) seconds: f64,
    pub(super) cpu: Option<f64>,
    pub(super) memory: Option<f64>,
}

/// A second of all forms, with the latency of the leading one.
struct Second {
    at: Nanos,
    operations: u64,
    failures: u64,
    dropped: u64,
    p50: Option<Nanos>,
    p99: Option<Nanos>,
}

fn step(n: usize, most: usize) -> usize {
    n.div_ceil(most.max(1)).max(1)
}

/// At most about `most` points. Of several seconds together: the mean rate, the middle p50, the highest p99.
pub(super) fn points(timed: &Timed<'_>, most: usize) -> Vec<Point> {
    together(&merged(timed), most)
}

fn merged(timed: &Timed<'_>) -> Vec<Second> {
    let mut all: BTreeMap<u64, Second> = BTreeMap::new();
    let leading = timed.leading();
    for form in timed.forms {
        let leads = leading.is_some_and(|leading| std::ptr::eq(leading, form));
        for interval in &form.intervals {
            let Interval { at, operations, failures, .. } = *interval;
            let second = all.entry(at.0.div_ceil(1_000_000_000)).or_insert(Second {
                at,
                operations: 0,
                failures: 0,
                dropped: 0,
                p50: None,
                p99: None,
            });
            second.at = second.at.max(at);
            second.operations += operations;
            second.failures += failures;
            if leads {
                second.p50 = interval.response_p50.or(interval.p50);
                // A tail of service times must not stand in for one of response times that is not known.
                second.p99 =
                    if interval.response_p50.is_some() { interval.response_p99 } else { interval.p99 };
            }
        }
    }
    for (nth, due) in timed.load.open.iter().flat_map(|open| &open.seconds).enumerate() {
        if let Some(second) = all.get_mut(&(nth as u64 + 1)) {
            second.dropped = u64::from(due.dropped);
        }
    }
    all.into_values().collect()
}

fn together(all: &[Second], most: usize) -> Vec<Point> {
    let step = step(all.len(), most);
    let mut before = Nanos::ZERO;
    let mut points: Vec<Point> = Vec::new();
    for group in all.chunks(step) {
        let Some(last) = group.last() else { continue };
        let length = seconds(last.at.saturating_sub(before));
        // The rest of a second at the end says little and swings wildly.
        if length >= 0.5 {
            let operations: u64 = group.iter().map(|second| second.operations).sum();
            points.push(Point {
                seconds: seconds(last.at),
                rate: operations as f64 / length,
                failures: group.iter().map(|second| second.failures).sum(),
                dropped: group.iter().map(|second| second.dropped).sum(),
                p50: middle(group.iter().filter_map(|second| second.p50).map(|p50| p50.0 as f64).collect()),
                p99: group.iter().filter_map(|second| second.p99).max().map(|p99| p99.0 as f64),
                after_gap: !points.is_empty() && length > GAP * step as f64,
            });
        } else if let Some(point) = points.last_mut() {
            point.failures += group.iter().map(|second| second.failures).sum::<u64>();
            point.dropped += group.iter().map(|second| second.dropped).sum::<u64>();
        }
        before = last.at;
    }
    points
}

/// Arrivals a second that were due, at the end of each second or of several.
pub(super) fn offered(timed: &Timed<'_>, most: usize) -> Vec<Pair> {
    let Some(open) = &timed.load.open else { return Vec::new() };
    let step = step(open.seconds.len(), most);
    let whole = seconds(open.duration);
    let groups = open.seconds.chunks(step).enumerate();
    groups
        .filter_map(|(nth, group)| {
            let from = (nth * step) as f64;
            let to = (from + group.len() as f64).min(whole);
            let due: u64 = group.iter().map(|second| u64::from(second.offered)).sum();
            (to - from >= 0.5).then(|| (to, due as f64 / (to - from)))
        })
        .collect()
}

/// What each subject but the host used, from the moment at which the load began.
pub(super) fn used<'a>(timed: &Timed<'a>, most: usize) -> Vec<(&'a str, Vec<Used>)> {
    let began = began(timed);
    let subjects = timed.phase.resources.iter().flat_map(|resources| &resources.subjects);
    let all = subjects.filter(|subject| subject.name != HOST).map(|subject| {
        let step = step(subject.series.len(), most);
        let used = subject.series.chunks(step).filter_map(|group| {
            let mean = |values: Vec<f64>| {
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            Some(Used {
                seconds: seconds(group.last()?.at) - began,
                cpu: mean(group.iter().filter_map(|sample| sample.figures.cpu).collect()),
                memory: mean(
                    group.iter().filter_map(|sample| Some(sample.figures.resident?.0 as f64)).collect(),
                ),
            })
        });
        (subject.name.as_str(), used.filter(|used| used.seconds >= 0.0).collect::<Vec<_>>())
    });
    all.filter(|(_, used)| !used.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: u64, operations: u64) -> Second {
        let p50 = Some(Nanos(at));
        Second { at: Nanos::from_secs(at), operations, failures: 1, dropped: 2, p50, p99: p50 }
    }

    #[test]
    fn seconds_are_put_together_and_gaps_are_kept() {
        let seconds: Vec<Second> = (1..=10).map(|at| second(at, 100)).collect();
        let points = together(&seconds, 5);
        assert_eq!(points.len(), 5);
        assert!(points.iter().all(|point| point.rate == 100.0 && !point.after_gap));
        assert_eq!((points[0].p50, points[0].p99), (Some(1.5), Some(2.0)));
        assert_eq!(points.iter().map(|point| point.failures + point.dropped).sum::<u64>(), 30);
        let broken = together(&[second(1, 5), second(2, 5), second(9, 5)], 100);
        assert_eq!(broken.iter().map(|point| point.after_gap).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn an_hour_is_thinned() {
        let hour: Vec<Second> = (1..=3600).map(|at| second(at, 2000)).collect();
        assert_eq!(together(&hour, 600).len(), 600);
    }
}
