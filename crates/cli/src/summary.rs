//! What a phase came to, in as few words as can be.

use annvil_core::quantity::Stat;
use annvil_core::record::{
    FormRecord, LoadRecord, MemoryRecord, PhaseRecord, PhaseResult, RunbookRecord, StepRecord, median,
};
use annvil_core::scenario::point_name;
use annvil_core::units::{Nanos, Rate, count, counted};

/// The memory of a variant, if it is known.
pub fn memory_line(memory: &MemoryRecord) -> Option<String> {
    let index = memory.usage.index?;
    Some(match memory.resident().filter(|_| memory.own_process) {
        Some(resident) => format!("index {index}, resident +{resident}"),
        None => format!("index {index}"),
    })
}

/// What a phase came to: a line, or one for each form of several.
pub fn summary(phase: &PhaseRecord) -> Vec<String> {
    let point = point_name(&phase.point);
    let point = if point.is_empty() { point } else { format!("{point}  ") };
    let rate = |n: u64, time: Nanos| Rate(n as f64 / time.as_secs_f64().max(1e-9));
    let line = match &phase.result {
        PhaseResult::Measured { load, forms, .. } => return measured(&point, load, forms),
        PhaseResult::Load { rows, time, .. } => {
            format!("{} rows  {}", count(*rows), rate(*rows, *time).to_string().replace("/s", " rows/s"))
        }
        PhaseResult::Settle(settled) if settled.indexed.0 == 0 => "nothing to build".to_owned(),
        PhaseResult::Settle(settled) => settled.indexed.to_string(),
        PhaseResult::Unsupported { what } => format!("unsupported: {what}"),
        PhaseResult::Verify { checks, .. } => match checks.iter().filter(|check| !check.passed).count() {
            0 => format!("✓ {} checks", checks.len()),
            failed => format!("✗ {failed} of {} checks failed", checks.len()),
        },
        PhaseResult::Limit(limit) => {
            format!("{point}{} ({})", limit.answer, counted(limit.trials.len() as u64, "trial"))
        }
        PhaseResult::Runbook(book) => runbook(book),
        PhaseResult::Persist { rows, bytes, times } => match median(times) {
            Some(time) => {
                format!("{time}  {bytes}  {}", rate(*rows, time).to_string().replace("/s", " rows/s"))
            }
            None => String::new(),
        },
        PhaseResult::Restore { rows, times, cold, .. } => match median(times) {
            Some(time) => {
                let cold = cold.map_or_else(String::new, |cold| format!("  cold {cold}"));
                format!("{time}  {}{cold}", rate(*rows, time).to_string().replace("/s", " rows/s"))
            }
            None => String::new(),
        },
    };
    vec![line]
}

/// The same in a line as short as it can be: no point, no counts of operations.
#[cfg_attr(not(feature = "tui"), allow(dead_code, reason = "only the live view has no room"))]
pub fn brief(phase: &PhaseRecord) -> String {
    match &phase.result {
        PhaseResult::Measured { forms, .. } => {
            let line = |form: &FormRecord| {
                format!("{}{}", named(form, forms.len()), figures(form, "recall").concat())
            };
            forms.iter().map(line).collect::<Vec<_>>().join("; ")
        }
        PhaseResult::Limit(limit) => limit.answer.clone(),
        _ => summary(phase).join("; "),
    }
}

/// What became of a level of a search for the limit.
pub fn trial(level: f64, met: Option<bool>, rates: bool) -> String {
    let level = if rates { Rate(level).to_string() } else { counted(level as u64, "session") };
    let became = match met {
        Some(true) => "held",
        Some(false) => "missed",
        None => "could not be measured",
    };
    format!("{level} {became}")
}

/// Why a phase ended before its time, if it did.
pub fn early_end(phase: &PhaseRecord) -> Option<String> {
    match &phase.result {
        PhaseResult::Measured { ended, .. } => ended.as_ref().map(|why| format!("ended early: {why}")),
        PhaseResult::Runbook(book) if !book.is_whole() => {
            Some(format!("ended early: after {} of {} steps", book.steps.len(), book.planned))
        }
        _ => None,
    }
}

