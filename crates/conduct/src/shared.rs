//! What several runs need alike: exact answers and the harness floor, made by the first run and taken by the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use annvil_core::dataset::Dataset;
use annvil_core::plan::Plan;
use annvil_core::record::Floor;

use crate::error::RunError;
use crate::inputs::{Inputs, search_forms};

/// A place for what runs of one session share. A copy is the same place.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    floor: Option<Floor>,
    inputs: BTreeMap<String, Arc<Inputs>>,
}

impl Shared {
    /// The harness floor: measured the first time.
    pub(crate) fn floor(&self, measure: impl FnOnce() -> Result<Floor, RunError>) -> Result<Floor, RunError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(floor) = kept.floor {
            return Ok(floor);
        }
        Ok(*kept.floor.insert(measure()?))
    }

    /// The exact answers that the plan's phases need of a data set: computed the first time that these rows are asked for
    /// these answers.
    pub(crate) fn inputs(
        &self,
        dataset: Arc<dyn Dataset>,
        plan: &Plan,
        threads: usize,
    ) -> Result<Arc<Inputs>, RunError> {
        let info = dataset.info();
        let forms = search_forms(&plan.phases);
        // The hash is that of the rows' content; queries and the metric are told apart beside it.
        let key =
            format!("{} {} {} {} {forms:?}", info.content_hash, info.rows, info.queries, info.metric.name());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inputs) = kept.inputs.get(&key) {
            return Ok(Arc::clone(inputs));
        }
        let inputs = Arc::new(Inputs::compute(dataset, plan, threads)?);
        kept.inputs.insert(key, Arc::clone(&inputs));
        Ok(inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Overrides, prepare};

    #[test]
    fn answers_are_computed_once_for_the_same_rows_and_forms() {
        let plan = |k: u32, rows: u32| {
            let text = format!(
                "data: {{name: wordnet-10k, rows: {rows}, queries_limit: 5}}\nengine: {{stub: {{}}}}\nvariants: {{a: {{}}}}\nphases: [search: {{k: {k}, queries: 5}}]\n"
            );
            prepare("x.yaml", &text, &Overrides::default(), 1).unwrap()
        };
        let shared = Shared::default();
        let inputs = |k, rows| {
            let prepared = plan(k, rows);
            shared.inputs(prepared.dataset, &prepared.plan, 1).unwrap()
        };
        let first = inputs(3, 50);
        assert!(Arc::ptr_eq(&first, &inputs(3, 50)));
        assert!(!Arc::ptr_eq(&first, &inputs(4, 50)));
        assert!(!Arc::ptr_eq(&first, &inputs(3, 60)));
        let mut measured = 0;
        for _ in 0..2 {
            shared
                .floor(|| {
                    measured += 1;
                    Ok(Floor {
                        one_session_ns: 1.0,
                        two_sessions_ns: None,
                        open_ns: None,
                        lag_p50: None,
                        lag_p99: None,
                    })
                })
                .unwrap();
        }
        assert_eq!(measured, 1);
    }
}
