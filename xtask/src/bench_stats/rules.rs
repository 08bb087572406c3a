//! The rules that are measured: how each takes its samples from a machine, and what it says of them.

use std::sync::LazyLock;

use annvil_stats::compare::{Estimate, Scale, Side, Spec, Verdict, Worse, compare, verdict, verdicts};
use annvil_stats::spending;

use super::rivals::{BENCHSTAT_VALUES, CRITERION_VALUES, benchstat, criterion};
use super::world::World;

/// False discovery rate of a suite.
const RATE: f64 = 0.05;

/// Most pairs of the rule that looks as it goes, and after which pairs it looks.
const LOOKS: [usize; 4] = [4, 6, 8, 10];

/// What each look may spend.
static LEVELS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let most = LOOKS[LOOKS.len() - 1] as f64;
    spending::levels(&LOOKS.map(|pairs| pairs as f64 / most), 0.05).unwrap_or_default()
});

/// How samples are taken and judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Blocks by turns in one session.
    Interleaved(usize),
    /// The same, looking after 4, 6, 8 and 10 pairs and stopping at the first verdict.
    Looking,
    /// Runs, each a session of its own.
    Runs(usize),
    /// One new run against a baseline of several.
    OneAgainst(usize),
    /// Blocks of one session on each side, the sessions apart, nothing measured by A/A.
    Blocks(usize),
    /// Criterion: one process a side.
    Criterion,
    /// Benchstat: ten values from one process a side.
    Benchstat,
    /// Benchstat on ten processes a side.
    BenchstatRuns,
}

/// What a rule says of one metric: whether it has regressed by itself, and what a suite is judged by.
pub(crate) struct Said {
    pub(crate) regressed: bool,
    pub(crate) estimate: Option<(Estimate, Spec)>,
}

impl Rule {
    pub(crate) fn words(self) -> String {
        match self {
            Self::Interleaved(n) => format!("annvil: {n} + {n} blocks by turns"),
            Self::Looking => "annvil: up to 10 + 10 by turns, 4 looks".into(),
            Self::Runs(n) => format!("annvil: {n} + {n} runs"),
            Self::OneAgainst(n) => format!("annvil: 1 run against {n}"),
            Self::Blocks(n) => format!("annvil: {n} + {n} blocks, no A/A"),
            Self::Criterion => "criterion: 1 + 1 processes of 100".into(),
            Self::Benchstat => "benchstat: 1 + 1 processes of 10".into(),
            Self::BenchstatRuns => "benchstat: 10 + 10 processes".into(),
        }
    }

    /// Whether it is one of ours.
    pub(crate) fn is_ours(self) -> bool {
        !matches!(self, Self::Criterion | Self::Benchstat | Self::BenchstatRuns)
    }

    /// What makes it slow to simulate: a factor on the number of rounds.
    pub(crate) fn share(self) -> f64 {
        match self {
            Self::Runs(n) | Self::Interleaved(n) if n >= 10 => 0.1,
            Self::Criterion => 0.05,
            Self::Looking => 0.2,
            _ => 1.0,
        }
    }

    /// Measures one metric that has changed by `change`, and judges it.
    pub(crate) fn judge(self, world: &mut World, change: f64) -> Said {
        let spec = Spec::new(Scale::Ratio, Worse::Higher);
        let paired = Spec { paired: true, ..spec };
        let plain = |regressed: bool| Said { regressed, estimate: None };
        match self {
            Self::Interleaved(n) => {
                let (a, b) = by_turns(world, n, change);
                ours(&Side::session(&a), &Side::session(&b), paired)
            }
            Self::Looking => looking(world, paired, change),
            Self::Runs(n) => ours(&world.runs(n, 0.0), &world.runs(n, change), spec),
            Self::OneAgainst(n) => ours(&world.runs(n, 0.0), &world.runs(1, change), spec),
            Self::Blocks(n) => {
                let (a, b) = apart(world, n, change);
                ours(&Side::session(&a), &Side::session(&b), spec)
            }
            Self::Criterion => {
                let (a, b) = apart(world, CRITERION_VALUES, change);
                plain(criterion(&a, &b, world))
            }
            Self::Benchstat => {
                let (a, b) = apart(world, BENCHSTAT_VALUES, change);
                plain(benchstat(&a, &b))
            }
            Self::BenchstatRuns => {
                let a = world.runs(BENCHSTAT_VALUES, 0.0).sessions.concat();
                let b = world.runs(BENCHSTAT_VALUES, change).sessions.concat();
                plain(benchstat(&a, &b))
            }
        }
    }
}

/// Which of a suite's metrics have regressed.
pub(crate) fn suite(said: &[Said]) -> Vec<bool> {
    let estimates: Option<Vec<(Estimate, Spec)>> = said.iter().map(|said| said.estimate).collect();
    match estimates {
        Some(estimates) => {
            verdicts(&estimates, RATE).into_iter().map(|verdict| verdict == Verdict::Regressed).collect()
        }
        None => said.iter().map(|said| said.regressed).collect(),
    }
}

fn ours(a: &Side, b: &Side, spec: Spec) -> Said {
    let estimate = compare(a, b, &spec).ok();
    let regressed = estimate.is_some_and(|estimate| verdict(&estimate, &spec) == Verdict::Regressed);
    Said { regressed, estimate: estimate.map(|estimate| (estimate, spec)) }
}

fn looking(world: &mut World, spec: Spec, change: f64) -> Said {
    let (a, b) = by_turns(world, LOOKS[LOOKS.len() - 1], change);
    let mut said = Said { regressed: false, estimate: None };
    for (pairs, level) in LOOKS.into_iter().zip(LEVELS.iter()) {
        let spec = Spec { confidence: 1.0 - level, ..spec };
        said = ours(&Side::session(&a[..pairs]), &Side::session(&b[..pairs]), spec);
        if said.estimate.is_some_and(|(estimate, spec)| verdict(&estimate, &spec) != Verdict::Inconclusive) {
            break;
        }
    }
    said
}

/// Blocks of both sides in one session, which they share.
fn by_turns(world: &mut World, n: usize, change: f64) -> (Vec<f64>, Vec<f64>) {
    let level = world.session();
    (world.blocks(n, level, 0.0), world.blocks(n, level, change))
}

/// Values of two sessions apart.
fn apart(world: &mut World, n: usize, change: f64) -> (Vec<f64>, Vec<f64>) {
    let levels = (world.session(), world.session());
    (world.blocks(n, levels.0, 0.0), world.blocks(n, levels.1, change))
}
