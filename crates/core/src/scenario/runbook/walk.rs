//! Steps held against each other: what is in the collection after each of them, and whether the next can be done.

use std::fmt;

use super::{RowRange, RowSet, Step};
use crate::units::count;

/// A step that can't be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step {number}, `{step}`: {message}{}", hint(.help))]
pub struct StepFault {
    /// Number of the step, from 1.
    pub number: usize,
    /// The step, in words.
    pub step: String,
    /// The key that is wrong.
    pub part: StepPart,
    /// What is wrong.
    pub message: String,
    /// What to try; may be empty.
    pub help: String,
}

fn hint(help: &str) -> String {
    if help.is_empty() { String::new() } else { format!("; {help}") }
}

/// A key of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepPart {
    /// The step itself.
    Whole,
    /// `rows`.
    Rows,
    /// `with`.
    With,
    /// `rate`.
    Rate,
    /// `batch`.
    Batch,
    /// `sessions`.
    Sessions,
    /// `for`.
    For,
}

impl fmt::Display for StepPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "",
            Self::Rows => "rows",
            Self::With => "with",
            Self::Rate => "rate",
            Self::Batch => "batch",
            Self::Sessions => "sessions",
            Self::For => "for",
        })
    }
}

/// What a runbook comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// Rows in the collection at the end.
    pub rows: RowSet,
    /// Rows in the collection after each step.
    pub held: Vec<u64>,
    /// Most rows that are there at any time.
    pub most: u64,
    /// Search steps.
    pub searches: usize,
}

/// Goes through the steps of a collection that begins empty. `available` is the number of rows of the data set, where it
/// is known.
///
/// Errors: an insert of a row that is there, a deleted or replaced row that is not, a row past the data set's end, an
/// empty range, ranges of different lengths, a number that must be at least 1. Whether anything is
/// searched is for the caller to ask: [`Walked::searches`].
pub fn walk(steps: &[Step], available: Option<u64>) -> Result<Walked, Box<StepFault>> {
    let mut walked = Walked::default();
    for (index, step) in steps.iter().enumerate() {
        let fault = |(part, message, help): Wrong| {
            Box::new(StepFault { number: index + 1, step: step.to_string(), part, message, help })
        };
        numbers(step).map_err(fault)?;
        for (part, range) in named(step) {
            within(part, range, available).map_err(fault)?;
        }
        apply(step, &mut walked.rows).map_err(fault)?;
        let held = walked.rows.len();
        walked.held.push(held);
        walked.most = walked.most.max(held);
        walked.searches += usize::from(matches!(step, Step::Search(_)));
    }
    Ok(walked)
}

type Wrong = (StepPart, String, String);

fn numbers(step: &Step) -> Result<(), Wrong> {
    let least = |part: StepPart| (part, format!("`{part}` must be at least 1"), String::new());
    if step.batch() == 0 {
        return Err(least(StepPart::Batch));
    }
    if step.sessions() == 0 {
        return Err(least(StepPart::Sessions));
    }
    if step.rate().is_some_and(|rate| rate.per_second() <= 0.0) {
        let help = "leave it out to go as fast as it goes".to_owned();
        return Err((StepPart::Rate, "`rate` must be more than 0".to_owned(), help));
    }
    match step {
        Step::Search(search) if search.duration.is_some_and(|length| length.nanos().0 == 0) => {
            let help = "leave it out to ask every query once".to_owned();
            Err((StepPart::For, "`for` must be more than 0".to_owned(), help))
        }
        _ => Ok(()),
    }
}

/// The ranges of a step, each with its key.
fn named(step: &Step) -> Vec<(StepPart, RowRange)> {
    match step {
        Step::Insert(write) | Step::Delete(write) => vec![(StepPart::Rows, write.rows)],
        Step::Replace(replace) => vec![(StepPart::Rows, replace.rows), (StepPart::With, replace.with)],
        Step::Search(_) | Step::Wait(_) => Vec::new(),
    }
}

fn within(part: StepPart, range: RowRange, available: Option<u64>) -> Result<(), Wrong> {
    if range.is_empty() {
        let help = "the first number must be less than the second".to_owned();
        return Err((part, format!("the range {range} is empty"), help));
    }
    match available {
        Some(rows) if range.end > rows => {
            let message = format!("the range {range} goes past the data set, which has {} rows", count(rows));
            Err((part, message, format!("end it at {rows}, or use a larger data set")))
        }
        _ => Ok(()),
    }
}

fn apply(step: &Step, rows: &mut RowSet) -> Result<(), Wrong> {
    match step {
        Step::Insert(write) => {
            if let Some(there) = rows.first_in(write.rows) {
                let message = format!("{} already there", are(there));
                let help = "insert rows that are not, or change them by `replace`".to_owned();
                return Err((StepPart::Rows, message, help));
            }
            rows.insert(write.rows);
        }
        Step::Delete(write) => {
            present(write.rows, rows)?;
            rows.remove(write.rows);
        }
        Step::Replace(replace) => {
            present(replace.rows, rows)?;
            let (old, new) = (replace.rows.len(), replace.with.len());
            if old != new {
                let message = format!("{} rows are replaced with {}", count(old), count(new));
                return Err((StepPart::With, message, "give two ranges of one length".to_owned()));
            }
        }
        Step::Search(_) | Step::Wait(_) => {}
    }
    Ok(())
}

