//! Recall while rows come and go.

use annvil_core::record::CheckpointRecord;
use annvil_core::units::time_text;

use super::draw;
use super::plot::{Axis, Plot};
use crate::view::{Measure, VariantView, View, label};

const HEIGHT: f64 = 220.0;

/// Recall of each variant over its checkpoints; `None` with fewer than two of them.
pub(super) fn recall(view: &View<'_>, measure: &Measure<'_>) -> Option<String> {
    let lines: Vec<(&VariantView<'_>, Vec<&CheckpointRecord>)> = view
        .variants
        .iter()
        .filter_map(|variant| {
            let timed = variant.timed_reported(measure.phase).into_iter().next()?;
            let scored: Vec<_> = timed.checkpoints.iter().filter(|at| at.recall.is_some()).collect();
            (scored.len() > 1).then_some((variant, scored))
        })
        .collect();
    let all = || lines.iter().flat_map(|(_, scored)| scored);
    let end = all().map(|at| at.at.as_secs_f64()).reduce(f64::max)?;
    let least = all().filter_map(|at| at.recall.as_ref()).map(|recall| recall.mean - recall.half_width);
    let low = least.filter(|low| low.is_finite()).fold(1.0, f64::min);
    let low = (1.0 - (1.0 - low) * 1.3 - 0.002).max(0.0);
    let seconds = |second: f64| if second == 0.0 { "0".to_owned() } else { time_text(second * 1e9) };
    let share = |share: f64| super::trim(share);
    let mut plot = Plot::new(
        HEIGHT,
        &Axis::from_zero(end * 1.03, "", &seconds),
        &Axis::share(low, "↑ recall against what the collection held then", &share),
    );
    for (variant, scored) in &lines {
        let place = |at: &CheckpointRecord| Some((at.at.as_secs_f64(), at.recall.as_ref()?.mean));
        let mut drawn = plot.line(&scored.iter().map(|at| place(at)).collect::<Vec<_>>(), "l");
        for at in scored {
            drawn.push_str(&mark(&plot, variant, at));
        }
        plot.add(&format!("<g {}>{drawn}</g>", draw::of(variant)));
    }
    Some(plot.done("Recall at each checkpoint; the table holds the same figures."))
}

fn mark(plot: &Plot, variant: &VariantView<'_>, at: &CheckpointRecord) -> String {
    let Some(recall) = &at.recall else { return String::new() };
    let seconds = at.at.as_secs_f64();
    let half = if recall.half_width.is_finite() { recall.half_width } else { 0.0 };
    let (x, y) = plot.at((seconds, recall.mean));
    let (low, high) = (plot.at((seconds, recall.mean - half)).1, plot.at((seconds, recall.mean + half)).1);
    let tip = format!(
        "{}\n{}: recall {} {}\n{} answers of removed rows",
        variant.label(),
        at.at,
        label::plain_recall(Some(recall.mean)),
        label::plus_minus(half),
        annvil_core::units::count(at.ghosts)
    );
    format!(
        "<g class=\"p\">{}<line class=\"err\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{low:.1}\" y2=\"{high:.1}\"/>{}\
         <circle class=\"hit\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\"/></g>",
        draw::tip(&tip),
        draw::mark(variant, x, y, 4.0)
    )
}
