//! Keys of phases that must be at least 1.

use crate::scenario::Phase;
use crate::units::HumanDuration;

/// Every such key of a phase with its value; what is not written passes.
pub(super) fn counts(phase: &Phase) -> Vec<(&'static str, u64)> {
    let length = |duration: Option<HumanDuration>| duration.map_or(1, |duration| duration.nanos().0);
    let number = |number: Option<usize>| number.unwrap_or(1) as u64;
    match phase {
        Phase::Load(p) => vec![("batch", p.batch as u64)],
        Phase::Search(p) => vec![("k", p.k as u64), ("queries", p.queries.unwrap_or(1))],
        Phase::Mixed(p) => {
            vec![("k", p.k as u64), ("operations", p.operations.unwrap_or(1)), ("batch", p.batch as u64)]
        }
        Phase::Migration(p) => vec![("k", p.k as u64), ("queries", p.queries.unwrap_or(1))],
        Phase::Runbook(p) => vec![("k", p.k as u64), ("queries", number(p.queries))],
        Phase::Limit(p) => vec![
            ("k", p.k as u64),
            ("queries", p.queries.unwrap_or(1)),
            ("repeats", u64::from(p.repeats)),
            ("most", u64::from(p.most)),
        ],
        Phase::Latency(p) => vec![("k", number(p.k)), ("queries", p.queries.unwrap_or(1))],
        Phase::Throughput(p) => vec![
            ("k", number(p.k)),
            ("sessions", number(p.sessions)),
            ("iterations", p.iterations.unwrap_or(1)),
            ("batch", number(p.batch)),
        ],
        Phase::ConcurrencySweep(p) => vec![
            ("k", number(p.k)),
            (
                "sessions",
                p.sessions.as_ref().map_or(1, |numbers| numbers.iter().copied().min().unwrap_or(0)) as u64,
            ),
            ("for", length(p.duration)),
        ],
        Phase::Sustained(p) => {
            vec![("k", number(p.k)), ("sessions", number(p.sessions)), ("for", length(p.duration))]
        }
        Phase::Stress(p) => {
            vec![("k", number(p.k)), ("sessions", number(p.sessions)), ("hold", length(p.hold))]
        }
        Phase::Peak(p) => {
            vec![("k", number(p.k)), ("sessions", number(p.sessions)), ("for", length(p.duration))]
        }
        Phase::Spike(p) => {
            vec![("k", number(p.k)), ("sessions", number(p.sessions)), ("for", length(p.duration))]
        }
        Phase::Soak(p) => {
            vec![("k", number(p.k)), ("sessions", number(p.sessions)), ("for", length(p.duration))]
        }
        Phase::Fetch(p) => {
            vec![("operations", p.operations), ("batch", p.batch), ("sessions", p.sessions as u64)]
        }
        Phase::Distance(p) => {
            vec![("operations", p.operations), ("batch", p.batch), ("sessions", p.sessions as u64)]
        }
        Phase::Persist(p) => vec![("repeats", u64::from(p.repeats))],
        Phase::Restore(p) => vec![("repeats", u64::from(p.repeats)), ("queries", p.queries as u64)],
        Phase::Verify(p) => vec![("queries", p.queries as u64)],
        Phase::Settle(_) => Vec::new(),
    }
}
