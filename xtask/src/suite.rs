//! `cargo xtask test`: all tests, with the servers and packages that they need.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::interrupt::{Interrupt, Interrupted};
use crate::services::{SERVICES, Variables, folders};
use crate::{cargo, cargo_command, python};

/// Builds, starts servers of its own, tests, and ends the servers: after failures and after Ctrl-C too. `rest` goes to
/// `cargo test`.
pub fn test(rest: &[&str]) -> anyhow::Result<()> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if Command::new(&compiler).arg("--version").output().is_err() {
        bail!(
            "`{compiler}` does not start: the embedded engine needs a C++ compiler\n  Install g++ or clang++, or set CXX."
        );
    }
    // The binary first: the tests of the command line start it.
    cargo(&["build", "--release", "--package", "annvil"])?;
    let mut tests = cargo_command();
    tests.args(["test", "--release", "--workspace"]).args(rest);
    match python::environment(&python::WRITERS) {
        Ok(python) => {
            tests.env("ANNVIL_PYTHON", python);
        }
        Err(error) => missing(error, "the readers are not tested against other writers")?,
    }
    let interrupt = Interrupt::listen()?;
    match folders::Scratch::new() {
        Ok(scratch) => {
            tests.env(folders::RUN, &scratch.path);
            tests.envs(start(&interrupt, &scratch.path)?);
            // Ends the servers, those that tests left behind too.
            let result = interrupt.run(&mut tests);
            drop(scratch);
            result
        }
        Err(error) => {
            missing(error, "no engine is tested against its server")?;
            interrupt.run(&mut tests)
        }
    }
}

/// Starts the default set.
fn start(interrupt: &Interrupt, parent: &Path) -> anyhow::Result<Variables> {
    let mut variables = Variables::new();
    for service in SERVICES.iter().filter(|service| service.default) {
        let started = service.start(parent, &variables);
        // What failed by Ctrl-C has not failed by itself.
        interrupt.check()?;
        match started {
            Ok(more) => variables.extend(more),
            Err(error) => missing(error, "tests will miss a server")?,
        }
    }
    Ok(variables)
}

/// An error where everything has to be there; elsewhere a warning, since the tests that miss it say so by name.
fn missing(error: anyhow::Error, consequence: &str) -> anyhow::Result<()> {
    if error.is::<Interrupted>() || std::env::var_os("CI").is_some() {
        return Err(error);
    }
    eprintln!("warning: {consequence}: {error:#}");
    Ok(())
}
