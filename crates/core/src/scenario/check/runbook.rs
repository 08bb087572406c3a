//! Runbooks that can't be gone through.

use super::Check;
use crate::document::DocumentError;
use crate::scenario::runbook::{StepPart, walk};
use crate::scenario::{Phase, RunbookPhase, Scenario};

impl Check<'_> {
    /// Steps against each other, as far as they are written here; those of a file are read with the data set at hand.
    pub(super) fn runbook(&self, number: &str, book: &RunbookPhase) -> Result<(), DocumentError> {
        let at = ["phases", number, "runbook"];
        match (&book.file, book.steps.is_empty()) {
            (Some(_), true) => return Ok(()),
            (Some(_), false) => {
                return Err(self.wrong_key(
                    &[&at[..], &["file"]].concat(),
                    "a runbook has `steps` or a `file` of them",
                    "leave one of them out",
                ));
            }
            (None, true) => {
                return Err(self.wrong_key(
                    &at,
                    "this runbook has no steps",
                    "write `steps:`, such as `- insert: {rows: 0..1000}` and `- search`, or `file: path`",
                ));
            }
            (None, false) if book.set.is_some() => {
                return Err(self.wrong_key(
                    &[&at[..], &["set"]].concat(),
                    "`set` chooses among the data sets of a `file`",
                    "leave it out",
                ));
            }
            (None, false) => {}
        }
        let walked = walk(&book.steps, None).map_err(|fault| {
            let index = (fault.number - 1).to_string();
            let kind = book.steps[fault.number - 1].kind();
            let part = fault.part.to_string();
            let mut path = [&at[..], &["steps", &index, kind]].concat();
            if fault.part != StepPart::Whole {
                path.push(&part);
            }
            self.wrong(&path, format!("step {}: {}", fault.number, fault.message), fault.help.clone())
        })?;
        if walked.searches == 0 {
            return Err(self.wrong_key(
                &[&at[..], &["steps"]].concat(),
                "this runbook searches nothing",
                "add `- search` where answers are to be scored",
            ));
        }
        Ok(())
    }

    /// A runbook begins with an empty collection and leaves another one than was loaded: nothing but another runbook
    /// may follow it.
    pub(super) fn after_runbooks(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let books = |phase: &Phase| matches!(phase, Phase::Runbook(_));
        let late = scenario.phases.windows(2).position(|pair| books(&pair[0]) && !books(&pair[1]));
        match late {
            None => Ok(()),
            Some(before) => {
                let number = (before + 1).to_string();
                let message = format!(
                    "`{}` comes after a runbook, which leaves another collection than the one that was loaded",
                    scenario.phases[before + 1].kind()
                );
                Err(self.wrong(&["phases", &number], message, "write runbooks last"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::scenario::{Phase, read};

    fn with(phases: &str) -> Result<Vec<Phase>, String> {
        let text =
            format!("data: wordnet-10k\nengine: embedded\nvariants: {{flat: {{}}}}\nphases:\n{phases}");
        let document = Document::parse("s.yaml", &text).map_err(|error| error.to_string())?;
        read(&document).map(|scenario| scenario.phases).map_err(|error| error.to_string())
    }

    #[test]
    fn a_runbook_is_read_with_its_defaults() {
        let phases = with(
            "  - runbook:\n      steps:\n        - insert: {rows: 0..50, rate: 2000/s}\n        - search\n        - wait: 2s\n        - replace: {rows: 0..5, with: 60..65, batch: 2}\n        - search: {sessions: 2, for: 1s}\n",
        )
        .unwrap();
        let Some(Phase::Runbook(book)) = phases.last() else { panic!("{phases:?}") };
        assert_eq!(
            (phases.len(), book.k, book.queries, book.settle, book.sessions()),
            (4, 10, None, true, 2)
        );
        assert_eq!((book.steps[0].batch(), book.is_open()), (100, true));
        let text = serde_json::to_string(&phases).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Phase>>(&text).unwrap(), phases);
    }

    #[test]
    fn what_cannot_be_gone_through_is_said_with_its_place() {
        let steps = |steps: &str| format!("  - runbook:\n      steps:\n{steps}");
        for (text, start) in [
            (
                steps("        - insert: {rows: 0..9}\n        - delete: {rows: 8..10}\n"),
                "step 2: row 9 is not there in s.yaml:8:26",
            ),
            (steps("        - insert: {rows: 9..0}\n"), "the range 9..0 is empty"),
            (steps("        - insert: {rows: nine}\n"), "`nine` is no range of rows"),
            (
                steps("        - insert: {rows: 0..9}\n        - replace: {rows: 0..9, with: 0..8}\n"),
                "step 2: 9 rows are replaced with 8 in s.yaml:8:39",
            ),
            (
                steps("        - insert: {rows: 0..9, batch: 0}\n"),
                "step 1: `batch` must be at least 1 in s.yaml:7:",
            ),
            (steps("        - insert: {rows: 0..9}\n"), "this runbook searches nothing in s.yaml:6:7"),
            ("  - runbook\n".to_owned(), "this runbook has no steps in s.yaml:5:5"),
            ("  - runbook: {steps: [search], k: 0}\n".to_owned(), "`k` must be at least 1 in s.yaml:5:"),
            (
                "  - runbook: {steps: [search], file: b.yaml}\n".to_owned(),
                "a runbook has `steps` or a `file`",
            ),
            ("  - runbook: {steps: [search], set: b}\n".to_owned(), "`set` chooses among the data sets"),
            (
                "  - runbook: {steps: [search]}\n  - search\n".to_owned(),
                "`search` comes after a runbook, which leaves another collection than the one that was loaded in s.yaml:6:5",
            ),
        ] {
            let error = with(&text).unwrap_err();
            assert!(error.starts_with(start), "{text}: {error}");
        }
        let two = "  - runbook: {steps: [search]}\n  - runbook: {name: again, steps: [search]}\n";
        assert_eq!(with(two).unwrap().len(), 5);
    }
}
