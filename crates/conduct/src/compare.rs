//! Two groups of runs held against each other: which figures belong together, what became of each, and what it comes to.
//!
//! The statistics are those of [`annvil_stats::compare`]; here it is decided what they are asked: the margin of each figure, whether
//! its samples are pairs, what A/A has shown of the machine, and whether the two sides may be compared at all.

use annvil_core::comparison::{Comparison, SCHEMA, Scale, SideRecord, Verdict};
use annvil_core::figures::Group;
use annvil_core::gate::GateSpec;

mod amount;
mod equal_recall;
mod figure;
mod known;
mod pairing;
mod recall;
mod sentence;
mod sides;

pub(crate) use amount::amount;
pub use known::{Known, KnownFigure};
pub use sides::{Refused, Side};

/// How two groups are compared.
#[derive(Debug, Clone, Default)]
pub struct CompareSpec {
    /// Margins, which figures are judged, confidence and the rate of false discoveries. Looks before the end of an
    /// interleaved comparison set its `confidence` to what the look may spend.
    pub gate: GateSpec,
    /// Which figures of the sides belong together.
    pub pairing: Pairing,
    /// Whether samples of both sides alternated: the i-th block of a session of `a` then belongs with the i-th of the same
    /// session of `b`. Variants of one and the same run always did.
    pub interleaved: bool,
    /// What to do where the machines differ.
    pub machines: Unlike,
    /// What to do where the plans differ.
    pub plans: Unlike,
    /// What A/A has found of this machine.
    pub known: Option<Known>,
    /// Recall at which sweeps are compared, 0 to 1; the lower of the two highest that both reach unless given.
    pub at_recall: Option<f64>,
    /// Seed of everything random in the statistics.
    pub seed: u64,
}

/// What to do where two sides differ in what should be alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlike {
    /// Refuse to compare.
    #[default]
    Refused,
    /// Compare, and say so.
    Marked,
    /// Compare: the difference is what is asked about.
    Meant,
}

/// Which figures of two sides belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pairing {
    /// Those of the same name. Where each side has a single variant, or a variant a single point, these may differ.
    #[default]
    Same,
    /// Those of pairs of variants, each with its name on side `a` and on side `b`; no others.
    Variants(Vec<(String, String)>),
}

/// Compares `b` with `a`. Both may be groups of runs, of blocks of one session, or of results of other tools.
///
/// # Errors
/// If a side cannot be judged, if no figure is on both, or if machines or plans differ that should not.
pub fn compare(a: &Group, b: &Group, spec: &CompareSpec) -> Result<Comparison, Refused> {
    let mut remarks = sides::check(a, b, spec)?;
    pairing::check(a, b, &spec.pairing)?;
    let matched = pairing::matched(a, b, spec);
    if matched.pairs.is_empty() {
        return Err(sides::nothing(a, b, spec));
    }
    remarks.extend(matched.remarks);
    let interleaved = spec.interleaved || sides::one_run(a, b);
    let mut metrics = figure::figures(a, b, &matched.pairs, interleaved, spec);
    recall::per_query(a, b, &mut metrics, spec);
    figure::decide(&mut metrics, spec);
    let judged: Vec<_> = metrics.into_iter().map(|judged| judged.metric).collect();
    let equal_recall = equal_recall::compare(a, b, &judged, spec);
    let mut comparison = Comparison {
        schema: SCHEMA,
        a: side(a),
        b: side(b),
        interleaved,
        remarks,
        metrics: judged,
        unmatched: matched.unmatched,
        equal_recall,
        detectable: None,
        aa: spec.known.as_ref().map(|known| known.summary.clone()),
        sentence: String::new(),
    };
    comparison.detectable = detectable(&comparison);
    comparison.sentence = sentence::sentence(&comparison);
    Ok(comparison)
}

/// What follows from the verdicts, again, after some of them were taken back.
pub(crate) fn tell_again(comparison: &mut Comparison) {
    comparison.detectable = detectable(comparison);
    comparison.sentence = sentence::sentence(comparison);
}

/// The largest of the smallest detectable changes of what is not decided; of all, the one in the middle, if everything is.
fn detectable(comparison: &Comparison) -> Option<f64> {
    let ratios = || comparison.metrics.iter().filter(|metric| metric.scale == Scale::Ratio);
    let open = ratios().filter(|metric| metric.verdict == Verdict::Inconclusive);
    open.filter_map(|metric| metric.detectable).max_by(f64::total_cmp).or_else(|| {
        let mut all: Vec<f64> = ratios().filter_map(|metric| metric.detectable).collect();
        all.sort_unstable_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    })
}

fn side(group: &Group) -> SideRecord {
    let mut sessions: Vec<&str> = group.figures.iter().map(|figures| figures.session.as_str()).collect();
    sessions.sort_unstable();
    sessions.dedup();
    SideRecord {
        name: group.name.clone(),
        runs: group.runs.clone(),
        blocks: group.figures.len(),
        sessions: sessions.len(),
    }
}
