//! The plainest things that a run shows, in words with figures.
//!
//! Only like is compared with like: one search, each variant at its reported point. Nothing is called different that a
//! single run can't tell apart.

use annvil_core::objective::Grade;
use annvil_core::record::{RunRecord, Status};
use annvil_core::units::count;

use crate::sheet::asked_recall;
use crate::text::{cut, one_line};
use crate::view::limit::{Limit, limits};
use crate::view::server;
use crate::view::sessions::{Line, sweeps};
use crate::view::validity::Validity;
use crate::view::verdict::{Verdict, is_met};
use crate::view::{Measure, Part, VariantView, View, label};

mod compare;

use compare::Side;

/// How many are enough.
const MOST: usize = 3;

/// Longest message of a failure that is repeated here; the table and the report have it whole.
const MESSAGE: usize = 90;

/// At most three sentences, the plainest first, and at most three on settings of the server.
pub fn findings(record: &RunRecord) -> Vec<String> {
    of(&View::new(record))
}

/// The same of a view.
pub(crate) fn of(view: &View<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let validity = Validity::of(view);
    let valid = !validity.is_invalid();
    if !valid {
        let phases = validity.broken_phases();
        all.push(format!("The figures of this run can't be judged: the measurement of {phases} is invalid."));
    }
    all.extend(failures(view));
    all.extend(ended(view));
    // A search for the highest load sorts out by itself what could not be measured.
    all.extend(limit(view));
    if let Some(measure) = view.main() {
        let sides = sides(view, measure);
        // Speeds of an invalid run are not compared.
        if valid {
            let choice = choice(view, &sides);
            all.extend(choice.map(|choice| best(view, &sides, choice)));
            all.extend(choice.and_then(|choice| trade_off(view, &sides, choice)));
        }
        all.extend(missed(view));
        if valid {
            all.extend(sweep(view, measure));
        }
    } else {
        all.extend(missed(view));
    }
    all.extend(stale(view));
    if valid {
        all.extend(sweeps(view).iter().flat_map(|sweep| &sweep.lines).find_map(Line::words));
    }
    if all.is_empty() {
        all.push(match view.record.status {
            Status::Complete if view.record.blocks.is_empty() => "Nothing was measured.".to_owned(),
            Status::Complete if view.main().is_none() && !crate::sheet::runbooks(view).is_empty() => {
                "Every search step of the runbook is scored by itself; its table holds them.".to_owned()
            }
            Status::Complete if view.main().is_none() => {
                "No search was measured, so there is nothing to compare.".to_owned()
            }
            Status::Complete => {
                "One variant was measured, so there is nothing to compare it with.".to_owned()
            }
            _ => "The run ended before there was anything to compare.".to_owned(),
        });
    }
    all.truncate(MOST);
    // What the server could be told comes last: it explains figures and is no figure itself.
    all.extend(server::advice(view).iter().take(MOST).map(|(advice, _)| server::sentence(advice)));
    all
}

/// The variants that can be compared: of several sizes those of the largest.
fn sides<'a, 'v>(view: &'v View<'a>, measure: &Measure<'_>) -> Vec<Side<'a, 'v>> {
    let dataset = &view.record.plan.dataset;
    let largest = view.sizes().last().copied().unwrap_or(dataset.rows);
    // The metric is the application's: a search by another one is no alternative to it.
    let metric = view.variants.first().map(|variant| variant.planned.metric(dataset));
    view.variants
        .iter()
        .filter(|variant| variant.failure().is_none() && variant.planned.rows(dataset) == largest)
        .filter(|variant| Some(variant.planned.metric(dataset)) == metric)
        .filter_map(|variant| {
            let figures = variant.reported(measure)?;
            let speed = figures.speed(measure.open)?;
            let range = figures.qps_range.filter(|_| !measure.open);
            let (memory, held) = match variant.stored_bytes() {
                Some(stored) => (Some(stored), "room for table and index"),
                None => (variant.index_bytes(), "memory"),
            };
            Some(Side { variant, figures, speed, range, memory, held })
        })
        .collect()
}

fn failures(view: &View<'_>) -> Option<String> {
    let failed: Vec<&VariantView<'_>> =
        view.variants.iter().filter(|variant| variant.failure().is_some()).collect();
    let first = failed.first()?;
    let why = label::failure(first.failure()?);
    let name = first.plain_name();
    if failed.len() == 1 && why.starts_with(label::REFUSED) {
        return Some(format!("{}.", cut(why.trim_end_matches('.'), 2 * MESSAGE)));
    }
    let speed = if first.is_wrong() { ", so it has no speed" } else { "" };
    let why = cut(why.trim_end_matches('.'), MESSAGE);
    Some(match failed.len() {
        1 => format!("{name} failed{speed}: {why}."),
        n => format!("{n} of {} variants failed, the first is {name}: {why}.", view.variants.len()),
    })
}

