//! Where a run took place.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Nanos};

/// Annvil itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// Version of the package.
    pub version: String,
    /// Commit, with `-dirty` if the tree had changes; `unknown` outside a repository.
    pub commit: String,
    /// Compiler.
    pub compiler: String,
    /// Build profile.
    pub profile: String,
}

/// The machine, as far as it can be read. What can't is absent, never guessed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Model of the processor.
    pub cpu: Option<String>,
    /// Instruction-set flags that matter to vector search.
    pub cpu_flags: Vec<String>,
    /// Cores of the machine.
    pub cores: usize,
    /// Cores that this process may run on.
    pub affinity: Vec<usize>,
    /// Frequency governor.
    pub governor: Option<String>,
    /// Whether turbo frequencies are allowed.
    pub turbo: Option<bool>,
    /// Memory of the machine.
    pub memory: Option<Bytes>,
    /// Swap space of the machine.
    pub swap: Option<Bytes>,
    /// Kernel.
    pub kernel: Option<String>,
    /// Hypervisor or container, if it can be seen.
    pub virtualization: Option<String>,
    /// Limits that the container sets (cgroup v2), by file name.
    pub container_limits: BTreeMap<String, String>,
    /// Load average over a minute at the start.
    pub load_average: Option<f64>,
    /// Share of processor time stolen by the hypervisor during the run.
    pub steal: Option<f64>,
    /// Digest of what makes machines comparable: processor, cores, memory, kernel's version line left out.
    pub fingerprint: String,
}

/// What the harness costs on this machine, measured with the null engine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// Nanoseconds per operation in closed load with one session, everything included.
    pub one_session_ns: f64,
    /// The same with two sessions on two threads, per operation and session; absent on one core.
    pub two_sessions_ns: Option<f64>,
    /// Nanoseconds per operation in open load with one session, when every arrival is due at once.
    pub open_ns: Option<f64>,
    /// Median of the scheduling lag at 5,000 Poisson arrivals a second.
    pub lag_p50: Option<Nanos>,
    /// 99th percentile of that lag.
    pub lag_p99: Option<Nanos>,
}
