//! What a phase came to, in a line.

use annvil_core::quantity::Stat;
use annvil_core::record::{FormRecord, MemoryRecord, PhaseRecord, PhaseResult, median};
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

/// What a phase came to, in a line.
pub fn summary(phase: &PhaseRecord) -> String {
    let point = point_name(&phase.point);
    let point = if point.is_empty() { point } else { format!("{point}  ") };
    let rate = |n: u64, time: Nanos| Rate(n as f64 / time.as_secs_f64().max(1e-9));
    match &phase.result {
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
        PhaseResult::Measured { load, forms, ended, .. } => {
            let forms: Vec<String> = forms.iter().map(|form| measured(form, forms.len() > 1)).collect();
            let offered = load.open.as_ref().map_or_else(String::new, |open| {
                let dropped = if open.dropped == 0 { String::new() } else { format!(", {} dropped", count(open.dropped)) };
                format!("  offered {}{dropped}", Rate(open.rate()))
            });
            let ended = ended.as_ref().map_or_else(String::new, |why| format!("  ended early: {why}"));
            format!("{point}{}{offered}{ended}", forms.join("; "))
        }
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
    }
}

/// What a form came to. Response time where there is one: what a user waits.
fn measured(form: &FormRecord, named: bool) -> String {
    let name = if named { format!("{} ", form.form.name) } else { String::new() };
    let latency = form.response.as_ref().unwrap_or(&form.service);
    let p99 = latency.stat(Stat::P99).map_or_else(String::new, |p99| format!("  p99 {}", Nanos(p99 as u64)));
    let recall =
        form.recall.as_ref().map_or_else(String::new, |recall| format!("  recall@{} {:.4}", recall.k, recall.mean));
    let failed: u64 = form.failures.values().sum();
    let failed = if failed == 0 { String::new() } else { format!("  {} failed", count(failed)) };
    let rate = Rate(form.operations as f64 / form.window.as_secs_f64().max(1e-9));
    format!("{name}{}  {rate}{p99}{recall}{failed}", count(form.operations))
}