/// The first phase that ended before its time. Of a run that was stopped that is said already.
fn ended(view: &View<'_>) -> Option<String> {
    if view.record.status != Status::Complete {
        return None;
    }
    let (measure, variant, why) = view.measures.iter().find_map(|measure| {
        view.variants.iter().find_map(|variant| Some((measure, variant, variant.ended(measure.phase)?)))
    })?;
    let why = cut(why.replace('`', "").trim_end_matches('.'), MESSAGE);
    Some(format!("{} of {} {why}.", one_line(measure.phase), variant.plain_name()))
}

/// The highest load of each variant, those of the first search for it.
fn limit(view: &View<'_>) -> Option<String> {
    let limits = limits(view);
    let answers: Vec<String> = limits.first()?.found.iter().take(MOST).map(Limit::answer).collect();
    Some(answers.join(" "))
}

/// Searches that lost rightness while rows came and went, or did not find new rows.
fn stale(view: &View<'_>) -> Option<String> {
    view.phases(Part::Mixed).into_iter().find_map(|measure| {
        let phase = one_line(measure.phase);
        view.variants.iter().find_map(|variant| {
            let timed = variant.timed_reported(measure.phase).into_iter().next()?;
            let name = variant.plain_name();
            if let Some(fresh) = timed.freshness.filter(|fresh| fresh.lost > 0) {
                return Some(format!(
                    "{name} did not find {} of {} new rows within {} ({phase}).",
                    count(fresh.lost),
                    count(fresh.probes),
                    fresh.limit
                ));
            }
            let recalls: Vec<_> = timed.checkpoints.iter().filter_map(|at| at.recall.as_ref()).collect();
            let (first, last) = (recalls.first()?, recalls.last()?);
            (last.mean + last.half_width < first.mean - first.half_width).then(|| {
                format!(
                    "Recall of {name} fell from {} to {} while rows came and went ({phase}).",
                    label::plain_recall(Some(first.mean)),
                    label::plain_recall(Some(last.mean))
                )
            })
        })
    })
}

/// The fastest of those that are as right as the rightest, the baseline left out: of those that meet every objective,
/// or of all if none does.
fn choice<'s, 'a, 'v>(view: &View<'_>, sides: &'s [Side<'a, 'v>]) -> Option<&'s Side<'a, 'v>> {
    let candidates = |keep: &dyn Fn(&Side<'_, '_>) -> bool| {
        let all = sides.iter().filter(|side| !side.variant.is_baseline() && keep(side));
        let recall = |side: &&Side<'_, '_>| side.figures.recall.map_or(0.0, |recall| recall.mean);
        let rightest = all.clone().max_by(|a, b| recall(a).total_cmp(&recall(b)))?;
        all.filter(|side| side.as_right(rightest) || side.variant.number == rightest.variant.number)
            .max_by(|a, b| a.speed.total_cmp(&b.speed))
    };
    candidates(&|side| meets_all(view, side)).or_else(|| candidates(&|_| true))
}

/// Whether every objective that binds it is met, and one does.
fn meets_all(view: &View<'_>, side: &Side<'_, '_>) -> bool {
    let judged = view.record.objectives.iter().flat_map(|result| &result.judged);
    let mut grades = judged
        .filter(|judged| judged.key.variant == side.variant.name())
        .map(|judged| judged.grade)
        .peekable();
    grades.peek().is_some() && grades.all(is_met)
}

/// Whether an objective leaves it out: then meeting every other one says less.
fn is_spared(view: &View<'_>, side: &Side<'_, '_>) -> bool {
    view.record.objectives.iter().any(|result| !result.objective.binds(side.variant.name()))
}

/// The choice, and how it stands to another that is as right, else to the baseline.
fn best(view: &View<'_>, sides: &[Side<'_, '_>], choice: &Side<'_, '_>) -> String {
    let others = sides.iter().filter(|side| side.variant.number != choice.variant.number);
    let rival = others
        .clone()
        .filter(|side| !side.variant.is_baseline() && side.as_right(choice))
        .max_by(|a, b| a.speed.total_cmp(&b.speed))
        .or_else(|| others.clone().find(|side| side.variant.is_baseline()));
    let name = choice.name();
    let meets = match (meets_all(view, choice), is_spared(view, choice)) {
        (true, false) => "meets every objective and ",
        (true, true) => "meets every objective that binds it and ",
        (false, _) => "",
    };
    if let Some(rival) = rival {
        return format!("{name} {meets}is {}.", choice.compared_with(rival));
    }
    let recall = choice.figures.recall.as_ref();
    let right = recall.map_or_else(String::new, |r| format!(" at recall {}", label::recall(Some(r))));
    format!("{name} {meets}answers {} searches a second{right}.", label::qps(choice.figures.qps))
}

