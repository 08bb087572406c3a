//! One piece of a rate curve: its rate, how many arrivals it brings, and when each of them is due.

use std::f64::consts::TAU;

use crate::units::{Nanos, Rate};

use super::CurveError;

/// Nanoseconds in a second: rates are per second, instants in nanoseconds.
const SECOND: f64 = 1e9;

/// A piece of a [`Curve`](super::Curve).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Piece {
    /// The same rate all the time.
    Hold {
        /// The rate.
        rate: Rate,
        /// How long.
        length: Nanos,
    },
    /// From one rate to another in a straight line.
    Ramp {
        /// The rate at the beginning.
        from: Rate,
        /// The rate at the end.
        to: Rate,
        /// How long.
        length: Nanos,
    },
    /// `mean + amplitude × sin(2π t / period)`, with t from the beginning of the piece.
    Sine {
        /// The rate about which it swings.
        mean: Rate,
        /// How far it swings, at most the mean.
        amplitude: Rate,
        /// How long a swing takes.
        period: Nanos,
        /// How long the piece is; it need not end with a whole swing.
        length: Nanos,
    },
}

impl Piece {
    /// How long it is.
    pub const fn length(&self) -> Nanos {
        match self {
            Self::Hold { length, .. } | Self::Ramp { length, .. } | Self::Sine { length, .. } => *length,
        }
    }

    pub(super) fn check(&self) -> Result<(), CurveError> {
        let possible = |rate: Rate| {
            if !rate.0.is_finite() {
                Err(CurveError::NotFinite)
            } else if rate.0 < 0.0 {
                Err(CurveError::Negative(rate))
            } else if rate.0 > SECOND {
                Err(CurveError::TooFast(rate))
            } else {
                Ok(())
            }
        };
        match *self {
            Self::Hold { rate, .. } => possible(rate),
            Self::Ramp { from, to, .. } => possible(from).and_then(|()| possible(to)),
            Self::Sine { mean, amplitude, period, .. } => {
                possible(mean)?;
                possible(amplitude)?;
                if amplitude.0 > mean.0 {
                    return Err(CurveError::Dips { mean, amplitude });
                }
                possible(Rate(mean.0 + amplitude.0))?;
                if period == Nanos::ZERO { Err(CurveError::NoPeriod) } else { Ok(()) }
            }
        }
    }

    /// The rate after `at` nanoseconds of the piece.
    pub(super) fn rate_at(&self, at: f64) -> f64 {
        match *self {
            Self::Hold { rate, .. } => rate.0,
            Self::Ramp { from, to, length } => from.0 + (to.0 - from.0) * (at / length.0 as f64),
            // The sum may miss zero by a hair where the amplitude is the mean.
            Self::Sine { mean, amplitude, period, .. } => {
                (mean.0 + amplitude.0 * (at / period.0 as f64 * TAU).sin()).max(0.0)
            }
        }
    }

    /// Arrivals to expect in the first `at` nanoseconds.
    pub(super) fn integral(&self, at: f64) -> f64 {
        match *self {
            Self::Hold { rate, .. } => rate.0 * at / SECOND,
            Self::Ramp { length, .. } if length == Nanos::ZERO => 0.0,
            Self::Ramp { from, to, length } => {
                let mean = from.0 + (to.0 - from.0) * (at / length.0 as f64) / 2.0;
                mean * at / SECOND
            }
            Self::Sine { mean, amplitude, period, .. } => {
                // 1 − cos x written as 2 sin² (x/2), which keeps its digits where x is small.
                let period = period.0 as f64;
                let half = (at / period * TAU / 2.0).sin();
                (mean.0 * at + amplitude.0 * period / TAU * 2.0 * half * half) / SECOND
            }
        }
    }

    /// Nanoseconds after which the integral is `count`, which is less than `total`, the integral of the whole piece.
    /// Where it has to be sought, `near` is where to begin: the closer, the sooner it is found.
    #[inline]
    pub(super) fn inverse(&self, count: f64, total: f64, near: f64) -> f64 {
        match *self {
            Self::Hold { rate, .. } => count * SECOND / rate.0,
            Self::Ramp { from, to, length } => {
                // The root of a quadratic in the form that subtracts nothing from its like.
                let share = count / total;
                let (from, to) = (from.0, to.0);
                let rate = (from * from + (to * to - from * from) * share).max(0.0).sqrt();
                if share > 0.0 { length.0 as f64 * share * (from + to) / (from + rate) } else { 0.0 }
            }
            Self::Sine { mean, amplitude, period, .. } => {
                let period = period.0 as f64;
                let swings = count / (mean.0 * period / SECOND);
                let whole = swings.floor();
                let near = TAU * (near / period - whole);
                (whole + swing(TAU * (swings - whole), amplitude.0 / mean.0, near) / TAU) * period
            }
        }
    }
}

/// The angle x in \[0, 2π\] at which `x + depth × (1 − cos x)` is `wanted`, which lies in the same range; sought from
/// `near`.
///
/// This is Kepler's equation, solved by Newton's step. Where the curve is near enough to straight, the step is refined
/// by the higher derivatives, which cost nothing once sine and cosine are there; where it leads out of the interval in
/// which the answer must be, the interval is halved instead.
fn swing(wanted: f64, depth: f64, near: f64) -> f64 {
    let (mut low, mut high) = ((wanted - 2.0 * depth).max(0.0), wanted);
    let mut x = near.max(low).min(high);
    for _ in 0..100 {
        let (sin, cos) = x.sin_cos();
        let excess = x + depth * (1.0 - cos) - wanted;
        // The last digit of an angle.
        if excess.abs() < 2e-15 {
            break;
        }
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let (slope, bend, twist) = (1.0 + depth * sin, depth * cos, -depth * sin);
        let newton = -excess / slope;
        let better = -excess / (slope + newton * bend / 2.0);
        let better = -excess / (slope + better * bend / 2.0 + better * better * twist / 6.0);
        let straight = slope > 0.1 && (0.5..2.0).contains(&(better / newton));
        let step = if straight { better } else { newton };
        let inside = x + step >= low && x + step <= high;
        let next = if inside { x + step } else { f64::midpoint(low, high) };
        let moved = (next - x).abs();
        x = next;
        // The error that is left is about the fourth power of the step, where it is refined.
        if straight && inside && moved < 1e-4 {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_angle_is_found_from_anywhere(
            angle in prop_oneof![0.0..TAU, (TAU * 0.75 - 1e-6)..(TAU * 0.75 + 1e-6), Just(0.0), Just(TAU)],
            depth in prop_oneof![Just(1.0), Just(0.0), 0.99f64..1.0, 0.0f64..1.0],
            near in prop_oneof![-10.0f64..10.0, Just(TAU * 0.75)],
        ) {
            let wanted = angle + depth * (1.0 - angle.cos());
            let x = swing(wanted, depth, near);
            prop_assert!((x + depth * (1.0 - x.cos()) - wanted).abs() < 5e-15, "{x} {wanted}");
            if 1.0 + depth * angle.sin() > 0.01 {
                prop_assert!((x - angle).abs() < 1e-12, "{x} {angle}");
            }
        }
    }
}
