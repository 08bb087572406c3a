//! Right answers before fast ones: every form once against exact answers, and the write path on a collection of its own.
//!
//! A variant that fails a check has no speed. Which failures are fatal follows from what the engine promises: an
//! approximate form may miss rows and answer short, which is counted; no form may answer a row that its filter excludes,
//! an id twice, an order that contradicts its own scores, or more rows than asked.

use annvil_core::record::Check;

mod answers;
mod patience;
mod writes;

pub use answers::{ANSWERED, Expected, verify_answers};
pub use patience::{Patience, Patient};
pub use writes::{Sample, verify_writes};

/// The checks of one form or of the write path, in the order in which they are shown.
#[derive(Debug)]
struct Checks {
    form: String,
    list: Vec<Check>,
}

impl Checks {
    fn new(form: &str) -> Self {
        Self { form: form.to_owned(), list: Vec::new() }
    }

    /// A check that holds if no counter-example was found.
    fn none(&mut self, name: &str, checked: usize, example: Option<String>) {
        let passed = example.is_none();
        self.put(name, passed, example.unwrap_or_else(|| format!("{checked} checked")));
    }

    fn put(&mut self, name: &str, passed: bool, detail: impl Into<String>) {
        self.list.push(Check {
            form: self.form.clone(),
            name: name.to_owned(),
            passed,
            detail: detail.into(),
        });
    }
}

/// Whether a difference is larger than allowed; what is no number is.
fn beyond(difference: f64, limit: f64) -> bool {
    difference.is_nan() || difference > limit
}
