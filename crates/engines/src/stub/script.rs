//! When a call ends and how, as the script says.

use std::cell::RefCell;

use annvil_core::scenario::StubSpec;
use annvil_core::units::Nanos;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

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
    service: u64,
    /// From and until when no call ends, in order.
    stalls: Vec<(u64, u64)>,
    errors: f64,
    timeouts: f64,
    random: RefCell<ChaCha8Rng>,
}

impl Script {
    /// The script for session `number`; stalls count from `opening`.
    pub(super) fn new(spec: &StubSpec, opening: Nanos, number: u64) -> Self {
        let nanos = |duration: annvil_core::units::HumanDuration| duration.nanos().0;
        let mut stalls: Vec<(u64, u64)> = spec
            .stalls
            .iter()
            .map(|stall| {
                let start = opening.0.saturating_add(nanos(stall.at));
                (start, start.saturating_add(nanos(stall.length)))
            })
            .collect();
        stalls.sort_unstable();
        let mut random = ChaCha8Rng::seed_from_u64(spec.seed);
        random.set_stream(number);
        let service = spec.service.map_or(0, nanos);
        Self { service, stalls, errors: spec.errors, timeouts: spec.timeouts, random: RefCell::new(random) }
    }

    /// When a call ends that was sent at `sent`: after its service time, but one that would end in a stall, or was sent
    /// in one, begins when the stall is over.
    pub(super) fn end(&self, sent: Nanos) -> Nanos {
        let mut start = sent.0;
        for (from, until) in &self.stalls {
            if start < *until && start.saturating_add(self.service) >= *from {
                start = *until;
            }
        }
        Nanos(start.saturating_add(self.service))
    }

    /// How the next call ends.
    pub(super) fn draw(&self) -> End {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::scenario::Stall;
    use annvil_core::units::HumanDuration;

    fn spec() -> StubSpec {
        let stall =
            |at, length| Stall { at: HumanDuration::from_secs(at), length: HumanDuration::from_secs(length) };
        StubSpec {
            service: Some(HumanDuration::from_secs(1)),
            stalls: vec![stall(20, 5), stall(10, 5)],
            errors: 0.25,
            timeouts: 0.25,
            seed: 3,
            ..StubSpec::default()
        }
    }

    #[test]
    fn no_call_ends_in_a_stall() {
        let script = Script::new(&spec(), Nanos::from_secs(100), 0);
        let end = |sent| script.end(Nanos::from_secs(sent)).0 / 1_000_000_000;
        assert_eq!(
            [100, 108, 109, 110, 114, 115, 119, 122].map(end),
            [101, 109, 116, 116, 116, 116, 126, 126]
        );
    }

    #[test]
    fn failures_come_in_their_shares_and_again_with_the_same_seed() {
        let draws = |number| {
            let script = Script::new(&spec(), Nanos::ZERO, number);
            (0..10_000).map(|_| script.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        for end in [End::Error, End::Never] {
            let share = draws(0).iter().filter(|drawn| **drawn == end).count();
            assert!((2300..2700).contains(&share), "{end:?} {share}");
        }
    }
}
