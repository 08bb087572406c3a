//! One figure on both sides, and the verdicts of all of them together.

use annvil_core::comparison::{Change, MetricComparison, Scale, Verdict};
use annvil_core::figures::{Group, Provenance};
use annvil_core::gate::Family;
use annvil_core::key::MetricKey;
use annvil_core::quantity::Unit;
use annvil_core::units::counted;
use annvil_stats::compare::{self, Estimate, Method, Side, Spec, Worse};

use super::CompareSpec;

/// Phases of ours that are over in this many nanoseconds on both sides measure the clock: their times are not judged.
const SHORT: f64 = 1_000_000.0;

/// Seconds without a run after which another hour begins: what the machine was like may have changed.
const PAUSE: i64 = 3600;

/// A figure with what its verdict was drawn from.
pub(super) struct Judged {
    pub(super) metric: MetricComparison,
    /// What it came to, and what was asked. None if the figure has no place among the others' tests.
    pub(super) tested: Option<(Estimate, Spec)>,
}

/// Compares every pair of figures; [`decide`] draws the verdicts.
pub(super) fn figures(
    a: &Group,
    b: &Group,
    pairs: &[(MetricKey, MetricKey)],
    interleaved: bool,
    spec: &CompareSpec,
) -> Vec<Judged> {
    let hours = Some((hours(a), hours(b)));
    let own = a.runs.iter().chain(&b.runs).all(|run| run.tool == OWN);
    pairs
        .iter()
        .map(|keys| (keys, values(a, b, keys, interleaved)))
        .filter(|(keys, values)| !(own && is_short(&keys.1, values)))
        .map(|(keys, values)| one(&values, keys, interleaved, hours, spec))
        .collect()
}

/// Who measured, where we did.
const OWN: &str = "annvil";

/// Whether it is the time of a phase that is over at once on both sides.
fn is_short(key: &MetricKey, values: &Values) -> bool {
    let brief = |side: &[Vec<f64>]| side.iter().flatten().all(|value| *value < SHORT);
    let is_time = Family::of(key) == Family::Time && key.quantity.unit() == Unit::Time;
    is_time && brief(&values.a) && brief(&values.b)
}

/// In how many hours the runs of a side lie: a new one begins after a pause. A run that does not say when it began is taken for
/// an hour of its own.
fn hours(group: &Group) -> usize {
    let began =
        |run: &Provenance| run.started.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    let mut known: Vec<i64> = group.runs.iter().filter_map(began).collect();
    let unknown = group.runs.len() - known.len();
    known.sort_unstable();
    let pauses = known.windows(2).filter(|two| two[1] - two[0] > PAUSE).count();
    unknown + pauses + usize::from(!known.is_empty())
}

/// The values of a figure on both sides, one inner list a session.
struct Values {
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    /// Whether the i-th values of both sides ran one after the other.
    paired: bool,
    /// Blocks of pairs of which only one side has the figure.
    left_out: usize,
}

/// Reads a figure of both sides. Sides that alternated have their blocks in the same places; where one of a pair lacks the
/// figure, the other is left out, so that nobody is paired with a stranger.
fn values(a: &Group, b: &Group, (key_a, key_b): &(MetricKey, MetricKey), interleaved: bool) -> Values {
    let apart = || Values { a: a.sessions(key_a), b: b.sessions(key_b), paired: false, left_out: 0 };
    if !interleaved || a.figures.len() != b.figures.len() {
        return apart();
    }
    let mut sessions: Vec<(&str, Vec<f64>, Vec<f64>)> = Vec::new();
    let mut left_out = 0;
    for (of_a, of_b) in a.figures.iter().zip(&b.figures) {
        match (of_a.values.get(key_a), of_b.values.get(key_b)) {
            (Some(one), Some(other)) => {
                match sessions.last_mut().filter(|(name, _, _)| *name == of_a.session) {
                    Some((_, ones, others)) => {
                        ones.push(*one);
                        others.push(*other);
                    }
                    None => sessions.push((&of_a.session, vec![*one], vec![*other])),
                }
            }
            (None, None) => {}
            _ => left_out += 1,
        }
    }
    if sessions.is_empty() {
        return apart();
    }
    let (a, b) = sessions.into_iter().map(|(_, a, b)| (a, b)).unzip();
    Values { a, b, paired: true, left_out }
}

/// Draws the verdicts of the whole family.
pub(super) fn decide(judged: &mut [Judged], spec: &CompareSpec) {
    let tested: Vec<(Estimate, Spec)> = judged.iter().filter_map(|one| one.tested).collect();
    let verdicts = compare::verdicts(&tested, spec.gate.false_discovery.0);
    let of = judged.iter_mut().filter(|one| one.tested.is_some());
    for ((one, verdict), (estimate, asked)) in of.zip(verdicts).zip(&tested) {
        one.metric.verdict = verdict;
        if verdict == Verdict::Inconclusive {
            one.metric.more_runs = estimate.more_runs;
            if compare::verdict(estimate, asked) != Verdict::Inconclusive {
                one.metric
                    .remarks
                    .push("beyond the margin by itself, but not among so many figures".to_owned());
            }
        }
    }
}

