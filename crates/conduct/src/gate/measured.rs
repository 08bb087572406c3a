//! A candidate: what was measured, from one run, several, or another tool.

use std::collections::BTreeSet;

use annvil_core::figures::{Group, Provenance};
use annvil_core::gate::GateSpec;
use annvil_core::key::MetricKey;
use annvil_core::objective::{Objective, ObjectiveEntry};
use annvil_core::record::{Judged, ObjectiveResult, RunRecord};

use crate::judge::judge;
use crate::outcome::Outcome;

/// A candidate.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Its figures.
    pub group: Group,
    /// Its own objectives, judged over all its runs.
    pub objectives: Vec<ObjectiveResult>,
    /// How its runs ended, objectives left out.
    pub outcome: Outcome,
    /// All its runs as one record, to judge further objectives by; other tools have none.
    whole: Option<Box<RunRecord>>,
}

impl Measured {
    /// Runs of one plan. The group is called `name`.
    pub fn runs(name: &str, records: &[RunRecord]) -> Self {
        let mut group = Group { name: name.to_owned(), ..Group::default() };
        let mut outcome = Outcome::Good;
        let mut whole: Option<Box<RunRecord>> = None;
        for record in records {
            group.add(Group::of(record));
            let bare = RunRecord { objectives: Vec::new(), ..record.clone() };
            outcome = outcome.max(Outcome::of(&bare));
            match &mut whole {
                None => whole = Some(Box::new(bare)),
                Some(whole) => whole.blocks.extend(bare.blocks),
            }
        }
        let objectives = whole.as_deref().map(judge).unwrap_or_default();
        Self { group, objectives, outcome, whole }
    }

    /// Figures without a record: of another tool, or from the store.
    pub fn figures(group: Group) -> Self {
        let any = |of: &dyn Fn(&Provenance) -> bool| group.runs.iter().any(of);
        let outcome = if any(&|run| !run.complete) {
            Outcome::Failed
        } else if any(&|run| !run.invalid.is_empty()) {
            Outcome::Invalid
        } else if any(&|run| !run.failed.is_empty()) {
            // What failed in a run that came to its end is its verification.
            Outcome::Missed
        } else {
            Outcome::Good
        };
        Self { group, objectives: Vec::new(), outcome, whole: None }
    }

    /// What the gate demands of the candidate itself, judged.
    pub(super) fn always(&self, spec: &GateSpec) -> Vec<ObjectiveResult> {
        match &self.whole {
            Some(whole) => {
                let mut record = (**whole).clone();
                record.plan.objectives = spec.always.iter().cloned().map(ObjectiveEntry::from).collect();
                // What must always hold binds the variant that others are compared with too.
                record.plan.variants.iter_mut().for_each(|variant| variant.configuration.baseline = false);
                let mut results = judge(&record);
                for result in results.iter_mut().filter(|result| result.judged.is_empty()) {
                    result.judged.push(unmeasured(&result.objective.objective));
                }
                results
            }
            None => spec.always.iter().map(|objective| self.bare(objective)).collect(),
        }
    }

    /// The same of figures without a plan: of every variant and point that has them.
    fn bare(&self, objective: &Objective) -> ObjectiveResult {
        let keys: BTreeSet<&MetricKey> =
            self.group.figures.iter().flat_map(|one| one.values.keys()).collect();
        let meant = keys.into_iter().filter(|key| {
            key.quantity == objective.quantity
                && key.stat == objective.stat
                && objective.phase.matches(&key.phase)
                && objective.form.as_ref().is_none_or(|form| form.matches(&key.form))
        });
        let mut judged: Vec<Judged> = meant
            .map(|key| {
                let mut values = self.group.sessions(key).concat();
                values.sort_unstable_by(f64::total_cmp);
                let value = middle(&values);
                let judgement = objective.judge(value.unwrap_or(f64::NAN), None, None);
                let grade = judgement.grade;
                Judged { key: key.clone(), value, target: judgement.target, margin: judgement.margin, grade }
            })
            .collect();
        if judged.is_empty() {
            judged.push(unmeasured(objective));
        }
        ObjectiveResult { objective: ObjectiveEntry::from(objective.clone()), judged }
    }
}

/// A limit that nothing measured can meet: a phase or form that is not there. Unknown, which is not met.
fn unmeasured(objective: &Objective) -> Judged {
    let judgement = objective.judge(f64::NAN, None, None);
    let key = MetricKey {
        variant: String::new(),
        point: String::new(),
        phase: objective.phase.to_string(),
        form: objective.form.as_ref().map(ToString::to_string).unwrap_or_default(),
        quantity: objective.quantity,
        stat: objective.stat,
    };
    Judged { key, value: None, target: judgement.target, margin: None, grade: judgement.grade }
}

fn middle(sorted: &[f64]) -> Option<f64> {
    let at = sorted.len() / 2;
    let upper = *sorted.get(at)?;
    Some(if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[at - 1], upper) } else { upper })
}
