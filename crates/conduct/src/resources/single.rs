//! Subjects that are one thing: this process, a cgroup, the host.

use std::path::{Path, PathBuf};

use super::group::{Kernel, disk};
use super::parse;
use super::reading::Reading;
use super::table::read;

/// Counters of this process. Its processor time is known to the nanosecond.
pub(super) fn client(kernel: &Kernel) -> Reading {
    let folder = kernel.proc.join("self");
    let Some(stat) = read(&folder.join("stat")).and_then(|text| parse::stat(&text)) else {
        return Reading::unknown("this system has no /proc");
    };
    let memory = read(&folder.join("statm")).and_then(|text| parse::statm(&text));
    let disk = disk(&folder);
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu =
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0);
    Reading {
        cpu: Some(cpu),
        minor_faults: Some(stat.minor_faults),
        major_faults: Some(stat.major_faults),
        disk_read: disk.map(|(read, _)| read),
        disk_written: disk.map(|(_, written)| written),
        resident: memory.map(|(pages, _)| pages.saturating_mul(kernel.page)),
        threads: Some(stat.threads),
        ..Reading::default()
    }
}

/// Where cgroups of version 2 are: by themselves, or beside those of version 1.
pub(super) fn hierarchy(root: &Path) -> Option<PathBuf> {
    [root.to_owned(), root.join("unified")]
        .into_iter()
        .find(|folder| folder.join("cgroup.controllers").exists())
}

/// Counters of a cgroup below a hierarchy. Network traffic is not counted by cgroup.
pub(super) fn cgroup(hierarchy: Option<&Path>, path: &str) -> Reading {
    let Some(hierarchy) = hierarchy else {
        return Reading::unknown("this system has no cgroups of version 2");
    };
    // Also as a full path, as people copy it.
    let inside = path.strip_prefix(&*hierarchy.to_string_lossy()).unwrap_or(path);
    let folder = hierarchy.join(inside.trim_start_matches('/'));
    if !folder.join("cgroup.procs").exists() {
        return Reading::unknown(format!("there is no cgroup {}", folder.display()));
    }
    let text = |name: &str| read(&folder.join(name));
    let memory = text("memory.stat");
    let memory = |name: &str| parse::value(memory.as_deref()?, name);
    let number = |name: &str| text(name)?.trim().parse::<u64>().ok();
    let disk = text("io.stat").map(|text| parse::io_stat(&text));
    let reading = Reading {
        cpu: text("cpu.stat")
            .and_then(|text| parse::value(&text, "usage_usec"))
            .map(|time| time.saturating_mul(1_000)),
        minor_faults: memory("pgfault")
            .zip(memory("pgmajfault"))
            .map(|(all, major)| all.saturating_sub(major)),
        major_faults: memory("pgmajfault"),
        disk_read: disk.map(|(read, _)| read),
        disk_written: disk.map(|(_, written)| written),
        resident: number("memory.current"),
        threads: number("pids.current"),
        ..Reading::default()
    };
    let missing = [
        ("cpu", reading.cpu.is_none()),
        ("memory", reading.resident.is_none()),
        ("io", reading.disk_read.is_none()),
        ("pids", reading.threads.is_none()),
    ];
    let missing: Vec<&str> =
        missing.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect();
    let why =
        (!missing.is_empty()).then(|| format!("the cgroup does not account for {}", missing.join(", ")));
    Reading { why, ..reading }
}

/// Counters of the host.
pub(super) fn host(kernel: &Kernel, interfaces: &Path) -> Reading {
    let text = |name: &str| read(&kernel.proc.join(name));
    let Some(cores) = text("stat").and_then(|text| parse::cores(&text)) else {
        return Reading::unknown("this system has no /proc/stat");
    };
    let vmstat = text("vmstat");
    let vmstat = |name: &str| parse::value(vmstat.as_deref()?, name);
    let network = text("net/dev").map(|text| traffic(&text, interfaces));
    let major = vmstat("pgmajfault");
    Reading {
        cpu: Some(cores.busy.saturating_mul(kernel.tick)),
        stolen: Some((cores.stolen, cores.all)),
        minor_faults: vmstat("pgfault").zip(major).map(|(all, major)| all.saturating_sub(major)),
        major_faults: major,
        // In kB, whatever the name says.
        disk_read: vmstat("pgpgin").map(|read| read.saturating_mul(1024)),
        disk_written: vmstat("pgpgout").map(|written| written.saturating_mul(1024)),
        received: network.map(|network| network.received),
        sent: network.map(|network| network.sent),
        loopback: network.map(|network| network.loopback),
        load: text("loadavg").and_then(|text| text.split_whitespace().next()?.parse().ok()),
        available: text("meminfo")
            .and_then(|text| parse::value(&text, "MemAvailable"))
            .map(|available| available.saturating_mul(1024)),
        swapped_in: vmstat("pswpin"),
        swapped_out: vmstat("pswpout"),
        ..Reading::default()
    }
}

/// Traffic of the interfaces that are devices. Bridges and pairs towards containers carry the same bytes again; inside a
/// container there is nothing else.
fn traffic(text: &str, interfaces: &Path) -> parse::Network {
    let device = |name: &str| interfaces.join(name).join("device").exists();
    let any = parse::interfaces(text).iter().any(|(name, ..)| device(name));
    parse::network(text, |name| !any || device(name))
}
