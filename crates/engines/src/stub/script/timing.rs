//! How long service takes and what it waits for: the part of a script that knows no chance.

use annvil_core::scenario::StubSpec;
use annvil_core::units::{HumanDuration, Nanos};

/// Service time and the intervals that change it.
pub(super) struct Timing {
    service: u64,
    /// From and until when no call ends, in order.
    stalls: Vec<(u64, u64)>,
    /// From and until when service takes another time, and its factor.
    slow: Vec<(u64, u64, f64)>,
}

impl Timing {
    /// Intervals count from `opening`.
    pub(super) fn new(spec: &StubSpec, opening: Nanos) -> Self {
        let interval = |at: HumanDuration, length: Option<HumanDuration>| {
            let start = opening.saturating_add(at.nanos());
            (start.0, length.map_or(u64::MAX, |length| start.saturating_add(length.nanos()).0))
        };
        let mut stalls: Vec<(u64, u64)> =
            spec.stalls.iter().map(|stall| interval(stall.at, Some(stall.length))).collect();
        stalls.sort_unstable();
        let slow = spec.slow.iter().map(|slow| {
            let (from, until) = interval(slow.at, slow.length);
            (from, until, slow.factor)
        });
        Self { service: spec.service.unwrap_or_default().nanos().0, stalls, slow: slow.collect() }
    }

    /// Service time of a call that is sent at `sent`; `share` is its draw, 1 on average.
    pub(super) fn service(&self, sent: Nanos, share: f64) -> u64 {
        let inside = self.slow.iter().filter(|(from, until, _)| (*from..*until).contains(&sent.0));
        let factor = inside.fold(share, |factor, (_, _, own)| factor * own);
        // Not by way of a float where nothing changes it: that would round.
        if factor == 1.0 { self.service } else { (self.service as f64 * factor).round() as u64 }
    }

    /// When service ends that could begin at `start`: one that would end in a stall, or begin in one, begins when the
    /// stall is over.
    pub(super) fn end(&self, start: Nanos, service: u64) -> Nanos {
        let mut start = start.0;
        for (from, until) in &self.stalls {
            if start < *until && start.saturating_add(service) >= *from {
                start = *until;
            }
        }
        Nanos(start.saturating_add(service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::scenario::{Slow, Stall};

    fn secs(seconds: u64) -> HumanDuration {
        HumanDuration::from_secs(seconds)
    }

    #[test]
    fn no_call_ends_in_a_stall() {
        let stall = |at, length| Stall { at: secs(at), length: secs(length) };
        let spec = StubSpec {
            service: Some(secs(1)),
            stalls: vec![stall(20, 5), stall(10, 5)],
            ..StubSpec::default()
        };
        let timing = Timing::new(&spec, Nanos::from_secs(100));
        let end = |sent| timing.end(Nanos::from_secs(sent), Nanos::from_secs(1).0).0 / 1_000_000_000;
        assert_eq!(
            [100, 108, 109, 110, 114, 115, 119, 122].map(end),
            [101, 109, 116, 116, 116, 116, 126, 126]
        );
    }

    #[test]
    fn slow_is_slow_for_what_is_sent_inside() {
        let slow = vec![
            Slow { at: secs(10), length: Some(secs(20)), factor: 3.0 },
            Slow { at: secs(25), length: None, factor: 0.5 },
        ];
        let spec = StubSpec { service: Some(secs(2)), slow, ..StubSpec::default() };
        let timing = Timing::new(&spec, Nanos::from_secs(100));
        let service = |sent| timing.service(Nanos::from_millis(sent), 1.0) / 1_000_000;
        assert_eq!(
            [100_000, 109_999, 110_000, 124_999, 125_000, 129_999, 130_000, 9_000_000].map(service),
            [2000, 2000, 6000, 6000, 3000, 3000, 1000, 1000]
        );
    }

    #[test]
    fn an_odd_service_time_is_kept_to_the_nanosecond() {
        let service = HumanDuration::from(Nanos((1 << 60) + 1));
        let timing = Timing::new(&StubSpec { service: Some(service), ..StubSpec::default() }, Nanos::ZERO);
        assert_eq!(timing.service(Nanos::ZERO, 1.0), (1 << 60) + 1);
    }
}
