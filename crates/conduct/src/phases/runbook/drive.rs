//! One step through the runner: rows in parts of bounded size, searches in one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use annvil_core::engine::Encoded;
use annvil_core::form::{Form, Operation};
use annvil_core::label::Labels;
use annvil_core::operation::OpRef;
use annvil_core::record::{StepRecord, ValidityCheck};
use annvil_core::scenario::runbook::{RowRange, Step};
use annvil_core::scenario::{Choice, RateSpec, Spacing, Traffic, Warmup, WhenFull};
use annvil_core::units::{HumanDuration, HumanRate, Nanos};
use annvil_core::vector::RowId;
use annvil_load::cancel::Reason;
use annvil_load::choice;
use annvil_load::churn::NewRows;
use annvil_load::claims::End;
use annvil_load::recorder::{Answer, Part};
use annvil_load::validity::{self, Asked};
use annvil_load::work::{Task, Work};
use annvil_load::{Load, Measured};

use super::super::live::Live;
use super::super::measure::arrivals_seed;
use super::super::traffic::{Timing, drain, sessions, warm_up};
use super::{Book, kinds};
use crate::block::{Stage, Stop};
use crate::event::Event;

/// Bytes of the vectors that are held ready to be written: a step with more rows is done in parts.
const READY: usize = 64 << 20;

/// Most searches before the clock of a search step starts; a tenth of the queries where that is less.
const WARMUP: u64 = 100;

/// What all steps share.
pub(super) struct Driver {
    pub(super) form: Form,
    pub(super) encoded: Arc<Encoded>,
    pub(super) labels: Arc<Labels>,
    /// Queries that are asked, the first ones.
    pub(super) queries: usize,
}

/// A step that was done.
pub(super) struct Done {
    pub(super) record: StepRecord,
    /// Ids whose write failed or was never sent.
    pub(super) failed: BTreeSet<RowId>,
    /// Answers of a search.
    pub(super) answers: Vec<Answer>,
    pub(super) validity: Vec<ValidityCheck>,
    pub(super) stopped: Option<Reason>,
}

impl Done {
    /// Nothing but what was timed.
    pub(super) fn of(step: &Step, part: Part, window: Nanos) -> Self {
        let record = StepRecord {
            number: 0,
            step: step.clone(),
            began: Nanos::ZERO,
            window,
            operations: part.operations,
            failures: kinds(part.failures),
            rows: 0,
            service: part.service,
            response: part.response,
            settle: None,
            held: 0,
            unsure: 0,
            answers: None,
        };
        Self { record, failed: BTreeSet::new(), answers: Vec::new(), validity: Vec::new(), stopped: None }
    }
}

impl Driver {
    /// Does a step that is not waiting.
    pub(super) fn step(
        &self,
        stage: &mut Stage<'_>,
        step: &Step,
        number: u64,
        book: &Book,
    ) -> Result<Done, Stop> {
        match step.rows() {
            Some(rows) => self.write(stage, step, rows, book),
            None => self.search(stage, step, number, book),
        }
    }

    fn write(&self, stage: &mut Stage<'_>, step: &Step, rows: RowRange, book: &Book) -> Result<Done, Stop> {
        let dataset = stage.job.inputs.dataset();
        let (dim, batch) = (dataset.info().dim, step.batch() as u64);
        let most = (READY / (4 * dim).max(1)) as u64 / batch * batch;
        let mut failed = BTreeSet::new();
        let mut whole: Option<Measured> = None;
        let mut length = Nanos::ZERO;
        for part in rows.chunks(most.max(batch)) {
            let task = match step {
                Step::Delete(_) => Task::Delete { ids: part.rows().collect(), batch: step.batch() },
                step => {
                    // The rows of the data set that go under these ids.
                    let from = match step {
                        Step::Replace(replace) => replace.with.start + part.start - rows.start,
                        _ => part.start,
                    } as usize;
                    let sources = from..from + part.len() as usize;
                    let read = |row: usize, out: &mut [f32]| dataset.base().write_f32(row, out);
                    let pool =
                        NewRows::of_rows(sources.clone(), part.start, step.batch(), dim, &self.labels, &read);
                    dataset.base().release(sources);
                    Task::Upsert { rows: pool.into() }
                }
            };
            let calls = part.len().div_ceil(batch);
            let traffic = traffic(step, Some(calls), 1.0 / batch as f64);
            let work: Arc<Work> = Work::of(task).into();
            let measured = self.run(stage, &traffic, &work, (length, book))?;
            failed.extend(unwritten(&work, &measured, calls));
            let interrupted = measured.stopped.is_some();
            let took = measured.window;
            match &mut whole {
                None => whole = Some(measured),
                Some(whole) => whole.append(measured, length),
            }
            length = length.saturating_add(took);
            if interrupted {
                break;
            }
        }
        let Some(measured) = whole else { return Ok(Done::of(step, Part::new(false), Nanos::ZERO)) };
        let mut done = judged(stage, step, &measured)?;
        let calls: u64 = rows.chunks(most.max(batch)).map(|part| part.len().div_ceil(batch)).sum();
        let unsent = calls.saturating_sub(done.record.operations + done.record.failed());
        if unsent > 0 {
            done.record.failures.insert("unsent".to_owned(), unsent);
        }
        done.record.rows = rows.len() - failed.len() as u64;
        done.failed = failed;
        Ok(done)
    }

