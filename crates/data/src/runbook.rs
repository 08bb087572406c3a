//! Exact answers at the checkpoints of a runbook: over the rows that are in the collection then, and no others.
//!
//! ```
//! use annvil_core::dataset::DataSpec;
//! use annvil_core::scenario::runbook::read_runbook;
//! use annvil_data::{open, runbook};
//!
//! let spec = DataSpec::Named { name: "wordnet-10k".into(), rows: Some(1000), queries_limit: Some(5) };
//! let set = open(&spec)?;
//! let steps = "[insert: {rows: 0..500}, search, delete: {rows: 0..100}, insert: {rows: 500..600}, search]";
//! let steps = read_runbook("steps", steps, None, "wordnet-10k")?;
//! let checkpoints = runbook::truths(&*set, &steps, 10, 1)?;
//! assert_eq!((checkpoints[0].step, checkpoints[0].truth[0].matches), (2, 500));
//! assert_eq!((checkpoints[1].step, checkpoints[1].truth[0].matches), (5, 500));
//! assert!(checkpoints[1].truth[0].ids.iter().all(|id| (100..600).contains(id)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod live;
mod truths;

use annvil_core::dataset::Dataset;
use annvil_core::scenario::runbook::{Step, walk};
use annvil_core::truth::Truth;

use crate::error::{DataError, mismatch};

pub use self::live::Live;
pub use self::truths::Truths;

/// The exact answers at one search step.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Number of the step, from 1.
    pub step: usize,
    /// Rows in the collection.
    pub rows: u64,
    /// The nearest of them to each query, by their ids in the collection.
    pub truth: Truth,
}

/// The `k` nearest rows to every query of a data set at each search step of a runbook, computed on so many threads.
///
/// From one checkpoint to the next only what changed is computed: answers that lost no row are compared with the rows that
/// came, and the others are computed anew.
///
/// Errors: steps that can't be done, with their number; a `k` of 0.
pub fn truths(
    dataset: &dyn Dataset,
    steps: &[Step],
    k: usize,
    threads: usize,
) -> Result<Vec<Checkpoint>, DataError> {
    let rows = dataset.base().rows();
    walk(steps, Some(rows as u64)).map_err(|fault| {
        let message = format!("the runbook's step {}, `{}`: {}", fault.number, fault.step, fault.message);
        mismatch(message, fault.help.as_str())
    })?;
    if k == 0 {
        return Err(mismatch("no answers are asked for", "use a k of at least 1"));
    }
    let mut live = Live::new(rows);
    let mut truths = Truths::new(dataset, dataset.queries(), k, None, threads)?;
    let mut checkpoints = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        live.apply(step);
        if matches!(step, Step::Search(_)) {
            checkpoints.push(Checkpoint { step: index + 1, rows: live.len(), truth: truths.at(&live) });
        }
    }
    Ok(checkpoints)
}
