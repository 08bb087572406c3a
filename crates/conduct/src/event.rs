//! What a run tells while it goes on. The same events cross from the process of a variant to the one that conducts.

use std::collections::BTreeMap;

use annvil_core::engine::EngineInfo;
use annvil_core::form::Params;
use annvil_core::record::{Block, Failure, MemoryRecord, PhaseRecord, ResourceFigures};
use annvil_core::server::Advice;
use annvil_core::units::Nanos;
use serde::{Deserialize, Serialize};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Work before the first block: opening data, computing exact answers.
    Preparing {
        /// What is done.
        what: String,
    },
    /// A variant begins.
    BlockStarted {
        /// Number of the block.
        block: u32,
        /// Name of the variant.
        variant: String,
    },
    /// The engine was opened.
    Engine(EngineInfo),
    /// A phase begins at a point.
    PhaseStarted {
        /// Unique name.
        name: String,
        /// Kind.
        kind: String,
        /// Point of the sweep.
        point: Params,
        /// Operations, rows or checks that it will do, if that is known.
        total: Option<u64>,
        /// How long it will go on, if that is what ends it.
        duration: Option<Nanos>,
    },
    /// How far the phase is.
    Progress {
        /// Operations, rows or checks done.
        done: u64,
        /// Time since the phase began.
        elapsed: Nanos,
    },
    /// A second of a phase of load.
    Second(Box<Second>),
    /// A level of a search for the limit was tried.
    Trial {
        /// The level.
        level: f64,
        /// Whether the objectives held; absent if the trial was invalid.
        met: Option<bool>,
        /// Whether levels are arrivals a second; otherwise they are sessions.
        rates: bool,
    },
    /// A phase has ended.
    PhaseDone(Box<PhaseRecord>),
    /// Memory was measured.
    Memory(MemoryRecord),
    /// Settings of the server were judged.
    Advice(Vec<Advice>),
    /// The variant ended before its last phase.
    BlockFailed(Failure),
    /// The variant has ended.
    BlockDone,
}

/// A second of a phase of load, and the phase so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Time since the phase began.
    pub elapsed: Nanos,
    /// Arrivals a second that the schedule wants now; absent in closed load.
    pub wanted: Option<f64>,
    /// Operations answered in the last second.
    pub achieved: f64,
    /// Operations in flight.
    pub in_flight: u64,
    /// Whether the percentiles are of the response time; otherwise of the service time.
    pub response: bool,
    /// Median of the phase so far, of searches where there are any.
    pub p50: Option<Nanos>,
    /// 95th percentile.
    pub p95: Option<Nanos>,
    /// 99th percentile.
    pub p99: Option<Nanos>,
    /// Failures of the phase so far, by kind.
    pub failures: BTreeMap<String, u64>,
    /// What client, watched processes and host use, by name.
    pub resources: Vec<(String, ResourceFigures)>,
}

/// Who listens. Events may come from any thread, one at a time.
pub trait Sink: Send {
    /// Takes an event.
    fn event(&mut self, event: &Event);
}

impl<F: FnMut(&Event) + Send> Sink for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}

/// Adds an event to the block that it belongs to.
pub fn apply(block: &mut Block, event: &Event) {
    match event {
        Event::Engine(info) => block.engine = Some(info.clone()),
        Event::PhaseDone(phase) => block.phases.push((**phase).clone()),
        Event::Memory(memory) => block.memory = Some(memory.clone()),
        Event::Advice(advice) => block.advice.clone_from(advice),
        Event::BlockFailed(failure) => block.failure = Some(failure.clone()),
        Event::Preparing { .. }
        | Event::BlockStarted { .. }
        | Event::PhaseStarted { .. }
        | Event::Progress { .. }
        | Event::Second(_)
        | Event::Trial { .. }
        | Event::BlockDone => {}
    }
}
