//! What answers of a variant are worth.

use std::sync::atomic::Ordering;

use annvil_core::engine::Promise;
use annvil_core::form::{Form, Operation, Scores};
use annvil_core::metric::Metric;
use annvil_core::scenario::{Index, Quantize};

use super::codec::Codec;
use super::design::Design;

/// Half floats round by at most this share.
const HALF_ROUNDING: f64 = 1.0 / 2048.0;

impl Design {
    /// Whether distances are computed from half floats.
    pub(super) fn is_half(&self) -> bool {
        let ranked_again = self.variant.rerank.is_some();
        self.codec == Codec::Halfvec
            || (self.variant.index.quantize() == Some(Quantize::Halfvec) && !ranked_again)
    }

    /// What a form's answers are worth.
    pub(super) fn promise(&self, form: &Form) -> Promise {
        let whole = self.codec != Codec::Halfvec;
        match form.operation {
            // A statement of the user's own may answer any number beside the id.
            Operation::Search if self.spec.sql.is_some() => Promise { exact: false, scores: Scores::None },
            Operation::Search => Promise {
                exact: self.variant.index == Index::None && whole,
                scores: self.scores(self.is_half()),
            },
            Operation::Distance => Promise { exact: whole, scores: self.scores(!whole) },
            Operation::Fetch | Operation::Upsert | Operation::Delete => {
                Promise { exact: true, scores: Scores::None }
            }
        }
    }

    fn scores(&self, half: bool) -> Scores {
        if !half {
            return Scores::Exact;
        }
        let longest = |bits: u64| f64::from_bits(bits);
        let row = longest(self.longest_row.load(Ordering::Relaxed));
        let query = longest(self.longest_query.load(Ordering::Relaxed));
        // Both vectors are rounded, each by at most its length times the rounding; a little more for the sums.
        let error = match self.metric {
            Metric::Cosine => 2.0 * HALF_ROUNDING,
            Metric::InnerProduct => 2.0 * HALF_ROUNDING * row * query,
            Metric::L2 | Metric::L1 => HALF_ROUNDING * (row + query),
            Metric::Hamming | Metric::Jaccard => return Scores::Exact,
        };
        Scores::Within(1.05 * error)
    }
}
