//! What is compared: runs by folder or name, several together, baselines, results of other tools.

mod place;

use std::path::{Path, PathBuf};

use annvil_conduct::ab::{AbRecord, Which};
use annvil_conduct::compare::Known;
use annvil_core::figures::Group;
use annvil_core::gate::GateSpec;
use annvil_core::record::RunRecord;
use annvil_store::import::{self, Tool};
use annvil_store::{Resolved, RunFolder, Store};
use anyhow::{Context, anyhow, bail};

pub use place::PlaceFlags;

/// A name by which a baseline is meant: `baseline:main`, `baseline:main@3`.
const BASELINE: &str = "baseline:";

/// Name of the record of an interleaved comparison in its folder.
const AB: &str = "ab.json";

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Runs and figures.
    pub group: Group,
    /// The runs' records, where they lie in folders.
    pub records: Vec<RunRecord>,
    /// The baseline, if it is one.
    pub baseline: Option<Resolved>,
}

impl Found {
    /// What a change may cost, as the scenario of the last run says it.
    pub fn gate(&self) -> Option<GateSpec> {
        self.records.last().map(|record| record.plan.gate.clone())
    }
}

impl PlaceFlags {
    /// What a text means: runs, several joined by `+`, a folder of runs, a baseline, or results of another tool.
    pub fn find(&self, text: &str) -> anyhow::Result<Found> {
        if let Some(name) = text.strip_prefix(BASELINE) {
            return self.baseline(name);
        }
        if let Some(found) = results(text) {
            return found;
        }
        if Path::new(text).exists() || !text.contains('+') {
            return self.one(text);
        }
        let mut all = Found::default();
        for part in text.split('+').map(str::trim).filter(|part| !part.is_empty()) {
            let found = self.one(part)?;
            if let Some(twice) =
                found.group.runs.iter().find(|run| all.group.runs.iter().any(|known| known.run == run.run))
            {
                bail!(
                    "the run {} stands twice in `{text}`\n  A run counted twice would make it look more certain than it is.",
                    twice.run
                );
            }
            all.group.add(found.group);
            all.records.extend(found.records);
        }
        all.group.name = format!("{} runs", all.group.runs.len());
        Ok(all)
    }

    /// A baseline by its name, with its version or without.
    pub fn baseline(&self, name: &str) -> anyhow::Result<Found> {
        let (name, version) = annvil_store::split(name);
        let resolved = self.there()?.resolve(name, version)?;
        Ok(Found { group: resolved.group.clone(), records: Vec::new(), baseline: Some(resolved) })
    }

    fn one(&self, text: &str) -> anyhow::Result<Found> {
        let path = Path::new(text);
        if path.exists() {
            return at(path);
        }
        let below = self.output.join(text);
        if below.is_dir() && !text.is_empty() {
            return at(&below);
        }
        if let Some(store) = self.existing()? {
            return in_store(&store, text, &below);
        }
        bail!(
            "there is nothing called `{text}`\n  Looked for the path, for {}, and for a store of runs, which is not there.\n  \
             Give a run's folder, several joined by `+`, baseline:NAME, or the results of another tool such as criterion:target/criterion.",
            below.display()
        )
    }

    /// What A/A has found of the machine and plan of a side.
    pub fn known(&self, group: &Group) -> anyhow::Result<Option<Known>> {
        let Some(run) = group.runs.last() else { return Ok(None) };
        let (Some(print), Some(plan)) = (&run.fingerprint, &run.plan_hash) else { return Ok(None) };
        self.known_of(print, plan)
    }

    /// What A/A has found of a machine and a plan, by their digests.
    pub fn known_of(&self, fingerprint: &str, plan_hash: &str) -> anyhow::Result<Option<Known>> {
        let Some(store) = self.existing()? else { return Ok(None) };
        Ok(annvil_conduct::aa::known(&store.aa_sessions(fingerprint, plan_hash)?))
    }
}

/// Results of another tool, if a text is written so: `criterion:PATH`, several paths joined by `+`. A tool that is misspelt is
/// a path that is not there.
pub fn results(text: &str) -> Option<anyhow::Result<Found>> {
    let (tool, paths) = text.split_once(':')?;
    Some(foreign(tool.parse().ok()?, &paths.split('+').collect::<Vec<_>>()))
}

/// Results of another tool.
pub fn foreign(tool: Tool, paths: &[&str]) -> anyhow::Result<Found> {
    let mut group = import::import_all(tool, paths)?;
    if let [path] = paths
        && let Some(name) = Path::new(path).file_name()
    {
        group.name = name.to_string_lossy().into_owned();
    }
    Ok(Found { group, ..Found::default() })
}

