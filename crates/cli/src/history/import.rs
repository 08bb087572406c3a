//! `annvil history import`: runs that lie in folders and results of other tools, into the store.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annvil_conduct::origin;
use annvil_core::figures::{Figures, Group, Provenance, figures};
use annvil_core::units::count;
use annvil_store::{Entry, RunFolder, Store};
use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use crate::source::{self, Found, PlaceFlags};
use crate::{out, told};

/// Runs in one transaction. Each waits for the disk, so several go together.
const AT_ONCE: usize = 50;

/// Folders in folders: a session holds sides, and these hold runs.
const DEPTH: usize = 6;

/// Files that make a folder a session: its runs were measured in turns.
const SESSIONS: [&str; 2] = ["ab.json", "aa.json"];

/// Flags of `annvil history import`.
#[derive(Debug, Clone, Args)]
pub struct ImportFlags {
    /// A folder of runs, or a run's own; or results of another tool, such as `criterion:target/criterion`.
    #[arg(default_value = "runs", value_name = "FOLDER")]
    pub what: String,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What was taken in.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Names of the runs.
    pub runs: Vec<String>,
    /// Folders of records that can't be read, and why.
    pub skipped: Vec<Skipped>,
}

/// A record that can't be read.
#[derive(Debug, Serialize)]
pub struct Skipped {
    /// Its folder.
    pub folder: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// A run that was read.
struct Read {
    about: Provenance,
    figures: Vec<Figures>,
    folder: PathBuf,
}

/// Takes runs in.
pub fn import(flags: &ImportFlags) -> anyhow::Result<ExitCode> {
    // Before the store is made: what is not there is a mistake.
    let imported = match results(&flags.what)? {
        Some(found) => take_in_results(&flags.place.open()?, found.group)?,
        None if Path::new(&flags.what).exists() => take_in(&flags.place.open()?, Path::new(&flags.what))?,
        None => bail!(
            "cannot read {}: it is not there\n  Give a folder that holds runs' folders, or the results of another tool such as \
             criterion:target/criterion.",
            flags.what
        ),
    };
    if flags.json {
        out::json(&imported)?;
    } else {
        let runs = match imported.runs.len() {
            1 => "1 run is".to_owned(),
            several => format!("{} runs are", count(several as u64)),
        };
        out::print(&format!("  {runs} in {}\n", flags.place.shown()?))?;
        for skipped in &imported.skipped {
            out::say(&format!("skipped {}: {}", skipped.folder.display(), skipped.why));
        }
        if !imported.skipped.is_empty() {
            out::say(&format!("{} skipped", count(imported.skipped.len() as u64)));
        }
    }
    match (imported.runs.is_empty(), imported.skipped.is_empty()) {
        (true, true) => bail!(
            "no run lies in {0}\n  Give a folder that holds runs' folders, each with its run.json; or say whose results these are, such as \
             criterion:{0}.",
            flags.what
        ),
        (true, false) => Ok(ExitCode::from(annvil_conduct::Outcome::Usage.code())),
        (false, _) => Ok(ExitCode::SUCCESS),
    }
}

/// Takes in every run that lies in a folder, at any depth.
pub fn take_in(store: &Store, folder: &Path) -> anyhow::Result<Imported> {
    let mut imported = Imported::default();
    let mut waiting: Vec<Read> = Vec::new();
    let mut folders = Vec::new();
    walk(folder, session_above(folder), DEPTH, &mut folders)?;
    for (folder, session) in folders {
        match read(&folder, session) {
            Ok(run) => waiting.push(run),
            Err(error) => imported.skipped.push(Skipped { folder, why: told(&error) }),
        }
        if waiting.len() == AT_ONCE {
            add(store, &mut waiting, &mut imported)?;
        }
    }
    add(store, &mut waiting, &mut imported)?;
    Ok(imported)
}

/// Results of another tool that a text means, if it does.
pub fn results(text: &str) -> anyhow::Result<Option<Found>> {
    if let Some(found) = source::results(text) {
        return found.map(Some);
    }
    // Folders may hold both, and runs come first: there the tool has to be named.
    let path = Path::new(text);
    if !path.is_file() || path.file_name().is_some_and(|name| name == "run.json") {
        return Ok(None);
    }
    match annvil_store::import::guess(path) {
        Some(tool) => source::foreign(tool, &[text]).map(Some),
        None => Ok(None),
    }
}

/// Takes in results of another tool. Where these say nothing of the change they belong to, it is the one that lies here.
pub fn take_in_results(store: &Store, group: Group) -> anyhow::Result<Imported> {
    let mut imported = Imported::default();
    let here = origin::detect(Path::new("."));
    let mut figures: BTreeMap<String, Vec<Figures>> = BTreeMap::new();
    for block in group.figures {
        figures.entry(block.run.clone()).or_default().push(block);
    }
    for mut about in group.runs {
        if about.origin.is_empty() {
            about.origin = here.clone();
        }
        // Its name ends in a digest of its figures: the same result stays as it was first taken in.
        if !store.holds(&about.run)? {
            store.add(&about, figures.get(&about.run).map_or(&[], Vec::as_slice), None)?;
        }
        imported.runs.push(about.run);
    }
    Ok(imported)
}

fn add(store: &Store, waiting: &mut Vec<Read>, imported: &mut Imported) -> anyhow::Result<()> {
    let entries: Vec<Entry<'_>> =
        waiting.iter().map(|run| (&run.about, &run.figures[..], Some(run.folder.as_path()))).collect();
    if !entries.is_empty() {
        store.add_all(&entries)?;
    }
    imported.runs.extend(waiting.drain(..).map(|run| run.about.run));
    Ok(())
}

fn read(folder: &Path, session: Option<String>) -> anyhow::Result<Read> {
    let text = RunFolder::open(folder)?.read_record()?;
    let record = annvil_report::read(&text)?;
    let (mut about, mut figures) = (Provenance::of(&record), figures(&record));
    if let Some(session) = session {
        for block in &mut figures {
            block.session.clone_from(&session);
        }
        about.session = session;
    }
    Ok(Read { about, figures, folder: folder.to_owned() })
}

/// Folders of runs, each with the session that it lies in, in the order of their names.
fn walk(
    folder: &Path,
    session: Option<String>,
    depth: usize,
    found: &mut Vec<(PathBuf, Option<String>)>,
) -> anyhow::Result<()> {
    if RunFolder::open(folder).is_ok() {
        found.push((folder.to_owned(), session));
        return Ok(());
    }
    let session = session_of(folder).or(session);
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    // A link may lead around in a circle.
    let own =
        entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut below: Vec<PathBuf> = own.map(|entry| entry.path()).collect();
    below.sort();
    for folder in below.iter().filter(|_| depth > 0) {
        walk(folder, session.clone(), depth - 1, found)?;
    }
    Ok(())
}

/// The name of the session that a folder holds.
fn session_of(folder: &Path) -> Option<String> {
    let is_session = SESSIONS.iter().any(|name| folder.join(name).is_file());
    is_session.then(|| folder.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// The session of a folder that is a part of one: a side, or a run.
fn session_above(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    folder.ancestors().skip(1).take(2).find_map(session_of)
}
