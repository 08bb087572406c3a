//! The curve that a rate describes, and why some describe none.

use crate::schedule::{Curve, Piece};
use crate::units::{HumanDuration, Nanos, Rate};

use super::{RateSpec, StepRate};

/// More steps than anyone can tell from a ramp.
const MOST_STEPS: u32 = 10_000;

impl RateSpec {
    /// The curve over a phase of the length that its `for` says. Stages have lengths of their own and take no `for`;
    /// a trace has no curve at all.
    pub fn curve(&self, duration: Option<Nanos>) -> Result<Curve, String> {
        let curve = Curve::new(self.pieces(duration)?).map_err(|error| error.to_string())?;
        if curve.duration() == Nanos::ZERO {
            return Err("the stages have no length: give one of them a `for` of more than 0s".to_owned());
        }
        if curve.total() > 0.0 {
            Ok(curve)
        } else {
            Err("the rate is 0 all the time, so nothing would be sent".to_owned())
        }
    }

    fn pieces(&self, duration: Option<Nanos>) -> Result<Vec<Piece>, String> {
        let whole = match (self, duration) {
            (Self::Trace(_), _) => return Err("a trace has recorded instants and no curve".to_owned()),
            (Self::Stages(_), Some(_)) => {
                return Err("stages have lengths of their own: leave out the `for` of the phase".to_owned());
            }
            (Self::Stages(_), None) => Nanos::ZERO,
            (_, None) => return Err("this rate needs a `for` in its phase, such as `for: 30s`".to_owned()),
            (_, Some(Nanos::ZERO)) => return Err("`for` must be longer than 0s".to_owned()),
            (_, Some(duration)) => duration,
        };
        let phase = || format!("the phase, which lasts {}", HumanDuration(whole));
        let hold = |rate: Rate, length| Piece::Hold { rate, length };
        match self {
            Self::Hold(rate) => Ok(vec![hold(rate.rate(), whole)]),
            Self::Ramp(ramp) => {
                Ok(vec![Piece::Ramp { from: ramp.from.rate(), to: ramp.to.rate(), length: whole }])
            }
            Self::Step(step) => steps(*step, whole),
            Self::Spike(spike) => {
                let (at, lasts) = (spike.at.nanos(), spike.lasts.nanos());
                if lasts == Nanos::ZERO {
                    return Err("the spike must last longer than 0s".to_owned());
                }
                let end = at.saturating_add(lasts);
                if end > whole {
                    let end = HumanDuration(end);
                    return Err(format!("the spike ends at {end}, after {}", phase()));
                }
                let base = spike.base.rate();
                Ok(vec![
                    hold(base, at),
                    hold(spike.peak.rate(), lasts),
                    hold(base, whole.saturating_sub(end)),
                ])
            }
            Self::Sine(sine) => Ok(vec![Piece::Sine {
                mean: sine.mean.rate(),
                amplitude: sine.amplitude.rate(),
                period: sine.period.nanos(),
                length: whole,
            }]),
            Self::Soak(soak) => {
                let (rate, length) = (soak.rate.rate(), soak.ramp.nanos());
                if length > whole {
                    return Err(format!("the `ramp` of {} is longer than {}", soak.ramp, phase()));
                }
                let ramp = Piece::Ramp { from: Rate(0.0), to: rate, length };
                Ok(vec![ramp, hold(rate, whole.saturating_sub(length))])
            }
            Self::Stages(stages) => {
                let mut from = stages.from.rate();
                let pieces = stages.stages.iter().map(|stage| {
                    let to = stage.to.rate();
                    Piece::Ramp { from: std::mem::replace(&mut from, to), to, length: stage.length.nanos() }
                });
                Ok(pieces.collect())
            }
            Self::Trace(_) => Ok(Vec::new()),
        }
    }
}

