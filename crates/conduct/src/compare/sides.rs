//! Whether two sides may be compared, and what a reader must know of them.

use std::collections::BTreeSet;
use std::fmt;

use annvil_core::figures::{Group, Provenance};
use thiserror::Error;

use super::{CompareSpec, Pairing, Unlike};
use crate::outcome::Outcome;

/// One of the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is compared with: the baseline.
    A,
    /// The candidate.
    B,
}

/// Why two sides are not compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// A run cannot be judged.
    #[error(
        "{side} cannot be judged: {run}: {reason}\n  Measure it again, on a machine that nobody else uses."
    )]
    Invalid {
        /// Which side.
        side: Side,
        /// The run.
        run: String,
        /// Why.
        reason: String,
    },
    /// A run did not come to its end, or failed.
    #[error("{side} is not complete: {run}: {reason}\n  Measure it again.")]
    Incomplete {
        /// Which side.
        side: Side,
        /// The run.
        run: String,
        /// How far it came.
        reason: String,
    },
    /// They were measured on different machines.
    #[error(
        "the sides were measured on different machines\n  a: {a}\n  b: {b}\n  Measure both on one, or compare all the same with --across-machines."
    )]
    Machines {
        /// Machines of side `a`.
        a: String,
        /// Machines of side `b`.
        b: String,
    },
    /// They measured different things.
    #[error(
        "the sides measured different things: plan {a} and plan {b}\n  A plan is a scenario with its data, its settings and its phases. If the difference is what you ask about, compare with --across-plans."
    )]
    Plans {
        /// Plans of side `a`.
        a: String,
        /// Plans of side `b`.
        b: String,
    },
    /// They have nothing in common.
    #[error("no figure is on both sides\n  a has {a}\n  b has {b}\n  {help}")]
    Nothing {
        /// What side `a` has.
        a: String,
        /// What side `b` has.
        b: String,
        /// What to try.
        help: String,
    },
    /// A pair names a variant that is not there.
    #[error("there is no variant `{variant}` on {side}\n  It has {known}.")]
    NoVariant {
        /// Which side.
        side: Side,
        /// As given.
        variant: String,
        /// Its variants.
        known: String,
    },
    /// A side has no runs.
    #[error("{side} has no figures: {name}")]
    Empty {
        /// Which side.
        side: Side,
        /// Its name.
        name: String,
    },
}

impl Refused {
    /// How it ends the process.
    pub fn outcome(&self) -> Outcome {
        match self {
            _ if self.is_invalid() => Outcome::Invalid,
            _ if self.is_incomplete() => Outcome::Failed,
            _ => Outcome::Usage,
        }
    }

    /// Whether the measurement is to blame rather than the choice of sides.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid { .. })
    }

    /// Whether a run failed or was stopped.
    pub fn is_incomplete(&self) -> bool {
        matches!(self, Self::Incomplete { .. })
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "side a",
            Self::B => "side b",
        })
    }
}

