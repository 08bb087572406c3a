//! What a recipe may say, and what it should be told.

use std::collections::BTreeSet;

use annvil_core::dataset::{SynthKind, SynthSpec};
use annvil_core::metric::Metric;
use annvil_core::vector::Element;

use super::labels::TENANT;
use super::model::Model;
use crate::error::{DataError, mismatch};
use crate::format::MOST_DIMENSIONS;

/// Bytes that queries may take.
const MOST_QUERY_BYTES: usize = 4 << 30;

/// Refuses what can't be drawn.
pub(super) fn check(spec: &SynthSpec, dim: usize) -> Result<(), DataError> {
    let wrong = |message: String, help: &str| Err(mismatch(format!("synth: {message}"), help));
    if spec.rows.0 == 0 || dim == 0 {
        return wrong(format!("`rows` is {} and `dim` {dim}", spec.rows.0), "give 1 at least");
    }
    if dim > MOST_DIMENSIONS {
        return wrong(format!("`dim` is {dim}"), &format!("give at most {MOST_DIMENSIONS}"));
    }
    let most_queries = (MOST_QUERY_BYTES / (4 * dim)).max(1);
    if spec.queries.0 > most_queries {
        let message = format!("{} queries of {dim} dimensions, which are held in memory", spec.queries.0);
        return wrong(message, &format!("give at most {most_queries}"));
    }
    if u32::try_from(spec.rows.0).is_err() {
        return wrong(format!("`rows` is {}", spec.rows.0), "row numbers have 32 bits: give fewer than 2^32");
    }
    if spec.element == Element::Sparse {
        return wrong("sparse rows can't be drawn".into(), "use element f32, f16, u8, i8 or b1");
    }
    if let Some(wanted) = spec.intrinsic_dim.filter(|wanted| !(1..=dim).contains(wanted)) {
        let message = format!("`intrinsic_dim` is {wanted} and `dim` {dim}");
        return wrong(message, "give a number from 1 to `dim`");
    }
    if spec.clusters.count == Some(0) {
        return wrong("`clusters.count` is 0".into(), "give 1 at least, or leave it out");
    }
    for (name, share) in [
        ("near_duplicates.share", spec.near_duplicates.share),
        ("other_queries.share", spec.other_queries.share),
    ] {
        if !(0.0..=1.0).contains(&share) {
            return wrong(format!("`{name}` is {share}"), "shares go from 0 to 1");
        }
    }
    for (name, value) in [
        ("clusters.exponent", spec.clusters.exponent),
        ("clusters.spread", spec.clusters.spread),
        ("anisotropy", spec.anisotropy),
        ("noise", spec.noise),
        ("near_duplicates.distance", spec.near_duplicates.distance),
        ("drift", spec.drift),
        ("other_queries.gap", spec.other_queries.gap),
        ("tenants.exponent", spec.tenants.exponent),
    ] {
        if !(0.0..=1e6).contains(&value) {
            return wrong(format!("`{name}` is {value}"), "give a number from 0 to a million");
        }
    }
    let mut names: BTreeSet<&str> = (spec.tenants.count > 0).then_some(TENANT).into_iter().collect();
    for label in &spec.labels {
        if label.name.is_empty() || !names.insert(&label.name) {
            return wrong(format!("there are two labels `{}`", label.name), "give each a name of its own");
        }
        if !(0.0..=1.0).contains(&label.selectivity) || !(0.0..=1.0).contains(&label.correlation) {
            let message = format!(
                "label `{}` has selectivity {} and correlation {}",
                label.name, label.selectivity, label.correlation
            );
            return wrong(message, "both go from 0 to 1");
        }
    }
    Ok(())
}

/// What whoever uses the set should know, in words.
pub(super) fn warnings(spec: &SynthSpec, dim: usize, metric: Metric, model: Option<&Model>) -> Vec<String> {
    let mut warnings = vec![];
    if model.is_none() && spec.kind == SynthKind::Uniform {
        warnings.push(format!(
            "uniform random vectors make every index look bad: in {dim} dimensions all rows are about equally far \
             from a query, which real vectors never are; use kind: clustered, or like: a real set"
        ));
    }
    if model.is_none() && spec.kind == SynthKind::Clustered && spec.intrinsic_dim_or_default() > 50 {
        warnings.push(format!(
            "clusters of {} dimensions are hard to search; the embeddings of words and texts that this was tried on \
             have 10 to 25",
            spec.intrinsic_dim_or_default()
        ));
    }
    if (spec.element == Element::B1) != matches!(metric, Metric::Hamming | Metric::Jaccard) {
        warnings.push(format!("{} rows are seldom compared by {metric}", spec.element));
    }
    let Some(model) = model else { return warnings };
    let misfit = model.fit.reached.misfit(&model.fit.wanted);
    if misfit > 16.0 {
        warnings.push(format!(
            "the model resembles {} only roughly: intrinsic dimension {:.1} instead of {:.1}, distance to the tenth \
             neighbour {:.3} instead of {:.3}; compare recall on both before relying on it",
            model.name,
            model.fit.reached.dimension_20,
            model.fit.wanted.dimension_20,
            model.fit.reached.tenth,
            model.fit.wanted.tenth
        ));
    }
    if spec.rows.0 > model.rows.saturating_mul(2) || spec.rows.0 * 2 < model.rows {
        warnings.push(format!(
            "the model was fitted to {} rows and draws {}: neighbours stay as near as in the fitted set, while a real \
             set of another size would be denser or sparser",
            model.rows, spec.rows.0
        ));
    }
    warnings
}
