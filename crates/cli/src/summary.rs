//! What a phase came to, in as few words as can be.

use annvil_core::quantity::Stat;
use annvil_core::record::{FormRecord, LoadRecord, MemoryRecord, PhaseRecord, PhaseResult, median};
use annvil_core::scenario::point_name;
use annvil_core::units::{Nanos, Rate, count};

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
        PhaseResult::Verify { checks } => match checks.iter().filter(|check| !check.passed).count() {
            0 => format!("✓ {} checks", checks.len()),
            failed => format!("✗ {failed} of {} checks failed", checks.len()),
        },
        PhaseResult::Limit(limit) => {
            format!("{point}{} ({} trials)", limit.answer, limit.trials.len())
        }
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
pub fn brief(phase: &PhaseRecord) -> String {
    match &phase.result {
        PhaseResult::Measured { forms, .. } => {
            let line = |form: &FormRecord| format!("{}{}", named(form, forms.len()), figures(form, "recall"));
            forms.iter().map(line).collect::<Vec<_>>().join("; ")
        }
        PhaseResult::Limit(limit) => limit.answer.clone(),
        _ => summary(phase).join("; "),
    }
}

/// What became of a level of a search for the limit.
pub fn trial(level: f64, met: Option<bool>, rates: bool) -> String {
    let level = match rates {
        true => Rate(level).to_string(),
        false => format!("{level} session{}", if level == 1.0 { "" } else { "s" }),
    };
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
        _ => None,
    }
}

/// A line for each form, and in open load what was offered, so that it can be held against what was achieved.
fn measured(point: &str, load: &LoadRecord, forms: &[FormRecord]) -> Vec<String> {
    let line = |form: &FormRecord| {
        let recall = format!("recall@{}", form.form.k);
        format!("{point}{}{}  {}", named(form, forms.len()), count(form.operations), figures(form, &recall))
    };
    let mut lines: Vec<String> = forms.iter().map(line).collect();
    if let Some(open) = &load.open {
        let lost = |n: u64, what: &str| if n == 0 { String::new() } else { format!(", {} {what}", count(n)) };
        let (dropped, unsent) = (lost(open.dropped, "dropped"), lost(open.unsent, "never sent"));
        let offered = format!("offered {}{dropped}{unsent}", Rate(open.rate()));
        match &mut lines[..] {
            [line] => line.push_str(&format!("  {offered}")),
            _ => lines.push(offered),
        }
    }
    lines
}

/// The name of a form where there are several.
fn named(form: &FormRecord, forms: usize) -> String {
    if forms > 1 { format!("{}  ", form.form.name) } else { String::new() }
}

/// What a form came to. Response time where there is one: what a user waits.
fn figures(form: &FormRecord, recall: &str) -> String {
    let rate = Rate(form.operations as f64 / form.window.as_secs_f64().max(1e-9));
    let latency = form.response.as_ref().unwrap_or(&form.service);
    let failed: u64 = form.failures.values().sum();
    let words = [
        Some(rate.to_string()),
        latency.stat(Stat::P99).map(|p99| format!("p99 {}", Nanos(p99 as u64))),
        form.recall.as_ref().map(|scored| format!("{recall} {:.4}", scored.mean)),
        (failed > 0).then(|| format!("{} failed", count(failed))),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
