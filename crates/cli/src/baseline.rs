//! `annvil baseline`: named groups of runs that later runs are held against.

use std::path::Path;
use std::process::ExitCode;

use annvil_conduct::origin;
use annvil_core::gate::{Amount, MetricPattern};
use annvil_core::units::count;
use annvil_store::{Acceptance, Baseline, BaselineSpec, Resolved, Rolling, Store, split};
use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::history::{Align, import, table};
use crate::source::PlaceFlags;
use crate::{out, paint};

/// What to do with baselines.
#[derive(Debug, Subcommand)]
pub enum BaselineVerb {
    /// Save runs under a name: version 1, or the next if there is such a baseline. Old versions stay.
    Save(SaveFlags),
    /// List baselines and their versions.
    List(ListFlags),
    /// Show a baseline: what it stands for now, and what is accepted against it.
    Show(NamedFlags),
    /// Make a version of a baseline the next version of another.
    Promote(PromoteFlags),
    /// Delete a baseline, or a version of it. Its runs stay.
    Delete(NamedFlags),
    /// Accept a change that is known, with the reason: the gate acknowledges it.
    Accept(AcceptFlags),
}

/// Flags of `annvil baseline save`.
#[derive(Debug, Clone, Args)]
pub struct SaveFlags {
    /// Its name.
    pub name: String,
    /// Runs: names, their beginnings, or folders; or results of another tool, such as `criterion:target/criterion`.
    pub runs: Vec<String>,
    /// Go along with new runs: stand for the latest so many that fit.
    #[arg(long, value_name = "N")]
    pub rolling: Option<u32>,
    /// Go along with this branch alone.
    #[arg(long, value_name = "NAME", requires = "rolling")]
    pub branch: Option<String>,
    /// Go along with this scenario; that of the runs, or of the latest one, unless given.
    #[arg(long, value_name = "NAME", requires = "rolling")]
    pub scenario: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Who saves it. [default: as the CI system or the system says]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

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

/// Flags of verbs that mean one baseline.
#[derive(Debug, Clone, Args)]
pub struct NamedFlags {
    /// Its name, or name and version: main, main@3.
    pub name: String,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `annvil baseline promote`.
#[derive(Debug, Clone, Args)]
pub struct PromoteFlags {
    /// Its name.
    pub name: String,
    /// Its version; the latest unless given.
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    /// The other name.
    #[arg(long, value_name = "NAME", default_value = "current")]
    pub to: String,
    /// Who promotes it. [default: as the CI system or the system says]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `annvil baseline accept`.
#[derive(Debug, Clone, Args)]
pub struct AcceptFlags {
    /// The baseline's name, or name and version; the latest version unless given.
    pub name: String,
    /// Which figures, by words of their names: search.p99, "hnsw f16 memory".
    #[arg(long, value_name = "PATTERN")]
    pub metric: MetricPattern,
    /// Why it is accepted.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How much worse they may be: 12%, 0.5pt.
    #[arg(long, value_name = "AMOUNT", required_unless_present = "any_amount")]
    pub up_to: Option<Amount>,
    /// They may be worse by whatever amount, now and later.
    #[arg(long, conflicts_with = "up_to")]
    pub any_amount: bool,
    /// Who accepts it. [default: as the CI system or the system says]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn baseline(verb: &BaselineVerb) -> anyhow::Result<ExitCode> {
    match verb {
        BaselineVerb::Save(flags) => save(flags)?,
        BaselineVerb::List(flags) => list(flags)?,
        BaselineVerb::Show(flags) => show(flags)?,
        BaselineVerb::Promote(flags) => promote(flags)?,
        BaselineVerb::Delete(flags) => delete(flags)?,
        BaselineVerb::Accept(flags) => accept(flags)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Who does it, as far as anyone knows.
fn who(given: Option<&String>) -> Option<String> {
    let user = || {
        ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty())
    };
    given.cloned().or_else(|| origin::detect(Path::new(".")).who).or_else(user)
}

fn save(flags: &SaveFlags) -> anyhow::Result<()> {
    if flags.runs.is_empty() && flags.rolling.is_none() {
        bail!(
            "a baseline is made of runs\n  Give their names or folders; or --rolling N, for the latest N that fit. \
             `annvil history list` shows what there is."
        );
    }
    let store = flags.place.open()?;
    let mut runs = Vec::new();
    for given in &flags.runs {
        runs.extend(named(&store, &flags.place, given)?);
    }
    let rolling = flags.rolling.map(|runs| Rolling {
        runs,
        branch: flags.branch.clone(),
        scenario: flags.scenario.clone(),
    });
    let spec = BaselineSpec { runs, rolling, who: who(flags.by.as_ref()), reason: flags.reason.clone() };
    let saved = store.save_baseline(&flags.name, &spec)?;
    if flags.json {
        return out::json(&saved);
    }
    out::print(&format!("  {saved} is saved: {}\n", what(&saved)))
}

/// Names of the runs that a text means. Runs that lie in a folder are taken in on the way.
fn named(store: &Store, place: &PlaceFlags, given: &str) -> anyhow::Result<Vec<String>> {
    if let Some(found) = import::results(given)? {
        return Ok(import::take_in_results(store, found.group)?.runs);
    }
    let below = place.output.join(given);
    let path = [Path::new(given), &below].into_iter().find(|path| path.exists() && !given.is_empty());
    let Some(path) = path else { return Ok(vec![store.find(given)?.provenance.run]) };
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let taken = import::take_in(store, folder)?;
    if let Some(skipped) = taken.skipped.first() {
        bail!("cannot read the run at {}: {}", skipped.folder.display(), skipped.why);
    }
    if taken.runs.is_empty() {
        bail!("no run lies in {}\n  Give a run's name or its folder.", folder.display());
    }
    Ok(taken.runs)
}

/// What a baseline is made of, in a few words.
fn what(baseline: &Baseline) -> String {
    match &baseline.rolling {
        Some(rolling) => {
            let branch = rolling.branch.as_ref().map_or_else(String::new, |branch| format!(" of {branch}"));
            format!("the latest {} runs{branch}, {}", count(u64::from(rolling.runs)), baseline.scenario)
        }
        None if baseline.runs.len() == 1 => format!("1 run, {}", baseline.scenario),
        None => format!("{} runs, {}", count(baseline.runs.len() as u64), baseline.scenario),
    }
}

fn list(flags: &ListFlags) -> anyhow::Result<()> {
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

fn show(flags: &NamedFlags) -> anyhow::Result<()> {
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

fn promote(flags: &PromoteFlags) -> anyhow::Result<()> {
    let store = flags.place.to_change()?;
    let (name, version) = match flags.version {
        Some(version) => (flags.name.as_str(), Some(version)),
        None => split(&flags.name),
    };
    let promoted = store.promote(name, version, &flags.to, who(flags.by.as_ref()).as_deref())?;
    if flags.json {
        return out::json(&promoted);
    }
    let from = promoted.reason.as_deref().unwrap_or_default();
    out::print(&format!("  {promoted} is {from}: {}\n", what(&promoted)))
}

fn delete(flags: &NamedFlags) -> anyhow::Result<()> {
    let store = flags.place.to_change()?;
    let (name, version) = split(&flags.name);
    let deleted = store.delete_baseline(name, version)?;
    if flags.json {
        return out::json(&json!({"deleted": deleted}));
    }
    let versions =
        if deleted == 1 { "1 version is".to_owned() } else { format!("{} versions are", count(deleted)) };
    out::print(&format!("  {versions} deleted of {name}; runs stay\n"))
}

fn accept(flags: &AcceptFlags) -> anyhow::Result<()> {
    let store = flags.place.to_change()?;
    let (name, version) = split(&flags.name);
    let resolved = store.resolve(name, version)?;
    let keys = resolved.group.figures.iter().flat_map(|figures| figures.values.keys());
    if !keys.into_iter().any(|key| flags.metric.matches(key)) {
        bail!(
            "`{}` names no figure of {}\n  Write words of its name, such as search.p99; `annvil history show RUN` lists them.",
            flags.metric,
            resolved.baseline
        );
    }
    let Some(who) = who(flags.by.as_ref()) else { bail!("nobody knows who accepts this\n  Add --by NAME.") };
    let acceptance = Acceptance {
        baseline: resolved.baseline.name.clone(),
        version: resolved.baseline.version,
        pattern: flags.metric.clone(),
        reason: flags.reason.clone(),
        who,
        when: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        up_to: flags.up_to,
    };
    store.accept(&acceptance)?;
    if flags.json {
        return out::json(&acceptance);
    }
    let up_to =
        acceptance.up_to.map_or_else(|| "by any amount".to_owned(), |amount| format!("up to {amount}"));
    out::print(&format!(
        "  against {}, {} may be worse {up_to}: {}\n",
        resolved.baseline, flags.metric, flags.reason
    ))
}
