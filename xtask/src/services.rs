//! The servers that tests talk to: real ones, on free ports of 127.0.0.1, with fresh data.
//!
//! Each is one file below this module and one entry of [`SERVICES`]. Tests read the variables of [`var`]; those that
//! kill and restart servers start their own with [`postgres::Server::start`] in a [`folders::Scratch`].

mod account;
pub mod daemon;
mod debian;
pub mod folders;
pub mod pgbouncer;
pub mod pgvector;
pub mod postgres;
pub mod process;
mod ruvector;
pub mod var;
pub mod vectorscale;
mod verbs;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

pub use verbs::command;

/// Every service, in the order of starting.
pub const SERVICES: [Service; 4] =
    [pgvector::SERVICE, vectorscale::SERVICE, pgbouncer::SERVICE, ruvector::SERVICE];

/// The file with a service's variables, in its folder. It is written last.
const VARIABLES: &str = "variables";

/// Names and values, as in an environment.
pub type Variables = Vec<(String, String)>;

/// One server, or some that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its name on the command line.
    pub name: &'static str,
    /// Whether it is started without being asked for.
    pub default: bool,
    /// The service that has to run before.
    pub needs: Option<&'static str>,
    /// Starts it in a folder of its own and lets it go.
    start: fn(&Start) -> anyhow::Result<Variables>,
}

/// What a service is started with.
#[derive(Debug)]
struct Start<'a> {
    /// Its folder, not there yet.
    folder: &'a Path,
    /// The variables of the services before it.
    earlier: &'a Variables,
}

impl Start<'_> {
    /// A variable of the service that this one needs.
    fn earlier(&self, name: &str) -> anyhow::Result<&str> {
        let found = self.earlier.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).with_context(|| format!("there is no {name}; see above"))
    }

    /// Starts a PostgreSQL server with its defaults.
    fn postgres(&self, install: &postgres::Install, url: &str, bin: &str) -> anyhow::Result<Variables> {
        let server = postgres::Server::launch(install, self.folder, &[], daemon::Tie::None)?;
        let variables =
            vec![(url.to_owned(), server.url()), (bin.to_owned(), install.bin.display().to_string())];
        server.let_go();
        Ok(variables)
    }
}

impl Service {
    /// Starts it under `parent`. What was there of it is ended and removed. It runs on until `folders::remove`.
    pub fn start(&self, parent: &Path, earlier: &Variables) -> anyhow::Result<Variables> {
        let folder = self.folder(parent);
        let started = || {
            folders::remove(&folder)?;
            let variables = (self.start)(&Start { folder: &folder, earlier })?;
            let text: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            let path = folder.join(VARIABLES);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            // It holds passwords.
            account::Account::Own.give(&path)?;
            Ok(variables)
        };
        started().map_err(|error: anyhow::Error| error.context(format!("{} does not start", self.name)))
    }

    /// Its variables, if it runs under `parent`.
    pub fn running(&self, parent: &Path) -> Option<Variables> {
        let folder = self.folder(parent);
        daemon::noted(&folder).filter(|(identity, _)| identity.alive())?;
        let text = fs::read_to_string(folder.join(VARIABLES)).ok()?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Its folder under `parent`.
    pub fn folder(&self, parent: &Path) -> PathBuf {
        parent.join(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_needs_comes_before_it() {
        for (i, service) in SERVICES.iter().enumerate() {
            assert!(SERVICES[i + 1..].iter().all(|other| other.name != service.name));
            if let Some(needed) = service.needs {
                let before = SERVICES[..i].iter().find(|other| other.name == needed).unwrap();
                assert!(
                    before.default || !service.default,
                    "{needed} has to be a default, as {} is",
                    service.name
                );
            }
        }
    }
}
