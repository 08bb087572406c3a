//! Two sides of a scenario, measured in turns on one machine until it is clear which is better: what `annvil ab` does.
//!
//! A session has a folder of its own. Every block is an ordinary run with its own processes, a fresh build and its own
//! record, below `a/` or `b/`, so that whatever happens, what was measured can be compared; `ab.json` holds the order, the looks
//! and what it came to. Blocks come in pairs, A B B A or B A A B by the seed. After three pairs and after each one more, all
//! that was measured is looked at; it ends when every figure is decided or the budget is spent. A regression stands only if
//! at least three more pairs of fresh builds, measured after it was first seen, point the same way.

use std::path::{Path, PathBuf};
use std::time::Duration;

use annvil_core::gate::{Amount, GateSpec};
use annvil_store::RunFolder;

use crate::compare::Known;
use crate::outcome::Outcome;
use crate::prepare::Overrides;

pub(crate) mod block;
mod confirm;
mod error;
pub(crate) mod invalid;
mod looks;
mod order;
mod program;
mod record;
mod session;
pub(crate) mod side;
mod stop;

pub use block::Setting;
pub use error::AbError;
pub use looks::{CONFIRMING, Ended, FIRST};
pub use order::{Order, Which};
pub use record::{AbRecord, BlockNote, Look, RECORD, SideNote};
pub use session::Session;
pub use side::Side;
pub use stop::Stop;

use block::Measurer;
use program::Program;

/// Pairs at most where nobody says how many.
pub const ROUNDS: usize = 20;

/// A scenario, with the changes that both sides make.
#[derive(Debug, Clone)]
pub struct Written {
    /// As it was given to find it: another program is told the same.
    pub given: String,
    /// The name that errors show.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Changes of both sides.
    pub overrides: Overrides,
}

/// How long a session may go on.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Time for all blocks; none if only rounds bound it.
    pub time: Option<Duration>,
    /// Pairs of blocks at most; at least three are measured.
    pub rounds: usize,
}

/// Something that happened in a session.
#[derive(Debug)]
pub enum Told<'a> {
    /// A block begins.
    Block {
        /// Number of the pair, from 1.
        pair: usize,
        /// The side.
        side: Which,
    },
    /// A block has ended.
    Done(&'a BlockNote),
    /// What is there was looked at.
    Look(&'a Look),
}

/// A session, ready to start.
pub struct Ab {
    scenario: String,
    plan_hash: Option<String>,
    sides: [Side; 2],
    measurers: [Measurer; 2],
    gate: GateSpec,
    seed: u64,
    budget: Budget,
    known: Option<Known>,
}

impl Ab {
    /// Prepares both sides: opens the data set, freezes the plans. Says before anything is measured what can't work.
    ///
    /// # Errors
    /// If the sides are the same, a variant does not exist or a change does not fit the scenario.
    pub fn prepare(
        written: &Written,
        mut a: Side,
        mut b: Side,
        budget: Budget,
        cores: usize,
    ) -> Result<Self, AbError> {
        if a == b {
            return Err(AbError::Same);
        }
        side::same_variant(&mut a, &mut b);
        let Written { given, file, text, overrides } = written;
        for (side, which) in [(&a, Which::A), (&b, Which::B)] {
            side.check_server(which, file, text, overrides)?;
        }
        let plain = Side::default().freeze(file, text, overrides, cores).ok();
        // Also of another program's side the plan is made here: what is wrong with a change is said at once, and it holds what
        // the scenario says of gates and seeds.
        let first = a.prepare(file, text, overrides, cores)?;
        let mut second = b.prepare(file, text, overrides, cores)?;
        side::share(&first, &mut second);
        let (scenario, seed, gate) = (first.plan.name.clone(), first.plan.seed, second.plan.gate.clone());
        let measurer = |side: &Side, prepared| match &side.program {
            Some(path) => Measurer::Program(Program::of(side, path, given, overrides)),
            None => Measurer::Here(Box::new(prepared)),
        };
        let measurers = [measurer(&a, first), measurer(&b, second)];
        let plan_hash = plain.map(|prepared| prepared.plan.hash());
        Ok(Self { scenario, plan_hash, sides: [a, b], measurers, gate, seed, budget, known: None })
    }

    /// Hash of the scenario's plan as it is written, by which A/A figures are found; none if it can't be measured so.
    pub fn plan_hash(&self) -> Option<&str> {
        self.plan_hash.as_deref()
    }

    /// What A/A has found of this machine.
    #[must_use]
    pub fn knowing(mut self, known: Option<Known>) -> Self {
        self.known = known;
        self
    }

    /// Makes the session's folder.
    pub fn begin(self, output: &Path, setting: Setting) -> Result<Session, AbError> {
        let now = jiff::Zoned::now();
        let hash = self.hash();
        let time = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
        let folder = RunFolder::create(output, &time, &format!("ab-{}", self.scenario), &hash)?;
        let note = |which: Which| SideNote {
            name: self.sides[which as usize].name(),
            folder: which.letter().to_owned(),
        };
        let record = AbRecord {
            schema: annvil_core::comparison::SCHEMA,
            id: folder.id(),
            scenario: self.scenario.clone(),
            started: now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            seconds: 0.0,
            origin: setting.origin.clone(),
            seed: self.seed,
            budget: self.budget.time.map(|time| time.as_secs_f64()),
            rounds: self.budget.rounds.max(FIRST),
            a: note(Which::A),
            b: note(Which::B),
            blocks: Vec::new(),
            looks: Vec::new(),
            ended: None,
            reasons: Vec::new(),
            comparison: None,
            exit_code: None,
        };
        Session::new(self, folder, record, setting)
    }

    /// Digits that tell this session's sides from others'.
    fn hash(&self) -> String {
        let mut plans = self.measurers.iter().rev().filter_map(|measurer| {
            if let Measurer::Here(prepared) = measurer { Some(prepared.plan.hash()) } else { None }
        });
        plans.next().unwrap_or_default()
    }
}

/// Writes a record into a session's folder.
pub(crate) fn write(folder: &RunFolder, name: &str, record: &impl serde::Serialize) -> Result<(), AbError> {
    let json = serde_json::to_vec_pretty(record).map_err(|cause| annvil_store::StoreError::Unwritable {
        path: PathBuf::from(name),
        cause: cause.into(),
    })?;
    Ok(folder.write(name, &json)?)
}

/// What a session came to.
pub fn outcome(record: &AbRecord, must_detect: Amount) -> Outcome {
    match record.ended {
        Some(Ended::Interrupted) | None => return Outcome::Interrupted,
        Some(Ended::Failed) => return Outcome::Failed,
        Some(Ended::Invalid) => return Outcome::Invalid,
        Some(Ended::Decided | Ended::Spent) => {}
    }
    match &record.comparison {
        Some(comparison) if confirm::is_unconfirmed(comparison) => {
            crate::gate::outcome_of(comparison, must_detect).max(Outcome::Inconclusive)
        }
        Some(comparison) => crate::gate::outcome_of(comparison, must_detect),
        None => Outcome::Inconclusive,
    }
}

#[cfg(test)]
pub(crate) mod tests;
