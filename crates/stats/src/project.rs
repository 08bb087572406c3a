//! Projections: where a trend leads, and when it reaches a limit, each with its interval.
//!
//! The line is that of Theil and Sen; the intervals are those of a regression line (Draper and Smith, Applied Regression
//! Analysis, section 3), with the scatter of residuals clipped at 3½ robust deviations, and the line's own part widened by
//! autocorrelation. They hold if the trend goes on as it did: no interval knows of the change to come.

use crate::series::median;
use crate::student;
use crate::trend::{theil_sen, widening};

/// From the median of |deviations| of normal numbers to their standard deviation.
const BY_MEDIAN: f64 = 1.482_602;

/// Residuals count as no more than so many deviations.
const CLIP: f64 = 3.5;

/// What is expected of one further reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// The value on the line.
    pub value: f64,
    /// The lower end of the prediction interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// When a limit is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// The x at which the line meets the limit.
    pub at: f64,
    /// The earliest x that the interval of the line allows; no earlier than the last point.
    pub low: f64,
    /// The latest; `None` if the limit may never be reached.
    pub high: Option<f64>,
}

/// A further reading at `at`, with its prediction interval at the confidence `level`, such as .95. The points in the order of
/// time, x and y of the same length.
///
/// `None` with fewer than 4 points, or where [`theil_sen`] has no line.
pub fn project(x: &[f64], y: &[f64], at: f64, level: f64) -> Option<Projection> {
    let line = Line::through(x, y, level)?;
    let value = line.height + line.slope * (at - line.middle);
    let off = (at - line.middle).powi(2) / line.spread;
    let half = line.t * line.deviation * (1.0 + line.widening * (1.0 / line.n + off)).sqrt();
    (value.is_finite() && half.is_finite()).then_some(Projection {
        value,
        low: value - half,
        high: value + half,
    })
}

/// When the trend reaches `limit` after the last point, with the interval at the confidence `level` (Fieller's). For the
/// middle of the readings: single ones are beyond the limit sooner.
///
/// `None` if the line leads away from the limit or is beyond it already, and where [`project`] has no answer.
pub fn reach(x: &[f64], y: &[f64], limit: f64, level: f64) -> Option<Reach> {
    let line = Line::through(x, y, level)?;
    let last = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let gap = line.height - limit;
    let at = line.middle - gap / line.slope;
    if !at.is_finite() || at <= last {
        return None;
    }
    // Where (gap + slope u)² is no more than the squared half width at u; u from the middle.
    let width = (line.t * line.deviation).powi(2) * line.widening;
    let square = line.slope.powi(2) - width / line.spread;
    let half = line.slope * gap;
    let free = gap * gap - width / line.n;
    let root = (half * half - square * free).max(0.0).sqrt();
    let ends = [(-half - root) / square, (-half + root) / square];
    let from_middle = |u: f64| (line.middle + u).max(last);
    // A slope that may be nothing, or turn, has no latest moment.
    if square > 0.0 {
        return Some(Reach { at, low: from_middle(ends[0]), high: Some(from_middle(ends[1])) });
    }
    let earliest = ends[0].max(ends[1]);
    let low = if earliest.is_finite() && half * half > square * free { from_middle(earliest) } else { last };
    Some(Reach { at, low: low.min(at), high: None })
}

/// A line and what its intervals are made of.
struct Line {
    n: f64,
    slope: f64,
    /// The mean of x, and the line's value there.
    middle: f64,
    height: f64,
    /// Σ (x − middle)².
    spread: f64,
    deviation: f64,
    widening: f64,
    t: f64,
}

