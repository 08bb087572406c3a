//! A scenario compared with itself: what `annvil aa` does.
//!
//! All blocks are alike, so whatever differs between them is this machine. A session measures at least six, each an ordinary run
//! with a fresh build and a folder of its own, and tells for each figure how much blocks scatter, whether they drift, the
//! smallest change that five against five would find, and how often the real rules see a regression where there is none.
//! Comparisons on the same machine and plan use it: no margin is smaller than what the same thing shows against itself, and
//! from the second session on it is known how far sessions lie apart.

use std::path::Path;
use std::time::{Duration, Instant};

use annvil_core::comparison::AaSummary;
use annvil_core::figures::{Figures, machine};
use annvil_core::gate::GateSpec;
use annvil_store::{AaRecord, RunFolder};

mod estimate;
mod fit;
mod record;
mod sessions;
mod splits;

pub use estimate::{AaFigure, BLOCKS, estimate, margin};
pub use fit::{FEWEST, MOST};
pub use record::{AaBlock, AaReport, RECORD};
pub use sessions::known;
pub use splits::{Splits, splits};

use crate::ab::block::{Measurer, State};
use crate::ab::invalid::Invalid;
use crate::ab::side::{one_block, only};
use crate::ab::{AbError, Ended, Setting, Written, write};
use crate::outcome::Outcome;
use crate::prepare::{Prepared, freeze, overridden};
use crate::shared::Shared;

