//! Labels of synthetic rows: tenants of skewed size, and booleans that are true for a wanted share.

use annvil_core::dataset::SynthSpec;
use annvil_core::label::{Column, LabelType, LabelValue};
use rand::RngExt;

use super::shares::Shares;
use super::stream::Stream;

/// Name of the tenants' column.
pub const TENANT: &str = "tenant";

/// The label columns of a recipe.
pub(super) struct LabelPlan {
    tenants: Option<(Shares, Stream)>,
    marks: Vec<Mark>,
}

/// A boolean label. A row's number between 0 and 1, uniform, is its place (which follows from its vector) with the
/// probability of the correlation, and chance otherwise. So its share is exact whatever the correlation.
struct Mark {
    name: String,
    selectivity: f64,
    correlation: f64,
    stream: Stream,
    /// Added to the place, around the circle, so that labels mark different regions.
    turn: f64,
}

impl LabelPlan {
    pub(super) fn new(spec: &SynthSpec) -> Self {
        let tenants = (spec.tenants.count > 0).then(|| {
            (Shares::power_law(spec.tenants.count, spec.tenants.exponent), Stream::new(spec.seed, "tenants"))
        });
        let marks = spec.labels.iter().map(|label| {
            let stream = Stream::new(spec.seed, &format!("label {}", label.name));
            let turn = Stream::new(spec.seed, &format!("turn {}", label.name)).at(0).random();
            Mark {
                name: label.name.clone(),
                selectivity: label.selectivity,
                correlation: label.correlation,
                stream,
                turn,
            }
        });
        Self { tenants, marks: marks.collect() }
    }

    /// Whether a row's place is needed for its labels.
    pub(super) fn needs_places(&self) -> bool {
        self.marks.iter().any(|mark| mark.correlation > 0.0)
    }

    /// The columns, for rows by number and place.
    pub(super) fn columns(&self, rows: &[(usize, f64)]) -> Vec<(String, Column)> {
        let mut columns = vec![];
        if let Some((shares, stream)) = &self.tenants {
            let mut column = Column::new(LabelType::Text);
            for (row, _) in rows {
                let tenant = shares.pick(stream.at(*row as u64).random());
                // A text fits a column of texts.
                let _ = column.push(Some(LabelValue::Text(format!("t{tenant}"))));
            }
            columns.push((TENANT.to_owned(), column));
        }
        for mark in &self.marks {
            let values = rows.iter().map(|(row, place)| Some(mark.value(*row, *place))).collect();
            columns.push((mark.name.clone(), Column::Bool(values)));
        }
        columns
    }
}

impl Mark {
    fn value(&self, row: usize, place: f64) -> bool {
        let mut random = self.stream.at(row as u64);
        let by_place = random.random::<f64>() < self.correlation;
        let chance: f64 = random.random();
        (if by_place { (place + self.turn).fract() } else { chance }) < self.selectivity
    }
}
