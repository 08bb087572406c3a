//! Two exact answers over rows that have no id in common, as one.

use annvil_core::truth::ExactAnswer;

/// The `k` nearest of both, by distance and then by id, as one search over all of the rows would have answered.
///
/// Each answer must hold the `k` nearest of its own rows, or all of them where there are fewer.
#[must_use]
pub fn merge(first: &ExactAnswer, second: &ExactAnswer, k: usize) -> ExactAnswer {
    let matches = first.matches + second.matches;
    let limit = k.min(first.ids.len() + second.ids.len());
    let mut both =
        ExactAnswer { ids: Vec::with_capacity(limit), distances: Vec::with_capacity(limit), matches };
    let hit = |answer: &ExactAnswer, at: usize| Some((*answer.distances.get(at)?, *answer.ids.get(at)?));
    let (mut of_first, mut of_second) = (0, 0);
    while both.ids.len() < limit {
        let (one, other) = (hit(first, of_first), hit(second, of_second));
        let takes_other = match (one, other) {
            (Some(one), Some(other)) => other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)).is_lt(),
            (one, _) => one.is_none(),
        };
        let Some((distance, id)) = (if takes_other { other } else { one }) else { break };
        of_first += usize::from(!takes_other);
        of_second += usize::from(takes_other);
        both.distances.push(distance);
        both.ids.push(id);
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_are_as_if_sorted_together(rows in prop::collection::vec((0..6u8, any::<bool>()), 0..40), k in 0..12usize) {
            let mut all: Vec<(f64, u64, bool)> =
                rows.iter().enumerate().map(|(id, (d, left))| (f64::from(*d), id as u64, *left)).collect();
            all.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
            let answer = |of: &dyn Fn(bool) -> bool, cut: usize| {
                let own: Vec<_> = all.iter().filter(|row| of(row.2)).collect();
                ExactAnswer {
                    ids: own.iter().take(cut).map(|row| row.1).collect(),
                    distances: own.iter().take(cut).map(|row| row.0).collect(),
                    matches: own.len(),
                }
            };
            let merged = merge(&answer(&|left| left, k), &answer(&|left| !left, k), k);
            prop_assert_eq!(merged, answer(&|_| true, k));
        }
    }
}
