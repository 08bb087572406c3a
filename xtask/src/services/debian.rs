//! Programs from Debian packages, unpacked into a folder: nothing is installed into the system, nothing starts by
//! itself, and it takes no rights.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};

use super::folders;
use super::wheel::run;

/// Folders that are not in everybody's `PATH`.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/usr/bin"];

/// A program and the folders of the libraries that came with it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    libraries: Vec<PathBuf>,
}

impl Program {
    /// The program of the same-named package: the system's own, else an unpacked one.
    pub fn find(name: &str) -> anyhow::Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(SYSTEM.map(PathBuf::from));
        if let Some(path) = folders.map(|folder| folder.join(name)).find(|path| path.is_file()) {
            return Ok(Self { path, libraries: vec![] });
        }
        let folder = unpacked(name).with_context(|| {
            format!("`{name}` is not installed, and could not be unpacked from Debian's package\n  Install {name}.")
        })?;
        let path = ["usr/sbin", "usr/bin"].map(|bin| folder.join(bin).join(name));
        let path = path.into_iter().find(|path| path.is_file());
        let path = path.with_context(|| format!("the package {name} holds no program {name}"))?;
        let mut libraries = vec![];
        for parent in ["usr/lib", "lib"].map(|lib| folder.join(lib)) {
            libraries.extend(fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
        Ok(Self { path, libraries })
    }

    /// What `LD_LIBRARY_PATH` has to be for it.
    pub fn libraries(&self) -> anyhow::Result<OsString> {
        let inherited = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let inherited = env::split_paths(&inherited).filter(|path| !path.as_os_str().is_empty());
        env::join_paths(self.libraries.iter().cloned().chain(inherited))
            .context("a folder of libraries has a colon in its name")
    }
}

/// A package and the libraries that the system lacks for it, unpacked.
fn unpacked(package: &str) -> anyhow::Result<PathBuf> {
    if Command::new("apt-get").arg("--version").output().is_err() {
        bail!("there is no apt-get here");
    }
    folders::install(&format!("debian-{package}"), |folder| {
        let apt = folder.join("apt");
        for part in ["lists/partial", "cache/archives/partial", "packages"] {
            fs::create_dir_all(apt.join(part)).with_context(|| format!("cannot make {}", apt.display()))?;
        }
        run(apt_get(&apt).arg("update"))?;
        let mut wanted = vec![package.to_owned()];
        let mut next = 0;
        while let Some(name) = wanted.get(next).cloned() {
            next += 1;
            let packages = apt.join("packages").join(&name);
            fs::create_dir_all(&packages).with_context(|| format!("cannot make {}", packages.display()))?;
            run(apt_get(&apt).arg("download").arg(&name).current_dir(&packages))?;
            let archive = fs::read_dir(&packages)?.find_map(|entry| Some(entry.ok()?.path()));
            let archive = archive.with_context(|| format!("apt-get downloaded nothing of {name}"))?;
            run(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(folder))?;
            let depends = run(Command::new("dpkg-deb").arg("--field").arg(&archive).arg("Depends"))?;
            for library in libraries(&String::from_utf8_lossy(&depends)) {
                if !wanted.contains(&library) && !installed(&library) {
                    wanted.push(library);
                }
            }
        }
        fs::remove_dir_all(&apt).with_context(|| format!("cannot remove {}", apt.display()))
    })
}

/// apt-get with lists and archives of its own, so that it needs no rights and leaves the system's alone.
fn apt_get(folder: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(["--option", "APT::Sandbox::User="]);
    for (option, part) in [("Dir::State::lists", "lists"), ("Dir::Cache", "cache")] {
        command.arg("--option").arg(format!("{option}={}", folder.join(part).display()));
    }
    command
}

/// The libraries among a package's dependencies; of alternatives the first.
fn libraries(depends: &str) -> Vec<String> {
    let names = depends.split(',').filter_map(|part| part.split('|').next()?.split_whitespace().next());
    let names = names.filter_map(|name| name.split(':').next());
    names.filter(|name| name.starts_with("lib")).map(ToOwned::to_owned).collect()
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat", "${db:Status-Status}", package])
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"installed"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_libraries_are_fetched_with_a_program() {
        let depends = "lsb-base (>= 3.1), postgresql-common (>= 26), libc-ares2 (>= 1.12), libssl3 | libssl1.1, libc6:any\n";
        assert_eq!(super::libraries(depends), ["libc-ares2", "libssl3", "libc6"]);
    }
}
