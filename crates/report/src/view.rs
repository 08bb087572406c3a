//! What a record says, arranged as every report shows it: variant by variant, measurement by measurement.

use annvil_core::form::{Operation, Params};
use annvil_core::plan::PlannedVariant;
use annvil_core::record::{
    Block, Failure, FailureKind, FormRecord, MemoryRecord, PhaseRecord, PhaseResult, RunRecord,
};

pub(crate) mod facts;
pub(crate) mod figures;
pub(crate) mod label;
pub(crate) mod limit;
pub(crate) mod measure;
pub(crate) mod resources;
pub(crate) mod server;
pub(crate) mod sessions;
pub(crate) mod timed;
pub(crate) mod validity;
pub(crate) mod verdict;

use figures::{Figures, middle};
use measure::measures;
pub(crate) use measure::{Measure, Part};

/// A record, arranged.
pub(crate) struct View<'a> {
    pub(crate) record: &'a RunRecord,
    /// In the plan's order.
    pub(crate) variants: Vec<VariantView<'a>>,
    /// Everything that was timed operation by operation, in the plan's order.
    pub(crate) measures: Vec<Measure<'a>>,
}

/// A variant and the blocks in which it was measured.
pub(crate) struct VariantView<'a> {
    /// Its place in the plan: decides its colour and shape.
    pub(crate) number: usize,
    pub(crate) planned: &'a PlannedVariant,
    pub(crate) blocks: Vec<&'a Block>,
}

impl<'a> View<'a> {
    pub(crate) fn new(record: &'a RunRecord) -> Self {
        let variants = record.plan.variants.iter().enumerate().map(|(number, planned)| VariantView {
            number,
            planned,
            blocks: record.blocks.iter().filter(|block| block.variant == planned.name).collect(),
        });
        Self { record, variants: variants.collect(), measures: measures(record) }
    }

    /// Searches that have a table of their own, in the plan's order.
    pub(crate) fn searches(&self) -> impl Iterator<Item = &Measure<'a>> {
        let single = self.measures.iter().filter(|measure| measure.part == Part::Single);
        single.filter(|measure| measure.form.operation == Operation::Search)
    }

    /// The search that summaries are about: the first one, or one that is a part of something larger where there is no
    /// other.
    pub(crate) fn main(&self) -> Option<&Measure<'a>> {
        let any = || self.measures.iter().find(|measure| measure.form.operation == Operation::Search);
        self.searches().next().or_else(any)
    }

    /// Phases of a part, each once, by their first form.
    pub(crate) fn phases(&self, part: Part) -> Vec<&Measure<'a>> {
        let mut phases: Vec<&Measure<'a>> = Vec::new();
        for measure in self.measures.iter().filter(|measure| measure.part == part) {
            if phases.last().is_none_or(|last| last.phase != measure.phase) {
                phases.push(measure);
            }
        }
        phases
    }

    /// The variant that another is compared with: the baseline of its number of rows.
    pub(crate) fn baseline(&self, variant: &VariantView<'_>) -> Option<&VariantView<'a>> {
        let baseline = self.record.plan.baseline(variant.planned)?;
        self.variants.iter().find(|other| other.planned.name == baseline.name)
    }

    /// The numbers of rows that variants are measured on, ascending.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let dataset = &self.record.plan.dataset;
        let mut sizes: Vec<usize> =
            self.variants.iter().map(|variant| variant.planned.rows(dataset)).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Whether a variant is measured on other rows than the one before it: then a group begins in tables.
    pub(crate) fn begins_a_size(&self, variant: &VariantView<'_>) -> bool {
        let rows = |variant: &VariantView<'_>| variant.planned.rows(&self.record.plan.dataset);
        let before = variant.number.checked_sub(1).and_then(|number| self.variants.get(number));
        before.is_some_and(|before| rows(before) != rows(variant))
    }

    /// Whether rows lie in tables of a server, beside which the index alone says little.
    pub(crate) fn has_tables(&self) -> bool {
        self.variants.iter().any(|variant| variant.stored_bytes().is_some())
    }

    /// Builds of each variant that were planned.
    pub(crate) fn blocks(&self) -> usize {
        self.record.plan.order.len().max(1)
    }

    /// Bytes of the vectors as 32-bit floats.
    pub(crate) fn raw_bytes(&self) -> f64 {
        let rows = self.sizes().last().copied().unwrap_or(self.record.plan.dataset.rows);
        rows as f64 * self.record.plan.dataset.dim as f64 * 4.0
    }
}

