//! A Python interpreter with some packages, in a virtual environment outside of the clone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};

/// The writers that file formats are tested against.
pub const WRITERS: [&str; 4] = ["numpy==2.4.6", "h5py==3.16.0", "pyarrow==26.0.1", "lxml==6.1.3"];

/// What exact search is compared with.
pub const FAISS: [&str; 2] = ["numpy==2.4.6", "faiss-cpu==1.15.1"];

/// The interpreter of an environment that has the packages, such as `numpy==2.4.6`. It is made at the first call and
/// found again by the list of packages.
pub fn environment(packages: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = cache()?.join("python").join(name(packages));
    let python = folder.join("bin").join("python");
    let complete = folder.join("complete");
    if complete.is_file() {
        return Ok(python);
    }
    // An environment cannot be moved, so it is made in place; what an interrupted call left is cleared away.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    make(&folder)?;
    let status = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"])
        .args(packages)
        .status()
        .with_context(|| format!("cannot start {}", python.display()))?;
    if !status.success() {
        bail!("pip could not install {}: {status}\n  See its message above.", packages.join(" "));
    }
    fs::write(&complete, packages.join("\n"))
        .with_context(|| format!("cannot write {}", complete.display()))?;
    Ok(python)
}

/// An interpreter that has pip: the system's own, else one in an environment.
pub fn pip() -> anyhow::Result<PathBuf> {
    let has = Command::new("python3").args(["-m", "pip", "--version"]).output();
    if has.is_ok_and(|output| output.status.success()) { Ok("python3".into()) } else { environment(&["pip"]) }
}

/// `python3 -m venv`; where Debian keeps `venv` in a package of its own, root installs it.
fn make(folder: &Path) -> anyhow::Result<()> {
    let venv = || Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder).output();
    let mut output = match venv() {
        Ok(output) => output,
        Err(_) => {
            install("python3-venv");
            venv().map_err(|_| {
                anyhow::anyhow!("`python3` does not start\n  Install Python 3 with its module venv.")
            })?
        }
    };
    if !output.status.success() && install("python3-venv") {
        output = venv().context("cannot start python3")?;
    }
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        bail!(
            "`python3 -m venv` failed: {}\n  Install the module venv: on Debian and Ubuntu, apt-get install python3-venv.",
            said.trim()
        );
    }
    Ok(())
}

/// Installs a Debian package where this process may. Tells whether it is there now.
pub fn install(package: &str) -> bool {
    let quiet = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    // Only root may write to the package database.
    let root = quiet(Command::new("test").args(["-w", "/var/lib/dpkg"]));
    root && quiet(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args([
        "install",
        "--yes",
        "--no-install-recommends",
        package,
    ]))
}

/// The user's folder for what can be made again.
pub fn cache() -> anyhow::Result<PathBuf> {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("annvil"))
        .context("there is no folder for caches\n  Set XDG_CACHE_HOME or HOME.")
}

/// The packages as the name of a folder.
fn name(packages: &[&str]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
    let mut packages = packages.to_vec();
    packages.sort_unstable();
    packages.join("+").replace("==", "-").chars().map(|c| if c == '+' { c } else { plain(c) }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_same_packages_have_the_same_name() {
        assert_eq!(super::name(&["numpy==2.4.6", "h5py==3"]), "h5py-3+numpy-2.4.6");
        assert_eq!(super::name(&["h5py==3", "numpy==2.4.6"]), super::name(&["numpy==2.4.6", "h5py==3"]));
    }
}