/// A run's folder or its record, a folder of runs, or what another tool wrote.
fn at(path: &Path) -> anyhow::Result<Found> {
    if let Ok(folder) = RunFolder::open(path)
        && (path.is_dir() || path.file_name().is_some_and(|name| name == "run.json"))
    {
        return run(&folder);
    }
    if path.is_dir() {
        let below = runs_below(path)?;
        if !below.is_empty() {
            return together(path, &below);
        }
    }
    match import::guess(path) {
        Some(tool) => foreign(tool, &[&*path.to_string_lossy()]),
        None => bail!(
            "{} holds no run, and no results of another tool that are known by their shape\n  \
             Give a run's folder or its run.json; or say whose results they are, such as criterion:{0}.",
            path.display()
        ),
    }
}

fn run(folder: &RunFolder) -> anyhow::Result<Found> {
    let record = annvil_report::read(&folder.read_record()?)
        .with_context(|| format!("cannot read {}", folder.path().join("run.json").display()))?;
    Ok(Found { group: Group::of(&record), records: vec![record], baseline: None })
}

fn runs_below(path: &Path) -> anyhow::Result<Vec<RunFolder>> {
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    Ok(folders
        .iter()
        .filter(|folder| folder.is_dir())
        .filter_map(|folder| RunFolder::open(folder).ok())
        .collect())
}

/// Runs of a folder. One side of an interleaved comparison is one session, of the blocks that count.
fn together(path: &Path, folders: &[RunFolder]) -> anyhow::Result<Found> {
    let counted = counted(path)?;
    let mut folders: Vec<&RunFolder> = folders.iter().collect();
    if let Some(counted) = &counted {
        folders = counted
            .iter()
            .filter_map(|run| folders.iter().find(|folder| folder.id() == *run).copied())
            .collect();
    }
    let mut all = Found::default();
    for folder in folders {
        let found = run(folder)?;
        all.group.add(found.group);
        all.records.extend(found.records);
    }
    if let Some(session) = path.parent().filter(|_| counted.is_some()) {
        let name = session.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        all.group.runs.iter_mut().for_each(|run| run.session.clone_from(&name));
        for (block, figures) in (0..).zip(&mut all.group.figures) {
            figures.session.clone_from(&name);
            figures.block = block;
        }
    }
    all.group.name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(all)
}

/// Names of the runs that count, in the order of their pairs, if the folder is a side of an interleaved comparison.
fn counted(path: &Path) -> anyhow::Result<Option<Vec<String>>> {
    if !path.parent().is_some_and(|session| session.join(AB).is_file()) {
        return Ok(None);
    }
    let side = if path.file_name().is_some_and(|name| name == "a") { Which::A } else { Which::B };
    let session = path.parent().map(session).transpose()?;
    Ok(session.map(|session| session.counted(side).into_iter().map(str::to_owned).collect()))
}

/// The record of an interleaved comparison in its folder.
pub fn session(folder: &Path) -> anyhow::Result<AbRecord> {
    let path = folder.join(AB);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is no record of an interleaved comparison", path.display()))
}

/// A run by its name in the store: its record where its folder still lies, else its figures.
fn in_store(store: &Store, text: &str, below: &Path) -> anyhow::Result<Found> {
    let row = store.find(text).with_context(|| {
        format!("there is nothing called `{text}`: no such path, and not {}", below.display())
    })?;
    if let Some(folder) = row.folder.as_deref().and_then(|folder| RunFolder::open(folder).ok()) {
        return run(&folder);
    }
    let name = row.provenance.run;
    let group = store.group(&name, std::slice::from_ref(&name))?;
    Ok(Found { group, ..Found::default() })
}

/// The two sides of an interleaved comparison in a folder.
pub fn interleaved(text: &str) -> Option<(PathBuf, PathBuf)> {
    let folder = Path::new(text);
    folder.join(AB).is_file().then(|| (folder.join("a"), folder.join("b")))
}

/// What a change may cost: as a file says it, else as the runs do, with what the flags change.
pub fn gate_spec(config: Option<&Path>, own: Option<GateSpec>, set: &[String]) -> anyhow::Result<GateSpec> {
    let (name, text) = match (config, own) {
        (Some(path), _) => {
            // A file that is not there is a mistake of whoever named it, not of the machine.
            let text = std::fs::read_to_string(path).map_err(|error| {
                anyhow!("cannot read what a change may cost from {}: {error}", path.display())
            })?;
            (path.display().to_string(), text)
        }
        // JSON is YAML too.
        (None, own) => ("gate".to_owned(), serde_json::to_string(&own.unwrap_or_default())?),
    };
    let mut document = annvil_core::document::Document::parse(&name, &text)?;
    for change in set {
        let (path, value) = change.split_once('=').ok_or_else(|| {
            anyhow!("`--set {change}` has no `=`\n  Write it as --set gate.must_detect=5%.")
        })?;
        let path = path.trim();
        let Some(path) = path.strip_prefix("gate.") else {
            bail!(
                "`--set {change}` changes what was measured, and that is over\n  Here only keys of the gate can be set, such as --set gate.must_detect=5%."
            )
        };
        document.set(path, value.trim(), &format!("--set {change}"))?;
    }
    Ok(document.read()?)
}
