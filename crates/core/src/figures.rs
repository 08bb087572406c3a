//! What comparisons are made of: every figure of one statistical sample, and groups of samples.
//!
//! The sample is a block: a fresh build and its measurements. Blocks that ran in one session (one run, or the interleaved
//! runs of one comparison) share what the machine was like then, so they are told apart by their session.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::MetricKey;
use crate::quantity::{Quantity, Stat};
use crate::record::{Environment, Origin, PhaseResult, RunRecord, Status, metrics};
use crate::scenario::point_name;

/// Where figures come from and what they may be compared with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Name of the run; of another tool's result the file.
    pub run: String,
    /// What ran together, without anything else between: the run itself, or the interleaved comparison it is a part of.
    pub session: String,
    /// Who measured: `annvil`, or the other tool.
    pub tool: String,
    /// Name of the scenario, or of the other tool's benchmark.
    pub scenario: String,
    /// Hash of the plan; other tools have none.
    pub plan_hash: Option<String>,
    /// Digest of the machine; other tools say none.
    pub fingerprint: Option<String>,
    /// The machine, in words.
    pub machine: Option<String>,
    /// When it began, RFC 3339; empty if unknown.
    pub started: String,
    /// Commit and branch of the project that was measured.
    #[serde(default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// Whether it came to its end.
    pub complete: bool,
    /// Why it cannot be judged; empty if it can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<String>,
    /// What failed; empty if nothing did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

/// Every figure of one block of a run, or of one result of another tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Name of the run.
    pub run: String,
    /// The session it belongs to.
    pub session: String,
    /// Number of the block in the run, from 0.
    pub block: u32,
    /// Figures in base units: nanoseconds, per second, share, bytes, ratio, count.
    pub values: BTreeMap<MetricKey, f64>,
    /// Recall of each query, under the key of its mean: row of the queries and its recall, 0 to 1.
    pub by_query: BTreeMap<MetricKey, Vec<(u32, f32)>>,
}

/// One side of a comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// What it is called: a run, a baseline with its version, `a`.
    pub name: String,
    /// The runs it consists of.
    pub runs: Vec<Provenance>,
    /// Their figures, in the order in which they were measured.
    pub figures: Vec<Figures>,
}

impl Provenance {
    /// Where the figures of a run come from. Its session is the run itself.
    pub fn of(record: &RunRecord) -> Self {
        Self {
            run: record.id.clone(),
            session: record.id.clone(),
            tool: "annvil".to_owned(),
            scenario: record.plan.name.clone(),
            plan_hash: Some(record.plan_hash.clone()),
            fingerprint: Some(record.environment.fingerprint.clone()).filter(|print| !print.is_empty()),
            machine: Some(machine(&record.environment)),
            started: record.started.clone(),
            origin: record.origin.clone(),
            complete: record.status == Status::Complete,
            invalid: record.invalid(),
            failed: record
                .blocks
                .iter()
                .filter_map(|block| {
                    let failure = block.failure.as_ref()?;
                    Some(format!("{}: {}: {}", block.variant, failure.phase, failure.message))
                })
                .collect(),
        }
    }
}

impl Group {
    /// A run as a group of its own.
    pub fn of(record: &RunRecord) -> Self {
        Self { name: record.id.clone(), runs: vec![Provenance::of(record)], figures: figures(record) }
    }

    /// Adds the runs and figures of another group.
    pub fn add(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.figures.extend(other.figures);
    }

    /// The values of a figure, one inner list a session, in the order in which they were measured.
    pub fn sessions(&self, key: &MetricKey) -> Vec<Vec<f64>> {
        let mut sessions: Vec<(&str, Vec<f64>)> = Vec::new();
        for figures in &self.figures {
            let Some(value) = figures.values.get(key) else { continue };
            match sessions.iter_mut().find(|(name, _)| *name == figures.session) {
                Some((_, values)) => values.push(*value),
                None => sessions.push((&figures.session, vec![*value])),
            }
        }
        sessions.into_iter().map(|(_, values)| values).collect()
    }
}

/// Every figure of a run, block by block. A variant that failed verification has none.
pub fn figures(record: &RunRecord) -> Vec<Figures> {
    let mut blocks: BTreeMap<u32, Figures> = BTreeMap::new();
    let new =
        |block| Figures { run: record.id.clone(), session: record.id.clone(), block, ..Figures::default() };
    for metric in metrics(record) {
        let figures = blocks.entry(metric.block).or_insert_with(|| new(metric.block));
        figures.values.insert(metric.key, metric.value);
    }
    for block in &record.blocks {
        let Some(figures) = blocks.get_mut(&block.block) else { continue };
        for phase in &block.phases {
            let PhaseResult::Measured { forms, .. } = &phase.result else { continue };
            for form in forms {
                let Some(recall) = &form.recall else { continue };
                let key = MetricKey {
                    variant: block.variant.clone(),
                    point: point_name(&phase.point),
                    phase: phase.name.clone(),
                    form: form.form.name.clone(),
                    quantity: Quantity::Recall { k: recall.k as u32 },
                    stat: Stat::Mean,
                };
                // A variant that failed verification has no recall either.
                if figures.values.contains_key(&key) {
                    figures.by_query.insert(key, recall.by_query.clone());
                }
            }
        }
    }
    blocks.into_values().collect()
}

/// A machine in a few words: `2 cores Xeon …, 25.2 GB, virtual machine`.
pub fn machine(environment: &Environment) -> String {
    let mut words = vec![format!("{} cores", environment.cores)];
    words.extend(environment.cpu.clone());
    words.extend(environment.memory.map(|memory| memory.to_string()));
    words.extend(environment.virtualization.clone());
    words.join(", ")
}
