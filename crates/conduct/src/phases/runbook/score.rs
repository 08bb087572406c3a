//! Answers scored after the last step, each against what was in the collection when it was given.

use annvil_core::form::Form;
use annvil_core::record::AnswersRecord;
use annvil_core::scenario::RunbookPhase;
use annvil_core::scenario::runbook::Step;
use annvil_core::vector::RowId;
use annvil_data::runbook::{Live, Truths};
use annvil_load::recall::Judge;
use annvil_load::recorder::Answer;

use super::Book;
use crate::block::{Stage, Stop};
use crate::machine;

/// Goes through the log again, counts what was there after each step and, unless the run is to end, scores the answers of
/// each search step.
pub(super) fn score(
    stage: &Stage<'_>,
    keys: &RunbookPhase,
    form: &Form,
    (queries, answers_too): (usize, bool),
    book: &mut Book,
) -> Result<(), Stop> {
    let dataset = stage.job.inputs.dataset();
    let Some(queries) = stage.job.inputs.first_queries(queries) else { return Ok(()) };
    let threads = machine::usable_cores();
    let mut truths = Truths::new(dataset, &queries, form.k, keys.filter.as_ref(), threads)?;
    let mut live = Live::new(dataset.info().rows);
    for done in &mut book.done {
        let step = done.record.step.clone();
        live.apply_but(&step, &done.failed);
        (done.record.held, done.record.unsure) = (live.len(), live.unsure());
        if !answers_too || !matches!(step, Step::Search(_)) {
            continue;
        }
        stage.check_cancel()?;
        let truth = truths.at(&live);
        let answers = std::mem::take(&mut done.answers);
        let all = answers.len();
        // A row that may or may not be there may have taken the place of another: such an answer can't be scored.
        let sure: Vec<Answer> =
            answers.into_iter().filter(|answer| !answer.ids.iter().any(|id| live.is_unsure(*id))).collect();
        let ghosts =
            sure.iter().flat_map(|answer| &answer.ids).filter(|id| live.source(**id).is_none()).count();
        let metric = dataset.info().metric;
        let distance = |query: u32, id: RowId| {
            let mut row = vec![0.0; dataset.info().dim];
            dataset.base().write_f32(live.source(id)?, &mut row);
            Some(annvil_data::precise::distance(metric, queries.row(query as usize), &row))
        };
        let recall = Judge { truth: &truth, k: form.k, distance: &distance }.record(&sure);
        done.record.answers =
            Some(AnswersRecord { recall, ghosts: ghosts as u64, unscored: (all - sure.len()) as u64 });
    }
    Ok(())
}
