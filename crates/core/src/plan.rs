//! The plan: a scenario with every default filled in, frozen, hashed and stored with the result.

use std::fmt::Write as _;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::{DataSpec, DatasetInfo};
use crate::form::Params;
use crate::gate::GateSpec;
use crate::metric::Metric;
use crate::objective::ObjectiveEntry;
use crate::scenario::{EngineSpec, Phase, Scenario, Variant, Watch, point_name, sized_name};
use crate::secret::Secret;
use crate::units::HumanDuration;

/// A scenario made definite: nothing in it depends on a default, the machine or the hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Name of the scenario, for people.
    pub name: String,
    /// The question that it answers.
    pub why: String,
    /// Where the data set is found.
    pub data: DataSpec,
    /// What the data set is.
    pub dataset: DatasetInfo,
    /// The system under test.
    pub engine: EngineSpec,
    /// Variants in the order in which they are shown.
    pub variants: Vec<PlannedVariant>,
    /// Phases in the order in which they run.
    pub phases: Vec<Phase>,
    /// What is watched beside the load.
    pub watch: Vec<Watch>,
    /// Objectives.
    pub objectives: Vec<ObjectiveEntry>,
    /// What a change may cost against a baseline. It judges what was measured, and is not part of the hash.
    #[serde(default)]
    pub gate: GateSpec,
    /// Seed of every random choice.
    pub seed: u64,
    /// Variants by name in the order in which they are built and measured, one list a block.
    pub order: Vec<Vec<String>>,
    /// Threads that build an index.
    pub build_threads: usize,
    /// Time limit of the whole run.
    pub time_limit: HumanDuration,
    /// Time limit of an operation.
    pub operation_timeout: HumanDuration,
}

/// A variant with its points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedVariant {
    /// Its name.
    pub name: String,
    /// Its configuration.
    pub configuration: Variant,
    /// Points of the sweep, in the order in which they are measured.
    pub points: Vec<Params>,
    /// The point that objectives and summaries use.
    pub report_at: Params,
}

impl PlannedVariant {
    /// The name of the reported point.
    pub fn report_point(&self) -> String {
        point_name(&self.report_at)
    }

    /// The number of rows that it is measured on, of a data set that has so many.
    pub fn rows(&self, dataset: &DatasetInfo) -> usize {
        self.configuration.rows.map_or(dataset.rows, |rows| rows.0.min(dataset.rows))
    }

    /// The metric by which it searches such a data set.
    pub fn metric(&self, dataset: &DatasetInfo) -> Metric {
        self.configuration.metric.unwrap_or(dataset.metric)
    }
}

impl Plan {
    /// Freezes a scenario for a data set. `cores` are the cores that may be used where the scenario doesn't say.
    pub fn new(name: &str, scenario: &Scenario, dataset: DatasetInfo, cores: usize) -> Self {
        let variants: Vec<PlannedVariant> = scenario
            .variants
            .iter()
            .map(|(name, configuration)| {
                let points = configuration.points();
                let report_at = if configuration.report_at.is_empty() {
                    points.last().cloned().unwrap_or_default()
                } else {
                    configuration.report_at.clone()
                };
                PlannedVariant { name: name.clone(), configuration: configuration.clone(), points, report_at }
            })
            .collect();
        let names: Vec<String> = variants.iter().map(|variant| variant.name.clone()).collect();
        Self {
            name: name.to_owned(),
            why: scenario.why.clone(),
            data: scenario.data.clone(),
            dataset,
            engine: scenario.engine.clone(),
            variants,
            phases: scenario.phases.clone(),
            watch: scenario.watch.clone(),
            objectives: scenario.objectives.clone(),
            gate: scenario.gate.clone(),
            seed: scenario.seed,
            order: block_order(&names, scenario.blocks, scenario.seed),
            build_threads: scenario.build_threads.unwrap_or(cores),
            time_limit: scenario.time_limit,
            operation_timeout: scenario.operation_timeout,
        }
    }

