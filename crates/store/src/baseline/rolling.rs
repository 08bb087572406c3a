//! Baselines that go along: which runs they stand for now, and where they begin.

use annvil_core::comparison::Scale;
use annvil_core::gate::is_judged;
use annvil_core::key::MetricKey;
use annvil_stats::change::{self, Settings};

use super::{Baseline, Rolling, Segment};
use crate::database::{DatabaseError, Result, Store};
use crate::filter::RunFilter;
use crate::series::SeriesPoint;

/// Runs that are looked at for changes of level: those that could be in the baseline, and enough before them to know what
/// the level was.
const LOOK_BACK: u32 = 200;

impl Store {
    /// Names of the runs of a rolling baseline, the earliest first, and where it begins if runs were left out.
    pub(crate) fn rolled(
        &self,
        baseline: &Baseline,
        rolling: &Rolling,
    ) -> Result<(Vec<String>, Option<Segment>)> {
        let filter = RunFilter {
            scenario: rolling.scenario.clone(),
            branch: rolling.branch.clone(),
            tool: Some(baseline.tool.clone()),
            plan_hash: baseline.plan_hash.clone(),
            fingerprint: baseline.fingerprint.clone(),
            usable: true,
            // A request's branch may have the name of ours.
            own: true,
            limit: Some(rolling.runs.saturating_add(LOOK_BACK)),
            ..RunFilter::default()
        };
        let mut names: Vec<String> = self.runs(&filter)?.into_iter().map(|run| run.provenance.run).collect();
        names.reverse();
        if names.is_empty() {
            return Err(DatabaseError::Missing {
                what: format!("the rolling baseline {baseline} has no run that can be judged"),
                help: "Its runs were removed, or were measured with another plan or on another machine: save it again.".to_owned(),
            });
        }
        let first = names.len().saturating_sub(rolling.runs as usize);
        let last_change = self.last_change(&filter, &names)?.filter(|(at, _)| *at > first);
        let begin = last_change.as_ref().map_or(first, |(at, _)| *at);
        let segment = last_change.map(|(at, mut segment)| {
            segment.left_out = at - first;
            segment
        });
        Ok((names.split_off(begin), segment))
    }

    /// The last change of level of any judged figure: the place of its first run among `names`.
    fn last_change(&self, filter: &RunFilter, names: &[String]) -> Result<Option<(usize, Segment)>> {
        let mut last: Option<(usize, Segment)> = None;
        let mut keys = self.metrics(filter)?;
        keys.retain(is_judged);
        let all = self.all_series(&keys, filter)?;
        for (key, mut series) in keys.into_iter().zip(all) {
            series.retain(|point| names.contains(&point.run));
            let Some((point, change)) = change_of(&key, &series) else { continue };
            let Some(at) = names.iter().position(|name| *name == point.run) else { continue };
            if last.as_ref().is_none_or(|(latest, _)| at > *latest) {
                let (run, commit) = (point.run.clone(), point.commit.clone());
                last = Some((at, Segment { run, commit, key, change, left_out: 0 }));
            }
        }
        Ok(last)
    }
}

/// The first point after the last change of level of a series, and the size of the change.
fn change_of<'a>(key: &MetricKey, series: &'a [SeriesPoint]) -> Option<(&'a SeriesPoint, f64)> {
    let scale = Scale::of(key.quantity.unit());
    let values: Vec<f64> = series.iter().map(|point| point.value).collect();
    let changes = change::online(&values, &Settings { scale, ..Settings::default() });
    let last = changes.last()?;
    Some((series.get(last.at)?, last.change))
}
