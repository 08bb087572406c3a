//! A changing set of processes, counted as one subject.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::locate::Locator;
use super::parse::{self, Stat};
use super::reading::Reading;
use super::table::{Table, read, read_short};

/// Units of the kernel, and where its files are.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pub(super) proc: PathBuf,
    /// Nanoseconds of a clock tick.
    pub(super) tick: u64,
    /// Bytes of a page of memory.
    pub(super) page: u64,
}

/// Counters of one process at its last reading.
#[derive(Debug, Clone, Copy)]
struct Seen {
    start: u64,
    counts: Counts,
}

/// Counters of a process, or the sum of their growth over all processes.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    ticks: u64,
    minor_faults: u64,
    major_faults: u64,
    /// Bytes read and written; unknown for processes of other users.
    disk: Option<(u64, u64)>,
}

/// The processes of a locator and their descendants.
///
/// Processes come and go. What is counted is the growth of each one from reading to reading, so that one that ends does
/// not make the sum go backwards. What a process did between its last reading and its end is not seen.
#[derive(Debug)]
pub(super) struct Group {
    locator: Locator,
    seen: BTreeMap<u32, Seen>,
    sum: Counts,
    /// When the last reading was, in ticks since the machine began.
    before: Option<u64>,
    /// When shares of memory are read again.
    weigh_again: Option<Instant>,
}

/// Shares of memory are read again after so many times as long as reading them took: 0.2 ms for a process of 10 MB, some
/// milliseconds for one that has touched all of large shared buffers.
const SELDOM: u32 = 200;

impl Group {
    /// A group of which nothing was read yet.
    pub(super) fn new(locator: Locator) -> Self {
        let sum = Counts { disk: Some((0, 0)), ..Counts::default() };
        Self { locator, seen: BTreeMap::new(), sum, before: None, weigh_again: None }
    }

    /// What it counts, in words.
    pub(super) fn what(&self) -> String {
        self.locator.what()
    }

    /// Counters of all as they stand. The table must be up to date.
    pub(super) fn read(&mut self, table: &Table, kernel: &Kernel) -> Reading {
        let now = uptime(kernel);
        let (roots, why) = match self.locator.roots(table) {
            Ok(roots) => (roots, None),
            Err(why) => (BTreeSet::new(), Some(why)),
        };
        let family = table.family(&roots);
        // One whose parent has ended is nobody's descendant any more, but was one.
        let orphans = self.seen.keys().filter(|pid| table.exists(**pid) && !family.contains(pid));
        let members: Vec<u32> = family.iter().chain(orphans).copied().collect();
        let weighing = Instant::now();
        let weigh = self.weigh_again.is_none_or(|due| due <= weighing);
        let weight = weigh.then_some(Weight { bytes: Some(0), took: Duration::ZERO });
        let mut sight = Sight { disk: true, weight, ..Sight::default() };
        let mut alive = BTreeMap::new();
        for pid in members {
            let folder = kernel.proc.join(pid.to_string());
            let Some(stat) = read_short(&folder.join("stat")).and_then(|text| parse::stat(&text)) else {
                continue;
            };
            let before = self.seen.get(&pid).filter(|seen| seen.start == stat.start);
            if before.is_none() && !family.contains(&pid) {
                // The number of one that has ended was given to a stranger.
                continue;
            }
            let mut counts = sight.look(pid, &folder, &stat);
            counts.disk = counts.disk.or(before.and_then(|seen| seen.counts.disk.filter(|_| stat.ended)));
            let born = self.before.is_some_and(|before| stat.start >= before);
            let from = before.map_or(if born { Counts::born() } else { counts }, |seen| seen.counts);
            self.sum.grow(&from, &counts);
            alive.insert(pid, Seen { start: stat.start, counts });
        }
        self.seen = alive;
        self.before = now;
        if let Some(weight) = &sight.weight {
            self.weigh_again = Instant::now().checked_add(weight.took.saturating_mul(SELDOM));
        }
        if !sight.alive {
            return Reading::unknown(why.unwrap_or_else(|| "the processes have ended".to_owned()));
        }
        let disk = self.sum.disk.filter(|_| sight.disk);
        let network = network(&kernel.proc, &roots);
        Reading {
            cpu: Some(self.sum.ticks.saturating_mul(kernel.tick)),
            minor_faults: Some(self.sum.minor_faults),
            major_faults: Some(self.sum.major_faults),
            disk_read: disk.map(|(read, _)| read),
            disk_written: disk.map(|(_, written)| written),
            received: network.map(|network| network.received),
            sent: network.map(|network| network.sent),
            loopback: network.map(|network| network.loopback),
            resident: sight.resident(kernel),
            proportional: sight.weight.and_then(|weight| weight.bytes),
            threads: Some(sight.threads),
            why: why.or(sight.why),
            ..Reading::default()
        }
    }
}