/// Something that happened in a session.
#[derive(Debug)]
pub enum Told<'a> {
    /// A block begins: its number from 1, and how many there are to be, if that is known.
    Block(usize, Option<usize>),
    /// A block has ended.
    Done(&'a AaBlock),
    /// Variants do not fit into the time.
    LeftOut(&'a [String]),
}

/// A session, ready to start.
pub struct Aa {
    prepared: Prepared,
    plan_hash: String,
    gate: GateSpec,
    budget: Duration,
    most: usize,
}

impl Aa {
    /// Prepares a scenario. It may take so long, with at most so many blocks; at least six are measured.
    ///
    /// # Errors
    /// If the scenario is wrong or its data set can't be opened.
    pub fn prepare(
        written: &Written,
        budget: Duration,
        most: Option<usize>,
        cores: usize,
    ) -> Result<Self, AbError> {
        let document = overridden(&written.file, &written.text, &written.overrides)?;
        let mut prepared = freeze(&document, cores)?;
        let plan_hash = prepared.plan.hash();
        let gate = prepared.plan.gate.clone();
        one_block(&mut prepared.plan);
        Ok(Self { prepared, plan_hash, gate, budget, most: most.unwrap_or(MOST).max(FEWEST) })
    }

    /// Hash of the scenario's plan, by which the figures are stored and found.
    pub fn plan_hash(&self) -> &str {
        &self.plan_hash
    }

    /// Makes the session's folder. `earlier` are the sessions of this machine and plan before it, the earliest first.
    pub fn begin(self, output: &Path, setting: Setting, earlier: Vec<AaRecord>) -> Result<Session, AbError> {
        let now = jiff::Zoned::now();
        let time = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
        let plan = &self.prepared.plan;
        let folder = RunFolder::create(output, &time, &format!("aa-{}", plan.name), &self.plan_hash)?;
        let environment = crate::machine::environment();
        let report = AaReport {
            schema: annvil_core::comparison::SCHEMA,
            id: folder.id(),
            scenario: plan.name.clone(),
            plan_hash: self.plan_hash.clone(),
            fingerprint: environment.fingerprint.clone(),
            machine: machine(&environment),
            started: now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            seconds: 0.0,
            budget: self.budget.as_secs_f64(),
            blocks: Vec::new(),
            left_out: Vec::new(),
            sessions: earlier.len() + 1,
            figures: Vec::new(),
            splits: 0,
            alarmed: 0,
            summary: None,
            ended: None,
            reasons: Vec::new(),
            exit_code: None,
        };
        let (seed, gate, most) = (plan.seed, self.gate, self.most);
        let session = Session {
            measurer: Measurer::Here(Box::new(self.prepared)),
            seed,
            gate,
            most,
            earlier,
            folder,
            report,
            setting,
            shared: Shared::default(),
            blocks: Vec::new(),
            began: Instant::now(),
        };
        session.save()?;
        Ok(session)
    }
}

/// A session that has its folder.
pub struct Session {
    measurer: Measurer,
    seed: u64,
    gate: GateSpec,
    most: usize,
    earlier: Vec<AaRecord>,
    folder: RunFolder,
    report: AaReport,
    setting: Setting,
    shared: Shared,
    blocks: Vec<Figures>,
    began: Instant,
}

impl Session {
    /// The session's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Name of the scenario.
    pub fn scenario(&self) -> &str {
        &self.report.scenario
    }

    /// Measures as many blocks as fit, and tells what they show.
    ///
    /// # Errors
    /// If a run or the session's record can't be kept.
    pub fn measure(mut self, tell: &mut dyn FnMut(&Told<'_>)) -> Result<AaReport, AbError> {
        let mut invalid = Invalid::default();
        let mut planned: Option<usize> = None;
        let ended = loop {
            let number = self.blocks.len() + 1;
            if planned.is_some_and(|planned| number > planned || number > FEWEST && self.is_over()) {
                break Ended::Spent;
            }
            tell(&Told::Block(number, planned));
            let name = format!("{}-{number}", self.report.scenario);
            let place = (self.folder.path(), name.as_str(), self.report.id.as_str());
            let Some(measured) = self.measurer.measure(&self.setting, &self.shared, place)? else {
                break Ended::Interrupted;
            };
            let mut block = AaBlock {
                run: measured.run,
                seconds: measured.seconds,
                counts: matches!(measured.state, State::Good(_)),
                invalid: Vec::new(),
            };
            if let State::Invalid(reasons) = &measured.state {
                block.invalid.clone_from(reasons);
            }
            tell(&Told::Done(&block));
            self.report.blocks.push(block);
            self.save()?;
            let good = matches!(measured.state, State::Good(_));
            match measured.state {
                State::Good(group) => {
                    invalid.good();
                    self.blocks.extend(group.figures);
                }
                State::Invalid(reasons) if invalid.is_too_much() => {
                    self.report.reasons = reasons;
                    break Ended::Invalid;
                }
                // It is measured again. How long it took says little: the machine did something else.
                State::Invalid(_) => {}
                State::Stopped => break Ended::Interrupted,
                State::Failed(outcome, reason) => {
                    self.report.reasons = vec![reason];
                    self.report.exit_code = Some(outcome.code());
                    break Ended::Failed;
                }
            }
            if good && planned.is_none() {
                let spent = self.began.elapsed().as_secs_f64();
                let fit = fit::fit(&measured.costs, measured.seconds, spent, self.report.budget, self.most);
                planned = Some(fit.blocks);
                self.leave_out(&fit)?;
                if !fit.left_out.is_empty() {
                    tell(&Told::LeftOut(&fit.left_out));
                }
            }
        };
        self.conclude(ended)
    }

    fn leave_out(&mut self, fit: &fit::Fit) -> Result<(), AbError> {
        if let Measurer::Here(prepared) = &mut self.measurer {
            only(&mut prepared.plan, &fit.variants)?;
        }
        self.report.left_out.clone_from(&fit.left_out);
        Ok(())
    }

    /// Whether another block would go beyond the time.
    fn is_over(&self) -> bool {
        let last = self.report.blocks.last().map_or(0.0, |block| block.seconds);
        self.began.elapsed().as_secs_f64() + last > self.report.budget
    }

    fn conclude(mut self, ended: Ended) -> Result<AaReport, AbError> {
        self.report.ended = Some(ended);
        self.report.figures = estimate(&self.blocks, &self.gate);
        for figure in &mut self.report.figures {
            let between = sessions::between(figure, &self.earlier);
            figure.between = between.map(|between| between.sd);
            figure.freedom = between.map(|between| between.freedom);
        }
        if self.blocks.len() >= FEWEST {
            let found = splits(&self.blocks, &self.gate, self.seed);
            self.report.splits = found.splits;
            self.report.alarmed = found.alarmed;
            self.report.summary = Some(AaSummary {
                measured: self.report.started.clone(),
                blocks: self.blocks.len(),
                comparisons: found.comparisons,
                false_alarms: found.false_alarms,
                detectable: middle(&self.report.figures),
            });
        }
        let outcome = match ended {
            Ended::Interrupted => Outcome::Interrupted,
            Ended::Invalid => Outcome::Invalid,
            Ended::Failed => Outcome::Failed,
            Ended::Decided | Ended::Spent => Outcome::Good,
        };
        self.report.exit_code = self.report.exit_code.or(Some(outcome.code()));
        self.report.seconds = self.began.elapsed().as_secs_f64();
        self.save()?;
        Ok(self.report)
    }

    fn save(&self) -> Result<(), AbError> {
        let seconds = self.began.elapsed().as_secs_f64();
        write(&self.folder, RECORD, &AaReport { seconds, ..self.report.clone() })
    }
}

/// The middle of the detectable changes of figures that are counted as ratios.
fn middle(figures: &[AaFigure]) -> Option<f64> {
    let ratios = figures.iter().filter(|figure| figure.scale == annvil_core::comparison::Scale::Ratio);
    let mut changes: Vec<f64> = ratios.map(|figure| figure.detectable).collect();
    changes.sort_unstable_by(f64::total_cmp);
    changes.get(changes.len() / 2).copied()
}

impl AaReport {
    /// What is stored of it for later comparisons; none without enough blocks.
    pub fn to_store(&self) -> Option<AaRecord> {
        Some(AaRecord {
            fingerprint: self.fingerprint.clone(),
            plan_hash: self.plan_hash.clone(),
            summary: self.summary.clone()?,
            metrics: self.figures.iter().map(sessions::stored).collect(),
        })
    }
}
