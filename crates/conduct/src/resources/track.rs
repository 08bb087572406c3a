//! The readings of one phase, folded into series, mean and peak as they come: memory is bounded, however long the phase.

use annvil_core::record::{ResourceFigures, ResourceSample};
use annvil_core::units::Nanos;

use super::reading::{AVAILABLE, Reading, Values, between, figures};

/// Entries of a series. One that would be longer has its entries joined two by two, and goes on in steps twice as long.
const MOST: usize = 1_000;

/// An interval shorter than this is joined with the one before: a clock tick of 10 ms in it would look like a peak.
const SHORTEST: Nanos = Nanos::from_millis(500);

/// All subjects at one instant.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) at: Nanos,
    pub(super) readings: Vec<Reading>,
}

/// A phase that is under way.
#[derive(Debug)]
pub(super) struct Track {
    began: Nanos,
    /// Up to here everything is folded in.
    base: Moment,
    /// The newest, which waits until it is known whether the end of the phase comes right behind it.
    newest: Option<Moment>,
    lines: Vec<Line>,
}

/// What became of a subject.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) mean: ResourceFigures,
    pub(super) peak: ResourceFigures,
    pub(super) series: Vec<ResourceSample>,
    pub(super) why: Option<String>,
}

impl Track {
    /// A phase that begins with this reading.
    pub(super) fn new(first: Moment) -> Self {
        let lines = first.readings.iter().map(|_| Line::default()).collect();
        Self { began: first.at, base: first, newest: None, lines }
    }

    /// Adds a reading.
    pub(super) fn add(&mut self, moment: Moment) {
        if let Some(newest) = self.newest.replace(moment) {
            self.fold(newest);
        }
    }

    /// The figures of each subject over the last whole interval; none before the first.
    pub(super) fn latest(&self) -> Option<Vec<ResourceFigures>> {
        let newest = self.newest.as_ref()?;
        let time = newest.at.saturating_sub(self.base.at);
        let pairs = self.base.readings.iter().zip(&newest.readings);
        Some(pairs.map(|(before, after)| figures(&between(before, after, time))).collect())
    }

    /// Ends the phase with a last reading: one entry a subject.
    pub(super) fn end(mut self, last: Moment) -> Vec<Summary> {
        if let Some(newest) = self.newest.take()
            && last.at.saturating_sub(newest.at) >= SHORTEST
        {
            self.fold(newest);
        }
        self.fold(last);
        let summaries = self.lines.into_iter().zip(self.base.readings);
        summaries.map(|(line, reading)| line.finish(self.began, reading.why)).collect()
    }

    fn fold(&mut self, moment: Moment) {
        let time = moment.at.saturating_sub(self.base.at);
        for ((line, before), after) in self.lines.iter_mut().zip(&self.base.readings).zip(&moment.readings) {
            line.add(&between(before, after, time), moment.at, time);
        }
        self.base = moment;
    }
}

/// One subject.
#[derive(Debug)]
struct Line {
    /// Values times the time in which they were known, and that time.
    sums: [(f64, f64); 16],
    peak: Values,
    points: Vec<Point>,
    /// Intervals that a point holds, and how many the last one holds so far.
    whole: u32,
    held: u32,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    until: Nanos,
    weight: f64,
    values: Values,
}

impl Default for Line {
    fn default() -> Self {
        Self { sums: [(0.0, 0.0); 16], peak: [None; 16], points: Vec::new(), whole: 1, held: 1 }
    }
}

impl Line {
    fn add(&mut self, values: &Values, until: Nanos, time: Nanos) {
        // A phase of no length at all still has a state of its memory.
        let weight = time.as_secs_f64().max(1e-9);
        for (place, value) in values.iter().enumerate() {
            let Some(value) = *value else { continue };
            self.sums[place].0 += value * weight;
            self.sums[place].1 += weight;
            let peak = self.peak[place].get_or_insert(value);
            *peak = if place == AVAILABLE { peak.min(value) } else { peak.max(value) };
        }
        let point = Point { until, weight, values: *values };
        match self.points.last_mut() {
            Some(last) if self.held < self.whole => {
                *last = last.join(&point);
                self.held += 1;
            }
            _ => {
                if self.points.len() == MOST {
                    self.points =
                        self.points.chunks(2).map(|pair| pair[0].join(&pair[pair.len() - 1])).collect();
                    self.whole *= 2;
                }
                self.points.push(point);
                self.held = 1;
            }
        }
    }

    fn finish(self, began: Nanos, why: Option<String>) -> Summary {
        let mean = self.sums.map(|(sum, weight)| (weight > 0.0).then(|| sum / weight));
        let series = self.points.iter().map(|point| ResourceSample {
            at: point.until.saturating_sub(began),
            figures: figures(&point.values),
        });
        Summary { mean: figures(&mean), peak: figures(&self.peak), series: series.collect(), why }
    }
}