/// Who is clearly faster than the choice, and what it costs; else who is clearly smaller; else the choice against the
/// baseline, if that has not been said.
fn trade_off(view: &View<'_>, sides: &[Side<'_, '_>], choice: &Side<'_, '_>) -> Option<String> {
    let others = sides.iter().filter(|side| side.variant.number != choice.variant.number);
    // The least loss that buys speed says more than the greatest speed.
    let recall = |side: &Side<'_, '_>| side.figures.recall.map_or(0.0, |recall| recall.mean);
    let rightest = |a: &&Side<'_, '_>, b: &&Side<'_, '_>| recall(a).total_cmp(&recall(b));
    let mut others = others.filter(|side| !side.variant.is_baseline());
    let faster = others.clone().filter(|side| side.is_faster(choice)).max_by(rightest);
    let smaller = others.clone().filter(|side| side.is_smaller(choice)).max_by(rightest);
    if let Some(other) = faster.or(smaller) {
        let meets = match (meets_all(view, choice), meets_all(view, other)) {
            (true, true) if is_spared(view, other) => "; it meets every objective that binds it",
            (true, true) => "; it meets every objective too",
            (true, false) => "; it does not meet every objective",
            _ => "",
        };
        return Some(format!("{} is {}{meets}.", other.name(), other.compared_with(choice)));
    }
    let baseline = sides.iter().find(|side| side.variant.is_baseline())?;
    others.any(|side| side.as_right(choice)).then(|| choice.against(baseline))
}

/// The first objective that is missed.
fn missed(view: &View<'_>) -> Option<String> {
    let verdicts = Verdict::all(view);
    let missed: Vec<&Verdict> =
        verdicts.iter().filter(|verdict| matches!(verdict.grade, Grade::Missed | Grade::Critical)).collect();
    let first = missed.first()?;
    let also = match missed.len() {
        1 => String::new(),
        2 => " Another objective is missed too.".to_owned(),
        n => format!(" {} more objectives are missed.", n - 1),
    };
    let level = if first.grade == Grade::Critical { "critically " } else { "" };
    Some(format!("{} is {level}missed: {}.{also}", first.text, first.worst))
}

/// The smallest search parameter that reaches the recall that is asked for, variant by variant, and who is fastest
/// there.
fn sweep(view: &View<'_>, measure: &Measure<'_>) -> Option<String> {
    let level = asked_recall(view, measure).filter(|_| !measure.open)?;
    let mut needs: Vec<(String, Vec<String>)> = Vec::new();
    let mut never: Vec<String> = Vec::new();
    let mut fastest: Option<(f64, String)> = None;
    for variant in view.variants.iter().filter(|variant| variant.planned.points.len() > 1) {
        let mut points = variant.sweep(measure);
        if points.is_empty() {
            continue;
        }
        points.sort_by(|a, b| a.0.cmp(b.0));
        let name = variant.plain_name();
        let enough =
            points.iter().find(|(_, figures)| figures.recall.is_some_and(|recall| recall.mean >= level));
        let Some((point, figures)) = enough else {
            // Of a sweep that was cut short nobody knows.
            if points.len() == variant.planned.points.len() {
                never.push(name);
            }
            continue;
        };
        let qps = figures.qps.unwrap_or(0.0);
        if fastest.as_ref().is_none_or(|(best, _)| qps > *best) {
            fastest = Some((qps, name.clone()));
        }
        let point = label::short_point(point);
        match needs.iter_mut().find(|(known, _)| *known == point) {
            Some((_, names)) => names.push(name),
            None => needs.push((point, vec![name])),
        }
    }
    let (qps, fastest) = fastest?;
    let swept = needs.iter().map(|(_, names)| names.len()).sum::<usize>();
    let needs: Vec<String> = needs
        .into_iter()
        .take(3)
        .map(|(point, names)| format!("from {point} on with {}", label::few(&names)))
        .collect();
    let who = if swept > 1 { format!("; fastest there is {fastest} with") } else { ":".to_owned() };
    let never =
        if never.is_empty() { String::new() } else { format!(" {} doesn't reach it.", label::few(&never)) };
    Some(format!(
        "Recall {level} is reached {}{who} {} searches a second.{never}",
        needs.join(", "),
        label::qps(Some(qps))
    ))
}