fn one(
    values: &Values,
    (key_a, key): &(MetricKey, MetricKey),
    interleaved: bool,
    hours: Option<(usize, usize)>,
    spec: &CompareSpec,
) -> Judged {
    let Values { a, b, paired, left_out } = values;
    let scale = Scale::of(key.quantity.unit());
    let known = spec.known.as_ref().and_then(|known| known.figures.get(key));
    let asked_for = spec.gate.rule(key).margin.map_or(0.0, |margin| margin.0);
    let margin = known.map_or(asked_for, |known| known.margin.max(asked_for));
    let asked = Spec {
        scale,
        worse: Worse::from(key.quantity.better()),
        margin,
        confidence: spec.gate.confidence.0,
        paired: *paired,
        between: known.and_then(|known| known.between),
        hours,
        seed: spec.seed,
    };
    let count = |side: &[Vec<f64>]| side.iter().map(Vec::len).sum::<usize>();
    let mut metric = MetricComparison {
        key: key.clone(),
        key_a: (key_a != key).then(|| key_a.clone()),
        a: middle(a, scale),
        b: middle(b, scale),
        scale,
        change: None,
        margin,
        verdict: Verdict::Inconclusive,
        detectable: None,
        more_runs: None,
        widened: margin > asked_for,
        samples: (count(a), count(b)),
        method: String::new(),
        remarks: Vec::new(),
    };
    if margin > asked_for {
        metric.remarks.push("the margin is what A/A showed on this machine".to_owned());
    }
    if interleaved && !paired {
        metric.remarks.push("a block of one side has no counterpart: not compared in pairs".to_owned());
    } else if *left_out > 0 {
        let blocks = counted(*left_out as u64, "block");
        metric.remarks.push(format!("left out: {blocks} whose counterpart lacks the figure"));
    }
    let side = |side: &[Vec<f64>]| Side { sessions: side.to_vec() };
    match compare::compare(&side(a), &side(b), &asked) {
        Ok(estimate) => {
            fill(&mut metric, &estimate, &asked);
            // Of two runs nothing is known, but bytes and shares that are equal to the last digit need no statistics.
            if estimate.method == Method::Unknown && estimate.a == estimate.b {
                metric.detectable = None;
                without_estimate(&mut metric, a, b, "");
                return Judged { metric, tested: None };
            }
            if estimate.method == Method::Exact
                && estimate.a != estimate.b
                && key.quantity.unit() == Unit::Time
            {
                metric.change = None;
                metric.detectable = None;
                metric.remarks.push("all times of a side are the same: they were rounded".to_owned());
                return Judged { metric, tested: None };
            }
            Judged { metric, tested: Some((estimate, asked)) }
        }
        Err(error) => {
            without_estimate(&mut metric, a, b, &error.to_string());
            Judged { metric, tested: None }
        }
    }
}

/// Takes over what the statistics say.
pub(super) fn fill(metric: &mut MetricComparison, estimate: &Estimate, asked: &Spec) {
    metric.a = estimate.a;
    metric.b = estimate.b;
    let told = estimate.low.is_finite() && estimate.high.is_finite();
    metric.change = told.then_some(Change {
        estimate: estimate.effect,
        low: estimate.low,
        high: estimate.high,
        confidence: asked.confidence,
    });
    metric.detectable = estimate.detectable;
    metric.samples = estimate.runs;
    metric.method = estimate.method.words(asked.scale);
}

/// Values that have no ratio, such as a time of zero. Only what is the same everywhere is told.
fn without_estimate(metric: &mut MetricComparison, a: &[Vec<f64>], b: &[Vec<f64>], why: &str) {
    let mut all = a.iter().chain(b).flatten();
    let first = all.next();
    if first.is_some() && all.all(|value| Some(value) == first) {
        metric.verdict = Verdict::Equivalent;
        "exact: all values are equal".clone_into(&mut metric.method);
    } else {
        "none".clone_into(&mut metric.method);
        metric.remarks.push(why.to_owned());
    }
}

/// The mean of a side's values, geometric for ratios where all have a logarithm.
fn middle(side: &[Vec<f64>], scale: Scale) -> f64 {
    let values: Vec<f64> = side.iter().flatten().copied().collect();
    let count = values.len().max(1) as f64;
    if scale == Scale::Ratio && values.iter().all(|value| *value > 0.0) {
        (values.iter().map(|value| value.ln()).sum::<f64>() / count).exp()
    } else {
        values.iter().sum::<f64>() / count
    }
}
