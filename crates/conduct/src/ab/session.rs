//! A session under way: pairs of blocks, looks, and the verdict in the end.

use std::time::Instant;

use annvil_core::comparison::{Comparison, Verdict};
use annvil_core::figures::Group;
use annvil_core::gate::Amount;
use annvil_core::units::counted;
use annvil_store::RunFolder;

use super::block::{Setting, State};
use super::confirm::{Pair, confirm};
use super::invalid::Invalid;
use super::looks::{Ended, FIRST, Looks, Watch};
use super::order::{Order, Which};
use super::record::{AbRecord, BlockNote, Look, RECORD};
use super::side::Side;
use super::{Ab, AbError, Told, outcome, write};
use crate::compare::{CompareSpec, Pairing, Unlike, compare};
use crate::shared::Shared;

/// A session that has its folder.
pub struct Session {
    ab: Ab,
    folder: RunFolder,
    record: AbRecord,
    setting: Setting,
    shared: Shared,
    pairs: Vec<Pair>,
    began: Instant,
}

impl Session {
    /// A session that has measured nothing yet; its record is written.
    pub(super) fn new(
        ab: Ab,
        folder: RunFolder,
        record: AbRecord,
        setting: Setting,
    ) -> Result<Self, AbError> {
        let (shared, pairs, began) = (Shared::default(), Vec::new(), Instant::now());
        let session = Self { ab, folder, record, setting, shared, pairs, began };
        session.save()?;
        Ok(session)
    }

    /// The session's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// What is known so far.
    pub fn record(&self) -> &AbRecord {
        &self.record
    }

