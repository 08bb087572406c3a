//! What a server said of itself: what it counted, how it answers, which of its settings are worth a look.

use annvil_core::record::PhaseResult;
use annvil_core::server::{Advice, PlanRecord, ServerFigures};

use super::{VariantView, View, label};
use crate::text::one_line;

/// What a server counted in a phase of a variant.
pub(crate) struct Counted<'a, 'v> {
    pub(crate) variant: &'v VariantView<'a>,
    /// The phase, with its point where there are several.
    pub(crate) place: String,
    pub(crate) figures: &'a ServerFigures,
}

/// What was counted in the phases that were timed, of the first block of each variant. The record has the others too.
pub(crate) fn counted<'a, 'v>(view: &'v View<'a>) -> Vec<Counted<'a, 'v>> {
    let mut all = Vec::new();
    for variant in &view.variants {
        let phases = variant.blocks.first().into_iter().flat_map(|block| &block.phases);
        let timed = phases.filter(|phase| {
            matches!(
                phase.result,
                PhaseResult::Measured { .. } | PhaseResult::Limit(_) | PhaseResult::Runbook(_)
            )
        });
        all.extend(timed.filter_map(|phase| {
            let point = label::short_point(&phase.point);
            let swept = !point.is_empty() && variant.planned.points.len() > 1;
            let place = if swept { format!("{} {point}", phase.name) } else { phase.name.clone() };
            Some(Counted { variant, place: one_line(&place), figures: phase.server.as_deref()? })
        }));
    }
    all
}

/// How the server answers the forms of a variant, of the first block that says so.
pub(crate) fn plans<'a>(variant: &VariantView<'a>) -> &'a [PlanRecord] {
    let of = |result: &'a PhaseResult| match result {
        PhaseResult::Verify { plans, .. } if !plans.is_empty() => Some(plans.as_slice()),
        _ => None,
    };
    variant.phases().find_map(|phase| of(&phase.result)).unwrap_or_default()
}

/// The name of the place in the report where the plans of a variant stand.
pub(crate) fn plan_anchor(variant: &str) -> String {
    let mut name = String::new();
    for c in variant.chars() {
        match c {
            c if c.is_alphanumeric() => name.extend(c.to_lowercase()),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    format!("{}-plan", name.trim_matches('-'))
}

/// Settings worth a look, each once, with the variants that it was said of.
pub(crate) fn advice<'a>(view: &View<'a>) -> Vec<(&'a Advice, Vec<String>)> {
    let mut all: Vec<(&Advice, Vec<String>)> = Vec::new();
    for variant in &view.variants {
        let name = variant.plain_name();
        for advice in variant.blocks.iter().flat_map(|block| &block.advice) {
            match all
                .iter_mut()
                .find(|(known, _)| known.setting == advice.setting && known.value == advice.value)
            {
                // What was measured last is the most that was seen: variants come from few rows to many.
                Some((known, names)) => {
                    *known = advice;
                    if !names.contains(&name) {
                        names.push(name.clone());
                    }
                }
                None => all.push((advice, vec![name.clone()])),
            }
        }
    }
    all
}

/// An advice in a sentence.
pub(crate) fn sentence(advice: &Advice) -> String {
    let because = one_line(advice.because.trim_end_matches('.'));
    let what = one_line(advice.try_this.trim_end_matches('.'));
    let mut text = if because.contains(&advice.setting) {
        because
    } else {
        format!("{} is {}: {because}", one_line(&advice.setting), one_line(&advice.value))
    };
    if !what.is_empty() {
        text.push_str(&format!("; try: {what}"));
    }
    format!("{text}.")
}

#[cfg(test)]
mod tests {
    use super::plan_anchor;

    #[test]
    fn anchors_are_plain() {
        assert_eq!(plan_anchor("hnsw"), "hnsw-plan");
        assert_eq!(plan_anchor("HNSW f16 — 10k"), "hnsw-f16-10k-plan");
        assert_eq!(plan_anchor("<a b=\"c\">"), "a-b-c-plan");
    }
}
