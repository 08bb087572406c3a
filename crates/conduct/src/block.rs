//! One block: a variant built afresh and taken through every phase of the plan.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use annvil_core::clock::Clock;
use annvil_core::engine::{Encoded, Engine, EngineError, Schema, driving_threads};
use annvil_core::form::{Form, Params};
use annvil_core::plan::{Plan, PlannedVariant};
use annvil_core::record::{
    Failure, FailureKind, MemoryRecord, PhaseRecord, PhaseResult, ResourceRecord, Share, ValidityCheck,
};
use annvil_core::scenario::{LimitPhase, Phase, Points, Walk};
use annvil_core::secret::mask;
use annvil_core::server::{Advice, ServerFigures};
use annvil_core::units::{Bytes, Nanos};
use annvil_engines::Context;

use annvil_load::cancel::{Cancel, Reason};
use annvil_load::runner::panic_message;
use annvil_load::time::{SystemClock, runtime};

use crate::asking::{COUNTERS, Pools, REMOVAL, within};
use crate::error::RunError;
use crate::event::{Event, Sink};
use crate::inputs::{Inputs, search_forms};
use crate::phases;
use crate::resources::Sampler;
use crate::{machine, neighbour};

/// What a block is run with.
pub struct BlockJob<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Name of the variant.
    pub variant: &'a str,
    /// Number of the block.
    pub block: u32,
    /// Data and exact answers.
    pub inputs: &'a Inputs,
    /// A folder for the engine's working files, empty.
    pub scratch: PathBuf,
    /// Stopping from outside.
    pub cancel: Cancel,
    /// When the run's time is over.
    pub deadline: Instant,
    /// Whether the process was started for this block alone.
    pub own_process: bool,
}

/// What phases work on.
pub(crate) struct Stage<'a> {
    pub(crate) job: &'a BlockJob<'a>,
    pub(crate) variant: &'a PlannedVariant,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) forms: Vec<Form>,
    pub(crate) encoded: Option<Arc<Encoded>>,
    /// Engines of other variants that this one is measured beside, by name.
    pub(crate) others: BTreeMap<String, Arc<dyn Engine>>,
    /// Rows that phases have added so far: each has ids of its own.
    pub(crate) new_rows: u64,
    /// What a pooler said of its pools in the phase that runs now.
    pub(crate) pools: Pools,
    /// What the machine is used for beside the load.
    pub(crate) sampler: Sampler,
    pub(crate) sink: &'a mut dyn Sink,
    /// Phase that runs now, for failures.
    pub(crate) current: &'a mut String,
    /// What the engine said of its settings last.
    advice: Vec<Advice>,
    resident_before: Option<Bytes>,
    began: Nanos,
}

/// Why a block ends before its last phase.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(RunError),
    Verification(String),
    Interrupted(Reason),
}

impl<E: Into<RunError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a phase gives back to be recorded.
pub(crate) struct Outcome {
    pub(crate) result: PhaseResult,
    pub(crate) breakdown: Vec<Share>,
    pub(crate) validity: Vec<ValidityCheck>,
    pub(crate) resources: Option<ResourceRecord>,
}

impl Outcome {
    pub(crate) fn new(result: PhaseResult) -> Self {
        Self { result, breakdown: Vec::new(), validity: Vec::new(), resources: None }
    }
}

/// Runs a block to its end, telling everything to `sink`. A panic of the engine is a failure of the block.
pub fn run_block(job: &BlockJob<'_>, sink: &mut dyn Sink) {
    sink.event(&Event::BlockStarted { block: job.block, variant: job.variant.to_owned() });
    let mut phase = String::new();
    let result = catch_unwind(AssertUnwindSafe(|| stage_and_run(job, sink, &mut phase)));
    if let Some(failure) = failure(result, phase) {
        sink.event(&Event::BlockFailed(failure));
    }
    sink.event(&Event::BlockDone);
}

