//! All subjects of a run, read together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use annvil_core::scenario::{Watch, Watched};

use super::group::{Group, Kernel};
use super::locate::Locator;
use super::reading::Reading;
use super::single;
use super::table::Table;

/// Where the kernel's files are.
#[derive(Debug, Clone)]
pub(super) struct Roots {
    pub(super) proc: PathBuf,
    pub(super) cgroup: PathBuf,
    pub(super) interfaces: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { proc: "/proc".into(), cgroup: "/sys/fs/cgroup".into(), interfaces: "/sys/class/net".into() }
    }
}

/// The client, what is watched, and the host.
#[derive(Debug)]
pub(super) struct Subjects {
    kernel: Kernel,
    interfaces: PathBuf,
    hierarchy: Option<PathBuf>,
    table: Table,
    list: Vec<Subject>,
}

#[derive(Debug)]
struct Subject {
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Client,
    Host,
    Cgroup(String),
    Group(Group),
}

impl Subjects {
    /// The subjects of a scenario.
    pub(super) fn new(watch: &[Watch], roots: &Roots) -> Self {
        let mut list = vec![Subject { name: "client".to_owned(), kind: Kind::Client }];
        let mut taken = BTreeSet::from(["client".to_owned(), "host".to_owned()]);
        for watch in watch {
            let plain = watch.name();
            let numbered = (2..).map(|number| format!("{plain} ({number})"));
            let mut names = std::iter::once(plain.clone()).chain(numbered);
            let name = names.find(|name| taken.insert(name.clone())).unwrap_or(plain);
            list.push(Subject { name, kind: Kind::of(&watch.watched) });
        }
        list.push(Subject { name: "host".to_owned(), kind: Kind::Host });
        let ticks = rustix::param::clock_ticks_per_second().max(1);
        Self {
            kernel: Kernel {
                proc: roots.proc.clone(),
                tick: 1_000_000_000 / ticks,
                page: rustix::param::page_size() as u64,
            },
            interfaces: roots.interfaces.clone(),
            hierarchy: single::hierarchy(&roots.cgroup),
            table: Table::new(&roots.proc, std::process::id()),
            list,
        }
    }

    /// Name of each, and what it counts.
    pub(super) fn names(&self) -> Vec<(String, String)> {
        self.list.iter().map(|subject| (subject.name.clone(), subject.kind.what())).collect()
    }

    /// One reading of each.
    pub(super) fn read(&mut self) -> Vec<Reading> {
        if self.list.iter().any(|subject| matches!(subject.kind, Kind::Group(_))) {
            self.table.refresh();
        }
        let Self { kernel, interfaces, hierarchy, table, list } = self;
        let read = |subject: &mut Subject| subject.kind.read(kernel, interfaces, hierarchy.as_deref(), table);
        list.iter_mut().map(read).collect()
    }
}

impl Kind {
    fn of(watched: &Watched) -> Self {
        match watched {
            Watched::Pid(pid) => Self::Group(Group::new(Locator::pid(*pid))),
            Watched::Port(port) => Self::Group(Group::new(Locator::port(*port))),
            Watched::Name(name) => Self::Group(Group::new(Locator::Name(name.clone()))),
            Watched::Cgroup(path) => Self::Cgroup(path.clone()),
        }
    }

    fn what(&self) -> String {
        match self {
            Self::Client => "Annvil's own process, with the engine if it runs in there".to_owned(),
            Self::Host => "the whole machine".to_owned(),
            Self::Cgroup(path) => format!("cgroup {path}, memory with its page cache"),
            Self::Group(group) => group.what(),
        }
    }

    fn read(
        &mut self,
        kernel: &Kernel,
        interfaces: &Path,
        hierarchy: Option<&Path>,
        table: &Table,
    ) -> Reading {
        match self {
            Self::Client => single::client(kernel),
            Self::Host => single::host(kernel, interfaces),
            Self::Cgroup(path) => single::cgroup(hierarchy, path),
            Self::Group(group) => group.read(table, kernel),
        }
    }
}
