//! What a check says, for people.

use annvil_conduct::Outcome;
use annvil_conduct::server_check::{Checked, ROWS};
use annvil_core::metric::Metric;
use annvil_core::scenario::Pooler;
use annvil_core::server::Advice;
use annvil_core::units::count;
use annvil_engines::probe::Found;

/// What the server is and has.
pub fn found(found: &Found, pooler: Pooler, asked: bool) -> String {
    let mut text = format!("PostgreSQL {} at {}\n", found.version, found.place);
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:10}  {value}\n"));
    let versions = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
    };
    let none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    line("extensions", &none(versions(&found.installed)));
    if !found.available.is_empty() {
        line("available", &versions(&found.available));
    }
    if found.has_vectors() {
        line("types", &found.types.join(", "));
        for (at, (method, types)) in found.indexes.iter().enumerate() {
            line(if at == 0 { "indexes" } else { "" }, &format!("{method:9}  over {}", types.join(", ")));
        }
        let metrics: Vec<&str> = found.metrics.iter().copied().map(Metric::name).collect();
        line("metrics", &metrics.join(", "));
    }
    match (pooler, asked) {
        (Pooler::Transaction, true) => {
            line("pooler", "in transaction mode, as you say: statements are not prepared");
        }
        (Pooler::Transaction, false) => line(
            "pooler",
            "in transaction mode: two connections were one on the server. In a scenario: engine: {postgres: {pooler: transaction}}",
        ),
        (Pooler::None, _) => {}
    }
    if found.has_vectors() {
        text.push_str(&format!("verified on {} rows in a schema of their own\n", count(ROWS as u64)));
    }
    text
}

/// What a variant came to, in a line; and what did not hold.
pub fn checked(checked: &Checked) -> String {
    let failed = checked.failure.is_some() || !checked.failed.is_empty();
    let recall = checked.recall.map_or_else(String::new, |recall| format!("   recall@10 {recall:.3}"));
    let checks = match checked.failed.len() {
        0 => format!("{} checks", checked.passed),
        wrong => format!("{wrong} of {} checks failed", checked.passed + wrong),
    };
    let mut text = format!("  {} {:9}  {checks}{recall}\n", if failed { "✗" } else { "✓" }, checked.name);
    for check in &checked.failed {
        text.push_str(&indented(&format!("{}: {}: {}", check.form, check.name, check.detail)));
    }
    // A check that failed is told once.
    if let Some(failure) = checked.failure.as_ref().filter(|_| checked.failed.is_empty()) {
        text.push_str(&indented(&failure.message));
    }
    text
}

/// Settings worth a look, and what it comes to.
pub fn ended(all: &[Checked], advice: &[&Advice], lacking: Option<&str>, outcome: Outcome) -> String {
    let mut text = String::new();
    if !advice.is_empty() {
        text.push_str("settings worth a look\n");
        for one in advice {
            text.push_str(&format!("  {}\n    try {}\n", one.because, one.try_this));
        }
    }
    if let Some(lacking) = lacking {
        text.push_str(&format!("nothing to verify: {lacking}\n"));
        return text;
    }
    let right = all.iter().filter(|checked| checked.failure.is_none() && checked.failed.is_empty()).count();
    let removed = "the schema is removed";
    text.push_str(&match outcome {
        Outcome::Good => format!(
            "all right; {removed}\nnext: annvil run pgvector-suite, with the address in DATABASE_URL\n"
        ),
        Outcome::Interrupted => format!("stopped; {removed}\n"),
        _ => format!("{right} of {} are right; {removed}\n", all.len()),
    });
    text
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |text, line| text + "      " + line + "\n")
}
