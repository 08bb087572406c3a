//! From two sides to an estimate with its interval, and what further runs would bring.

use super::design::{Design, Drawn, design, welch};
use super::verdict::verdict;
use super::{CompareError, Estimate, Method, Scale, Side, Spec, Verdict, Worse};
use crate::bootstrap::Studentised;
use crate::{equivalence, power, student};

/// Samples a side from which the bootstrap takes the place of t.
const BOOTSTRAP: usize = 10;

/// Most further runs that are told.
const MOST_RUNS: u32 = 1000;

/// Compares one metric on two sides.
pub fn compare(a: &Side, b: &Side, spec: &Spec) -> Result<Estimate, CompareError> {
    if !(spec.margin.is_finite() && spec.margin >= 0.0) {
        return Err(CompareError::Margin(spec.margin));
    }
    if !(spec.confidence > 0.5 && spec.confidence < 1.0) {
        return Err(CompareError::Confidence(spec.confidence));
    }
    let mut design = design(a, b, spec)?;
    let sampling = Sampling::new(&mut design, spec);
    let difference = design.means.1 - design.means.0;
    let (error, freedom) =
        design.error.map_or((f64::INFINITY, 1.0), |(square, freedom)| (square.sqrt(), freedom));
    let tail = (1.0 - spec.confidence) / 2.0;
    let (low, high) = sampling.interval(difference, error, tail);
    let (low90, high90) = sampling.interval(difference, error, 2.0 * tail);
    let margin = on_scale(spec.margin, spec.scale);
    let (higher, lower) = sampling.beyond(difference, error, margin);
    let (p, p_better) = match spec.worse {
        Worse::Higher => (higher, lower),
        Worse::Lower => (lower, higher),
    };
    let level = |mean: f64| if spec.scale == Scale::Ratio { mean.exp() } else { mean };
    let change = |moved: f64| if spec.scale == Scale::Ratio { moved.exp_m1() } else { moved };
    let detectable = design.error.map(|_| {
        let moved = power::detectable(margin, error, freedom, spec.confidence, power::USUAL);
        match spec.worse {
            Worse::Higher => change(moved),
            Worse::Lower => -change(-moved),
        }
    });
    let mut estimate = Estimate {
        a: level(design.means.0),
        b: level(design.means.1),
        effect: change(difference),
        low: change(low),
        high: change(high),
        low90: change(low90),
        high90: change(high90),
        p,
        p_better,
        method: design.method,
        runs: design.samples,
        error,
        freedom,
        detectable,
        more_runs: None,
    };
    if verdict(&estimate, spec) == Verdict::Inconclusive {
        estimate.more_runs = more_runs(&design, difference, margin, spec.confidence);
    }
    Ok(estimate)
}

/// A margin as it stands on the scale.
fn on_scale(margin: f64, scale: Scale) -> f64 {
    match scale {
        Scale::Ratio => margin.ln_1p(),
        Scale::Difference => margin,
    }
}

/// The distribution of the estimate in its standard errors.
enum Sampling {
    Exact,
    Unknown,
    Student(f64),
    Bootstrap(Studentised),
}

impl Sampling {
    /// The bootstrap where there are samples enough and they differ enough, else t. Notes the bootstrap as the method.
    fn new(design: &mut Design, spec: &Spec) -> Self {
        let Some((square, freedom)) = design.error else { return Self::Unknown };
        if square == 0.0 {
            return Self::Exact;
        }
        if design.samples.0.min(design.samples.1) >= BOOTSTRAP {
            let (drawn, method) = match &design.drawn {
                Drawn::Nothing => (None, design.method),
                Drawn::Differences(sessions) => {
                    (Studentised::of_one(sessions, freedom, spec.seed), Method::PairedBootstrap)
                }
                Drawn::Sides(a, b) => (Studentised::of_two(a, b, freedom, spec.seed), Method::Bootstrap),
            };
            let tail = (1.0 - spec.confidence) / 2.0;
            if let Some(drawn) = drawn.filter(|drawn| drawn.quantiles(tail).is_some()) {
                design.method = method;
                return Self::Bootstrap(drawn);
            }
        }
        Self::Student(freedom)
    }

    /// The interval that leaves the share `tail` out on either side.
    fn interval(&self, difference: f64, error: f64, tail: f64) -> (f64, f64) {
        match self {
            Self::Exact => (difference, difference),
            Self::Unknown => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Student(freedom) => {
                let half = student::quantile(1.0 - tail, *freedom) * error;
                (difference - half, difference + half)
            }
            Self::Bootstrap(drawn) => {
                let (low, high) = drawn.quantiles(tail).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
                (difference - high * error, difference - low * error)
            }
        }
    }

    /// One-sided p of "not above `margin`" and of "not below its negative".
    fn beyond(&self, difference: f64, error: f64, margin: f64) -> (f64, f64) {
        match self {
            Self::Exact => {
                let p = |moved: f64| if moved > margin { 0.0 } else { 1.0 };
                (p(difference), p(-difference))
            }
            Self::Unknown => (1.0, 1.0),
            Self::Student(freedom) => {
                let p = |moved: f64| student::above((moved - margin) / error, *freedom);
                (p(difference), p(-difference))
            }
            Self::Bootstrap(drawn) => {
                (drawn.above((difference - margin) / error), drawn.below((difference + margin) / error))
            }
        }
    }
}

/// Further runs a side until the change, if it is as estimated, is decided with the usual power.
fn more_runs(design: &Design, difference: f64, margin: f64, confidence: f64) -> Option<u32> {
    let paired = matches!(design.method, Method::Paired | Method::PairedBootstrap);
    power::fewest(1, MOST_RUNS, |more| {
        let runs = (design.runs.0 + more as usize, design.runs.1 + more as usize);
        let (square, freedom) = if paired {
            (design.spread.0 / runs.0 as f64, (runs.0 - 1) as f64)
        } else {
            welch(design.spread, runs)
        };
        let error = square.sqrt();
        let reached = if difference.abs() > margin {
            power::power(difference.abs(), margin, error, freedom, confidence)
        } else {
            equivalence::power(difference, margin, error, freedom, 1.0 - confidence)
        };
        reached >= power::USUAL
    })
}