fn failure(result: Result<Result<(), Stop>, Box<dyn Any + Send>>, phase: String) -> Option<Failure> {
    let (kind, message) = match result {
        Ok(Ok(())) => return None,
        Ok(Err(Stop::Failed(error))) => {
            let kind = if error.is_usage() { FailureKind::Configuration } else { FailureKind::Engine };
            (kind, error.to_string())
        }
        Ok(Err(Stop::Verification(message))) => (FailureKind::Verification, message),
        Ok(Err(Stop::Interrupted(reason))) => (FailureKind::Interrupted, interrupted(reason).to_owned()),
        Err(panic) => (FailureKind::Engine, format!("the engine panicked: {}", panic_message(&*panic))),
    };
    // What an engine or a panic says may hold an address as the user wrote it.
    Some(Failure { phase, kind, message: mask(&message) })
}

/// Why a block was interrupted, in words.
pub(crate) fn interrupted(reason: Reason) -> &'static str {
    if reason == Reason::TimeLimit { "the run's time limit was reached" } else { "interrupted" }
}

fn stage_and_run<'a>(
    job: &'a BlockJob<'a>,
    sink: &'a mut dyn Sink,
    phase: &'a mut String,
) -> Result<(), Stop> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let Some(variant) = job.plan.variant(job.variant) else {
        let what = format!("the plan has no variant `{}`", job.variant);
        return Err(EngineError::Configuration { what, help: String::new() }.into());
    };
    let context = Context { clock: Arc::clone(&clock), scratch: job.scratch.clone() };
    let engine: Arc<dyn Engine> =
        annvil_engines::open(&job.plan.engine, &variant.configuration, &context)?.into();
    let runtime = runtime().map_err(RunError::Process)?;
    let info = runtime.block_on(engine.info())?;
    sink.event(&Event::Engine(info));
    let resident_before = machine::anonymous_memory();
    let schema = schema(job);
    runtime.block_on(engine.create(&schema))?;
    let mut stage = Stage {
        job,
        variant,
        engine,
        clock: Arc::clone(&clock),
        runtime,
        forms: search_forms(&job.plan.phases),
        encoded: None,
        others: BTreeMap::new(),
        new_rows: 0,
        pools: Pools::default(),
        sampler: Sampler::start(&job.plan.watch, Arc::clone(&clock)),
        sink,
        current: phase,
        advice: Vec::new(),
        resident_before,
        began: clock.now(),
    };
    let mut result = Ok(());
    for planned in &job.plan.phases {
        result = stage.phase(planned);
        if result.is_err() {
            break;
        }
    }
    let Stage { engine, runtime, others, .. } = stage;
    // A server keeps what is not removed, also of a variant that failed; one that has gone is not waited for.
    let removal = async {
        let mut removed = Ok(());
        for other in others.into_values() {
            removed = removed.and(other.destroy().await);
        }
        removed.and(engine.destroy().await)
    };
    let removed = within(REMOVAL, &runtime, (job.plan.engine.name(), "remove the collection"), removal);
    result?;
    Ok(removed?)
}

pub(crate) fn schema(job: &BlockJob<'_>) -> Schema {
    let info = job.inputs.dataset().info();
    let sessions = job.plan.phases.iter().map(|phase| match phase {
        Phase::Fetch(p) => p.sessions,
        Phase::Distance(p) => p.sessions,
        Phase::Limit(LimitPhase { walk: Walk::Sessions(range), .. }) => {
            range.to.unwrap_or(range.from.saturating_mul(64)) as usize
        }
        // One more for what goes on beside a mixed load: checkpoints, freshness.
        Phase::Mixed(p) => p.sessions + 1,
        Phase::Runbook(p) => p.sessions(),
        phase => phase.traffic().map_or(1, |traffic| traffic.sessions),
    });
    Schema {
        dim: info.dim,
        metric: info.metric,
        rows: info.rows,
        sessions: sessions.max().unwrap_or(1),
        build_threads: job.plan.build_threads,
        labels: job.inputs.dataset().labels().schema(),
    }
}

