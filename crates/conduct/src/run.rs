//! A run from plan to record: blocks in their order, results on the disk after every phase, objectives at the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::dataset::Dataset;
use annvil_core::engine::EngineError;
use annvil_core::plan::Plan;
use annvil_core::record::{Block, Build, FailureKind, Floor, Origin, RunRecord, SCHEMA, Status};
use annvil_core::scenario::{EngineSpec, NullSpec, Variant};
use annvil_engines::Context;
use annvil_load::cancel::{Cancel, Reason};
use annvil_load::floor::floor;
use annvil_load::time::SystemClock;
use annvil_store::RunFolder;

use crate::block::{BlockJob, run_block};
use crate::error::RunError;
use crate::event::{Event, Sink, apply};
use crate::inputs::Inputs;
use crate::judge::judge;
use crate::machine;
use crate::part::{self, Part};
use crate::prepare::Prepared;
use crate::process::{Job, Secrets, conduct};
use crate::shared::Shared;

/// Null operations that measure the harness floor: a quarter of a second.
const FLOOR_OPERATIONS: u64 = 1_000_000;

/// Where a variant is run.
#[derive(Debug, Clone)]
pub enum Isolation {
    /// In this process. Memory figures then include what earlier variants left behind, and are not reported.
    Shared,
    /// In a process of its own: this program with these arguments must call [`crate::process::serve`].
    OwnProcess {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// A run, ready to start.
pub struct Run {
    prepared: Prepared,
    isolation: Isolation,
    output: PathBuf,
    build: Build,
    origin: Origin,
    cancel: Cancel,
    shared: Option<Shared>,
    folder: Option<String>,
}

impl Run {
    /// A run of a prepared scenario that leaves its folder below `output`.
    pub fn new(prepared: Prepared, output: impl Into<PathBuf>) -> Self {
        Self {
            prepared,
            isolation: Isolation::Shared,
            output: output.into(),
            build: Build::default(),
            origin: Origin::default(),
            cancel: Cancel::new(),
            shared: None,
            folder: None,
        }
    }

    /// Where variants are run.
    #[must_use]
    pub fn isolated(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// What is written of Annvil itself.
    #[must_use]
    pub fn built_by(mut self, build: Build) -> Self {
        self.build = build;
        self
    }

    /// Which change of the user's project is measured.
    #[must_use]
    pub fn of_change(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// A flag that stops the run.
    #[must_use]
    pub fn stopped_by(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// What it shares with other runs of its session.
    #[must_use]
    pub fn sharing(mut self, shared: Shared) -> Self {
        self.shared = Some(shared);
        self
    }

    /// What its folder is called in the place of the scenario.
    #[must_use]
    pub fn called(mut self, name: impl Into<String>) -> Self {
        self.folder = Some(name.into());
        self
    }

    /// Makes the run's folder, so that a place that can't be written to is known before anything is measured.
    pub fn begin(self) -> Result<Begun, RunError> {
        let now = jiff::Zoned::now();
        let hash = self.prepared.plan.hash();
        let time = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
        let name = self.folder.as_deref().unwrap_or(&self.prepared.plan.name);
        let folder = RunFolder::create(&self.output, &time, name, &hash)?;
        let record = RunRecord {
            schema: SCHEMA,
            id: folder.id(),
            build: self.build,
            status: Status::Running,
            started: now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            seconds: 0.0,
            plan: self.prepared.plan,
            plan_hash: hash,
            environment: machine::environment(),
            origin: self.origin,
            floor: None,
            blocks: Vec::new(),
            objectives: Vec::new(),
        };
        folder.save(&record)?;
        Ok(Begun {
            folder,
            record,
            dataset: self.prepared.dataset,
            isolation: self.isolation,
            cancel: self.cancel,
            shared: self.shared,
            started: Instant::now(),
        })
    }
}

/// A run that has its folder.
pub struct Begun {
    folder: RunFolder,
    record: RunRecord,
    dataset: Arc<dyn Dataset>,
    isolation: Isolation,
    cancel: Cancel,
    shared: Option<Shared>,
    started: Instant,
}

impl Begun {
    /// The run's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.record.plan
    }

    /// Measures everything. The record is on the disk after every phase; an error here means that the record could not
    /// be kept or the inputs not be made. What went wrong with a variant stands in its block.
    pub fn measure(mut self, sink: &mut dyn Sink) -> Result<RunRecord, RunError> {
        let limit = self.record.plan.time_limit.as_duration();
        let watch = Watch::start(limit, self.cancel.clone());
        let before = machine::Activity::now();
        let scratch = tempfile::Builder::new()
            .prefix(".work-")
            .tempdir_in(self.folder.path())
            .map_err(|cause| RunError::scratch(self.folder.path(), &cause))?;
        let measured = self.blocks(scratch.path(), sink);
        drop(watch);
        self.record.environment.steal = machine::Activity::now().steal_since(&before);
        self.record.seconds = self.started.elapsed().as_secs_f64();
        self.record.status = status(&self.record, measured.is_err(), self.cancel.reason());
        self.record.objectives = judge(&self.record);
        self.folder.save(&self.record)?;
        measured.map(|()| self.record)
    }

    fn blocks(&mut self, scratch: &Path, sink: &mut dyn Sink) -> Result<(), RunError> {
        sink.event(&Event::Preparing { what: "harness floor".to_owned() });
        self.record.floor = Some(match &self.shared {
            Some(shared) => shared.floor(|| harness_floor(scratch))?,
            None => harness_floor(scratch)?,
        });
        sink.event(&Event::Preparing { what: "exact answers".to_owned() });
        let inputs = self.inputs(scratch)?;
        let order = self.record.plan.order.clone();
        for (number, variants) in order.iter().enumerate() {
            for variant in variants {
                if self.cancel.reason().is_some() {
                    return Ok(());
                }
                let place = scratch.join(format!("block-{number}-{}", self.record.blocks.len()));
                std::fs::create_dir_all(&place).map_err(|cause| RunError::scratch(&place, &cause))?;
                self.block(number as u32, variant, scratch, &place, &inputs, sink)?;
                let _ = std::fs::remove_dir_all(&place);
            }
        }
        Ok(())
    }

    /// Exact answers for every part of the data set that a variant is measured on, left in a folder; in memory only where
    /// variants are run in this process.
    fn inputs(&self, scratch: &Path) -> Result<BTreeMap<Part, Arc<Inputs>>, RunError> {
        let mut kept = BTreeMap::new();
        let plan = &self.record.plan;
        for (part, variant) in part::parts(plan) {
            let dataset = part::dataset(&self.dataset, variant);
            let threads = machine::usable_cores();
            let inputs = match &self.shared {
                Some(shared) => shared.inputs(dataset, plan, threads)?,
                None => Arc::new(Inputs::compute(dataset, plan, threads)?),
            };
            match &self.isolation {
                Isolation::Shared => {
                    kept.insert(part, inputs);
                }
                Isolation::OwnProcess { .. } => inputs.save(part, scratch)?,
            }
        }
        Ok(kept)
    }

    fn block(
        &mut self,
        number: u32,
        variant: &str,
        shared: &Path,
        scratch: &Path,
        inputs: &BTreeMap<Part, Arc<Inputs>>,
        sink: &mut dyn Sink,
    ) -> Result<(), RunError> {
        let block = Block {
            block: number,
            variant: variant.to_owned(),
            engine: None,
            phases: Vec::new(),
            memory: None,
            advice: Vec::new(),
            failure: None,
        };
        self.record.blocks.push(block);
        let plan = self.record.plan.clone();
        let deadline = self.started + plan.time_limit.as_duration();
        let mut keeper = Keeper {
            folder: &self.folder,
            record: &mut self.record,
            started: self.started,
            sink,
            lost: None,
        };
        match &self.isolation {
            Isolation::Shared => {
                let part = plan.variant(variant).map(|variant| Part::of(variant, &plan.dataset));
                let Some(inputs) = part.and_then(|part| inputs.get(&part)) else {
                    let what = format!("the plan has no variant `{variant}`");
                    return Err(EngineError::Configuration { what, help: String::new() }.into());
                };
                let job = BlockJob {
                    plan: &plan,
                    variant,
                    block: number,
                    inputs,
                    scratch: scratch.to_owned(),
                    cancel: self.cancel.clone(),
                    deadline,
                    own_process: false,
                };
                run_block(&job, &mut keeper);
            }
            Isolation::OwnProcess { program, arguments } => {
                let job = Job {
                    secrets: Secrets::of(&plan),
                    plan,
                    variant: variant.to_owned(),
                    block: number,
                    seconds_left: deadline.saturating_duration_since(Instant::now()).as_secs_f64(),
                    shared: shared.to_owned(),
                    scratch: scratch.to_owned(),
                };
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                conduct(program, &arguments, &job, &self.cancel, &mut keeper)?;
            }
        }
        match keeper.lost {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Adds events to the last block and puts the record on the disk whenever a phase has ended.
struct Keeper<'a> {
    folder: &'a RunFolder,
    record: &'a mut RunRecord,
    started: Instant,
    sink: &'a mut dyn Sink,
    lost: Option<RunError>,
}

impl Sink for Keeper<'_> {
    fn event(&mut self, event: &Event) {
        if let Some(block) = self.record.blocks.last_mut() {
            apply(block, event);
        }
        if matches!(event, Event::PhaseDone(_) | Event::BlockFailed(_)) {
            self.record.seconds = self.started.elapsed().as_secs_f64();
            if let Err(error) = self.folder.save(self.record) {
                self.lost.get_or_insert(error.into());
            }
        }
        self.sink.event(event);
    }
}

/// The null engine in closed load: what the harness itself costs here.
pub fn harness_floor(scratch: &Path) -> Result<Floor, RunError> {
    let clock = Arc::new(SystemClock::new());
    let context = Context { clock, scratch: scratch.to_owned() };
    let engine = annvil_engines::open(&EngineSpec::Null(NullSpec {}), &Variant::default(), &context)?.into();
    Ok(floor(&engine, FLOOR_OPERATIONS, machine::usable_cores())?)
}

fn status(record: &RunRecord, failed: bool, stopped: Option<Reason>) -> Status {
    let any = |kind| {
        record.blocks.iter().filter_map(|block| block.failure.as_ref()).any(|failure| failure.kind == kind)
    };
    if stopped.is_some() || any(FailureKind::Interrupted) {
        Status::Interrupted
    } else if failed || any(FailureKind::Engine) || any(FailureKind::Configuration) {
        Status::Failed
    } else {
        Status::Complete
    }
}

/// Raises the flag when the run's time is over.
struct Watch(std::sync::mpsc::Sender<()>);

impl Watch {
    fn start(limit: Duration, cancel: Cancel) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            if receiver.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                cancel.raise(Reason::TimeLimit);
            }
        });
        Self(sender)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Sending wakes the watching thread, which then ends; it may have ended already.
        let _ = self.0.send(());
    }
}
