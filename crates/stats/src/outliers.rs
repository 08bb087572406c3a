//! Values far from the others, and series that had not settled: reasons to doubt a sample, never to drop values from it.

use crate::describe::quantile;
use crate::steady::{Steady, SteadySpec, Verdict};

/// Spreads beyond the quartiles from which a value is an outlier, and a severe one: J. Tukey, *Exploratory Data Analysis*, 1977.
const MILD: f64 = 1.5;
const SEVERE: f64 = 3.0;

/// Windows in which a whole series is watched for a warm-up.
const WINDOWS: usize = 20;

/// Which values lie beyond Tukey's fences: indexes in ascending order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outliers {
    /// Below the quartiles by more than three times their distance.
    pub low_severe: Vec<usize>,
    /// By more than one and a half.
    pub low_mild: Vec<usize>,
    /// Above by more than one and a half.
    pub high_mild: Vec<usize>,
    /// Above by more than three.
    pub high_severe: Vec<usize>,
}

impl Outliers {
    /// How many there are of all kinds.
    pub fn count(&self) -> usize {
        self.low_severe.len() + self.low_mild.len() + self.high_mild.len() + self.high_severe.len()
    }

    /// How many are severe.
    pub fn severe(&self) -> usize {
        self.low_severe.len() + self.high_severe.len()
    }
}

/// Finds outliers among values by Tukey's fences on their logarithms: latencies are skewed, and on their own scale every long
/// one would be an outlier. `None` with fewer than four values or one that is not finite and above zero.
pub fn outliers(values: &[f64]) -> Option<Outliers> {
    if values.len() < 4 || values.iter().any(|value| !value.is_finite() || *value <= 0.0) {
        return None;
    }
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let mut sorted = logs.clone();
    sorted.sort_by(f64::total_cmp);
    let (first, third) = (quantile(&sorted, 0.25)?, quantile(&sorted, 0.75)?);
    let spread = third - first;
    let mut found = Outliers::default();
    for (index, log) in logs.into_iter().enumerate() {
        let beyond = |fence: f64| (log < first - fence * spread, log > third + fence * spread);
        match (beyond(SEVERE), beyond(MILD)) {
            ((true, _), _) => found.low_severe.push(index),
            ((_, true), _) => found.high_severe.push(index),
            (_, (true, _)) => found.low_mild.push(index),
            (_, (_, true)) => found.high_mild.push(index),
            _ => {}
        }
    }
    Some(found)
}

/// How a series began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Flat from the first value that can tell.
    Settled,
    /// It drifted for about so many values.
    WarmedUp(usize),
    /// It drifts until its end, or is too rough to tell.
    Unsettled,
}

/// Whether a series, in the order of time, begins with a warm-up: it is watched in twenty windows, and must be flat to within
/// `flat` (a share) over five of them; see [`crate::steady`]. `None` with fewer than twenty values.
pub fn start(series: &[f64], flat: f64) -> Option<Start> {
    let window = series.len() / WINDOWS;
    if window == 0 {
        return None;
    }
    let spec = SteadySpec { window, flat, most: WINDOWS + 1, ..SteadySpec::default() };
    let mut steady = Steady::new(spec);
    for value in series {
        steady.push(*value);
    }
    let seen = spec.windows * window;
    Some(match steady.verdict() {
        Verdict::Flat { after } if after as usize <= seen => Start::Settled,
        // The drift ended before the first of the windows that were found flat.
        Verdict::Flat { after } => Start::WarmedUp(after as usize - seen),
        Verdict::Unsettled | Verdict::Bounded => Start::Unsettled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    #[test]
    fn fences_are_those_of_tukey_on_logarithms() {
        // Quartiles of the logarithms −2 … 2 (and what lies out) are such that the fences are round.
        let logs = [-2.0, -1.0, 0.0, 1.0, 2.0, 0.0, -1.0, 1.0, 0.0];
        let with = |extra: f64| {
            let values: Vec<f64> = logs.iter().chain(&[extra]).map(|log: &f64| log.exp()).collect();
            outliers(&values).unwrap()
        };
        assert_eq!(with(0.0).count(), 0);
        assert_eq!(with(5.0).high_mild, [9]);
        assert_eq!(with(9.0).high_severe, [9]);
        assert_eq!((with(-5.0).low_mild, with(-9.0).severe()), (vec![9], 1));
        assert_eq!(outliers(&[1.0, 2.0, 3.0]), None);
        assert_eq!(outliers(&[1.0, 2.0, 3.0, 0.0]), None);
    }

    #[test]
    fn a_warm_up_is_seen_where_it_is() {
        let series = |decay: f64| -> Vec<f64> {
            let mut noise = Noise::new(6);
            (0..400)
                .map(|at| {
                    100.0 * (1.0 + decay * (-f64::from(at) / 30.0).exp()) * (1.0 + 0.01 * noise.normal())
                })
                .collect()
        };
        assert_eq!(start(&series(0.0), 0.02), Some(Start::Settled));
        let Some(Start::WarmedUp(after)) = start(&series(2.0), 0.02) else { panic!("no warm-up") };
        assert!((60..=200).contains(&after), "{after}");
        let rising: Vec<f64> = (0..400).map(|at| 100.0 + f64::from(at)).collect();
        assert_eq!(start(&rising, 0.02), Some(Start::Unsettled));
        assert_eq!(start(&rising[..19], 0.02), None);
    }
}