impl Stage<'_> {
    fn phase(&mut self, phase: &Phase) -> Result<(), Stop> {
        for point in self.points(phase) {
            self.check_cancel()?;
            phase.name().clone_into(self.current);
            self.runtime.block_on(self.engine.apply(&point))?;
            // What the server is asked before and after is no part of the phase.
            let counted = self.observe()?;
            let began = self.clock.now();
            let before = machine::Activity::now();
            let (outcome, stop) = match phases::run(self, phase, &point)? {
                phases::Ended::Whole(outcome) => (outcome, None),
                phases::Ended::Early(outcome, stop) => (outcome, Some(stop)),
            };
            let time = self.clock.now().saturating_sub(began);
            let mut validity = outcome.validity;
            if let Some(resources) = &outcome.resources {
                neighbour::acquit(&mut validity, resources, driving_threads(usize::MAX));
            }
            if matches!(outcome.result, PhaseResult::Measured { .. } | PhaseResult::Runbook(_)) {
                validity.extend(machine::Activity::now().since(&before));
            }
            // What the server counted is told of a phase that ended early too, if it can still be asked.
            let mut server = self.observe().map(|now| now.since(&counted)).unwrap_or_default();
            server.pools = self.pools.take();
            let server = Some(server).filter(|server| *server != ServerFigures::default()).map(Box::new);
            self.tell(&Event::PhaseDone(Box::new(PhaseRecord {
                name: phase.name().to_owned(),
                kind: phase.kind().to_owned(),
                point: if swept(phase) { point } else { Params::new() },
                began: began.saturating_sub(self.began),
                time,
                breakdown: outcome.breakdown,
                result: outcome.result,
                validity,
                resources: outcome.resources,
                server,
            })));
            if matches!(phase, Phase::Settle(_)) {
                self.memory()?;
                self.advise()?;
            }
            if let Some(stop) = stop {
                return Err(stop);
            }
            if matches!(phase, Phase::Verify(_)) {
                // Of a collection that is not ours the engine knows what it is since it looked at the plans.
                if self.job.plan.engine.is_existing() {
                    self.memory()?;
                }
                self.advise()?;
            }
        }
        Ok(())
    }

    /// The points at which a phase runs: those of the sweep for searches, else the reported one.
    fn points(&self, phase: &Phase) -> Vec<Params> {
        match phase {
            Phase::Search(search) if search.points == Points::All => self.variant.points.clone(),
            _ => vec![self.variant.report_at.clone()],
        }
    }

    /// Counters of the server, unless it hangs.
    fn observe(&self) -> Result<ServerFigures, EngineError> {
        let name = self.job.plan.engine.name();
        within(COUNTERS, &self.runtime, (name, "give the server's counters"), self.engine.observe())
    }

    fn memory(&mut self) -> Result<(), Stop> {
        let usage = self.runtime.block_on(self.engine.usage())?;
        self.tell(&Event::Memory(MemoryRecord {
            usage,
            resident_before: self.resident_before,
            resident_after: machine::anonymous_memory(),
            peak: machine::peak_memory(),
            // Rows that a server holds are not in this process.
            own_process: self.job.own_process && !self.job.plan.engine.is_remote(),
        }));
        Ok(())
    }

    /// Tells what the engine says of its settings, where that is new.
    fn advise(&mut self) -> Result<(), Stop> {
        let advice = self.runtime.block_on(self.engine.advise())?;
        if advice != self.advice {
            self.tell(&Event::Advice(advice.clone()));
            self.advice = advice;
        }
        Ok(())
    }

    pub(crate) fn check_cancel(&self) -> Result<(), Stop> {
        match self.job.cancel.reason() {
            Some(reason) => Err(Stop::Interrupted(reason)),
            None => Ok(()),
        }
    }

    pub(crate) fn tell(&mut self, event: &Event) {
        self.sink.event(event);
    }

    /// Forms and queries in the engine's encoding; made once, after settling.
    pub(crate) fn encoded(&mut self) -> Result<Arc<Encoded>, Stop> {
        if let Some(encoded) = &self.encoded {
            return Ok(Arc::clone(encoded));
        }
        let dataset = self.job.inputs.dataset();
        let encoded = self.engine.encode(&self.forms, dataset.queries(), dataset.labels())?;
        self.encoded = Some(Arc::clone(&encoded));
        Ok(encoded)
    }

    /// Index of a form as encoded.
    pub(crate) fn form_index(&self, form: &Form) -> usize {
        self.forms.iter().position(|known| known == form).unwrap_or(0)
    }
}

/// Whether a phase's figures are filed under the point at which it ran.
pub(crate) fn swept(phase: &Phase) -> bool {
    matches!(phase, Phase::Search(_) | Phase::Migration(_) | Phase::Limit(_))
}
