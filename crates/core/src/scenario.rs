//! A scenario: what is measured, of which variants, on which data, against which objectives.
//!
//! These types are the scenario file. Reading one is strict: an unknown key, a wrong type or an impossible value is an
//! error with its place in the file. The JSON Schema printed by `annvil schema` is generated from here.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dataset::{Count, DataSpec};
use crate::form::Params;
use crate::gate::GateSpec;
use crate::metric::Metric;
use crate::objective::ObjectiveEntry;
use crate::secret::Secret;
use crate::units::HumanDuration;
use crate::vector::Element;

mod check;
mod index;
mod limit;
mod measures;
mod mix;
mod phase;
mod postgres;
mod rate;
pub mod runbook;
mod search;
mod shape;
mod size;
pub mod statement;
mod stub;
mod sweep;
mod traffic;
mod watch;

pub use check::read;
pub use index::{Diskann, Hnsw, Index, Ivfflat, Quantize, StorageLayout};
pub use limit::{LimitPhase, RateRange, SessionRange, Walk};
pub use measures::measures;
pub use mix::{MigrationPhase, Mix, MixedPhase, UserClass};
pub use phase::{
    DistancePhase, FetchPhase, LoadPhase, PersistPhase, Phase, Points, RestorePhase, SearchPhase,
    SettlePhase, VerifyPhase,
};
pub use postgres::{Extension, Pooler, PostgresSpec, PostgresVariant, Setting};
pub use rate::{RampRate, RateSpec, RateStage, SineRate, SoakRate, SpikeRate, StagesRate, StepRate};
pub use runbook::RunbookPhase;
pub use search::{IterativeScan, Profile, Profiles, SearchParams};
pub use shape::{ConcurrencySweep, Latency, Peak, Soak, Spike, Stress, Sustained, Throughput};
pub use size::{size_name, sized_name, written_name};
pub use stub::{Answers, Fault, Slow, Spread, Stall, StubSpec, Transport};
pub use sweep::Sweep;
pub use traffic::{Choice, Traffic, Warmup, WhenFull};

pub use crate::schedule::Spacing;
pub use watch::{Watch, Watched};

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The question that this scenario answers, in a sentence. Prose; not part of the plan's hash.
    #[serde(default)]
    pub why: String,
    /// The data set: a name such as `wordnet-10k`, the path of a file or folder, or paths of files. `dataset` is the same.
    #[serde(alias = "dataset")]
    pub data: DataSpec,
    /// The system under test.
    pub engine: EngineSpec,
    /// Configurations to be compared, by name. At most one is the baseline.
    pub variants: IndexMap<String, Variant>,
    /// Numbers of rows, such as `[1000, 10k]`: every variant that has no `rows` of its own is measured on the first so
    /// many rows of the data set, once for each, and compared with the baseline of its own size. `hnsw` is then called
    /// `hnsw 1k` and `hnsw 10k`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<Count>,
    /// Timed steps, in order. `load`, `settle` and `verify` are put in front where they are not written.
    pub phases: Vec<Phase>,
    /// What of the system under test is watched beside the load: processes and what they use. They are only places to
    /// look; not part of the plan's hash.
    #[serde(default)]
    pub watch: Vec<Watch>,
    /// What must hold, each one a string such as `search.recall@10.mean >= 0.95`.
    #[serde(default)]
    pub objectives: Vec<ObjectiveEntry>,
    /// What a change may cost against a baseline: margins, limits, severity.
    #[serde(default)]
    pub gate: GateSpec,
    /// Every random choice comes from this.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// How often each variant is built and measured. Blocks of different variants alternate.
    #[serde(default = "default_blocks")]
    pub blocks: u32,
    /// Threads that build an index; all cores unless set. One makes building repeatable.
    #[serde(default)]
    pub build_threads: Option<usize>,
    /// Which figures shapes use where a key is not written; `--quick` sets `quick`.
    #[serde(default)]
    pub scale: Scale,
    /// The whole run ends after this long.
    #[serde(default = "default_time_limit")]
    pub time_limit: HumanDuration,
    /// A single operation is given up after this long and counted as timed out.
    #[serde(default = "default_operation_timeout")]
    pub operation_timeout: HumanDuration,
    /// Changes by name, which `--preset NAME` makes: paths and their values, as in `--set`. `--quick` and `--full` make
    /// those of their names.
    #[serde(default)]
    pub presets: BTreeMap<String, Preset>,
}

