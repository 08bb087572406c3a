//! The gate: what a change may cost, as `gate:` in a scenario or as a file of its own, and what became of it.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::MetricKey;
use crate::objective::Objective;
use crate::quantity::{Quantity, Stat};

mod amount;
mod family;
mod report;
mod rule;

pub use amount::{Amount, AmountError};
pub use family::Family;
pub use report::{Acknowledged, Cause, Evidence, Fired, GateReport, Rule, Severity, SeverityBands};
pub use rule::{MetricPattern, MetricRule, PatternError};

/// What a change may cost. Every key has a default; a scenario changes what it writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateSpec {
    /// The gate ends with 3 if the smallest change that it can detect is larger than this.
    pub must_detect: Amount,
    /// Margins within which a change does not matter, by family: 2 %, tails and times of phases 5 %, recall 0.5 points,
    /// success 0.1 points unless written. What A/A found on the machine counts if it is larger.
    pub margins: BTreeMap<Family, Amount>,
    /// How much worse a figure may become against the baseline, by family, whatever the margin says: latency and tail
    /// 20 %, throughput 15 %, memory 25 % unless written. Fires only where the interval leaves no doubt that it became
    /// worse at all.
    pub worse: BTreeMap<Family, Amount>,
    /// What must hold of the candidate itself: `search.response.p95 <= 15ms`, `search.recall@10.mean >= 0.95`.
    pub always: Vec<Objective>,
    /// Rules for figures of a name, such as `search.p99` or `hnsw f16 search.service.p50`; the last that matches counts. One that
    /// names a quantity (`service.mean`) has it judged; others change how those are judged that are.
    pub metrics: IndexMap<MetricPattern, MetricRule>,
    /// From where on a regression is moderate, severe or critical.
    pub severity: SeverityBands,
    /// Share of false regressions among all that are reported (Benjamini and Hochberg).
    pub false_discovery: Amount,
    /// Confidence of intervals.
    pub confidence: Amount,
}

impl Default for GateSpec {
    fn default() -> Self {
        Self {
            must_detect: Amount(0.10),
            margins: BTreeMap::new(),
            worse: BTreeMap::new(),
            always: Vec::new(),
            metrics: IndexMap::new(),
            severity: SeverityBands::default(),
            false_discovery: Amount(0.05),
            confidence: Amount(0.95),
        }
    }
}

impl GateSpec {
    /// The rule of a figure: that of its family, with what the last matching rule of `metrics` changes.
    pub fn rule(&self, key: &MetricKey) -> MetricRule {
        let family = Family::of(key);
        let mut rule = MetricRule {
            margin: Some(self.margins.get(&family).copied().unwrap_or(family.margin())),
            worse: self.worse.get(&family).copied().or(family.worse()),
            judged: Some(is_judged(key)),
        };
        let mut declined = false;
        for (pattern, own) in self.metrics.iter().filter(|(pattern, _)| pattern.matches(key)) {
            // A rule that names a quantity wants it judged; `search.p99` alone also means delays of our own.
            let named = pattern.names(key.quantity) && !declined;
            declined |= own.judged == Some(false);
            rule = MetricRule {
                margin: own.margin.or(rule.margin),
                worse: own.worse.or(rule.worse),
                judged: own.judged.or(if named { Some(true) } else { rule.judged }),
            };
        }
        rule
    }

    /// What somebody wrote that a figure may become worse by, for its family or by its name; not the defaults.
    pub fn written_worse(&self, key: &MetricKey) -> Option<Amount> {
        let by_name = self.metrics.iter().filter(|(pattern, _)| pattern.matches(key));
        by_name
            .filter_map(|(_, rule)| rule.worse)
            .next_back()
            .or_else(|| self.worse.get(&Family::of(key)).copied())
    }
}

/// Whether a figure is judged where nobody says otherwise: medians, the 95th and 99th percentile of service and response
/// times, rates, times of phases, recall, success, and bytes that were asked for. All others are evidence.
pub fn is_judged(key: &MetricKey) -> bool {
    match key.quantity {
        Quantity::Service | Quantity::Response | Quantity::Freshness => {
            matches!(key.stat, Stat::P50 | Stat::P95 | Stat::P99)
        }
        Quantity::Recall { .. } => key.stat == Stat::Mean,
        Quantity::Throughput
        | Quantity::Success
        | Quantity::Time
        | Quantity::Memory
        | Quantity::Stored
        | Quantity::Disk => true,
        _ => false,
    }
}