    fn search(&self, stage: &mut Stage<'_>, step: &Step, number: u64, book: &Book) -> Result<Done, Stop> {
        let mut random = stage.job.plan.random(&format!("queries of step {number} of {}", stage.current));
        let order = choice::in_turn(self.queries, &mut random);
        let once = matches!(step, Step::Search(search) if search.duration.is_none());
        let traffic = traffic(step, once.then_some(self.queries as u64), 1.0);
        let work: Arc<Work> = Work::of(Task::Search { form: 0, order }).into();
        let mut measured = self.run(stage, &traffic, &work, (Nanos::ZERO, book))?;
        let answers =
            measured.tasks.first_mut().map(|task| std::mem::take(&mut task.answers)).unwrap_or_default();
        let mut done = judged(stage, step, &measured)?;
        done.answers = answers;
        Ok(done)
    }

    /// Runs a load; `before` is the time that the step took so far, and what was done before it.
    fn run(
        &self,
        stage: &mut Stage<'_>,
        traffic: &Traffic,
        work: &Arc<Work>,
        (length, book): (Nanos, &Book),
    ) -> Result<Measured, Stop> {
        let timing = Timing::new(traffic, traffic.operations, arrivals_seed(stage, book.done.len()))?;
        let (arrivals, mut end) = timing.part(0, 1);
        let writes = work.tasks().iter().any(Task::writes);
        if writes {
            // What is due is done, however late: the steps that follow need the rows.
            end = End { duration: None, ..end };
        }
        let load = Load {
            sessions: sessions(traffic, stage.engine.mode())?,
            drain: drain(end.duration),
            end,
            warmup: warm_up(if writes { Warmup::Operations(0) } else { traffic.warmup }),
            timeout: stage.job.plan.operation_timeout.nanos(),
            seed: stage.job.plan.seed,
            cancel: stage.job.cancel.clone(),
            ..Load::new(
                Arc::clone(&stage.engine),
                Arc::clone(&self.encoded),
                Arc::clone(&stage.clock),
                Arc::clone(work),
            )
        };
        let so_far = stage.clock.now().saturating_sub(book.began).saturating_add(length);
        let forms = [if writes { Form::of("write", Operation::Upsert, 1) } else { self.form.clone() }];
        let mut live = Live::new(&forms, &timing, so_far, book.operations);
        let (sink, sampler) = (&mut stage.sink, &stage.sampler);
        Ok(annvil_load::run(load, arrivals, &mut |tick| {
            sink.event(&live.progress(tick));
            if let Some(mut second) = live.second(tick) {
                second.resources = sampler.latest();
                sink.event(&Event::Second(Box::new(second)));
            }
            ControlFlow::Continue(())
        })?)
    }
}

/// What was measured of a step, and whether it means anything.
fn judged(stage: &Stage<'_>, step: &Step, measured: &Measured) -> Result<Done, Stop> {
    let mode = stage.engine.mode();
    let sessions = sessions(&traffic(step, None, 1.0), mode)?;
    // Between the parts of a step nothing is sent.
    let asked = Asked { steady: !step.writes(), ..Asked::closed(sessions, mode) };
    let mut done = Done::of(step, measured.total(), measured.window);
    (done.validity, done.stopped) = (validity::phase(measured, asked), measured.stopped);
    Ok(done)
}

/// How the operations of a step come; `scale` makes of its rate one of operations.
fn traffic(step: &Step, operations: Option<u64>, scale: f64) -> Traffic {
    let rate = step.rate().map(|rate: HumanRate| rate.per_second() * scale);
    let duration = match step {
        Step::Search(search) if search.duration.is_some() => search.duration.map(HumanDuration::nanos),
        // Long enough for all of them; their number ends it.
        _ => rate.map(|rate| Nanos(((operations.unwrap_or(1) + 1) as f64 / rate * 1e9) as u64)),
    };
    Traffic {
        sessions: step.sessions(),
        duration,
        operations,
        think: Nanos::ZERO,
        ramp: Nanos::ZERO,
        rate: rate.map(RateSpec::hold),
        arrivals: Spacing::Uniform,
        max_in_flight: None,
        when_full: WhenFull::Queue,
        allow_drops: 0.0,
        warmup: Warmup::Operations(operations.map_or(WARMUP, |operations| WARMUP.min(operations / 10))),
        choice: Choice::InTurn,
    }
}

/// Ids of the writes that failed, whose end is not known, or that were never sent.
fn unwritten(work: &Work, measured: &Measured, calls: u64) -> Vec<RowId> {
    let sent = measured.numbers.first().copied().unwrap_or(0).min(calls);
    let failed = measured.total().failed() as usize;
    // There is a limit to how many are remembered by number: beyond it nothing is sure.
    let forgotten = failed > measured.unsure.len();
    let known = measured.unsure.iter().map(|(_, number)| *number);
    let lost: Vec<u64> = if forgotten { (0..calls).collect() } else { known.chain(sent..calls).collect() };
    let ids = |number: u64| match work.operation(0, number).op {
        OpRef::Upsert { rows } => rows.ids.to_vec(),
        OpRef::Delete { ids } => ids.to_vec(),
        _ => Vec::new(),
    };
    lost.into_iter().filter(|number| *number < calls).flat_map(ids).collect()
}