/// Refuses what may not be compared; says what a reader must know of the rest.
pub(super) fn check(a: &Group, b: &Group, spec: &CompareSpec) -> Result<Vec<String>, Refused> {
    for (side, group) in [(Side::A, a), (Side::B, b)] {
        usable(side, group)?;
    }
    let mut remarks = Vec::new();
    let foreign: BTreeSet<&str> =
        a.runs.iter().chain(&b.runs).map(|run| run.tool.as_str()).filter(|tool| *tool != "annvil").collect();
    if !foreign.is_empty() {
        let tools = foreign.into_iter().collect::<Vec<_>>().join(", ");
        remarks.push(format!(
            "{tools} names neither machine nor plan: whether the sides are alike is not known"
        ));
    }
    let (of_a, of_b) =
        (distinct(a, |run| run.fingerprint.as_deref()), distinct(b, |run| run.fingerprint.as_deref()));
    if differ(&of_a, &of_b) {
        let (a, b) = (machines(a), machines(b));
        match spec.machines {
            Unlike::Refused => return Err(Refused::Machines { a, b }),
            Unlike::Marked => {
                remarks.push(format!("not comparable: measured on different machines ({a}; {b})"));
            }
            Unlike::Meant => {}
        }
    }
    let (of_a, of_b) =
        (distinct(a, |run| run.plan_hash.as_deref()), distinct(b, |run| run.plan_hash.as_deref()));
    if differ(&of_a, &of_b) {
        let (a, b) = (short(&of_a), short(&of_b));
        match spec.plans {
            Unlike::Refused => return Err(Refused::Plans { a, b }),
            Unlike::Marked => remarks.push(format!("the plans differ: {a} and {b}")),
            Unlike::Meant => {}
        }
    }
    if !spec.interleaved && !one_run(a, b) {
        remarks.push(
            "not interleaved: what the machine did at one time and not at the other counts as change"
                .to_owned(),
        );
        let has_plan = |group: &Group| group.runs.iter().any(|run| run.plan_hash.is_some());
        if spec.known.is_none() && has_plan(a) && has_plan(b) {
            remarks.push(
                "A/A was not measured on this machine with this plan: sessions are taken to differ by 2 %, \
                 recall by 0.2 points, where the runs themselves do not tell. `annvil aa` measures it."
                    .to_owned(),
            );
        }
    }
    Ok(remarks)
}

fn usable(side: Side, group: &Group) -> Result<(), Refused> {
    for run in &group.runs {
        let name = run.run.clone();
        if let Some(reason) = run.invalid.first() {
            let more = run.invalid.len() - 1;
            let reason = if more > 0 { format!("{reason} (and {more} more)") } else { reason.clone() };
            return Err(Refused::Invalid { side, run: name, reason });
        }
        if let Some(reason) = run.failed.first() {
            return Err(Refused::Incomplete { side, run: name, reason: reason.clone() });
        }
        if !run.complete {
            let reason = "it was stopped, or is still under way".to_owned();
            return Err(Refused::Incomplete { side, run: name, reason });
        }
    }
    if group.figures.iter().all(|figures| figures.values.is_empty()) {
        return Err(Refused::Empty { side, name: group.name.clone() });
    }
    Ok(())
}

/// Whether both sides are of the same runs: variants of one run were measured in turns.
pub(super) fn one_run(a: &Group, b: &Group) -> bool {
    let runs = |group: &Group| group.runs.iter().map(|run| run.run.clone()).collect::<BTreeSet<_>>();
    !a.runs.is_empty() && runs(a) == runs(b)
}

fn distinct<'a>(group: &'a Group, of: impl Fn(&'a Provenance) -> Option<&'a str>) -> BTreeSet<&'a str> {
    group.runs.iter().filter_map(of).collect()
}

/// Whether what is known of the sides is not one and the same.
fn differ(a: &BTreeSet<&str>, b: &BTreeSet<&str>) -> bool {
    a.union(b).count() > 1
}

fn machines(group: &Group) -> String {
    let words = |run: &Provenance| {
        let print = run.fingerprint.as_deref()?;
        Some(format!("{} ({print})", run.machine.as_deref().unwrap_or("a machine")))
    };
    group.runs.iter().filter_map(words).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join("; ")
}

fn short(hashes: &BTreeSet<&str>) -> String {
    hashes.iter().map(|hash| hash.get(..8).unwrap_or(hash)).collect::<Vec<_>>().join(", ")
}

/// Why no figure is on both sides.
pub(super) fn nothing(a: &Group, b: &Group, spec: &CompareSpec) -> Refused {
    let has = |group: &Group| {
        let keys = group.figures.iter().flat_map(|figures| figures.values.keys());
        let names: BTreeSet<String> =
            keys.map(|key| format!("{} {}", key.variant, key.phase).trim().to_owned()).collect();
        let more = names.len().saturating_sub(6);
        let shown: Vec<String> = names.into_iter().take(6).collect();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    };
    let help = match &spec.pairing {
        Pairing::Same => "Name variants that belong together with --pair A=B.",
        Pairing::Variants(_) => "Pairs are written as in the scenario: --pair \"hnsw f32=hnsw f16\".",
    };
    Refused::Nothing { a: has(a), b: has(b), help: help.to_owned() }
}
