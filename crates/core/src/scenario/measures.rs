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
        Quantity::Response | Quantity::QueueWait => "phases are closed load; ask for service".to_owned(),
        Quantity::Recall { .. } | Quantity::Ndcg { .. } => {
            let depths: BTreeSet<usize> = selected()
                .filter_map(|phase| if let Phase::Search(search) = phase { Some(search.k) } else { None })
                .collect();
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
    match quantity {
        Quantity::Service | Quantity::SchedLag | Quantity::Success => {
            matches!(phase, Phase::Search(_) | Phase::Fetch(_) | Phase::Distance(_))
        }
        Quantity::Throughput => !matches!(phase, Phase::Settle(_) | Phase::Verify(_)),
        // Open load will have them.
        Quantity::Response | Quantity::QueueWait => false,
        Quantity::Recall { k } | Quantity::Ndcg { k } => {
            matches!(phase, Phase::Search(search) if search.k == k as usize)
        }
        Quantity::Mrr | Quantity::ShortAnswers => matches!(phase, Phase::Search(_)),
        Quantity::Time => {
            matches!(phase, Phase::Load(_) | Phase::Settle(_) | Phase::Persist(_) | Phase::Restore(_))
        }
        Quantity::Memory | Quantity::Resident | Quantity::CodesPerRow | Quantity::Compression => {
            matches!(phase, Phase::Settle(_))
        }
        Quantity::Disk | Quantity::DiskPerRow => matches!(phase, Phase::Persist(_)),
    }
}
