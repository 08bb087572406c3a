//! `cargo xtask bench-stats`: how often the statistics are wrong, and how much they find, on noise whose truth is known.

mod change;
mod rivals;
mod rules;
mod table;
mod world;

use anyhow::bail;

const SPEC: &str = "cargo xtask bench-stats [--part stats|change|speed]";

/// Runs one part, or all. Fails if a bar is missed.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        let again = ["run", "--quiet", "--release", "--package", "xtask", "--", "bench-stats"];
        return crate::cargo(&[&again, arguments].concat());
    }
    let part = match arguments {
        [] => None,
        ["--part", part @ ("stats" | "change" | "speed")] => Some(*part),
        other => bail!("unknown arguments `{}`\n{SPEC}", other.join(" ")),
    };
    let wanted = |name| part.is_none_or(|part| part == name);
    let mut held = true;
    if wanted("stats") {
        held &= table::run();
    }
    if wanted("change") {
        held &= change::run();
    }
    if wanted("speed") {
        // The bar of each is a second.
        let timed = ["--test", "decide", "speed", "--", "--ignored", "--nocapture", "--test-threads=1"];
        crate::cargo(&[&["test", "--release", "--workspace"], &timed[..]].concat())?;
    }
    if !held {
        bail!("a bar is missed; see above");
    }
    Ok(())
}