impl Counts {
    /// A process that has done nothing yet.
    const fn born() -> Self {
        Self { ticks: 0, minor_faults: 0, major_faults: 0, disk: Some((0, 0)) }
    }

    /// Adds what a process did between two readings.
    fn grow(&mut self, from: &Self, to: &Self) {
        self.ticks += to.ticks.saturating_sub(from.ticks);
        self.minor_faults += to.minor_faults.saturating_sub(from.minor_faults);
        self.major_faults += to.major_faults.saturating_sub(from.major_faults);
        if let (Some(sum), Some(from), Some(to)) = (&mut self.disk, from.disk, to.disk) {
            sum.0 += to.0.saturating_sub(from.0);
            sum.1 += to.1.saturating_sub(from.1);
        }
    }
}

/// The sum of the processes' shares of memory in bytes, unknown if one can't be read, and how long reading them took.
#[derive(Debug)]
struct Weight {
    bytes: Option<u64>,
    took: Duration,
}

/// What one pass over the processes sees besides counters.
#[derive(Debug, Default)]
struct Sight {
    /// Whether there was any process that has not ended.
    alive: bool,
    threads: u64,
    /// Pages that each has for itself, and the most that one of them shares. Added up plainly, 100 backends of a
    /// database would have its shared buffers 100 times.
    private: u64,
    shared: u64,
    memory_unknown: bool,
    /// Exact shares of memory, if they are to be read too.
    weight: Option<Weight>,
    /// Whether the disk counters of all could be read.
    disk: bool,
    why: Option<String>,
}

impl Sight {
    fn look(&mut self, pid: u32, folder: &Path, stat: &Stat) -> Counts {
        let disk = disk(folder);
        // One that has ended has no memory or files any more, but the processor time of its last moments.
        if !stat.ended {
            self.alive = true;
            self.threads += stat.threads;
            match read_short(&folder.join("statm")).and_then(|text| parse::statm(&text)) {
                Some((resident, shared)) => {
                    self.private += resident.saturating_sub(shared);
                    self.shared = self.shared.max(shared);
                }
                None => self.memory_unknown = true,
            }
            if let Some(weight) = &mut self.weight {
                let began = Instant::now();
                weight.bytes = weight.bytes.zip(proportional(folder)).map(|(sum, own)| sum + own);
                weight.took += began.elapsed();
            }
            if disk.is_none() && folder.exists() {
                self.disk = false;
                self.why.get_or_insert_with(|| {
                    format!("disk traffic of process {pid} can't be read: that takes its user or root")
                });
            }
        }
        Counts { ticks: stat.ticks, minor_faults: stat.minor_faults, major_faults: stat.major_faults, disk }
    }

    fn resident(&self, kernel: &Kernel) -> Option<u64> {
        (!self.memory_unknown).then(|| (self.private + self.shared).saturating_mul(kernel.page))
    }
}

/// Resident memory of a process in which it has its share of what others have too; only its user and root may see it.
fn proportional(folder: &Path) -> Option<u64> {
    Some(parse::value(&read_short(&folder.join("smaps_rollup"))?, "Pss")?.saturating_mul(1024))
}

/// Bytes that a process read from disks and wrote to them.
pub(super) fn disk(folder: &Path) -> Option<(u64, u64)> {
    let text = read_short(&folder.join("io"))?;
    Some((parse::value(&text, "read_bytes")?, parse::value(&text, "write_bytes")?))
}

/// Time since the machine began, in ticks of the kind in which it states when processes began.
fn uptime(kernel: &Kernel) -> Option<u64> {
    let text = read(&kernel.proc.join("uptime"))?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some((seconds * 1e9 / kernel.tick as f64) as u64)
}

/// Network traffic of processes in network namespaces of their own: the kernel counts by namespace, not by process.
fn network(proc: &Path, roots: &BTreeSet<u32>) -> Option<parse::Network> {
    let ours = fs::read_link(proc.join("self/ns/net")).ok()?;
    let mut spaces = BTreeMap::new();
    for pid in roots {
        let folder = proc.join(pid.to_string());
        let space = fs::read_link(folder.join("ns/net")).ok().filter(|space| *space != ours)?;
        spaces.entry(space).or_insert(folder);
    }
    let mut sum = parse::Network::default();
    for folder in spaces.values() {
        let one = parse::network(&read(&folder.join("net/dev"))?, |_| true);
        sum.received = sum.received.saturating_add(one.received);
        sum.sent = sum.sent.saturating_add(one.sent);
        sum.loopback = sum.loopback.saturating_add(one.loopback);
    }
    (!spaces.is_empty()).then_some(sum)
}