/// Changes of a preset: paths and their values.
pub type Preset = BTreeMap<String, serde_json::Value>;

/// How large shapes are where nothing else is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// As in published plans: minutes, thousands of sessions.
    #[default]
    Full,
    /// Seconds, tens of sessions.
    Quick,
}

fn default_seed() -> u64 {
    42
}

fn default_blocks() -> u32 {
    1
}

fn default_time_limit() -> HumanDuration {
    HumanDuration::from_secs(30 * 60)
}

fn default_operation_timeout() -> HumanDuration {
    HumanDuration::from_secs(30)
}

/// The system under test and how it is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineSpec {
    /// In this process: usearch for HNSW indexes, a flat scan without index.
    Embedded(EmbeddedSpec),
    /// Answers at once with nothing: measures the harness.
    Null(NullSpec),
    /// A flat scan with scripted latencies, stalls, errors and faults: proves the harness.
    Stub(StubSpec),
    /// PostgreSQL with pgvector, pgvectorscale or `RuVector`.
    Postgres(Box<PostgresSpec>),
}

impl EngineSpec {
    /// The engine's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Null(_) => "null",
            Self::Stub(_) => "stub",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Texts that must not be seen, in a fixed order. They are redacted wherever the specification is written.
    pub fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::Embedded(_) | Self::Null(_) | Self::Stub(_) => Vec::new(),
            Self::Postgres(spec) => spec.url.iter_mut().chain(&mut spec.pooler_console).collect(),
        }
    }

    /// The same specification without places and credentials, which do not decide what is measured: the server, and where
    /// tables lie in it. Timeouts stay, because they decide what has failed, and so do connections that load.
    #[must_use]
    pub fn without_places(mut self) -> Self {
        if let Self::Postgres(spec) = &mut self {
            (spec.url, spec.pooler_console, spec.table) = (None, None, None);
            spec.schema.clear();
        }
        self
    }

    /// Whether rows are held by a server, so that this process's memory says nothing of them.
    pub const fn is_remote(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether the collection is there already, so that nothing is loaded.
    pub fn is_existing(&self) -> bool {
        matches!(self, Self::Postgres(spec) if spec.is_existing())
    }
}

/// Settings of the embedded engine; there are none yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedSpec {}

/// Settings of the null engine; there are none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NullSpec {}

/// One configuration of the engine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Why it is here. Prose; not part of the plan's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether the others are compared with this one: those of the same size, where there are several.
    #[serde(default)]
    pub baseline: bool,
    /// Only this many of the first rows of the data set; all unless set. `sizes` sets it for every variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Count>,
    /// The metric by which it searches, and its exact answers are found; that of the data set unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// Element type in which vectors are stored.
    #[serde(default)]
    pub storage: Storage,
    /// The index.
    #[serde(default)]
    pub index: Index,
    /// Search parameters; a list of values is a sweep.
    #[serde(default)]
    pub search: SearchParams,
    /// Rank the best candidates again by their exact distance to the original vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerank: Option<Rerank>,
    /// What it has in Postgres only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresVariant>,
    /// The point of the sweep that objectives and summaries use; the last one unless set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub report_at: Params,
}

impl Variant {
    /// Every point of its sweep; see [`SearchParams::points`].
    pub fn points(&self) -> Vec<Params> {
        self.search.points(&self.index)
    }
}

/// Element type of stored vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// 32-bit floats; `vector` in Postgres.
    #[default]
    #[serde(alias = "vector")]
    F32,
    /// 16-bit floats; `halfvec` in Postgres.
    #[serde(alias = "halfvec")]
    F16,
    /// Signed bytes.
    I8,
    /// One bit a dimension: the sign; `bit` in Postgres.
    #[serde(alias = "bit")]
    B1,
    /// Only the dimensions that are not zero, as 32-bit floats; in Postgres only.
    Sparsevec,
}

impl Storage {
    /// The element type.
    pub const fn element(self) -> Element {
        match self {
            Self::F32 | Self::Sparsevec => Element::F32,
            Self::F16 => Element::F16,
            Self::I8 => Element::I8,
            Self::B1 => Element::B1,
        }
    }
}

/// Re-ranking by exact distance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rerank {
    /// Candidates taken from the index for each query.
    pub candidates: usize,
}

/// How a point of a sweep is written, such as `ef_search=64`; empty for the empty point.
pub fn point_name(point: &Params) -> String {
    let parts: Vec<String> = point.iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join(" ")
}
