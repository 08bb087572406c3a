//! `annvil baseline list` and `show`.

use annvil_core::units::count;
use annvil_store::{Acceptance, Resolved, split};
use clap::Args;
use serde_json::json;

use super::what;
use crate::history::{Align, table};
use crate::source::PlaceFlags;
use crate::{out, paint};

/// Flags of `annvil baseline list`.
#[derive(Debug, Clone, Args)]
pub struct ListFlags {
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `annvil baseline show`.
#[derive(Debug, Clone, Args)]
pub struct ShowFlags {
    /// Its name, or name and version: main, main@3.
    pub name: String,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Lists baselines.
pub fn list(flags: &ListFlags) -> anyhow::Result<()> {
    let all = flags.place.there_or_none_yet()?.map_or_else(|| Ok(Vec::new()), |store| store.baselines())?;
    if flags.json {
        return out::json(&all);
    }
    if all.is_empty() {
        return out::print("  no baselines yet: `annvil baseline save NAME RUN` makes one\n");
    }
    let head = [
        ("baseline", Align::Left),
        ("holds", Align::Left),
        ("commit", Align::Left),
        ("machine", Align::Left),
        ("saved", Align::Left),
        ("by", Align::Left),
        ("reason", Align::Left),
    ];
    let or_none = |text: Option<&str>, length: usize| {
        text.map_or_else(|| "–".to_owned(), |text| text.chars().take(length).collect())
    };
    let rows: Vec<[String; 7]> = all
        .iter()
        .map(|baseline| {
            [
                baseline.to_string(),
                what(baseline),
                or_none(baseline.commit.as_deref(), 9),
                or_none(baseline.fingerprint.as_deref(), 8),
                // To the minute.
                baseline.saved.chars().take(16).collect::<String>().replace('T', " "),
                or_none(baseline.who.as_deref(), 16),
                or_none(baseline.reason.as_deref(), usize::MAX),
            ]
        })
        .collect();
    out::print(&table(head, &rows, paint::style().width))
}

/// Shows one.
pub fn show(flags: &ShowFlags) -> anyhow::Result<()> {
    let store = flags.place.there()?;
    let (name, version) = split(&flags.name);
    let resolved = store.resolve(name, version)?;
    let accepted = store.accepted(&resolved)?;
    if flags.json {
        let runs: Vec<&str> = resolved.group.runs.iter().map(|run| run.run.as_str()).collect();
        return out::json(&json!({
            "baseline": resolved.baseline,
            "stands_for": runs,
            "segment": resolved.segment,
            "accepted": accepted,
        }));
    }
    out::print(&told(&resolved, &accepted))
}

/// A baseline as people read it.
fn told(resolved: &Resolved, accepted: &[Acceptance]) -> String {
    let baseline = &resolved.baseline;
    let lines = [
        ("baseline", Some(baseline.to_string())),
        ("holds", Some(what(baseline))),
        ("saved", Some(baseline.saved.clone())),
        ("by", baseline.who.clone()),
        ("reason", baseline.reason.clone()),
        ("commit", baseline.commit.clone()),
        ("machine", baseline.machine.clone()),
        ("fingerprint", baseline.fingerprint.clone()),
        ("plan", baseline.plan_hash.clone()),
    ];
    let known = lines.into_iter().filter_map(|(name, value)| Some(format!("  {name:<12}{}\n", value?)));
    let mut text: String = known.collect();
    if let Some(segment) = &resolved.segment {
        let commit = segment.commit.as_ref().map_or_else(String::new, |commit| format!(", commit {commit}"));
        text.push_str(&format!(
            "  {:<12}at {}{commit}: {} took a new level there ({}), so {} runs before it are left out\n",
            "begins",
            segment.run,
            segment.key,
            changed(segment.change, &segment.key),
            count(segment.left_out as u64)
        ));
    }
    for (at, run) in resolved.group.runs.iter().enumerate() {
        let commit =
            run.origin.commit.as_ref().map_or_else(String::new, |commit| {
                format!("  {}", commit.chars().take(9).collect::<String>())
            });
        text.push_str(&format!("  {:<12}{}{commit}\n", if at == 0 { "runs" } else { "" }, run.run));
    }
    for (at, known) in accepted.iter().enumerate() {
        let up_to = known.up_to.map_or_else(String::new, |amount| format!(" up to {amount}"));
        let label = if at == 0 { "accepted" } else { "" };
        text.push_str(&format!(
            "  {label:<12}{}{up_to}: {} ({}, {})\n",
            known.pattern, known.reason, known.who, known.when
        ));
    }
    text
}

/// A change of level: a share, or points of recall and other shares.
fn changed(change: f64, key: &annvil_core::key::MetricKey) -> String {
    use annvil_core::comparison::Scale;
    let sign = if change < 0.0 { '−' } else { '+' };
    let unit = match Scale::of(key.quantity.unit()) {
        Scale::Ratio => "%",
        Scale::Difference => "pt",
    };
    format!("{sign}{:.1} {unit}", change.abs() * 100.0)
}
