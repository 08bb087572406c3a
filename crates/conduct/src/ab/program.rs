//! A block that another Annvil measures: `PROGRAM run SCENARIO --set … --output FOLDER --quiet`, whose record is read back.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use annvil_core::record::RunRecord;
use annvil_load::cancel::Cancel;
use annvil_store::RunFolder;

use super::AbError;
use super::side::{Side, URL};
use crate::prepare::Overrides;

/// How long a program that was asked to stop may take; it leaves a server clean first.
const GRACE: Duration = Duration::from_mins(1);

/// Another binary and what it is told.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    /// Variables that hold what may not stand among the arguments.
    variables: Vec<(String, String)>,
}

impl Program {
    /// The program of a side, told to measure one block of a scenario.
    pub(super) fn of(side: &Side, path: &Path, scenario: &str, common: &Overrides) -> Self {
        let mut arguments = vec!["run".to_owned(), scenario.to_owned(), "--quiet".to_owned()];
        arguments.extend(common.preset.iter().flat_map(|preset| match preset.as_str() {
            "quick" | "full" => vec![format!("--{preset}")],
            name => vec!["--preset".to_owned(), name.to_owned()],
        }));
        let mut variables = Vec::new();
        for (path, value) in side.overrides(common).set {
            if path == URL {
                // The list of processes can be read by everybody, the variables of one by its user alone.
                variables.push(("ANNVIL_ENGINE__POSTGRES__URL".to_owned(), value));
            } else {
                arguments.extend(["--set".to_owned(), format!("{path}={value}")]);
            }
        }
        arguments.extend(["--set".to_owned(), "blocks=1".to_owned()]);
        Self { path: path.to_owned(), arguments, variables }
    }

    /// Measures one block below `output`; gives the record that lies there after it.
    pub(super) fn measure(&self, output: &Path, cancel: &Cancel) -> Result<RunRecord, AbError> {
        fs::create_dir_all(output)
            .map_err(|cause| annvil_store::StoreError::Unwritable { path: output.to_owned(), cause })?;
        let before = folders(output);
        let mut command = Command::new(&self.path);
        // Ctrl-C reaches a whole group: the program would hear it twice, and take the second for a wish to end at once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .args(&self.arguments)
            .arg("--output")
            .arg(output)
            // Blocks are no runs of the team's history.
            .env_remove("ANNVIL_STORE")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| AbError::NoProgram { path: self.path.clone(), cause })?;
        let complaint = child.stderr.take().map(|mut said| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = said.read_to_string(&mut text);
                text
            })
        });
        wait(&mut child, cancel).map_err(|cause| AbError::NoProgram { path: self.path.clone(), cause })?;
        let said = complaint.and_then(|thread| thread.join().ok()).unwrap_or_default();
        let no_run = |why: String| AbError::NoRun { path: self.path.clone(), why };
        let folder = folders(output).into_iter().find(|folder| !before.contains(folder));
        let folder = folder.ok_or_else(|| no_run(said.trim().to_owned()))?;
        let json = RunFolder::open(&folder)?.read_record()?;
        annvil_report::read(&json).map_err(|error| no_run(error.to_string()))
    }
}

/// Waits for the end; asks for it once the flag is raised.
fn wait(child: &mut Child, cancel: &Cancel) -> std::io::Result<()> {
    let mut asked: Option<Instant> = None;
    while child.try_wait()?.is_none() {
        match asked {
            None if cancel.reason().is_some() => {
                asked = Some(Instant::now());
                ask(child)?;
            }
            Some(asked) if asked.elapsed() > GRACE => child.kill()?,
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(unix)]
fn ask(child: &mut Child) -> std::io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    match Pid::from_raw(child.id().cast_signed()) {
        Some(process) => Ok(kill_process(process, Signal::TERM)?),
        None => child.kill(),
    }
}

#[cfg(not(unix))]
fn ask(child: &mut Child) -> std::io::Result<()> {
    child.kill()
}

fn folders(output: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(output).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
