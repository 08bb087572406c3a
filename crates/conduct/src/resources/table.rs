//! Which processes there are, who descends from whom, and who holds a socket.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::parse;

/// Readings between two looks at everything anew. In between only processes that appeared are looked at: a host may run
/// thousands, and those known need no second look, but for one that has put another program in its place.
const ANEW: u32 = 10;

/// Bytes of a program's name that the kernel keeps.
const NAME: usize = 15;

/// The processes of the host.
#[derive(Debug)]
pub(super) struct Table {
    proc: PathBuf,
    own: u32,
    turn: u32,
    known: BTreeMap<u32, Known>,
    children: BTreeMap<u32, Vec<u32>>,
}

#[derive(Debug)]
struct Known {
    parent: u32,
    name: String,
}

/// Who holds the sockets that listen on a port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holders {
    /// Whether there are such sockets.
    pub(super) listening: bool,
    /// The processes that were seen to hold one.
    pub(super) pids: BTreeSet<u32>,
}

impl Table {
    /// An empty table over a `/proc`. The process `own` is never taken for a descendant of another.
    pub(super) fn new(proc: &Path, own: u32) -> Self {
        Self { proc: proc.to_owned(), own, turn: 0, known: BTreeMap::new(), children: BTreeMap::new() }
    }

    /// Where it looks.
    pub(super) fn proc(&self) -> &Path {
        &self.proc
    }

    /// Whether this is a reading at which everything is looked at anew.
    pub(super) fn anew(&self) -> bool {
        self.turn % ANEW == 1
    }

    /// Brings the table up to date; once for each reading.
    pub(super) fn refresh(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        let pids: BTreeSet<u32> = numbers(&self.proc).collect();
        if self.anew() {
            self.known.clear();
        }
        self.known.retain(|pid, _| pids.contains(pid));
        for pid in pids {
            if self.known.contains_key(&pid) {
                continue;
            }
            let Some(stat) =
                read_short(&self.proc.join(pid.to_string()).join("stat")).and_then(|text| parse::stat(&text))
            else {
                continue;
            };
            self.known.insert(pid, Known { parent: stat.parent, name: stat.name });
        }
        self.children.clear();
        for (pid, process) in &self.known {
            self.children.entry(process.parent).or_default().push(*pid);
        }
    }

    /// Whether a process exists.
    pub(super) fn exists(&self, pid: u32) -> bool {
        self.known.contains_key(&pid)
    }

    /// Processes of a name.
    pub(super) fn named(&self, name: &str) -> BTreeSet<u32> {
        let kept = &name.as_bytes()[..name.len().min(NAME)];
        self.known.iter().filter(|(_, known)| known.name.as_bytes() == kept).map(|(pid, _)| *pid).collect()
    }

    /// Processes and all their descendants, without this process unless it is asked for.
    pub(super) fn family(&self, roots: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut family = BTreeSet::new();
        let mut open: Vec<u32> = roots.iter().copied().filter(|pid| self.exists(*pid)).collect();
        while let Some(pid) = open.pop() {
            if family.insert(pid) {
                let children = self.children.get(&pid).into_iter().flatten().copied();
                open.extend(children.filter(|child| *child != self.own));
            }
        }
        family
    }

    /// Inodes of the sockets that listen on a port, in this network namespace.
    pub(super) fn listening(&self, port: u16) -> BTreeSet<u64> {
        let files =
            ["net/tcp", "net/tcp6"].into_iter().filter_map(|name| fs::File::open(self.proc.join(name)).ok());
        files.flat_map(|file| parse::listening(BufReader::new(file), port)).collect()
    }

    /// Who holds any of these sockets, as far as this user may look.
    pub(super) fn holders(&self, inodes: &BTreeSet<u64>) -> Holders {
        let mut pids: BTreeSet<u32> =
            if inodes.is_empty() { BTreeSet::new() } else { self.known.keys().copied().collect() };
        pids.retain(|pid| {
            let files =
                fs::read_dir(self.proc.join(pid.to_string()).join("fd")).into_iter().flatten().flatten();
            files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| {
                let inode = target.to_str().and_then(parse::socket);
                inode.is_some_and(|inode| inodes.contains(&inode))
            })
        });
        // systemd holds the sockets of services that it starts on demand. Its descendants are the whole host.
        if self.known.get(&1).is_some_and(|first| first.name == "systemd") {
            pids.remove(&1);
        }
        Holders { listening: !inodes.is_empty(), pids }
    }
}

/// Folders that are numbers.
fn numbers(folder: &Path) -> impl Iterator<Item = u32> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A file as text. Names of programs need not be UTF-8.
pub(super) fn read(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// A file of a process as text: short enough that the kernel hands it over in one piece, and one call fewer is felt with
/// hundreds of processes.
pub(super) fn read_short(path: &Path) -> Option<String> {
    let mut bytes = [0; 4096];
    let length = fs::File::open(path).ok()?.read(&mut bytes).ok()?;
    bytes.get(..length).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}
