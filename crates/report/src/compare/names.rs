//! Short names of figures: what all figures of a report share is left out.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::key::MetricKey;
use annvil_core::quantity::Quantity;

use crate::text::one_line;

/// What it takes to tell the figures of one report apart.
#[derive(Debug, Default)]
pub(crate) struct Names {
    variants: bool,
    points: bool,
    latencies: bool,
    /// Quantities that are measured in one place alone.
    once: BTreeSet<Quantity>,
}

impl Names {
    /// Looks at every figure that will be named.
    pub(crate) fn of<'k>(keys: impl IntoIterator<Item = &'k MetricKey>) -> Self {
        let (mut variants, mut points, mut latencies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut places: BTreeMap<Quantity, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for key in keys {
            variants.insert(&key.variant);
            points.insert(Some(&key.point).filter(|point| !point.is_empty()));
            latencies.extend(Some(key.quantity).filter(|quantity| quantity.is_latency()));
            places.entry(key.quantity).or_default().insert((&key.phase, &key.form));
        }
        points.remove(&None);
        let once = places.into_iter().filter(|(_, places)| places.len() == 1);
        Self {
            variants: variants.len() > 1,
            points: points.len() > 1,
            latencies: latencies.len() > 1,
            once: once.map(|(quantity, _)| quantity).collect(),
        }
    }

    /// The name of a figure: `search p95`, `recall@10`, `hnsw f16 ef_search=64 search response p99`.
    pub(crate) fn name(&self, key: &MetricKey) -> String {
        let quantity = key.quantity;
        let mut words = Vec::new();
        words.extend(self.variants.then(|| key.variant.clone()));
        words.extend((self.points && !key.point.is_empty()).then(|| key.point.clone()));
        let bare = quantity.is_latency() || quantity == Quantity::Time;
        if bare || !self.once.contains(&quantity) {
            let form = Some(&key.form).filter(|form| !form.is_empty() && **form != key.phase);
            words.push(form.map_or_else(|| key.phase.clone(), |form| format!("{}.{form}", key.phase)));
        }
        if !quantity.is_latency() || self.latencies {
            words.push(quantity.to_string());
        }
        words.extend((quantity.default_stat() != Some(key.stat)).then(|| key.stat.to_string()));
        one_line(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use annvil_core::quantity::Stat;

    use super::*;

    fn key(variant: &str, phase: &str, form: &str, quantity: Quantity, stat: Stat) -> MetricKey {
        let [variant, phase, form] = [variant, phase, form].map(str::to_owned);
        MetricKey { variant, point: String::new(), phase, form, quantity, stat }
    }

    #[test]
    fn what_is_shared_is_not_said() {
        let recall = Quantity::Recall { k: 10 };
        let one = [
            key("hnsw", "search", "search", Quantity::Response, Stat::P95),
            key("hnsw", "search", "search", recall, Stat::Mean),
            key("hnsw", "settle", "", Quantity::Time, Stat::Value),
        ];
        let names = Names::of(&one);
        assert_eq!(one.each_ref().map(|key| names.name(key)), ["search p95", "recall@10", "settle time"]);
        let more = [
            key("flat", "search", "search", Quantity::Response, Stat::P95),
            key("hnsw", "mixed", "search", Quantity::Service, Stat::P99),
            key("hnsw", "mixed", "search", recall, Stat::Mean),
            key("hnsw", "search", "search", recall, Stat::P10),
        ];
        let names = Names::of(&more);
        assert_eq!(
            more.each_ref().map(|key| names.name(key)),
            [
                "flat search response p95",
                "hnsw mixed.search service p99",
                "hnsw mixed.search recall@10",
                "hnsw search recall@10 p10"
            ]
        );
    }
}
