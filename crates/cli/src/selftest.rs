//! `annvil selftest`: the harness measured by itself.

use std::process::ExitCode;
use std::sync::Arc;

use annvil_conduct::machine;
use annvil_conduct::run::harness_floor;
use annvil_core::engine::{Engine, Mode};
use annvil_core::scenario::{EngineSpec, NullSpec, Variant};
use annvil_core::units::{Rate, count};
use annvil_load::floor::{closed_null, per_operation};
use annvil_load::time::SystemClock;
use annvil_load::validity::{self, Asked};
use serde_json::json;

use crate::flags::JsonFlag;
use crate::out;

/// Bar of the floor: nanoseconds of harness a null operation may cost in closed load.
const BAR: f64 = 250.0;

/// Null operations of each session.
const OPERATIONS: u64 = 2_000_000;

/// Measures the floor and checks the harness's own validity in closed load. Exit code 1 if the floor is above its bar
/// with one session, 4 if a check finds the measurement invalid.
pub fn selftest(flags: &JsonFlag) -> anyhow::Result<ExitCode> {
    let scratch = tempfile::tempdir()?;
    let floor = harness_floor(scratch.path())?;
    let context =
        annvil_engines::Context { clock: Arc::new(SystemClock::new()), scratch: scratch.path().to_owned() };
    let engine: Arc<dyn Engine> =
        annvil_engines::open(&EngineSpec::Null(NullSpec {}), &Variant::default(), &context)?.into();
    let sessions: &[usize] = if machine::usable_cores() > 1 { &[1, 2] } else { &[1] };
    let mut rows = Vec::new();
    let mut valid = true;
    for sessions in sessions {
        let before = machine::Activity::now();
        let measured = closed_null(&engine, *sessions, OPERATIONS)?;
        let mut checks = validity::harness(&measured, Asked::closed(*sessions, Mode::Blocking));
        checks.extend(machine::Activity::now().since(&before));
        valid &= checks.iter().all(|check| check.valid != Some(false));
        rows.push((*sessions, per_operation(&measured, *sessions), measured, checks));
    }
    let good = floor.one_session_ns <= BAR;
    if flags.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(sessions, ns, measured, checks)| {
                json!({"sessions": sessions, "ns_per_operation": ns, "operations": measured.total().operations, "checks": checks})
            })
            .collect();
        let answer = json!({"floor": floor, "bar_ns": BAR, "closed_load": rows, "valid": valid, "met": good});
        out::json(&answer)?;
    } else {
        let mut lines =
            vec!["harness floor: null engine, closed load, every operation timed by itself".to_owned()];
        for (sessions, ns, measured, checks) in &rows {
            let rate = Rate(1e9 / ns * *sessions as f64);
            let mark = if *sessions > 1 || *ns <= BAR { "" } else { "   above the bar" };
            let plural = if *sessions == 1 { " " } else { "s" };
            let operations = count(measured.total().operations);
            lines.push(format!(
                "  {sessions} session{plural}  {ns:>6.0} ns an operation   {rate}   {operations} operations{mark}"
            ));
            lines.extend(checks.iter().map(|check| {
                let mark = match check.valid {
                    Some(true) => "✓",
                    Some(false) => "✗",
                    None => "?",
                };
                format!("      {mark} {}: {}", check.name, check.figure)
            }));
        }
        lines.push(format!("  bar: {BAR:.0} ns with one session; {}", if good { "met" } else { "missed" }));
        out::print(&(lines.join("\n") + "\n"))?;
    }
    Ok(ExitCode::from(match (valid, good) {
        (false, _) => 4,
        (true, false) => 1,
        (true, true) => 0,
    }))
}