/// Recall at the worst and at the last checkpoint, and what else must be known of them.
fn runbook(book: &RunbookRecord) -> String {
    let ghosts: u64 = book.steps.iter().filter_map(|step| step.answers.as_ref()).map(|own| own.ghosts).sum();
    let failed: u64 = book.steps.iter().map(StepRecord::failed).sum();
    let recall = |step: Option<&StepRecord>| Some(step?.recall()?.mean);
    let scored = recall(book.worst()).zip(recall(book.last()));
    let words = [
        Some(counted(book.steps.len() as u64, "step")),
        scored.map(|(worst, last)| format!("recall@{} {worst:.4} at worst, {last:.4} at last", book.form.k)),
        (ghosts > 0).then(|| counted(ghosts, "ghost")),
        (failed > 0).then(|| format!("{} failed", count(failed))),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// A line for each form. Open load says what was offered, so that it can be held against what was achieved; what is
/// offered is the phase's, so that several forms have a line for it.
fn measured(point: &str, load: &LoadRecord, forms: &[FormRecord]) -> Vec<String> {
    let offered = load.open.as_ref().map(|open| format!("{} offered", Rate(open.rate())));
    let lost = load.open.as_ref().map_or_else(String::new, |open| {
        let lost = |n: u64, what: &str| if n == 0 { String::new() } else { format!("  {} {what}", count(n)) };
        format!("{}{}", lost(open.dropped, "dropped"), lost(open.unsent, "never sent"))
    });
    if let ([form], Some(offered)) = (forms, &offered) {
        let [rate, rest] = figures(form, &format!("recall@{}", form.form.k));
        return vec![format!("{point}{rate} of {offered}{rest}{lost}")];
    }
    let line = |form: &FormRecord| {
        let [rate, rest] = figures(form, &format!("recall@{}", form.form.k));
        format!("{point}{}{}  {rate}{rest}", named(form, forms.len()), count(form.operations))
    };
    let offered = offered.map(|offered| format!("{point}{offered}{lost}"));
    forms.iter().map(line).chain(offered).collect()
}

/// The name of a form where there are several.
fn named(form: &FormRecord, forms: usize) -> String {
    if forms > 1 { format!("{}  ", form.form.name) } else { String::new() }
}

/// What a form came to: its rate, and the rest. Response time where there is one: what a user waits.
fn figures(form: &FormRecord, recall: &str) -> [String; 2] {
    let rate = Rate(form.operations as f64 / form.window.as_secs_f64().max(1e-9));
    let latency = form.response.as_ref().unwrap_or(&form.service);
    let failed: u64 = form.failures.values().sum();
    let words = [
        latency.stat(Stat::P99).map(|p99| format!("  p99 {}", Nanos(p99 as u64))),
        form.recall.as_ref().map(|scored| format!("  {recall} {:.4}", scored.mean)),
        (failed > 0).then(|| format!("  {} failed", count(failed))),
    ];
    [rate.to_string(), words.into_iter().flatten().collect()]
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use annvil_core::form::{Form, Params};
    use annvil_core::histogram::Histogram;
    use annvil_core::record::{OpenRecord, RecallRecord, Share};

    use super::*;

    /// A phase that came to something.
    pub(crate) fn phase(name: &str, kind: &str, result: PhaseResult) -> PhaseRecord {
        PhaseRecord {
            name: name.to_owned(),
            kind: kind.to_owned(),
            point: Params::new(),
            began: Nanos::ZERO,
            time: Nanos::from_secs(1),
            breakdown: Vec::new(),
            result,
            validity: Vec::new(),
            resources: None,
            server: None,
        }
    }

    /// What an open search of two seconds came to.
    pub(crate) fn searched(ended: Option<&str>) -> PhaseResult {
        let mut service = Histogram::new();
        (1..=2000).for_each(|n| service.record(Nanos::from_micros(n)));
        let recall = RecallRecord {
            k: 10,
            scored: 2000,
            mean: 0.9871,
            half_width: 0.001,
            p10: 0.9,
            queries: 1000,
            mrr: 1.0,
            ndcg: 1.0,
            short_answers: 0,
            by_query: Vec::new(),
        };
        let form = FormRecord {
            form: Form::search("search", 10),
            promise: None,
            sessions: 1,
            batch: 1,
            operations: 2000,
            failures: BTreeMap::from([("timeout".to_owned(), 3)]),
            window: Nanos::from_secs(2),
            warmup: Share { what: String::new(), time: Nanos::ZERO },
            service,
            response: None,
            queue_wait: None,
            sched_lag: None,
            failed: None,
            recall: Some(recall),
            intervals: Vec::new(),
        };
        let open =
            OpenRecord { offered: 2000, duration: Nanos::from_secs(2), dropped: 7, ..OpenRecord::default() };
        PhaseResult::Measured {
            load: LoadRecord { open: Some(open), ..LoadRecord::default() },
            forms: vec![form],
            checkpoints: Vec::new(),
            freshness: None,
            ended: ended.map(str::to_owned),
        }
    }

    #[test]
    fn open_load_says_what_was_offered_and_why_it_ended() {
        let whole = phase("open", "search", searched(None));
        let line = "1,000/s of 1,000/s offered  p99 1.98 ms  recall@10 0.9871  3 failed  7 dropped";
        assert_eq!((summary(&whole), early_end(&whole)), (vec![line.to_owned()], None));
        assert_eq!(brief(&whole), "1,000/s  p99 1.98 ms  recall 0.9871  3 failed");
        let early = phase("open", "search", searched(Some("an objective was missed")));
        assert_eq!(early_end(&early).unwrap(), "ended early: an objective was missed");
    }

    #[test]
    fn several_forms_have_a_line_each() {
        let mut result = searched(None);
        let PhaseResult::Measured { forms, .. } = &mut result else { panic!("not measured") };
        let mut upsert = forms[0].clone();
        upsert.form.name = "upsert".to_owned();
        upsert.recall = None;
        forms.push(upsert);
        let lines = summary(&phase("mixed", "mixed", result));
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("search  2,000  "), "{lines:?}");
        assert_eq!(lines[1], "upsert  2,000  1,000/s  p99 1.98 ms  3 failed");
        assert_eq!(lines[2], "1,000/s offered  7 dropped");
    }

    #[test]
    fn trials_say_what_became_of_them() {
        assert_eq!(trial(1500.0, Some(false), true), "1,500/s missed");
        assert_eq!(trial(1.0, Some(true), false), "1 session held");
        assert_eq!(trial(16.0, None, false), "16 sessions could not be measured");
    }
}
