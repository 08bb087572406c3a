//! What blocks of the same thing show of each figure: how much they scatter, whether they drift, and what could be found.

use std::collections::BTreeSet;

use annvil_core::comparison::Scale;
use annvil_core::figures::Figures;
use annvil_core::gate::{Family, GateSpec};
use annvil_core::key::MetricKey;
use annvil_core::quantity::Unit;
use annvil_stats::power;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Blocks a side that the smallest detectable change is told for.
pub const BLOCKS: usize = 5;

/// Fewer blocks say nothing of a figure's scatter.
const FEWEST: usize = 3;

/// Times below this many nanoseconds are the clock's; they are not judged.
const SHORT: f64 = 1_000_000.0;

/// What A/A shows of one figure. Spreads are on the scale of its changes: of logarithms for ratios, in shares for differences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AaFigure {
    /// The figure.
    pub key: MetricKey,
    /// How its changes are counted.
    pub scale: Scale,
    /// Blocks that have it.
    pub blocks: usize,
    /// Its mean, in base units: geometric for ratios.
    pub mean: f64,
    /// Standard deviation of its blocks.
    pub sd: f64,
    /// How much it rose from the first block to the last, by a straight line: a share or a difference.
    pub drift: f64,
    /// Whether the line is more than the blocks' scatter: twice its standard error.
    pub drifts: bool,
    /// How alike blocks that follow each other are, −1 to 1; none if all are equal.
    pub autocorrelation: Option<f64>,
    /// The standard deviation of sessions around the machine's mean, from the second session on. With few sessions it leans
    /// on what is assumed.
    pub between: Option<f64>,
    /// Its degrees of freedom, those of the assumption included.
    pub freedom: Option<usize>,
    /// The margin that counts here: the larger of the rule's and what A/A shows.
    pub margin: f64,
    /// Whether A/A's is the larger.
    pub widened: bool,
    /// The smallest change that five interleaved blocks a side find beyond the margin four times in five.
    pub detectable: f64,
}

/// Every figure that is judged and has blocks enough, in the order of their keys. `blocks` are in the order in which they ran.
pub fn estimate(blocks: &[Figures], gate: &GateSpec) -> Vec<AaFigure> {
    let keys: BTreeSet<&MetricKey> = blocks.iter().flat_map(|figures| figures.values.keys()).collect();
    keys.into_iter()
        .filter(|key| gate.rule(key).judged == Some(true))
        .filter_map(|key| {
            let values: Vec<f64> =
                blocks.iter().filter_map(|figures| figures.values.get(key)).copied().collect();
            figure(key, &values, gate)
        })
        .collect()
}

fn figure(key: &MetricKey, values: &[f64], gate: &GateSpec) -> Option<AaFigure> {
    let scale = Scale::of(key.quantity.unit());
    let brief = Family::of(key) == Family::Time && key.quantity.unit() == Unit::Time;
    let measured =
        values.iter().all(|value| value.is_finite() && (scale == Scale::Difference || *value > 0.0));
    if values.len() < FEWEST || !measured || brief && values.iter().all(|value| *value < SHORT) {
        return None;
    }
    let on: Vec<f64> =
        values.iter().map(|value| if scale == Scale::Ratio { value.ln() } else { *value }).collect();
    let line = Line::through(&on);
    let rule = gate.rule(key).margin.map_or(0.0, |margin| margin.0);
    let shown = margin(scale, line.sd);
    let margin = rule.max(shown);
    let error = line.sd * (2.0 / BLOCKS as f64).sqrt();
    // Five interleaved blocks a side are five pairs.
    let freedom = (BLOCKS - 1) as f64;
    let detectable =
        power::detectable(to_scale(scale, margin), error, freedom, gate.confidence.0, power::USUAL);
    Some(AaFigure {
        key: key.clone(),
        scale,
        blocks: values.len(),
        mean: if scale == Scale::Ratio { line.mean.exp() } else { line.mean },
        sd: line.sd,
        drift: from_scale(scale, line.rise),
        drifts: line.rises,
        autocorrelation: line.autocorrelation,
        between: None,
        freedom: None,
        margin,
        widened: shown > rule,
        detectable: from_scale(scale, detectable),
    })
}