fn present(range: RowRange, rows: &RowSet) -> Result<(), Wrong> {
    match rows.first_missing(range) {
        None => Ok(()),
        Some(missing) => {
            let help = "insert them in a step before this one".to_owned();
            Err((StepPart::Rows, format!("{} not there", are(missing)), help))
        }
    }
}

fn are(range: RowRange) -> String {
    if range.len() == 1 { format!("row {} is", range.start) } else { format!("rows {range} are") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::scenario::runbook::{ReplaceStep, SearchStep, WriteStep};

    /// Kind of a step, and its two ranges.
    fn step(kind: u8, rows: RowRange, with: RowRange) -> Step {
        match kind {
            0 | 1 => Step::Insert(WriteStep::of(rows)),
            2 => Step::Delete(WriteStep::of(rows)),
            3 => Step::Replace(ReplaceStep { rows, with, rate: None, batch: 1, sessions: 1 }),
            _ => Step::Search(SearchStep::default()),
        }
    }

    /// The same, row by row; `None` if it can't be done.
    fn naive(step: &Step, there: &mut HashSet<u64>, available: u64) -> Option<()> {
        for (_, range) in named(step) {
            (!range.is_empty() && range.end <= available).then_some(())?;
        }
        match step {
            Step::Insert(write) => {
                write.rows.rows().all(|row| !there.contains(&row)).then_some(())?;
                there.extend(write.rows.rows());
            }
            Step::Delete(write) => {
                write.rows.rows().all(|row| there.contains(&row)).then_some(())?;
                there.retain(|row| !write.rows.rows().contains(row));
            }
            Step::Replace(replace) => {
                (replace.rows.len() == replace.with.len()).then_some(())?;
                replace.rows.rows().all(|row| there.contains(&row)).then_some(())?;
            }
            Step::Search(_) | Step::Wait(_) => {}
        }
        Some(())
    }

    proptest! {
        /// Steps that can't be done are left out, so that long valid lists come about.
        #[test]
        fn live_rows_are_those_of_a_naive_simulation(
            wanted in prop::collection::vec((0..5u8, 0..60u64, 0..20u64, 0..60u64, 0..20u64), 0..60),
        ) {
            let mut steps: Vec<Step> = Vec::new();
            let mut there = HashSet::new();
            for (kind, start, more, other, length) in wanted {
                let with = RowRange { start: other, end: other + if length > 3 { more } else { length } };
                let next = step(kind, RowRange { start, end: start + more }, with);
                let mut after = there.clone();
                let possible = naive(&next, &mut after, 64).is_some();
                steps.push(next);
                let walked = walk(&steps, Some(64));
                prop_assert_eq!(walked.is_ok(), possible, "{:?}", walked);
                if let Ok(walked) = walked {
                    there = after;
                    prop_assert_eq!(walked.rows.len(), there.len() as u64);
                    prop_assert!((0..64).all(|row| walked.rows.contains(row) == there.contains(&row)));
                    prop_assert_eq!(walked.held.last(), Some(&(there.len() as u64)));
                } else {
                    steps.pop();
                }
            }
        }
    }

    #[test]
    fn a_step_that_cannot_be_done_is_named() {
        let read = |text: &str| serde_saphyr::from_str::<Vec<Step>>(text).unwrap();
        for (text, message) in [
            (
                "[insert: {rows: 0..9}, insert: {rows: 20..30}, insert: {rows: 5..25}]",
                "step 3, `insert 5..25`: rows 5..9 are already there; insert rows that are not, or change them by `replace`",
            ),
            (
                "[insert: {rows: 0..9}, delete: {rows: 8..10}]",
                "step 2, `delete 8..10`: row 9 is not there; insert them in a step before this one",
            ),
            (
                "[insert: {rows: 0..101}]",
                "step 1, `insert 0..101`: the range 0..101 goes past the data set, which has 100 rows; end it at 100, or use a larger data set",
            ),
            (
                "[insert: {rows: 0..9}, replace: {rows: 0..4, with: 50..52}]",
                "step 2, `replace 0..4 with 50..52`: 4 rows are replaced with 2; give two ranges of one length",
            ),
            ("[insert: {rows: 0..9, batch: 0}]", "step 1, `insert 0..9`: `batch` must be at least 1"),
        ] {
            assert_eq!(walk(&read(text), Some(100)).unwrap_err().to_string(), message);
        }
        let whole =
            read("[insert: {rows: 0..9}, search: {}, delete: {rows: 0..9}, wait: 2s, search: {for: 1s}]");
        let walked = walk(&whole, None).unwrap();
        assert_eq!((walked.held, walked.most, walked.searches), (vec![9, 9, 0, 0, 0], 9, 2));
        assert!(walked.rows.is_empty());
    }
}
