//! When a call ends and how, as the script says.

mod timing;

use std::cell::RefCell;
use std::sync::Arc;

use annvil_core::scenario::{Spread, StubSpec};
use annvil_core::units::Nanos;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::places::Places;
use timing::Timing;

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With an answer.
    Answer,
    /// With an error.
    Error,
    /// Never.
    Never,
}

/// The script of one session.
pub(super) struct Script {
    timing: Timing,
    /// What the sessions share, if there is a capacity.
    places: Option<Arc<Places>>,
    exponential: bool,
    errors: f64,
    timeouts: f64,
    random: RefCell<ChaCha8Rng>,
}

impl Script {
    /// The script for session `number`; stalls and slow intervals count from `opening`.
    pub(super) fn new(spec: &StubSpec, opening: Nanos, number: u64, places: Option<Arc<Places>>) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(spec.seed);
        random.set_stream(number);
        Self {
            timing: Timing::new(spec, opening),
            places,
            exponential: spec.spread == Spread::Exponential,
            errors: spec.errors,
            timeouts: spec.timeouts,
            random: RefCell::new(random),
        }
    }

    /// How and when the next call ends, which is sent at `sent`. A call that is never answered is served like the
    /// others: its place is busy as long, and only its answer is lost.
    pub(super) fn next(&self, sent: Nanos) -> (End, Nanos) {
        let end = self.draw();
        let share = if self.exponential { self.exponential() } else { 1.0 };
        let service = self.timing.service(sent, share);
        let ends = match &self.places {
            Some(places) => places.take(sent, |start| self.timing.end(start, service)),
            None => self.timing.end(sent, service),
        };
        (end, ends)
    }

    fn draw(&self) -> End {
        if self.errors + self.timeouts == 0.0 {
            return End::Answer;
        }
        let drawn: f64 = self.random.borrow_mut().random();
        if drawn < self.errors {
            End::Error
        } else if drawn < self.errors + self.timeouts {
            End::Never
        } else {
            End::Answer
        }
    }

    /// Exponential with mean 1.
    fn exponential(&self) -> f64 {
        // 1 − u lies in (0, 1], so the logarithm is finite.
        let uniform: f64 = self.random.borrow_mut().random();
        -(1.0 - uniform).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::schedule::{Poisson, Schedule};
    use annvil_core::units::{HumanDuration, Rate};

    fn spec() -> StubSpec {
        StubSpec {
            service: Some(HumanDuration::from_millis(1)),
            errors: 0.25,
            timeouts: 0.25,
            seed: 3,
            ..StubSpec::default()
        }
    }

    /// Mean response time of `count` Poisson arrivals at `rate`, in seconds, over sessions that take turns.
    fn mean_response(spec: &StubSpec, rate: f64, count: u64) -> f64 {
        let places = spec.capacity.map(|count| Arc::new(Places::new(count)));
        let sessions: Vec<Script> =
            (0..5).map(|number| Script::new(spec, Nanos::ZERO, number, places.clone())).collect();
        let mut arrivals = Poisson::new(Rate(rate), count, 11);
        let mut sum = 0.0;
        for i in 0..count as usize {
            let sent = arrivals.next().unwrap();
            sum += sessions[i % 5].next(sent).1.saturating_sub(sent).as_secs_f64();
        }
        sum / count as f64
    }

    #[test]
    fn failures_come_in_their_shares_and_again_with_the_same_seed() {
        let draws = |number| {
            let script = Script::new(&spec(), Nanos::ZERO, number, None);
            (0..10_000).map(|_| script.next(Nanos::ZERO).0).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        for end in [End::Error, End::Never] {
            let share = draws(0).iter().filter(|drawn| **drawn == end).count();
            assert!((2300..2700).contains(&share), "{end:?} {share}");
        }
    }

    #[test]
    fn what_fails_or_is_never_answered_keeps_its_place_busy() {
        for (errors, timeouts) in [(1.0, 0.0), (0.0, 1.0)] {
            let spec = StubSpec { errors, timeouts, capacity: Some(1), ..spec() };
            let script = Script::new(&spec, Nanos::ZERO, 0, Some(Arc::new(Places::new(1))));
            let ends: Vec<u64> = (0..4).map(|_| script.next(Nanos::ZERO).1.0 / 1_000_000).collect();
            assert_eq!(ends, [1, 2, 3, 4]);
        }
    }

    #[test]
    fn one_place_is_m_m_1_and_m_d_1() {
        // M/M/1: 1 / (µ − λ). M/D/1: service plus ρ / (2 µ (1 − ρ)), Pollaczek and Khinchine. µ = 1,000/s, ρ = 0.8.
        let fixed = StubSpec { capacity: Some(1), ..spec() };
        let exponential = StubSpec { spread: Spread::Exponential, ..fixed.clone() };
        for (spec, theory) in [(exponential, 0.005), (fixed, 0.003)] {
            let mean = mean_response(&spec, 800.0, 400_000);
            assert!((mean / theory - 1.0).abs() < 0.03, "{mean} instead of {theory}");
        }
    }

    #[test]
    fn without_capacity_only_the_spread_is_left() {
        let spec = StubSpec { spread: Spread::Exponential, ..spec() };
        let mean = mean_response(&spec, 5000.0, 200_000);
        assert!((mean / 0.001 - 1.0).abs() < 0.01, "{mean}");
    }
}