/// The margin that a scatter of blocks calls for: the change that five blocks of a thing against five more of it stay within
/// nineteen times in twenty, which is 2 · sd · √(2/5). A change that the same thing shows against itself is none.
///
/// It agrees with the usual 2 % where blocks scatter by 1.6 %. `sd` is on the scale of changes.
///
/// ```
/// use annvil_conduct::aa::margin;
/// use annvil_core::comparison::Scale;
///
/// assert!((margin(Scale::Ratio, 0.0157) - 0.02).abs() < 0.0001);
/// ```
pub fn margin(scale: Scale, sd: f64) -> f64 {
    from_scale(scale, 2.0 * sd * (2.0 / BLOCKS as f64).sqrt())
}

/// A change as people read it, from the scale on which it is estimated.
pub(super) fn from_scale(scale: Scale, change: f64) -> f64 {
    if scale == Scale::Ratio { change.exp_m1() } else { change }
}

fn to_scale(scale: Scale, change: f64) -> f64 {
    if scale == Scale::Ratio { change.ln_1p() } else { change }
}

/// A series of blocks in a few figures.
struct Line {
    mean: f64,
    sd: f64,
    /// From the first to the last, by least squares.
    rise: f64,
    rises: bool,
    autocorrelation: Option<f64>,
}

impl Line {
    fn through(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let squares: f64 = centred.iter().map(|value| value * value).sum();
        // Equal values may leave the rounding of their mean.
        let squares = if squares <= f64::EPSILON * mean * mean { 0.0 } else { squares };
        let times: Vec<f64> = (0..values.len()).map(|at| at as f64 - (n - 1.0) / 2.0).collect();
        let spread: f64 = times.iter().map(|time| time * time).sum();
        let slope = times.iter().zip(&centred).map(|(time, value)| time * value).sum::<f64>() / spread;
        let left: f64 = times.iter().zip(&centred).map(|(time, value)| (value - slope * time).powi(2)).sum();
        let error = (left / (n - 2.0) / spread).sqrt();
        let neighbours: f64 = centred.windows(2).map(|two| two[0] * two[1]).sum();
        let flat = squares == 0.0;
        Self {
            mean,
            sd: (squares / (n - 1.0)).sqrt(),
            rise: if flat { 0.0 } else { slope * (n - 1.0) },
            rises: !flat && slope.abs() > 2.0 * error,
            autocorrelation: (!flat).then(|| neighbours / squares),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::tests::key;

    fn blocks(values: &[f64]) -> Vec<Figures> {
        let block = |value: &f64| Figures { values: [(key(0), *value)].into(), ..Figures::default() };
        values.iter().map(block).collect()
    }

    fn of(values: &[f64]) -> AaFigure {
        estimate(&blocks(values), &GateSpec::default()).remove(0)
    }

    #[test]
    fn scatter_margin_and_detectable_change_are_those_of_the_formulas() {
        // Logarithms −s, s, −s, s: their standard deviation is s · √(4/3).
        let s = 0.03f64;
        let figure = of(&[1e6 * (-s).exp(), 1e6 * s.exp(), 1e6 * (-s).exp(), 1e6 * s.exp()]);
        let sd = s * (4.0f64 / 3.0).sqrt();
        assert!((figure.sd - sd).abs() < 1e-12 && (figure.mean - 1e6).abs() < 1e-3, "{figure:?}");
        assert!((figure.margin - (2.0 * sd * 0.4f64.sqrt()).exp_m1()).abs() < 1e-12 && figure.widened);
        assert!(figure.detectable > 2.0 * figure.margin, "{figure:?}");
        assert_eq!(figure.autocorrelation.map(|r| (r * 4.0).round()), Some(-3.0));
    }

    #[test]
    fn what_never_changes_is_found_beyond_its_rule_at_once() {
        let figure = of(&[2.0e6; 6]);
        assert_eq!(
            (figure.sd, figure.autocorrelation, figure.widened, figure.drifts),
            (0.0, None, false, false)
        );
        assert!((figure.detectable - 0.02).abs() < 1e-12);
    }

    #[test]
    fn a_rising_series_drifts() {
        let figure = of(&[1.00e6, 1.011e6, 1.019e6, 1.031e6, 1.04e6, 1.049e6]);
        assert!(figure.drifts && (figure.drift - 0.05).abs() < 0.003, "{figure:?}");
        let figure = of(&[1.00e6, 1.01e6, 0.99e6, 1.01e6, 1.0e6, 0.99e6]);
        assert!(!figure.drifts, "{figure:?}");
    }

    #[test]
    fn few_blocks_and_values_without_a_logarithm_say_nothing() {
        assert!(estimate(&blocks(&[1.0, 2.0]), &GateSpec::default()).is_empty());
        assert!(estimate(&blocks(&[1.0, 0.0, 2.0]), &GateSpec::default()).is_empty());
    }
}
