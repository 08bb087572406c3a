//! The walk to the highest load: a mark for each trial, whose shape says whether the objectives held.

use annvil_core::quantity::Stat;
use annvil_core::record::TrialRecord;
use annvil_core::units::{Nanos, count, rate_text, time_text};

use super::draw;
use super::plot::{Axis, Pair, Plot};
use crate::view::label;
use crate::view::limit::{Limit, Limits, why};

const HEIGHT: f64 = 290.0;

/// Variants up to which the median is drawn below the tail.
const FEW: usize = 3;

/// A figure of a trial.
type Of<'f> = &'f dyn Fn(&TrialRecord) -> Option<f64>;

/// Latency against load, and what was achieved of it; the first is the hockey stick.
pub(super) fn walk(limits: &Limits<'_, '_>) -> Option<[String; 2]> {
    let walk = Walk { limits, rates: limits.found.iter().any(|limit| limit.record.rates) };
    Some([walk.latency()?, walk.achieved()?])
}

struct Walk<'a, 'v, 'l> {
    limits: &'l Limits<'a, 'v>,
    rates: bool,
}

impl Walk<'_, '_, '_> {
    fn trials(&self) -> impl Iterator<Item = &TrialRecord> {
        self.limits.found.iter().flat_map(|limit| &limit.record.trials)
    }

    fn plot(&self, y: &Axis<'_>) -> Option<Plot> {
        let number = |n: f64| count(n.round() as u64);
        let print: &dyn Fn(f64) -> String = if self.rates { &rate_text } else { &number };
        let title = if self.rates { "offered →" } else { "sessions →" };
        Some(Plot::new(HEIGHT, &Axis::fit(self.trials().map(|trial| trial.level), title, print)?, y))
    }

    fn latency(&self) -> Option<String> {
        let (stat, asked) = self.limits.asked().unzip();
        let stat = stat.unwrap_or(Stat::P95);
        let tail = |trial: &TrialRecord| time(percentile(trial, stat).or(trial.p50));
        let median = |trial: &TrialRecord| time(trial.p50);
        let with_median = self.limits.found.len() <= FEW && stat != Stat::P50;
        let beside = if with_median { "; pale: p50" } else { "" };
        let title =
            format!("↑ {stat} of the {} time{beside}", if self.rates { "response" } else { "service" });
        let medians = self.trials().filter_map(median).filter(|_| with_median);
        let values: Vec<f64> = self.trials().filter_map(tail).chain(medians).chain(asked).collect();
        let mut plot = self.plot(&Axis::fit(values, &title, &time_text)?.by_order())?;
        if let Some(asked) = asked {
            plot.add(&plot.level(asked, &format!("asked: {stat} {}", time_text(asked))));
        }
        for limit in &self.limits.found {
            let mut drawn = answer(&plot, limit);
            if with_median {
                drawn.push_str(&plot.line(&pairs(limit, &median), "l faint"));
            }
            drawn.push_str(&self.trials_of(&plot, limit, &tail));
            plot.add(&format!("<g {}>{drawn}</g>", draw::of(limit.variant)));
        }
        Some(plot.done("Latency against load, a mark for each trial; the table holds the same figures."))
    }

    fn achieved(&self) -> Option<String> {
        let throughput = |trial: &TrialRecord| Some(trial.throughput);
        let axis = Axis::fit(self.trials().filter_map(throughput), "↑ achieved", &rate_text)?;
        let mut plot = self.plot(&axis)?;
        for limit in &self.limits.found {
            let drawn = answer(&plot, limit) + &middles_of(&plot, limit, &throughput);
            plot.add(&format!("<g {}>{drawn}</g>", draw::of(limit.variant)));
        }
        Some(plot.done("What was achieved of each load; the table holds the same figures."))
    }

    /// The line through the middle of each level, a mark for each trial, and the name where there are several.
    fn trials_of(&self, plot: &Plot, limit: &Limit<'_, '_>, value: Of<'_>) -> String {
        let middles = pairs(limit, value);
        let mut drawn = plot.line(&middles, "l");
        for trial in &limit.record.trials {
            let Some(value) = value(trial) else { continue };
            let sign = sign(trial.met, plot.at((trial.level, value)));
            drawn.push_str(&format!("<g class=\"p\">{}{sign}</g>", draw::tip(&tip(limit, trial))));
        }
        if let Some(last) = middles.iter().rev().flatten().next().filter(|_| self.limits.found.len() > 1) {
            let (x, y) = plot.at(*last);
            let name = crate::text::cut_name(&limit.name(), 24);
            drawn.push_str(&draw::text(x - 8.0, y - 9.0, "t end name", &name));
        }
        drawn
    }
}

/// The line through the middle of each level, and a mark for it.
fn middles_of(plot: &Plot, limit: &Limit<'_, '_>, value: Of<'_>) -> String {
    let (levels, middles) = (limit.levels(), pairs(limit, value));
    let marks = levels.iter().zip(&middles).filter_map(|(level, middle)| {
        let met = match level.counts() {
            (held, missed, _) if held > missed => Some(true),
            (0, 0, _) => None,
            _ => Some(false),
        };
        Some(sign(met, plot.at((*middle)?)))
    });
    let marks: String = marks.collect();
    format!("{}<g class=\"p\">{}{marks}</g>", plot.line(&middles, "l"), draw::tip(&limit.answer()))
}

/// The interval that the answer lies in, and the knee.
fn answer(plot: &Plot, limit: &Limit<'_, '_>) -> String {
    let mut drawn = String::new();
    if let Some((low, high)) = limit.record.low.zip(limit.record.high) {
        drawn.push_str(&format!("<g>{}{}</g>", draw::tip(&limit.answer()), plot.band(low, high)));
    }
    if let Some(knee) = limit.record.knee {
        let level = limit.level(knee);
        let tip = format!("{}\nbeyond {level} latency rises faster than load", limit.name());
        drawn.push_str(&plot.upright(knee, "knee", &format!("knee {level}"), &tip));
    }
    drawn
}

fn percentile(trial: &TrialRecord, stat: Stat) -> Option<Nanos> {
    match stat {
        Stat::P50 => trial.p50,
        Stat::P99 => trial.p99,
        _ => trial.p95,
    }
}

fn time(time: Option<Nanos>) -> Option<f64> {
    time.map(|time| time.0 as f64)
}

fn pairs(limit: &Limit<'_, '_>, value: Of<'_>) -> Vec<Option<Pair>> {
    limit.levels().iter().map(|level| Some((level.level, level.figure(value)?))).collect()
}

/// Held: a disc. Missed: a cross. Invalid: a ring.
fn sign(met: Option<bool>, (x, y): Pair) -> String {
    match met {
        Some(true) => format!("<circle class=\"m\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.2\"/>"),
        Some(false) => format!("<path class=\"miss\" d=\"{}\"/>", draw::cross(x, y)),
        None => format!("<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.8\"/>"),
    }
}

fn tip(limit: &Limit<'_, '_>, trial: &TrialRecord) -> String {
    let held = match trial.met {
        Some(true) => "held".to_owned(),
        Some(false) => format!("missed: {}", why(trial)),
        None => why(trial),
    };
    format!(
        "{}\n{}: {held}\nachieved {}\np50 {}, p95 {}, p99 {}",
        limit.name(),
        limit.level(trial.level),
        label::rate(Some(trial.throughput)),
        label::time(time(trial.p50)),
        label::time(time(trial.p95)),
        label::time(time(trial.p99))
    )
}
