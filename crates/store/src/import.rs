//! Other people's numbers: results of other tools as figures, so that the same rules judge them.
//!
//! One result of a tool is one run and one session. What the tool repeated within one process does not become several
//! samples: those repetitions share whatever the process and the machine were like then, and rules that take them for
//! independent raise an alarm in a third of unchanged comparisons. Several results make several runs: [`import_all`].

use std::io;
use std::path::Path;

use annvil_core::figures::Group;

mod criterion;
mod error;
mod guess;
mod hyperfine;
mod k6;
mod locust;
mod names;
mod pgbench;
mod result;
mod table;
mod tool;
mod vectordbbench;

pub use error::ImportError;
pub use guess::guess;
pub use tool::{Tool, ToolError};

use error::Fault;
use result::Measured;

/// Reads what a tool has written: a file, or a folder of a tool that writes several files.
///
/// Of criterion, `target/criterion@NAME` is the baseline of that name that `--save-baseline` kept.
pub fn import(tool: Tool, path: &Path) -> Result<Group, ImportError> {
    let measured = read(tool, path).map_err(|fault| ImportError::new(tool, path, fault))?;
    Ok(result::group(tool, path, measured))
}

/// Reads several results as runs of one group. The same result given twice is refused: it would count as two runs.
pub fn import_all<P: AsRef<Path>>(tool: Tool, paths: &[P]) -> Result<Group, ImportError> {
    let mut whole = Group::default();
    for path in paths.iter().map(AsRef::as_ref) {
        let group = import(tool, path)?;
        if let Some(run) =
            group.runs.iter().find(|run| whole.runs.iter().any(|other| result::same(tool, run, other)))
        {
            return Err(ImportError::Twice { tool, path: path.to_owned(), run: run.run.clone() });
        }
        if whole.name.is_empty() {
            whole.name.clone_from(&group.name);
        }
        whole.add(group);
    }
    if whole.runs.len() > 1 {
        whole.name = format!("{} results of {tool}", whole.runs.len());
    }
    Ok(whole)
}

fn read(tool: Tool, path: &Path) -> Result<Vec<Measured>, Fault> {
    let one = |measured| vec![measured];
    match tool {
        Tool::Criterion => criterion::read(path).map(one),
        Tool::Pgbench => pgbench::read(path).map(one),
        Tool::Locust => locust::read(path).map(one),
        Tool::Hyperfine => file(path).and_then(|text| hyperfine::parse(&text)).map(one),
        Tool::K6 => file(path).and_then(|text| k6::parse(&text)).map(one),
        Tool::Vectordbbench => file(path).and_then(|text| vectordbbench::parse(&text)).map(one),
        Tool::Csv => file(path).and_then(|text| table::parse(&text)),
    }
}

/// The text of a file.
fn file(path: &Path) -> Result<String, Fault> {
    if path.is_dir() {
        let cause = io::Error::new(io::ErrorKind::IsADirectory, "this is a folder, a file is needed");
        return Err(Fault::unreadable(path, cause));
    }
    std::fs::read_to_string(path).map_err(|cause| Fault::unreadable(path, cause))
}