impl Line {
    fn through(x: &[f64], y: &[f64], level: f64) -> Option<Self> {
        if x.len() < 4 {
            return None;
        }
        let trend = theil_sen(x, y, level)?;
        let n = x.len() as f64;
        let middle = x.iter().sum::<f64>() / n;
        let mut residuals: Vec<f64> = x.iter().zip(y).map(|(x, y)| y - trend.slope * (x - middle)).collect();
        let height = median(&mut residuals.clone());
        for value in &mut residuals {
            *value -= height;
        }
        let robust = median(&mut residuals.iter().map(|value| value.abs()).collect::<Vec<f64>>()) * BY_MEDIAN;
        let most = if robust > 0.0 { CLIP * robust } else { f64::INFINITY };
        let squares: f64 = residuals.iter().map(|value| value.abs().min(most).powi(2)).sum();
        Some(Self {
            n,
            slope: trend.slope,
            middle,
            height,
            spread: x.iter().map(|x| (x - middle).powi(2)).sum(),
            deviation: (squares / (n - 2.0)).sqrt(),
            widening: widening(&residuals),
            t: student::quantile(f64::midpoint(1.0, level), n - 2.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    fn places(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64).collect()
    }

    #[test]
    fn an_exact_line_goes_on() {
        let y: Vec<f64> = (0..10).map(|i| 5.0 + 2.0 * f64::from(i)).collect();
        let projection = project(&places(10), &y, 20.0, 0.95).unwrap();
        assert_eq!((projection.value, projection.low, projection.high), (45.0, 45.0, 45.0));
        let reach = reach(&places(10), &y, 45.0, 0.95).unwrap();
        assert_eq!((reach.at, reach.low, reach.high), (20.0, 20.0, Some(20.0)));
    }

    #[test]
    fn prediction_intervals_hold_the_next_reading() {
        let mut noise = Noise::new(8);
        for ahead in [0.0, 15.0] {
            let held = (0..400).filter(|_| {
                let y: Vec<f64> = (0..30).map(|i| 100.0 + 0.3 * f64::from(i) + noise.normal()).collect();
                let next = 100.0 + 0.3 * (30.0 + ahead) + noise.normal();
                let projection = project(&places(30), &y, 30.0 + ahead, 0.9).unwrap();
                (projection.low..=projection.high).contains(&next)
            });
            let held = held.count();
            assert!((335..=388).contains(&held), "{ahead}: {held} of 400");
        }
    }

    #[test]
    fn reach_holds_the_moment() {
        let mut noise = Noise::new(9);
        let held = (0..400).filter(|_| {
            let y: Vec<f64> = (0..30).map(|i| 100.0 + 0.3 * f64::from(i) + noise.normal()).collect();
            let reach = reach(&places(30), &y, 115.0, 0.9).unwrap();
            // It is reached at 50.
            reach.low <= 50.0 && reach.high.is_none_or(|high| high >= 50.0)
        });
        let held = held.count();
        assert!((335..=388).contains(&held), "{held} of 400");
    }

    #[test]
    fn a_flat_series_may_never_get_there() {
        let mut noise = Noise::new(10);
        let y: Vec<f64> = (0..40).map(|_| 100.0 + noise.normal()).collect();
        let slope = theil_sen(&places(40), &y, 0.95).unwrap().slope;
        let ahead = 100.0 + slope.signum() * 5.0;
        let found = reach(&places(40), &y, ahead, 0.95).unwrap();
        assert!(found.high.is_none() && found.low >= 39.0 && found.low <= found.at, "{found:?}");
        assert_eq!(reach(&places(40), &y, 100.0 - slope.signum() * 5.0, 0.95), None);
    }

    #[test]
    fn too_little_leads_nowhere() {
        assert_eq!(project(&places(3), &places(3), 5.0, 0.95), None);
        assert_eq!(project(&[1.0; 9], &places(9), 5.0, 0.95), None);
        assert_eq!(project(&places(9), &[f64::NAN; 9], 5.0, 0.95), None);
        assert_eq!(project(&places(9), &places(9), f64::INFINITY, 0.95), None);
        assert_eq!(reach(&places(9), &[7.0; 9], 9.0, 0.95), None);
    }
}