    /// SHA-256 of everything that decides what is measured, in hexadecimal. Names of things, prose and places (paths,
    /// URLs) are left out, so that the same measurement has the same hash wherever its files lie.
    pub fn hash(&self) -> String {
        let mut definite = self.clone();
        definite.name.clear();
        definite.why.clear();
        definite.dataset.name.clear();
        definite.dataset.licence = None;
        definite.watch.clear();
        definite.engine = definite.engine.without_places();
        for variant in &mut definite.variants {
            variant.configuration.why = None;
        }
        for entry in &mut definite.objectives {
            entry
                .only
                .values_mut()
                .chain(entry.except.values_mut())
                .for_each(|reason| "reason".clone_into(reason));
        }
        let mut value = serde_json::to_value(&definite).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.remove("data");
            map.remove("gate");
        }
        // `serde_json` keeps object keys sorted, so equal plans print equally.
        let mut hasher = Sha256::new();
        hasher.update(value.to_string());
        hex(&hasher.finalize())
    }

    /// The plan's secrets, in the clear: for the process that runs a variant, to which they are handed beside the plan, and
    /// for nothing else. The plan itself is always written with its secrets redacted.
    pub fn revealed(&self) -> Vec<String> {
        let mut engine = self.engine.clone();
        engine.secrets_mut().into_iter().map(|secret| secret.reveal().to_owned()).collect()
    }

    /// Puts secrets back that [`Plan::revealed`] gave, after the plan was written and read.
    pub fn reveal(&mut self, secrets: Vec<String>) {
        for (place, secret) in self.engine.secrets_mut().into_iter().zip(secrets) {
            *place = Secret::new(secret);
        }
    }

    /// The variant called `name`.
    pub fn variant(&self, name: &str) -> Option<&PlannedVariant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The variant that is meant by `name` beside `other`: the one of this name, else the one of the same size as `other`
    /// among those that stand under this name in the scenario.
    pub fn variant_beside(&self, name: &str, other: &PlannedVariant) -> Option<&PlannedVariant> {
        let of_its_size = || self.variant(&sized_name(name, other.configuration.rows?));
        self.variant(name).or_else(of_its_size)
    }

    /// The variant that `variant` is compared with: the baseline of the same size.
    pub fn baseline(&self, variant: &PlannedVariant) -> Option<&PlannedVariant> {
        let rows = variant.rows(&self.dataset);
        self.variants.iter().find(|other| other.configuration.baseline && other.rows(&self.dataset) == rows)
    }

    /// A random stream for one purpose: the same for the same seed and purpose, independent of others.
    pub fn random(&self, purpose: &str) -> ChaCha8Rng {
        stream(self.seed, purpose)
    }
}

/// A random stream derived from a seed and a purpose.
pub fn stream(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut hasher = Sha256::new();
    hasher.update(seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(hasher.finalize().into())
}

/// A seeded order of `n` things.
pub fn permutation(n: usize, random: &mut impl Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.shuffle(random);
    order
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One block runs in the written order. Several alternate, A B … B A, each pair in a seeded random order, so that a
/// drift of the machine meets every variant alike.
fn block_order(names: &[String], blocks: u32, seed: u64) -> Vec<Vec<String>> {
    let mut random = stream(seed, "block order");
    let mut order: Vec<Vec<String>> = Vec::new();
    for block in 0..blocks {
        let next = match order.last() {
            Some(last) if block % 2 == 1 => last.iter().rev().cloned().collect(),
            _ => {
                let mut names = names.to_vec();
                if blocks > 1 {
                    names.shuffle(&mut random);
                }
                names
            }
        };
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_alternate() {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(block_order(&names, 1, 1), std::slice::from_ref(&names));
        let order = block_order(&names, 4, 1);
        assert_eq!(order[0].iter().rev().collect::<Vec<_>>(), order[1].iter().collect::<Vec<_>>());
        assert_eq!(order, block_order(&names, 4, 1));
        assert!(order.iter().all(|block| block.len() == 3));
    }

    #[test]
    fn streams_of_different_purposes_differ() {
        let draw = |purpose| permutation(100, &mut stream(42, purpose));
        assert_eq!(draw("queries"), draw("queries"));
        assert_ne!(draw("queries"), draw("rows"));
    }
}
