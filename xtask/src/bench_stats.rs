//! `cargo xtask bench-stats`: how often the statistics are wrong, and how much they find, on noise whose truth is known.

mod change;
mod rivals;
mod rules;
mod table;
mod world;

use anyhow::bail;

const SPEC: &str = "cargo xtask bench-stats [--part stats|change]";

/// Runs one part, or both. Fails if a bar is missed.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        let again = ["run", "--quiet", "--release", "--package", "xtask", "--", "bench-stats"];
        return crate::cargo(&[&again, arguments].concat());
    }
    let (stats, change) = match arguments {
        [] => (true, true),
        ["--part", "stats"] => (true, false),
        ["--part", "change"] => (false, true),
        other => bail!("unknown arguments `{}`\n{SPEC}", other.join(" ")),
    };
    let mut held = true;
    if stats {
        held &= table::run();
    }
    if change {
        held &= change::run();
    }
    if !held {
        bail!("a bar is missed; see above");
    }
    Ok(())
}