impl Point {
    /// Both as one: the mean by time of what is known of each.
    fn join(&self, next: &Self) -> Self {
        let mut joined = Self { until: next.until, weight: self.weight + next.weight, values: self.values };
        for (value, later) in joined.values.iter_mut().zip(next.values) {
            *value = match (*value, later) {
                (Some(one), Some(other)) => {
                    Some((one * self.weight + other * next.weight) / (self.weight + next.weight))
                }
                (one, other) => one.or(other),
            };
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Nanos = Nanos::from_secs(1);

    fn moment(at: Nanos, cpu: Option<u64>) -> Moment {
        let available = Some(1_000_000 - at.0 / 1_000_000);
        Moment { at, readings: vec![Reading { cpu, available, ..Reading::default() }] }
    }

    fn summary(moments: impl IntoIterator<Item = (Nanos, Option<u64>)>) -> Summary {
        let mut moments = moments.into_iter().map(|(at, cpu)| moment(at, cpu)).collect::<Vec<_>>();
        let last = moments.pop().unwrap();
        let mut moments = moments.into_iter();
        let mut track = Track::new(moments.next().unwrap());
        moments.for_each(|moment| track.add(moment));
        track.end(last).pop().unwrap()
    }

    #[test]
    fn a_phase_shorter_than_a_second_has_one_entry_and_a_mean() {
        let summary = summary([(Nanos(7), Some(100)), (Nanos(200_000_007), Some(100_000_100))]);
        assert_eq!((summary.mean.cpu, summary.peak.cpu, summary.series.len()), (Some(0.5), Some(0.5), 1));
        assert_eq!(summary.series[0].at, Nanos(200_000_000));
    }

    #[test]
    fn a_short_end_joins_the_second_before_it() {
        let seconds = |tenths: u64| Nanos::from_millis(tenths * 100);
        // Half a core in the first second; then all of one in 0.1 s, which is not to be a peak of its own.
        let short = summary([
            (seconds(0), Some(0)),
            (seconds(10), Some(500_000_000)),
            (seconds(20), Some(500_000_000)),
            (seconds(21), Some(600_000_000)),
        ]);
        assert_eq!(
            short.series.iter().map(|sample| sample.at).collect::<Vec<_>>(),
            [seconds(10), seconds(21)]
        );
        assert_eq!(short.peak.cpu, Some(0.5));
        let long = summary([
            (seconds(0), Some(0)),
            (seconds(10), Some(500_000_000)),
            (seconds(16), Some(1_100_000_000)),
        ]);
        assert_eq!((long.series.len(), long.peak.cpu), (2, Some(1.0)));
    }

    #[test]
    fn unknown_time_counts_in_no_mean() {
        let at = Nanos::from_secs;
        let summary = summary([
            (at(0), Some(0)),
            (at(1), Some(1_000_000_000)),
            (at(2), None),
            (at(3), Some(7)),
            (at(4), Some(500_000_007)),
        ]);
        let cpu: Vec<_> = summary.series.iter().map(|sample| sample.figures.cpu).collect();
        assert_eq!(cpu, [Some(1.0), None, None, Some(0.5)]);
        assert_eq!((summary.mean.cpu, summary.peak.cpu), (Some(0.75), Some(1.0)));
        assert_eq!(summary.mean.resident, None);
    }

    #[test]
    fn the_worst_of_what_is_available_is_the_least() {
        let summary = summary((0..4).map(|second| (Nanos::from_secs(second), None)));
        assert_eq!(summary.peak.available.map(|bytes| bytes.0), Some(997_000));
        assert_eq!(summary.mean.available.map(|bytes| bytes.0), Some(998_000));
    }

    #[test]
    fn an_hour_keeps_its_mean_and_its_peak_of_one_second() {
        // Idle but for one busy second.
        let busy = |second: u64| if second > 2000 { 1_000_000_000 } else { 0 };
        let summary = summary((0..=3600).map(|second| (Nanos::from_secs(second), Some(busy(second)))));
        assert!((500..=MOST).contains(&summary.series.len()), "{}", summary.series.len());
        assert_eq!(summary.peak.cpu, Some(1.0));
        assert_eq!(summary.mean.cpu, Some(0.0003));
        assert_eq!(summary.series.last().unwrap().at, Nanos::from_secs(3600));
    }

    proptest! {
        #[test]
        fn entries_rise_and_their_weighted_mean_is_the_mean(
            busy in prop::collection::vec(0u64..=2_000_000_000, 1..2500),
            tail in 0u64..1_000_000_000,
        ) {
            let mut total = 0;
            let mut moments = vec![(Nanos::ZERO, Some(0))];
            for (second, busy) in busy.iter().enumerate() {
                total += busy;
                moments.push((Nanos::from_secs(second as u64 + 1), Some(total)));
            }
            let end = Nanos(busy.len() as u64 * SECOND.0 + tail);
            moments.push((end, Some(total)));
            let summary = summary(moments);
            prop_assert!(summary.series.len() <= MOST);
            prop_assert!(summary.series.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert_eq!(summary.series.last().unwrap().at, end);
            let mut before = Nanos::ZERO;
            let mut sum = 0.0;
            for sample in &summary.series {
                sum += sample.figures.cpu.unwrap() * sample.at.saturating_sub(before).as_secs_f64();
                before = sample.at;
            }
            let expected = total as f64 / end.0 as f64;
            prop_assert!((sum / end.as_secs_f64() - expected).abs() < 1e-3);
            prop_assert!((summary.mean.cpu.unwrap() - expected).abs() < 1e-3);
            prop_assert!(summary.peak.cpu.unwrap() >= summary.mean.cpu.unwrap() - 1e-3);
        }
    }
}