    /// Measures until everything is decided or the budget is spent. What is measured is on the disk after every block.
    ///
    /// # Errors
    /// If a run or the session's record can't be kept, or the sides have no figure in common.
    pub fn measure(mut self, tell: &mut dyn FnMut(&Told<'_>)) -> Result<AbRecord, AbError> {
        let mut invalid = Invalid::default();
        let mut watch = Watch::default();
        let mut looks: Option<Looks> = None;
        for order in Order::new(self.record.seed) {
            let done = self.pair(order, &mut invalid, tell)?;
            if let Err(ended) = done {
                self.record.ended = Some(ended);
                break;
            }
            if self.pairs.len() < FIRST {
                continue;
            }
            let looks = looks.get_or_insert_with(|| Looks::new(self.planned(), self.alpha()));
            let comparison = self.compare(looks)?;
            let pairs = self.pairs.len();
            let spent = pairs >= looks.total() || self.is_over();
            self.record.ended = watch.look(&comparison, pairs, spent);
            self.record.looks.push(look(&comparison, looks, &watch, pairs));
            self.record.comparison = Some(comparison);
            self.save()?;
            if let Some(look) = self.record.looks.last() {
                tell(&Told::Look(look));
            }
            if self.record.ended.is_some() {
                break;
            }
        }
        let looks = looks.unwrap_or_else(|| Looks::new(FIRST, self.alpha()));
        self.conclude(&looks, &watch)
    }

    /// Measures a block of each side, in their order; a block that can't be judged is measured again.
    fn pair(
        &mut self,
        order: [Which; 2],
        invalid: &mut Invalid,
        tell: &mut dyn FnMut(&Told<'_>),
    ) -> Result<Result<(), Ended>, AbError> {
        let mut pair = Pair::default();
        let number = self.pairs.len() + 1;
        for side in order {
            let group = loop {
                tell(&Told::Block { pair: number, side });
                let output = self.folder.path().join(side.letter());
                let name = format!("{}-{}{number}", self.record.scenario, side.letter());
                let measurer = &self.ab.measurers[side as usize];
                let place = (output.as_path(), name.as_str(), self.record.id.as_str());
                let Some(block) = measurer.measure(&self.setting, &self.shared, place)? else {
                    return Ok(Err(Ended::Interrupted));
                };
                let good = matches!(block.state, State::Good(_));
                let mut note = BlockNote {
                    side,
                    pair: number,
                    run: block.run,
                    seconds: block.seconds,
                    counts: good,
                    invalid: Vec::new(),
                };
                if let State::Invalid(reasons) = &block.state {
                    note.invalid.clone_from(reasons);
                }
                tell(&Told::Done(&note));
                self.record.blocks.push(note);
                self.save()?;
                match block.state {
                    State::Good(group) => {
                        invalid.good();
                        break group;
                    }
                    State::Stopped => return Ok(Err(Ended::Interrupted)),
                    State::Invalid(reasons) => {
                        if invalid.is_too_much() {
                            self.record.reasons = reasons;
                            return Ok(Err(Ended::Invalid));
                        }
                    }
                    State::Failed(outcome, reason) => {
                        self.record.reasons = vec![format!("{}: {reason}", side.letter())];
                        self.record.exit_code = Some(outcome.code());
                        return Ok(Err(Ended::Failed));
                    }
                }
            };
            match side {
                Which::A => pair.a = group,
                Which::B => pair.b = group,
            }
        }
        self.pairs.push(pair);
        Ok(Ok(()))
    }

    /// Pairs that the budget buys, going by those so far.
    fn planned(&self) -> usize {
        let rounds = self.record.rounds;
        let Some(time) = self.ab.budget.time else { return rounds };
        let each = self.began.elapsed().as_secs_f64() / self.pairs.len().max(1) as f64;
        rounds.min((time.as_secs_f64() / each.max(1e-3)) as usize).max(FIRST)
    }

    /// Whether another pair would go beyond the time.
    fn is_over(&self) -> bool {
        let each = self.began.elapsed() / self.pairs.len().max(1) as u32;
        self.ab.budget.time.is_some_and(|time| self.began.elapsed() + each > time)
    }

    fn alpha(&self) -> f64 {
        1.0 - self.ab.gate.confidence.0
    }

    /// All pairs so far, at the level of a look that comes now.
    fn compare(&self, looks: &Looks) -> Result<Comparison, AbError> {
        let level = looks.level(self.pairs.len());
        let side = |which: Which| {
            let mut all = Group { name: self.ab.sides[which as usize].name(), ..Group::default() };
            for (number, pair) in (0..).zip(&self.pairs) {
                let mut group = if which == Which::A { pair.a.clone() } else { pair.b.clone() };
                group.figures.iter_mut().for_each(|figures| figures.block = number);
                all.add(group);
            }
            all
        };
        let mut gate = self.ab.gate.clone();
        gate.false_discovery = Amount(gate.false_discovery.0 * (level / self.alpha()).min(1.0));
        gate.confidence = Amount(1.0 - level);
        let spec = CompareSpec {
            gate,
            pairing: match &self.ab.sides {
                [Side { variant: Some(a), .. }, Side { variant: Some(b), .. }] => {
                    Pairing::Variants(vec![(a.clone(), b.clone())])
                }
                _ => Pairing::Same,
            },
            interleaved: true,
            machines: Unlike::Refused,
            plans: Unlike::Meant,
            known: self.ab.known.clone(),
            seed: self.record.seed,
            ..CompareSpec::default()
        };
        Ok(compare(&side(Which::A), &side(Which::B), &spec)?)
    }

    /// The verdict of all that was measured.
    fn conclude(mut self, looks: &Looks, watch: &Watch) -> Result<AbRecord, AbError> {
        // Whoever stops it gets the verdict of what is there, at the level that it may have.
        if self.pairs.len() >= 2 {
            let mut comparison = self.compare(looks)?;
            confirm(&mut comparison, &self.pairs, watch);
            crate::compare::tell_again(&mut comparison);
            let again = self.record.blocks.iter().filter(|block| !block.invalid.is_empty()).count();
            if again > 0 {
                let blocks = counted(again as u64, "block");
                comparison.remarks.push(format!("measured again, because nobody could judge it: {blocks}"));
            }
            self.record.comparison = Some(comparison);
        }
        self.record.seconds = self.began.elapsed().as_secs_f64();
        let outcome = outcome(&self.record, self.ab.gate.must_detect);
        self.record.exit_code = self.record.exit_code.or(Some(outcome.code()));
        self.save()?;
        if let Some(comparison) = &self.record.comparison {
            let text = annvil_report::comparison_markdown(comparison);
            self.folder.write("summary.md", text.as_bytes())?;
        }
        Ok(self.record)
    }

    fn save(&self) -> Result<(), AbError> {
        let record = AbRecord { seconds: self.began.elapsed().as_secs_f64(), ..self.record.clone() };
        write(&self.folder, RECORD, &record)
    }
}

fn look(comparison: &Comparison, looks: &Looks, watch: &Watch, pairs: usize) -> Look {
    let count = |which: &dyn Fn(Verdict) -> bool| {
        comparison.metrics.iter().filter(|metric| which(metric.verdict)).count()
    };
    Look {
        pairs,
        of: looks.total().max(pairs),
        level: looks.level(pairs),
        judged: comparison.metrics.len(),
        decided: count(&|verdict| verdict != Verdict::Inconclusive),
        regressed: count(&|verdict| verdict == Verdict::Regressed),
        unconfirmed: watch.unconfirmed(comparison, pairs),
    }
}
