//! Runbooks with the data set at hand: steps of files are read, and every row that a step names must be there.

use std::fs;

use annvil_core::dataset::DatasetInfo;
use annvil_core::document::Document;
use annvil_core::scenario::runbook::{read_runbook, walk};
use annvil_core::scenario::{Phase, Scenario};

use crate::error::RunError;
use crate::prepare::written;

/// Reads what runbooks name, and puts the steps in the place of the files, so that the plan holds all of them.
pub(crate) fn read(
    document: &Document,
    scenario: &mut Scenario,
    dataset: &DatasetInfo,
) -> Result<(), RunError> {
    for phase in &mut scenario.phases {
        let whole = phase.clone();
        let Phase::Runbook(book) = phase else { continue };
        let wrong = |key: &str, message: String, help: &str| {
            document.error(written(document, &whole, key), message).with_help(help)
        };
        let file = book.file.take();
        if let Some(path) = &file {
            let text =
                fs::read_to_string(path).map_err(|cause| RunError::Runbook { path: path.clone(), cause })?;
            let name = path.display().to_string();
            book.steps = read_runbook(&name, &text, book.set.take().as_deref(), &dataset.name)?;
        }
        let key = if file.is_some() { "file" } else { "steps" };
        let walked = walk(&book.steps, Some(dataset.rows as u64)).map_err(|fault| {
            let message = format!("step {}, `{}`: {}", fault.number, fault.step, fault.message);
            wrong(key, message, &fault.help)
        })?;
        if walked.searches == 0 {
            let help = "add a search step where answers are to be scored";
            return Err(wrong(key, "this runbook searches nothing".to_owned(), help).into());
        }
        if let Some(queries) = book.queries.filter(|queries| *queries > dataset.queries) {
            let message = format!("`queries` asks for {queries}, and the data set has {}", dataset.queries);
            return Err(wrong("queries", message, "leave it out to ask all of them").into());
        }
    }
    Ok(())
}
