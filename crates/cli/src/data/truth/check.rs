//! Claimed answers against computed ones.

use std::collections::BTreeSet;

use annvil_core::dataset::Dataset;
use annvil_core::truth::ExactAnswer;
use annvil_core::units::count;
use annvil_data::precise;
use serde::Serialize;

use super::Answered;

/// How far distances at one place may be apart, as a share of the largest: claims were often computed in single precision,
/// or from rows before they were rounded to 16 bits.
const NEAR: f64 = 2e-4;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Check {
    /// Answers that are claimed.
    claimed: usize,
    /// The same rows in the same order, as far as the claim goes.
    same: usize,
    /// Other rows, equally near.
    tied: usize,
    pub(super) wrong: usize,
    /// The largest difference of distances among those, as a share of the largest distance.
    largest: f64,
}

impl Check {
    pub(super) fn text(&self) -> String {
        format!(
            "{} of {} claimed answers are the same, {} differ in rows that are equally near (distances within {:.1e}; {NEAR:.0e} is allowed), {} are wrong",
            count(self.same as u64),
            count(self.claimed as u64),
            count(self.tied as u64),
            self.largest,
            count(self.wrong as u64)
        )
    }
}

/// `None` if nothing is claimed.
pub(super) fn check(set: &dyn Dataset, answered: &Answered) -> Option<Check> {
    let mut check = Check::default();
    for answer in &answered.answers {
        let Some(claim) = &answer.claimed else { continue };
        check.claimed += 1;
        match judge(set, answer.query, claim, &answer.exact) {
            Some(0.0) => check.same += 1,
            Some(off) => {
                check.tied += 1;
                check.largest = check.largest.max(off);
            }
            None => check.wrong += 1,
        }
    }
    (check.claimed > 0).then_some(check)
}

/// How far the claim's distances are off; `None` if it is wrong.
fn judge(set: &dyn Dataset, query: usize, claim: &[u64], exact: &ExactAnswer) -> Option<f64> {
    let rows = set.info().rows as u64;
    let different: BTreeSet<&u64> = claim.iter().collect();
    // A claim may stop early, but not name a row twice, or more rows than match, or none where some do.
    let possible = claim.len() <= exact.matches && different.len() == claim.len();
    if !possible || claim.iter().any(|id| *id >= rows) || (claim.is_empty() && exact.matches > 0) {
        return None;
    }
    let k = claim.len().min(exact.ids.len());
    if claim[..k] == exact.ids[..k] {
        return Some(0.0);
    }
    let scale = exact.distances.iter().fold(0.0_f64, |most, distance| most.max(distance.abs()));
    let mut row = vec![0.0; set.info().dim];
    let mut largest = f64::MIN_POSITIVE;
    for (id, distance) in claim.iter().zip(&exact.distances) {
        set.base().write_f32(*id as usize, &mut row);
        let theirs = precise::distance(set.info().metric, set.queries().row(query), &row);
        largest = largest.max((theirs - distance).abs() / scale.max(f64::MIN_POSITIVE));
    }
    (largest <= NEAR).then_some(largest)
}
