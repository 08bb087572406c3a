//! Which phases have figures of which quantity, so that an objective that nothing can answer is refused at once.

use std::collections::BTreeSet;

use super::{Phase, Scenario};
use crate::objective::Objective;
use crate::quantity::Quantity;

/// What of an objective no phase can measure, and what to try; `None` if one can.
pub(super) fn unmeasured(scenario: &Scenario, objective: &Objective) -> Option<(String, String)> {
    let quantity = objective.quantity;
    let selected = || scenario.phases.iter().filter(|phase| objective.phase.matches(phase.name()));
    if selected().any(|phase| measures(phase, quantity)) {
        return None;
    }
    let help = match quantity {
        Quantity::Response | Quantity::QueueWait => {
            "the phases that it selects are closed load; give one a `rate:`, or ask for service".to_owned()
        }
        Quantity::Recall { .. } | Quantity::Ndcg { .. } => {
            let depths: BTreeSet<usize> = selected().filter_map(depth).collect();
            let depths: Vec<String> = depths.iter().map(ToString::to_string).collect();
            match depths.as_slice() {
                [] => "search phases do".to_owned(),
                _ => format!("the searches that it selects have k {}", depths.join(", ")),
            }
        }
        _ => {
            let kinds: BTreeSet<&str> =
                scenario.phases.iter().filter(|phase| measures(phase, quantity)).map(Phase::name).collect();
            match kinds.len() {
                0 => "add a phase that does".to_owned(),
                _ => format!("{} would", kinds.into_iter().collect::<Vec<_>>().join(", ")),
            }
        }
    };
    Some((format!("the {quantity}"), help))
}

/// Whether a phase has figures of a quantity.
pub fn measures(phase: &Phase, quantity: Quantity) -> bool {
    let load = || {
        matches!(
            phase,
            Phase::Search(_) | Phase::Mixed(_) | Phase::Migration(_) | Phase::Fetch(_) | Phase::Distance(_)
        )
    };
    match quantity {
        Quantity::Service | Quantity::Success => load() || matches!(phase, Phase::Runbook(_)),
        Quantity::Throughput => !matches!(phase, Phase::Settle(_) | Phase::Verify(_)),
        Quantity::Response | Quantity::QueueWait => {
            load() && phase.traffic().is_some_and(|traffic| traffic.is_open())
                || quantity == Quantity::Response && matches!(phase, Phase::Runbook(book) if book.is_open())
        }
        Quantity::Freshness => matches!(phase, Phase::Mixed(mixed) if mixed.freshness.is_some()),
        Quantity::Recall { k } | Quantity::Ndcg { k } => depth(phase) == Some(k as usize),
        Quantity::Mrr | Quantity::ShortAnswers => depth(phase).is_some(),
        Quantity::Time => {
            matches!(
                phase,
                Phase::Load(_) | Phase::Settle(_) | Phase::Persist(_) | Phase::Restore(_) | Phase::Runbook(_)
            )
        }
        Quantity::Memory
        | Quantity::Stored
        | Quantity::Buffers
        | Quantity::Resident
        | Quantity::CodesPerRow
        | Quantity::Compression => matches!(phase, Phase::Settle(_)),
        Quantity::BufferHits | Quantity::ConnectionWait => {
            load() || matches!(phase, Phase::Limit(_) | Phase::Runbook(_))
        }
        Quantity::Log => {
            load() || matches!(phase, Phase::Load(_) | Phase::Settle(_) | Phase::Limit(_) | Phase::Runbook(_))
        }
        Quantity::Disk | Quantity::DiskPerRow => matches!(phase, Phase::Persist(_)),
        Quantity::SchedLag
        | Quantity::ClientCpu
        | Quantity::ServerCpu
        | Quantity::CpuWait
        | Quantity::Steal
        | Quantity::Swapped => load(),
        Quantity::IndexUsed => matches!(phase, Phase::Verify(_)),
    }
}

/// Answers wanted by the searches of a phase whose answers are scored.
fn depth(phase: &Phase) -> Option<usize> {
    match phase {
        Phase::Search(search) => Some(search.k),
        Phase::Migration(migration) => Some(migration.k),
        Phase::Runbook(book) => Some(book.k),
        Phase::Mixed(mixed) => {
            let searches = mixed.users().iter().any(|(_, class)| class.mix.search > 0);
            // Where rows come and go, answers are scored at checkpoints alone.
            (searches && (!mixed.writes() || mixed.checkpoints > 0)).then_some(mixed.k)
        }
        _ => None,
    }
}