impl<'a> VariantView<'a> {
    pub(crate) fn name(&self) -> &'a str {
        &self.planned.name
    }

    /// The name on one line.
    pub(crate) fn plain_name(&self) -> String {
        crate::text::one_line(self.name())
    }

    /// The name with what is set of the reported point, such as `hnsw f16 ef64`.
    pub(crate) fn label(&self) -> String {
        label::at(self.name(), &self.planned.report_at)
    }

    pub(crate) fn is_baseline(&self) -> bool {
        self.planned.configuration.baseline
    }

    /// Why it ended early, in the first block in which it did. An interrupted variant has not failed.
    pub(crate) fn failure(&self) -> Option<&'a Failure> {
        self.failures().find(|failure| failure.kind != FailureKind::Interrupted)
    }

    /// Whether the user or the time limit ended it.
    pub(crate) fn was_interrupted(&self) -> bool {
        self.failures().any(|failure| failure.kind == FailureKind::Interrupted)
    }

    fn failures(&self) -> impl Iterator<Item = &'a Failure> {
        self.blocks.iter().filter_map(|block| block.failure.as_ref())
    }

    /// Whether its answers were wrong: then it has no speed, whatever was timed.
    pub(crate) fn is_wrong(&self) -> bool {
        self.failures().any(|failure| failure.kind == FailureKind::Verification)
    }

    /// In words, why figures are missing. `None` if nothing went wrong.
    pub(crate) fn trouble(&self) -> Option<String> {
        if let Some(failure) = self.failure() {
            let why = label::failure(failure);
            let refused = why.starts_with(label::REFUSED) && !server::plans(self).is_empty();
            let plan = || format!("{why} · plan: report.html#{}", server::plan_anchor(self.name()));
            return Some(if refused { plan() } else { why });
        }
        if self.blocks.is_empty() {
            return Some("not measured".to_owned());
        }
        self.was_interrupted().then(|| "interrupted".to_owned())
    }

    pub(crate) fn phases(&self) -> impl Iterator<Item = &'a PhaseRecord> + '_ {
        self.blocks.iter().flat_map(|block| &block.phases)
    }

    /// What was measured of a form at a point, a block at a time; nothing if the variant's answers are wrong.
    pub(crate) fn forms(&self, measure: &Measure<'_>, point: Option<&Params>) -> Vec<&'a FormRecord> {
        let phases = self.timed(measure.phase, point).into_iter();
        phases
            .filter_map(|phase| phase.forms.iter().find(|form| form.form.name == measure.form.name))
            .collect()
    }

    /// The figures at the reported point.
    pub(crate) fn reported(&self, measure: &Measure<'_>) -> Option<Figures> {
        Figures::of(&self.forms(measure, Some(&self.planned.report_at)))
    }

    /// Every point of the sweep that was measured, with its figures.
    pub(crate) fn sweep(&self, measure: &Measure<'_>) -> Vec<(&'a Params, Figures)> {
        let points = self.planned.points.iter();
        points.filter_map(|point| Some((point, Figures::of(&self.forms(measure, Some(point)))?))).collect()
    }

    /// The middle over blocks of what `figure` finds in a phase.
    pub(crate) fn phase_figure(&self, figure: impl Fn(&PhaseResult) -> Option<f64>) -> Option<f64> {
        middle(self.phases().filter_map(|phase| figure(&phase.result)).collect())
    }

    /// Time until the index was complete. Without an index nothing is built, and there is none.
    pub(crate) fn build(&self) -> Option<f64> {
        if matches!(self.planned.configuration.index, annvil_core::scenario::Index::None) {
            return None;
        }
        self.phase_figure(|result| match result {
            PhaseResult::Settle(settled) => Some(settled.indexed.0 as f64),
            _ => None,
        })
    }

    /// The middle over blocks of a figure of memory.
    pub(crate) fn memory(&self, figure: impl Fn(&MemoryRecord) -> Option<f64>) -> Option<f64> {
        middle(self.blocks.iter().filter_map(|block| block.memory.as_ref()).filter_map(figure).collect())
    }

    /// Bytes of the index in memory, as the engine says; of a table without index none.
    pub(crate) fn index_bytes(&self) -> Option<f64> {
        self.memory(|memory| memory.usage.index.filter(|bytes| bytes.0 > 0).map(|bytes| bytes.0 as f64))
    }

    /// Bytes of table and index, where rows lie in a table.
    pub(crate) fn stored_bytes(&self) -> Option<f64> {
        self.memory(|memory| memory.usage.stored().map(|bytes| bytes.0 as f64))
    }

    /// Bytes by which the process grew; only if it held nothing else.
    pub(crate) fn resident_bytes(&self) -> Option<f64> {
        self.memory(|memory| memory.resident().filter(|_| memory.own_process).map(|bytes| bytes.0 as f64))
    }

    /// Bytes on disk: of the persisted collection, or as the engine says.
    pub(crate) fn file_bytes(&self) -> Option<f64> {
        let persisted = self.phase_figure(|result| match result {
            PhaseResult::Persist { bytes, .. } => Some(bytes.0 as f64),
            _ => None,
        });
        persisted.or_else(|| self.memory(|memory| memory.usage.disk.map(|bytes| bytes.0 as f64)))
    }
}
