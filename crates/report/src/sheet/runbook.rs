//! Runbooks: a row for each step, with what the collection held then and how right its answers were.

use annvil_core::quantity::Stat;
use annvil_core::record::{PhaseResult, RunbookRecord, StepRecord};
use annvil_core::scenario::Phase;
use annvil_core::scenario::runbook::Step;
use annvil_core::units::{HumanRate, count};

use super::{Column, Row, Sheet};
use crate::text::{ABSENT, one_line};
use crate::view::{VariantView, View, label};

/// Most steps of a variant that are shown, beside the worst and the last checkpoint. The record has all of them.
const SHOWN: usize = 40;

/// A table for each runbook, in the plan's order.
pub(crate) fn runbooks(view: &View<'_>) -> Vec<Sheet> {
    let phases = view.record.plan.phases.iter().filter(|phase| matches!(phase, Phase::Runbook(_)));
    phases.map(|phase| runbook(view, phase.name())).filter(|sheet| !sheet.rows.is_empty()).collect()
}

fn runbook(view: &View<'_>, phase: &str) -> Sheet {
    let mut sheet = Sheet {
        title: one_line(phase),
        caption: "recall against what the collection held then · ghosts: answered rows that were not there · rate: rows \
                  written, or searches, a second · settle: time after the step until the index was complete"
            .to_owned(),
        columns: vec![
            Column::name(""),
            Column::figure("step", 2),
            Column::words("what", 0),
            Column::words("recall", 0),
            Column::figure("p10", 4),
            Column::figure("ghosts", 1),
            Column::figure("rows", 1),
            Column::figure("unsure", 7),
            Column::figure("rate", 0),
            Column::figure("asked", 8),
            Column::figure("p50", 5),
            Column::figure("p99", 3),
            Column::figure("took", 6),
            Column::figure("settle", 4),
            Column::figure("failed", 2),
        ],
        ..Sheet::default()
    };
    for variant in view.variants.iter().filter(|variant| !variant.is_wrong()) {
        for phase in variant.phases().filter(|record| record.name == phase) {
            let PhaseResult::Runbook(book) = &phase.result else { continue };
            sheet.lead.extend(lead(variant, book));
            let shown = shown(book);
            if shown.len() < book.steps.len() {
                let all = book.steps.len() as u64;
                sheet.notes.push(format!(
                    "{}: {} of {} steps are shown; run.json has all of them",
                    variant.label(),
                    count(shown.len() as u64),
                    count(all)
                ));
            }
            sheet.group(shown.into_iter().map(|step| row(variant, step)));
        }
    }
    sheet.without_empty_columns()
}

/// What a runbook came to.
fn lead(variant: &VariantView<'_>, book: &RunbookRecord) -> Option<String> {
    let (worst, last) = (book.worst()?, book.last()?);
    let recall = |step: &StepRecord| label::plain_recall(step.recall().map(|recall| recall.mean));
    let ghosts: u64 = book.steps.iter().filter_map(|step| step.answers.as_ref()).map(|own| own.ghosts).sum();
    let ghosts = if ghosts == 0 { String::new() } else { format!(", {} ghosts in all", count(ghosts)) };
    let left = if book.is_whole() {
        String::new()
    } else {
        format!(", ended after {} of {} steps", book.steps.len(), book.planned)
    };
    Some(format!(
        "{}: recall@{} {} at worst (step {}), {} at last{ghosts}{left}",
        variant.label(),
        book.form.k,
        recall(worst),
        worst.number,
        recall(last)
    ))
}

/// All steps of a short runbook; of a longer one its checkpoints, and of too many of these some, evenly spread.
fn shown(book: &RunbookRecord) -> Vec<&StepRecord> {
    if book.steps.len() <= SHOWN {
        return book.steps.iter().collect();
    }
    let searches: Vec<&StepRecord> =
        book.steps.iter().filter(|step| matches!(step.step, Step::Search(_))).collect();
    let apart = searches.len().div_ceil(SHOWN).max(1);
    let keep = [book.worst(), book.last()].map(|step| step.map(|step| step.number));
    let spread = searches
        .into_iter()
        .enumerate()
        .filter(|(at, step)| at.is_multiple_of(apart) || keep.contains(&Some(step.number)));
    spread.map(|(_, step)| step).collect()
}

fn row(variant: &VariantView<'_>, step: &StepRecord) -> Row {
    let recall = step.recall().map(|recall| {
        let text = label::plain_recall(Some(recall.mean));
        format!("{text} {}", label::plus_minus(recall.half_width)).trim_end().to_owned()
    });
    let absent = || ABSENT.to_owned();
    let latency = step.response.as_ref().unwrap_or(&step.service);
    let searches = matches!(step.step, Step::Search(_));
    let some = |n: u64| if n == 0 { absent() } else { count(n) };
    let cells = vec![
        variant.label(),
        step.number.to_string(),
        one_line(&step.step.to_string()),
        recall.unwrap_or_else(absent),
        label::plain_recall(step.recall().map(|recall| recall.p10)),
        step.answers.as_ref().map_or_else(absent, |answers| count(answers.ghosts)),
        count(step.held),
        some(step.unsure),
        label::rate(step.rate()),
        label::rate(step.step.rate().map(HumanRate::per_second)),
        label::time(latency.stat(Stat::P50)),
        label::time(latency.stat(Stat::P99)),
        step.window.to_string(),
        step.settle
            .filter(|settled| settled.indexed.0 > 0)
            .map_or_else(absent, |own| own.indexed.to_string()),
        some(step.failed()),
    ];
    Row { strong: searches, ..Row::of(variant.number, cells) }
}
