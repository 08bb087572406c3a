//! `annvil selftest`: the harness measured by itself.

use std::process::ExitCode;

use annvil_conduct::selftest::{Extent, Line, selftest as measure};
use serde_json::json;

use crate::flags::SelftestFlags;
use crate::out;

/// Measures the harness and prints a table. Exit code 4 if something could not be measured, 1 if a bar is missed.
pub fn selftest(flags: &SelftestFlags) -> anyhow::Result<ExitCode> {
    let scratch = tempfile::tempdir()?;
    let extent = if flags.full { Extent::Full } else { Extent::Quick };
    let mut failed = None;
    let result = measure(scratch.path(), extent, &mut |line| {
        if !flags.json && failed.is_none() {
            failed = out::print(&text(line)).err();
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let (valid, met) = (result.valid(), result.met());
    if flags.json {
        out::json(&json!({"lines": result.lines, "valid": valid, "met": met}))?;
    } else {
        let verdict = match (valid, met) {
            (false, _) => "invalid: the machine was busy, or too slow; try again when nothing else runs",
            (true, false) => "a bar is missed",
            (true, true) => "every bar is met",
        };
        out::print(&format!("{verdict}\n"))?;
    }
    Ok(ExitCode::from(match (valid, met) {
        (false, _) => 4,
        (true, false) => 1,
        (true, true) => 0,
    }))
}

/// A measurement in two or three lines: what, what was found and may be, and what makes it doubtful.
fn text(line: &Line) -> String {
    let mark = match line.met {
        Some(true) => "✓",
        Some(false) => "✗",
        None => " ",
    };
    let bar = line.bar.as_ref().map_or_else(String::new, |bar| format!("   (bar: {bar})"));
    let doubts = line.checks.iter().filter(|check| check.valid == Some(false));
    let doubts: Vec<String> =
        doubts.map(|check| format!("      ✗ {}: {}\n", check.name, check.figure)).collect();
    format!("  {mark} {}\n      {}{bar}\n{}", line.what, line.found, doubts.concat())
}