fn steps(step: StepRate, whole: Nanos) -> Result<Vec<Piece>, String> {
    let StepRate { from, to, steps } = step;
    if steps < 2 {
        return Err(format!("`steps` must be at least 2, for both ends, not {steps}"));
    }
    if steps > MOST_STEPS {
        return Err(format!("`steps` must be at most 10,000, not {steps}; `ramp` rises without steps"));
    }
    // From the number of the step, so that the lengths add up to the whole to the nanosecond.
    let begin = |i: u32| Nanos((u128::from(whole.0) * u128::from(i) / u128::from(steps)) as u64);
    let pieces = (0..steps).map(|i| {
        let share = f64::from(i) / f64::from(steps - 1);
        let rate = Rate(from.per_second() * (1.0 - share) + to.per_second() * share);
        Piece::Hold { rate, length: begin(i + 1).saturating_sub(begin(i)) }
    });
    Ok(pieces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: &str) -> RateSpec {
        serde_saphyr::from_str(yaml).unwrap()
    }

    /// A rate, its `for`, the rate at some seconds, and the arrivals in all.
    type Case = (&'static str, Option<Nanos>, &'static [(u64, f64)], f64);

    #[test]
    fn every_shape_has_its_rates() {
        let minute = Some(Nanos::from_secs(60));
        let cases: [Case; 9] = [
            ("500/s", minute, &[(0, 500.0), (59, 500.0), (60, 0.0)], 30_000.0),
            ("{ramp: {from: 0/s, to: 60/s}}", minute, &[(0, 0.0), (30, 30.0)], 1800.0),
            ("{ramp: {from: 60/s, to: 0/s}}", minute, &[(0, 60.0), (59, 1.0)], 1800.0),
            (
                "{step: {from: 1/s, to: 3/s, steps: 3}}",
                minute,
                &[(0, 1.0), (19, 1.0), (20, 2.0), (40, 3.0), (59, 3.0)],
                120.0,
            ),
            (
                "{spike: {base: 1/s, peak: 9/s, at: 10s, lasts: 5s}}",
                minute,
                &[(9, 1.0), (10, 9.0), (14, 9.0), (15, 1.0), (59, 1.0)],
                100.0,
            ),
            (
                "{sine: {mean: 5/s, amplitude: 5/s, period: 20s}}",
                minute,
                &[(0, 5.0), (5, 10.0), (35, 0.0)],
                300.0,
            ),
            ("{soak: {rate: 10/s, ramp: 20s}}", minute, &[(10, 5.0), (20, 10.0), (59, 10.0)], 500.0),
            (
                "{stages: [{for: 10s, to: 8/s}, {for: 10s, to: 8/s}, {for: 0s, to: 2/s}, {for: 4s, to: 0/s}]}",
                None,
                &[(5, 4.0), (15, 8.0), (20, 2.0), (22, 1.0), (24, 0.0)],
                124.0,
            ),
            ("{stages: [{for: 10s, to: 8/s}], from: 4/s}", None, &[(0, 4.0), (5, 6.0)], 60.0),
        ];
        for (yaml, duration, rates, total) in cases {
            let curve = spec(yaml).curve(duration).unwrap();
            for (second, rate) in rates {
                let found = curve.rate_at(Nanos::from_secs(*second)).0;
                assert!((found - rate).abs() < 1e-9, "{yaml} at {second}: {found}");
            }
            assert!((curve.total() - total).abs() < 1e-9, "{yaml}: {}", curve.total());
            assert_eq!(curve.duration(), duration.unwrap_or(curve.duration()), "{yaml}");
            let double = spec(yaml).scaled(2.0).unwrap().curve(duration).unwrap();
            assert!((double.total() - 2.0 * total).abs() < 1e-9, "{yaml}: {}", double.total());
            assert_eq!(double.duration(), curve.duration());
        }
    }

    #[test]
    fn steps_fill_the_phase_to_the_nanosecond() {
        let step = spec("{step: {from: 1/s, to: 7/s, steps: 7}}");
        for length in [1_000_000_000, 1_000_000_001, 999_999_999, 3] {
            assert_eq!(step.curve(Some(Nanos(length))).unwrap().duration(), Nanos(length));
        }
    }

    #[test]
    fn impossible_rates_are_refused_in_words() {
        let some = Some(Nanos::from_secs(10));
        for (yaml, duration, message) in [
            ("500/s", None, "this rate needs a `for` in its phase, such as `for: 30s`"),
            ("500/s", Some(Nanos::ZERO), "`for` must be longer than 0s"),
            ("0/s", some, "the rate is 0 all the time, so nothing would be sent"),
            ("{ramp: {from: 0/s, to: 0/s}}", some, "the rate is 0 all the time, so nothing would be sent"),
            ("5000M/s", some, "a rate of 5,000 M/s is more than one arrival a nanosecond"),
            (
                "{step: {from: 1/s, to: 2/s, steps: 1}}",
                some,
                "`steps` must be at least 2, for both ends, not 1",
            ),
            (
                "{step: {from: 1/s, to: 2/s, steps: 4000000000}}",
                some,
                "`steps` must be at most 10,000, not 4000000000; `ramp` rises without steps",
            ),
            (
                "{spike: {base: 1/s, peak: 2/s, at: 8s, lasts: 2500ms}}",
                some,
                "the spike ends at 10500ms, after the phase, which lasts 10s",
            ),
            (
                "{spike: {base: 1/s, peak: 2/s, at: 8s, lasts: 0s}}",
                some,
                "the spike must last longer than 0s",
            ),
            (
                "{sine: {mean: 5/s, amplitude: 6/s, period: 1s}}",
                some,
                "the amplitude of 6/s is larger than the mean of 5/s: the rate would be negative",
            ),
            (
                "{sine: {mean: 5/s, amplitude: 5/s, period: 0s}}",
                some,
                "the period of a sine must be longer than nothing",
            ),
            (
                "{soak: {rate: 5/s, ramp: 30s}}",
                some,
                "the `ramp` of 30s is longer than the phase, which lasts 10s",
            ),
            (
                "{stages: [{for: 1s, to: 5/s}]}",
                some,
                "stages have lengths of their own: leave out the `for` of the phase",
            ),
            (
                "{stages: [{for: 0s, to: 5/s}]}",
                None,
                "the stages have no length: give one of them a `for` of more than 0s",
            ),
            ("{stages: [{for: 1s, to: 0/s}]}", None, "the rate is 0 all the time, so nothing would be sent"),
            ("{trace: t.txt}", None, "a trace has recorded instants and no curve"),
        ] {
            assert_eq!(spec(yaml).curve(duration).unwrap_err(), message, "{yaml}");
        }
        let bad = spec("500/s").scaled(f64::NAN).unwrap().curve(some).unwrap_err();
        assert_eq!(bad, "a rate must be a finite number");
        assert_eq!(spec("{trace: t.txt}").scaled(2.0), None);
    }
}
