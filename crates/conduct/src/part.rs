//! What a variant is measured on: the first rows of the data set, by a metric; all of it by its own metric unless the variant
//! says otherwise.

use std::sync::Arc;

use annvil_core::dataset::{Dataset, DatasetInfo, Neighbours, Queries};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::plan::{Plan, PlannedVariant};
use annvil_core::vector::Vectors;

/// A number of rows and a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    rows: usize,
    metric: &'static str,
}

impl Part {
    /// What a variant is measured on.
    pub(crate) fn of(variant: &PlannedVariant, dataset: &DatasetInfo) -> Self {
        Self { rows: variant.rows(dataset), metric: variant.metric(dataset).name() }
    }

    /// The file for its exact answers.
    pub(crate) fn file(self) -> String {
        format!("truth-{}-{}.json", self.rows, self.metric)
    }
}

/// One variant for each different part that a plan's variants are measured on.
pub(crate) fn parts(plan: &Plan) -> Vec<(Part, &PlannedVariant)> {
    let mut parts: Vec<(Part, &PlannedVariant)> = Vec::new();
    for variant in &plan.variants {
        let part = Part::of(variant, &plan.dataset);
        if parts.iter().all(|(known, _)| *known != part) {
            parts.push((part, variant));
        }
    }
    parts
}

/// The data set of a variant; the set itself where that is all of it.
pub(crate) fn dataset(whole: &Arc<dyn Dataset>, variant: &PlannedVariant) -> Arc<dyn Dataset> {
    cut(whole, variant.rows(whole.info()), variant.metric(whole.info()))
}

fn cut(whole: &Arc<dyn Dataset>, rows: usize, metric: Metric) -> Arc<dyn Dataset> {
    let info = whole.info();
    if rows >= info.rows && metric == info.metric {
        return Arc::clone(whole);
    }
    let mut labels = Labels::with_schema(&whole.labels().schema());
    // The columns are those of the same table, so every value fits.
    let fits = (0..rows).all(|row| labels.push_row(whole.labels(), row).is_ok());
    debug_assert!(fits, "columns of one table");
    let content_hash = if rows < info.rows {
        format!("{} rows 0..{rows}", info.content_hash)
    } else {
        info.content_hash.clone()
    };
    Arc::new(First {
        info: DatasetInfo { rows, metric, content_hash, ..info.clone() },
        base: whole.base().first(rows),
        labels,
        whole: Arc::clone(whole),
    })
}

/// The first rows of another set, with all its queries.
struct First {
    whole: Arc<dyn Dataset>,
    info: DatasetInfo,
    base: Vectors,
    labels: Labels,
}

impl Dataset for First {
    fn info(&self) -> &DatasetInfo {
        &self.info
    }

    fn base(&self) -> &Vectors {
        &self.base
    }

    fn queries(&self) -> &Queries {
        self.whole.queries()
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn text(&self, row: usize) -> Option<&str> {
        self.whole.text(row).filter(|_| row < self.info.rows)
    }

    /// Answers among all rows, or by another metric, are wrong for some of them.
    fn shipped_truth(&self) -> Option<&Neighbours> {
        None
    }
}

#[cfg(test)]
mod tests {
    use annvil_core::dataset::DataSpec;

    use super::*;

    #[test]
    fn a_part_has_the_rows_of_the_whole_and_nothing_more() {
        let whole = annvil_data::open(&DataSpec::named("wordnet-10k")).unwrap();
        let part = cut(&whole, 300, Metric::L2);
        assert_eq!((part.info().rows, part.base().rows(), part.labels().rows()), (300, 300, 300));
        assert_eq!((part.info().dim, part.queries().rows()), (384, whole.queries().rows()));
        assert_ne!(part.info().content_hash, whole.info().content_hash);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        part.read_f32(0..300, &mut ours);
        whole.read_f32(0..300, &mut theirs);
        assert_eq!(ours, theirs);
        for (name, column) in part.labels().columns() {
            let all = whole.labels().column(name).unwrap();
            assert!((0..300).all(|row| column.value(row) == all.value(row)), "{name}");
        }
        assert_eq!((part.text(299), part.text(300)), (whole.text(299), None));
        assert!(Arc::ptr_eq(&cut(&whole, 10_000, whole.info().metric), &whole));
        assert_eq!(part.info().metric, Metric::L2);
    }
}
