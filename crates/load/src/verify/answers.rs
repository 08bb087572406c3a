//! Checks of search answers.

use std::collections::HashSet;

use annvil_core::engine::{Promise, Session};
use annvil_core::form::{Form, Scores};
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::record::Check;
use annvil_core::truth::Truth;
use annvil_core::vector::RowId;

use super::patience::{Patience, Patient};
use super::{Checks, beyond};
use crate::recall::Judge;
use crate::recorder::Answer;

/// Rounding that a score in 32-bit floats may show, relative to `1 + |distance|`.
const ROUNDING: f64 = 2e-5;

/// What the answers of a form are held against.
pub struct Expected<'a> {
    /// The form.
    pub form: &'a Form,
    /// Its index as encoded.
    pub index: usize,
    /// What the engine promises.
    pub promise: Promise,
    /// Exact answers under the form's filter, at least k deep; one a query.
    pub truth: &'a Truth,
    /// Whether the form's filter selects the row; `None` if there is no such row.
    pub selected: &'a dyn Fn(RowId) -> Option<bool>,
    /// True distance of a row to a query; `None` if there is no such row.
    pub distance: &'a dyn Fn(u32, RowId) -> Option<f64>,
}

/// The check that fails when the engine does not answer at all: its failure, and not that of its answers.
pub const ANSWERED: &str = "queries are answered";

/// First counter-examples, by check.
#[derive(Default)]
struct Found {
    failed: usize,
    failure: Option<String>,
    unknown: Option<String>,
    repeated: Option<String>,
    too_many: Option<String>,
    excluded: Option<String>,
    order: Option<String>,
    scores: Option<String>,
    short: usize,
    short_example: Option<String>,
    missed: Option<String>,
    largest_error: f64,
}

/// Asks the form for the first `queries` queries and checks each answer.
pub async fn verify_answers(
    session: &dyn Session,
    queries: usize,
    expected: &Expected<'_>,
    patience: Patience<'_>,
) -> Vec<Check> {
    let session = Patient { session, patience };
    let mut found = Found::default();
    let mut reply = Reply::default();
    for query in 0..queries {
        let operation = OpRef::Search { form: expected.index, query };
        match session.call(operation, &mut reply).await {
            Ok(()) => expected.examine(query as u32, &reply, &mut found),
            Err(OpError::Unsupported(what)) => {
                let mut checks = Checks::new(&expected.form.name);
                checks.put("answers", false, format!("unsupported: {what}"));
                return checks.list;
            }
            Err(error) => {
                found.failed += 1;
                note(&mut found.failure, || format!("query {query}: {error}"));
            }
        }
    }
    expected.conclude(queries, found)
}

fn note(place: &mut Option<String>, example: impl FnOnce() -> String) {
    if place.is_none() {
        *place = Some(example());
    }
}

impl Expected<'_> {
    fn examine(&self, query: u32, reply: &Reply, found: &mut Found) {
        let k = self.form.k;
        if reply.ids.len() > k {
            note(&mut found.too_many, || format!("query {query}: {} rows, asked for {k}", reply.ids.len()));
        }
        let mut seen = HashSet::with_capacity(reply.ids.len());
        for id in &reply.ids {
            if !seen.insert(*id) {
                note(&mut found.repeated, || format!("query {query}: row {id} twice"));
            }
            match (self.selected)(*id) {
                None => note(&mut found.unknown, || format!("query {query}: there is no row {id}")),
                Some(false) => note(&mut found.excluded, || {
                    let filter = self.form.filter.as_ref().map(ToString::to_string).unwrap_or_default();
                    format!("query {query}: row {id} does not match `{filter}`")
                }),
                Some(true) => {}
            }
        }
        self.examine_scores(query, reply, found);
        self.examine_completeness(query, reply, found);
    }

    fn examine_scores(&self, query: u32, reply: &Reply, found: &mut Found) {
        let tolerance = match self.promise.scores {
            Scores::None => return,
            Scores::Exact => 0.0,
            Scores::Within(error) => error,
        };
        if reply.scores.len() != reply.ids.len() {
            let (scores, ids) = (reply.scores.len(), reply.ids.len());
            note(&mut found.scores, || format!("query {query}: {scores} scores for {ids} rows"));
            return;
        }
        // An index may rank by vectors that it has rounded or normalised, and score by those of the row: within what a score
        // may err two answers may change places.
        let contradicts = |pair: &[f32]| {
            let (near, far) = (f64::from(pair[0]), f64::from(pair[1]));
            beyond(near - far, tolerance + ROUNDING * (1.0 + far.abs()))
        };
        if let Some(at) = reply.scores.windows(2).position(contradicts) {
            let (near, far) = (reply.scores[at], reply.scores[at + 1]);
            note(&mut found.order, || {
                format!("query {query}: distance {near} before {far} at place {}", at + 1)
            });
        }
        for (id, score) in reply.ids.iter().zip(&reply.scores) {
            let Some(true_distance) = (self.distance)(query, *id) else { continue };
            let error = (f64::from(*score) - true_distance).abs();
            found.largest_error = found.largest_error.max(error);
            if beyond(error, tolerance + ROUNDING * (1.0 + true_distance.abs())) {
                note(&mut found.scores, || {
                    format!("query {query}: row {id} scored {score:.6}, its distance is {true_distance:.6}")
                });
            }
        }
    }

    fn examine_completeness(&self, query: u32, reply: &Reply, found: &mut Found) {
        let judge = Judge { truth: self.truth, k: self.form.k, distance: self.distance };
        let Some(score) = judge.score(&Answer { query, ids: reply.ids.clone() }) else { return };
        if score.short {
            found.short += 1;
            note(&mut found.short_example, || {
                let possible = self.truth[query as usize].possible(self.form.k);
                format!("query {query}: {} rows of {possible} possible", reply.ids.len())
            });
        }
        if score.recall < 1.0 {
            note(&mut found.missed, || format!("query {query}: recall {:.3}", score.recall));
        }
    }

    fn conclude(&self, queries: usize, found: Found) -> Vec<Check> {
        let mut checks = Checks::new(&self.form.name);
        // A failed operation is counted where operations are timed; here it says nothing, unless nothing is left to check.
        let failure = found.failure.map(|first| format!("{} of {queries} failed, {first}", found.failed));
        let passed = found.failed * 2 <= queries;
        checks.put(ANSWERED, passed, failure.unwrap_or_else(|| format!("{queries} checked")));
        checks.none("at most k rows", queries, found.too_many);
        checks.none("no row twice", queries, found.repeated);
        checks.none("only rows of the collection", queries, found.unknown);
        if self.form.filter.is_some() {
            checks.none("only rows that the filter selects", queries, found.excluded);
        }
        if self.promise.scores != Scores::None {
            checks.none("order agrees with the scores", queries, found.order);
            let bound = match self.promise.scores {
                Scores::Within(error) => format!("promised within {error}"),
                _ => "promised exact".to_owned(),
            };
            let passed = found.scores.is_none();
            let largest = format!("largest error {:.1e}, {bound}", found.largest_error);
            checks.put("scores are distances", passed, found.scores.unwrap_or(largest));
        }
        if self.promise.exact {
            checks.none("every possible row answered", queries, found.short_example);
            checks.none("the nearest rows", queries, found.missed);
        } else {
            let short = match found.short {
                0 => format!("{queries} checked"),
                n => format!("{n} of {queries} queries; counted as misses"),
            };
            checks.put("short answers are counted", true, short);
        }
        checks.list
    }
}
