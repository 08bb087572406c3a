//! The figures of one form, of one block or the middle of several.

use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::record::FormRecord;

/// How right, with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Recall {
    pub(crate) k: usize,
    pub(crate) mean: f64,
    pub(crate) half_width: f64,
    pub(crate) p10: f64,
    pub(crate) mrr: f64,
    pub(crate) ndcg: f64,
    pub(crate) queries: u64,
    pub(crate) short_answers: u64,
}

impl Recall {
    /// Whether both may be the same, going by their intervals.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        (self.mean - other.mean).abs() <= self.half_width + other.half_width + 1e-12
    }
}

/// The figures of a form. Latencies are nanoseconds, throughput is per second.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) recall: Option<Recall>,
    pub(crate) mean: Option<f64>,
    pub(crate) p50: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) p999: Option<f64>,
    pub(crate) qps: Option<f64>,
    /// The least and the greatest throughput of the blocks.
    pub(crate) qps_range: Option<(f64, f64)>,
    pub(crate) operations: u64,
    pub(crate) failed: u64,
    pub(crate) clamped: u64,
    pub(crate) blocks: usize,
}

impl Figures {
    /// The middle of the blocks' figures, each by itself; `None` of none.
    pub(crate) fn of(forms: &[&FormRecord]) -> Option<Self> {
        if forms.is_empty() {
            return None;
        }
        let stat = |stat| middle(forms.iter().filter_map(|form| latency(form).stat(stat)).collect());
        let rates: Vec<f64> = forms.iter().filter_map(|form| rate(form)).collect();
        let range = rates.iter().fold(None, |range: Option<(f64, f64)>, rate| {
            Some(range.map_or((*rate, *rate), |(low, high)| (low.min(*rate), high.max(*rate))))
        });
        Some(Self {
            recall: recall(forms),
            mean: stat(Stat::Mean),
            p50: stat(Stat::P50),
            p95: stat(Stat::P95),
            p99: stat(Stat::P99),
            p999: stat(Stat::P999),
            qps: middle(rates),
            qps_range: range,
            operations: forms.iter().map(|form| form.operations).sum(),
            failed: forms.iter().flat_map(|form| form.failures.values()).sum(),
            clamped: forms.iter().map(|form| latency(form).clamped()).sum(),
            blocks: forms.len(),
        })
    }
}

impl Figures {
    /// What speeds are compared by, higher is faster: throughput in closed load. In open load the schedule sets that, so
    /// it is the inverse of the median response.
    pub(crate) fn speed(&self, open: bool) -> Option<f64> {
        if open { self.p50.filter(|p50| *p50 > 0.0).map(|p50| 1e9 / p50) } else { self.qps }
    }
}

/// What a user waits: from the intended instant where there is one, else from sending.
pub(crate) fn latency(form: &FormRecord) -> &Histogram {
    form.response.as_ref().unwrap_or(&form.service)
}

fn rate(form: &FormRecord) -> Option<f64> {
    (form.window.0 > 0 && form.operations > 0).then(|| form.operations as f64 / form.window.as_secs_f64())
}

/// The middle of the means. Of the intervals the widest, because the blocks' queries are the same.
fn recall(forms: &[&FormRecord]) -> Option<Recall> {
    let records: Vec<_> = forms.iter().filter_map(|form| form.recall.as_ref()).collect();
    let of = |figure: fn(&annvil_core::record::RecallRecord) -> f64| {
        middle(records.iter().map(|recall| figure(recall)).collect())
    };
    Some(Recall {
        k: records.first()?.k,
        mean: of(|recall| recall.mean)?,
        half_width: records
            .iter()
            .map(|recall| recall.half_width)
            .filter(|h| h.is_finite())
            .fold(0.0, f64::max),
        p10: of(|recall| recall.p10)?,
        mrr: of(|recall| recall.mrr)?,
        ndcg: of(|recall| recall.ndcg)?,
        queries: records.iter().map(|recall| recall.queries).max()?,
        short_answers: records.iter().map(|recall| recall.short_answers).sum(),
    })
}

/// All samples together: histograms are added, percentiles never averaged. `None` of none.
pub(crate) fn merged<'a>(histograms: impl IntoIterator<Item = &'a Histogram>) -> Option<Histogram> {
    let mut histograms = histograms.into_iter();
    let mut all = histograms.next()?.clone();
    histograms.for_each(|own| all.add(own));
    Some(all)
}

/// The middle of some values (the mean of the two middle ones of an even number); `None` of none. What is no number is
/// left out.
pub(crate) fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let at = values.len() / 2;
    let upper = *values.get(at)?;
    Some(if values.len().is_multiple_of(2) { f64::midpoint(values[at - 1], upper) } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_leaves_out_what_is_no_number() {
        assert_eq!(middle(vec![3.0, f64::NAN, 1.0]), Some(2.0));
        assert_eq!(middle(vec![f64::NAN]), None);
    }
}
