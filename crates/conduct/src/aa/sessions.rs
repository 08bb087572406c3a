//! What several sessions of A/A on one machine show together: how far sessions lie apart, and what comparisons take from it.

use std::collections::BTreeMap;

use annvil_core::comparison::Scale;
use annvil_core::key::MetricKey;
use annvil_stats::compare::Between;
use annvil_store::{AaMetric, AaRecord};

use super::estimate::{AaFigure, margin};
use crate::compare::{Known, KnownFigure};

/// Degrees of freedom that the assumption on sessions is given beside those measured. Two sessions alone would say almost
/// nothing of how much sessions differ, and an interval made of it would be of no use.
const ASSUMED: usize = 4;

/// How far sessions lie apart, from this session's figure and earlier ones of the same: from the second session on.
pub(super) fn between(figure: &AaFigure, earlier: &[AaRecord]) -> Option<Between> {
    let mut sessions: Vec<Seen> = earlier
        .iter()
        .filter_map(|record| {
            let metric = record.metrics.iter().find(|metric| metric.key == figure.key)?;
            Some(Seen { mean: metric.mean, sd: metric.sd_within, blocks: record.summary.blocks })
        })
        .collect();
    sessions.push(Seen { mean: figure.mean, sd: figure.sd, blocks: figure.blocks });
    (sessions.len() >= 2).then(|| leaning(&sessions, figure.scale))
}

/// A figure as one session saw it.
struct Seen {
    mean: f64,
    sd: f64,
    blocks: usize,
}

/// The variance of sessions' means without what their blocks' scatter adds, leaning on what is assumed while sessions are few.
fn leaning(sessions: &[Seen], scale: Scale) -> Between {
    let count = sessions.len() as f64;
    let means: Vec<f64> =
        sessions.iter().map(|seen| if scale == Scale::Ratio { seen.mean.ln() } else { seen.mean }).collect();
    let middle = means.iter().sum::<f64>() / count;
    let spread = means.iter().map(|mean| (mean - middle).powi(2)).sum::<f64>() / (count - 1.0);
    let scatter =
        sessions.iter().map(|seen| seen.sd.powi(2) / seen.blocks.max(1) as f64).sum::<f64>() / count;
    let measured = (spread - scatter).max(0.0);
    let freedom = sessions.len() - 1 + ASSUMED;
    let assumed = Between::assumed(scale).sd.powi(2) * ASSUMED as f64;
    let variance = (assumed + measured * (count - 1.0)) / freedom as f64;
    Between { sd: variance.sqrt(), freedom }
}

/// A figure as it is stored.
pub(super) fn stored(figure: &AaFigure) -> AaMetric {
    AaMetric {
        key: figure.key.clone(),
        mean: figure.mean,
        sd_within: figure.sd,
        sd_between: figure.between,
        freedom: figure.freedom.unwrap_or(figure.blocks.saturating_sub(1)),
        detectable: Some(figure.detectable),
    }
}

/// What comparisons take from the sessions of a machine and a plan, the earliest first: for each figure the margin that its
/// scatter in all sessions calls for, and how far sessions lie apart by the latest that saw it. `None` of no sessions.
pub fn known(sessions: &[AaRecord]) -> Option<Known> {
    let latest = sessions.last()?;
    let mut seen: BTreeMap<&MetricKey, Vec<(&AaMetric, usize)>> = BTreeMap::new();
    for record in sessions {
        for metric in &record.metrics {
            seen.entry(&metric.key).or_default().push((metric, record.summary.blocks));
        }
    }
    let figures = seen.into_iter().map(|(key, seen)| {
        let scale = Scale::of(key.quantity.unit());
        let freedom: f64 = seen.iter().map(|(_, blocks)| blocks.saturating_sub(1).max(1) as f64).sum();
        let squares: f64 = seen
            .iter()
            .map(|(metric, blocks)| metric.sd_within.powi(2) * blocks.saturating_sub(1).max(1) as f64)
            .sum();
        let last = seen.last().map(|(metric, _)| *metric);
        let between =
            last.and_then(|metric| Some(Between { sd: metric.sd_between?, freedom: metric.freedom }));
        (key.clone(), KnownFigure { margin: margin(scale, (squares / freedom).sqrt()), between })
    });
    Some(Known { summary: latest.summary.clone(), figures: figures.collect() })
}

#[cfg(test)]
mod tests {
    use annvil_core::comparison::AaSummary;
    use annvil_core::figures::Figures;
    use annvil_core::gate::GateSpec;

    use super::*;
    use crate::aa::estimate::estimate;
    use crate::ab::tests::key;

    fn session(values: &[f64]) -> AaFigure {
        let block = |value: &f64| Figures { values: [(key(0), *value)].into(), ..Figures::default() };
        let blocks: Vec<Figures> = values.iter().map(block).collect();
        estimate(&blocks, &GateSpec::default()).remove(0)
    }

    fn record(figure: &AaFigure) -> AaRecord {
        let summary = AaSummary {
            measured: String::new(),
            blocks: figure.blocks,
            comparisons: 8,
            false_alarms: 0,
            detectable: None,
        };
        AaRecord {
            fingerprint: String::new(),
            plan_hash: String::new(),
            summary,
            metrics: vec![stored(figure)],
        }
    }

    #[test]
    fn the_second_session_tells_how_far_sessions_lie_apart() {
        let first = session(&[1e6, 1e6, 1e6, 1e6]);
        assert!(between(&first, &[]).is_none());
        // No scatter within; the logarithms of the means are 0.1 apart, so their variance is 0.005.
        let second = session(&[1e6 * 0.1f64.exp(); 4]);
        let found = between(&second, &[record(&first)]).unwrap();
        let expected = ((4.0 * 0.02f64.powi(2) + 0.005) / 5.0).sqrt();
        assert!((found.sd - expected).abs() < 1e-9 && found.freedom == 5, "{found:?} {expected}");
        // Sessions that agree to the digit pull the assumption down.
        let found = between(&session(&[1e6; 4]), &[record(&first), record(&first)]).unwrap();
        assert!((found.sd - 0.02 * (4.0f64 / 6.0).sqrt()).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn comparisons_take_the_scatter_of_all_sessions() {
        assert!(known(&[]).is_none());
        let (calm, rough) = (session(&[1e6, 1e6, 1e6]), session(&[1e6, 1.1e6, 1.2e6]));
        let known = known(&[record(&calm), record(&rough)]).unwrap();
        let figure = known.figures[&key(0)];
        assert!((figure.margin - margin(Scale::Ratio, rough.sd / 2.0f64.sqrt())).abs() < 1e-12);
        assert!(figure.between.is_none());
    }
}
