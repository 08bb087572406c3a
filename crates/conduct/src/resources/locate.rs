//! From a process number, a port or a name to the processes meant.

use std::collections::BTreeSet;

use super::parse;
use super::table::{Holders, Table, read};

/// A way to find processes, with what it found before.
#[derive(Debug)]
pub(super) enum Locator {
    /// By number. The start tells a process from a later one of the same number.
    Pid {
        pid: u32,
        start: Option<u64>,
    },
    /// By the port that they listen on. Looking through all open files of all processes is dear, so that what was found
    /// is kept while it lives.
    Port {
        port: u16,
        inodes: BTreeSet<u64>,
        found: Holders,
    },
    Name(String),
}

impl Locator {
    /// A process number.
    pub(super) const fn pid(pid: u32) -> Self {
        Self::Pid { pid, start: None }
    }

    /// A TCP port.
    pub(super) fn port(port: u16) -> Self {
        Self::Port { port, inodes: BTreeSet::new(), found: Holders::default() }
    }

    /// What it means, in words.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Pid { pid, .. } => format!("process {pid} and its descendants"),
            Self::Port { port, .. } => format!("processes listening on port {port} and their descendants"),
            Self::Name(name) => format!("processes named {name} and their descendants"),
        }
    }

    /// The processes themselves, without descendants; or why there are none.
    pub(super) fn roots(&mut self, table: &Table) -> Result<BTreeSet<u32>, String> {
        match self {
            Self::Pid { pid, start } => {
                let stat = read(&table.proc().join(pid.to_string()).join("stat"))
                    .and_then(|text| parse::stat(&text));
                match (stat, *start) {
                    (None, None) => Err(format!("there is no process {pid}")),
                    (Some(stat), before) if before.is_none_or(|start| start == stat.start) => {
                        *start = Some(stat.start);
                        Ok(BTreeSet::from([*pid]))
                    }
                    _ => Err(format!("process {pid} has ended")),
                }
            }
            Self::Name(name) => {
                let pids = table.named(name);
                if pids.is_empty() { Err(format!("no process is named {name}")) } else { Ok(pids) }
            }
            Self::Port { port, inodes, found } => {
                found.pids.retain(|pid| table.exists(*pid));
                if found.pids.is_empty() || table.anew() {
                    let now = table.listening(*port);
                    // The same sockets as before need no second search, but now and then while nobody was found.
                    if now != *inodes || (found.pids.is_empty() && table.anew()) {
                        *found = table.holders(&now);
                        *inodes = now;
                    }
                }
                match found {
                    Holders { pids, .. } if !pids.is_empty() => Ok(pids.clone()),
                    Holders { listening: true, .. } => Err(format!(
                        "no process of ours to see listens on port {port}: it belongs to another user, or to systemd until the first connection"
                    )),
                    Holders { .. } => Err(format!(
                        "no process of ours to see listens on port {port}: nothing in this network namespace does"
                    )),
                }
            }
        }
    }
}
