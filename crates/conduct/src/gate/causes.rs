//! What probably caused a regression. Each cause is a small pure function over the figures of both sides, in a file of its own.
//! It speaks only where its evidence was measured on both sides and changed by more than chance does, and cites it.
//!
//! A cause is asked of a *place*: a variant and a phase in which something is REGRESSED. What it says is probable, not proven:
//! something else may have changed both.

use annvil_core::comparison::{Comparison, MetricComparison, Verdict};
use annvil_core::figures::Group;
use annvil_core::gate::{Cause, Evidence, Family};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat, format_value};

mod cache_misses;
mod client_bound;
mod connection_waits;
mod index_larger;
mod index_not_used;
mod machine_busy;
mod memory_grew;
mod recall_traded;
mod server_bound;
mod short_answers;

/// A cause, asked of a place.
type Ask = fn(&Place<'_>) -> Option<Cause>;

/// Those that say most come first.
const ASKED: [Ask; 10] = [
    index_not_used::ask,
    cache_misses::ask,
    short_answers::ask,
    recall_traded::ask,
    index_larger::ask,
    memory_grew::ask,
    connection_waits::ask,
    server_bound::ask,
    client_bound::ask,
    machine_busy::ask,
];

/// Probable causes of what became worse, each once.
pub fn causes(a: &Group, b: &Group, comparison: &Comparison) -> Vec<Cause> {
    let places = places(a, b, comparison);
    let mut found: Vec<Cause> = Vec::new();
    for ask in ASKED {
        for cause in places.iter().filter_map(ask) {
            // Of one variant the same is said once, whatever the phase.
            let same = |known: &&Cause| {
                let variant =
                    |cause: &Cause| cause.evidence.first().map(|evidence| evidence.key.variant.clone());
                known.name == cause.name && variant(known) == variant(&cause)
            };
            if !found.iter().any(|known| same(&known)) {
                found.push(cause);
            }
        }
    }
    found
}

/// A variant and a phase in which something is REGRESSED.
pub(crate) struct Place<'a> {
    a: &'a Group,
    b: &'a Group,
    comparison: &'a Comparison,
    variant_a: &'a str,
    variant: &'a str,
    phase: &'a str,
}

fn places<'a>(a: &'a Group, b: &'a Group, comparison: &'a Comparison) -> Vec<Place<'a>> {
    let mut places: Vec<Place<'a>> = Vec::new();
    for metric in comparison.metrics.iter().filter(|metric| metric.verdict == Verdict::Regressed) {
        let variant_a = metric.key_a.as_ref().map_or(&metric.key.variant, |key| &key.variant);
        let (variant, phase) = (&metric.key.variant, &metric.key.phase);
        if places
            .iter()
            .all(|place| place.variant != variant || place.phase != phase || place.variant_a != variant_a)
        {
            places.push(Place { a, b, comparison, variant_a, variant, phase });
        }
    }
    places
}

impl Place<'_> {
    /// What is compared at this place.
    fn metrics(&self) -> impl Iterator<Item = &MetricComparison> {
        let here =
            |metric: &&MetricComparison| metric.key.variant == self.variant && metric.key.phase == self.phase;
        self.comparison.metrics.iter().filter(here)
    }

    /// Whether a latency or rate of this place is REGRESSED.
    fn is_slower(&self) -> bool {
        self.metrics().any(|metric| {
            let speed =
                matches!(Family::of(&metric.key), Family::Latency | Family::Tail | Family::Throughput);
            speed && metric.verdict == Verdict::Regressed
        })
    }

    /// Figures of this variant that both sides have, in this phase or in any: the mean of all blocks.
    fn evidence(&self, quantity: Quantity, stat: Stat, here: bool) -> Vec<Evidence> {
        let mut keys: Vec<&MetricKey> = self
            .b
            .figures
            .iter()
            .flat_map(|figures| figures.values.keys())
            .filter(|key| key.variant == self.variant && key.quantity == quantity && key.stat == stat)
            .filter(|key| !here || key.phase == self.phase)
            .collect();
        keys.sort();
        keys.dedup();
        let both = |key: &MetricKey| {
            let other = self.key_a(key);
            Some(Evidence { key: key.clone(), a: mean(self.a, &other)?, b: mean(self.b, key)? })
        };
        keys.into_iter().filter_map(both).collect()
    }

    /// The first of them in this phase.
    fn here(&self, quantity: Quantity) -> Option<Evidence> {
        self.evidence(quantity, Stat::Value, true).into_iter().next()
    }

    /// The first of them in any phase.
    fn anywhere(&self, quantity: Quantity) -> Option<Evidence> {
        self.evidence(quantity, Stat::Value, false).into_iter().next()
    }

    /// The counterpart on side `a`: that of the comparison for its point, if there is one.
    fn key_a(&self, key: &MetricKey) -> MetricKey {
        let alike = |metric: &&MetricComparison| {
            metric.key.variant == key.variant
                && metric.key.phase == key.phase
                && metric.key.point == key.point
        };
        let own = self.comparison.metrics.iter().filter(alike).find_map(|metric| metric.key_a.as_ref());
        let point = own.map_or(&key.point, |own| &own.point).clone();
        MetricKey { variant: self.variant_a.to_owned(), point, ..key.clone() }
    }
}

fn mean(group: &Group, key: &MetricKey) -> Option<f64> {
    let values = group.sessions(key).concat();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Both values of a figure as they are read.
fn shown(evidence: &Evidence) -> (String, String) {
    let show = |value| format_value(evidence.key.quantity, value);
    (show(evidence.a), show(evidence.b))
}

fn cause(name: &str, sentence: String, advice: &str, evidence: Vec<Evidence>) -> Cause {
    Cause { name: name.to_owned(), sentence, advice: advice.to_owned(), evidence }
}
