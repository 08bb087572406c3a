//! The machine: what it is, what else it did while we measured, and how much memory this process has. Linux only;
//! elsewhere, and where a file can't be read, a figure is absent.

use std::collections::BTreeMap;
use std::fs;

use annvil_core::plan::hex;
use annvil_core::record::{Environment, ValidityCheck};
use annvil_core::units::Bytes;
use sha2::{Digest, Sha256};

/// Instruction-set flags that decide which distance kernels run.
const FLAGS: [&str; 11] = [
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_fp16",
    "amx_int8",
    "asimd",
];

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The value of a line `name: value` in a file of such lines.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn kilobytes(text: &str, name: &str) -> Option<Bytes> {
    let value = field(text, name)?.strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(Bytes(value * 1024))
}

/// Anonymous resident memory of this process: what it allocated, without files that are mapped.
pub fn anonymous_memory() -> Option<Bytes> {
    kilobytes(&read("/proc/self/status")?, "RssAnon")
}

/// Highest resident memory of this process so far.
pub fn peak_memory() -> Option<Bytes> {
    kilobytes(&read("/proc/self/status")?, "VmHWM")
}

/// Reads what is known of the machine.
pub fn environment() -> Environment {
    let cpuinfo = read("/proc/cpuinfo").unwrap_or_default();
    let meminfo = read("/proc/meminfo").unwrap_or_default();
    let flags = field(&cpuinfo, "flags").or_else(|| field(&cpuinfo, "Features")).unwrap_or_default();
    let known: Vec<&str> = flags.split_whitespace().collect();
    let cpu = field(&cpuinfo, "model name").or_else(|| field(&cpuinfo, "CPU part")).map(str::to_owned);
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let memory = kilobytes(&meminfo, "MemTotal");
    let affinity = affinity();
    let mut environment = Environment {
        cpu,
        cpu_flags: FLAGS.iter().filter(|flag| known.contains(flag)).map(|flag| (*flag).to_owned()).collect(),
        cores: if cores == 0 { usable_cores() } else { cores },
        affinity,
        governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        turbo: turbo(),
        memory,
        swap: kilobytes(&meminfo, "SwapTotal"),
        kernel: read("/proc/sys/kernel/osrelease"),
        virtualization: virtualization(known.contains(&"hypervisor")),
        container_limits: container_limits(),
        load_average: read("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
        steal: None,
        fingerprint: String::new(),
    };
    environment.fingerprint = fingerprint(&environment);
    environment
}

/// Cores that this process may use.
pub fn usable_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn affinity() -> Vec<usize> {
    let Ok(set) = rustix::thread::sched_getaffinity(None) else { return Vec::new() };
    (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect()
}

fn turbo() -> Option<bool> {
    let no_turbo = read("/sys/devices/system/cpu/intel_pstate/no_turbo").map(|text| text == "0");
    no_turbo.or_else(|| read("/sys/devices/system/cpu/cpufreq/boost").map(|text| text == "1"))
}

fn virtualization(hypervisor: bool) -> Option<String> {
    if fs::exists("/.dockerenv").unwrap_or(false) {
        return Some("container (docker)".to_owned());
    }
    let product = read("/sys/class/dmi/id/sys_vendor").filter(|name| !name.is_empty());
    match (hypervisor, product) {
        (true, Some(product)) => Some(format!("virtual machine ({product})")),
        (true, None) => Some("virtual machine".to_owned()),
        (false, _) => None,
    }
}

fn container_limits() -> BTreeMap<String, String> {
    let Some(group) = read("/proc/self/cgroup").and_then(|text| text.strip_prefix("0::").map(str::to_owned))
    else {
        return BTreeMap::new();
    };
    let limits = ["cpu.max", "cpuset.cpus.effective", "memory.max", "memory.high"];
    limits
        .into_iter()
        .filter_map(|name| {
            let value = read(&format!("/sys/fs/cgroup{group}/{name}")).filter(|value| !value.is_empty())?;
            (!value.starts_with("max")).then(|| (name.to_owned(), value))
        })
        .collect()
}

/// What makes figures of two machines comparable: the processor, what of it may be used, and the memory to the gigabyte.
fn fingerprint(environment: &Environment) -> String {
    let gigabytes = environment.memory.map(|memory| memory.0 / 1_000_000_000);
    let text = format!(
        "{:?}|{:?}|{}|{}|{gigabytes:?}|{:?}",
        environment.cpu,
        environment.cpu_flags,
        environment.cores,
        environment.affinity.len(),
        environment.container_limits,
    );
    hex(&Sha256::digest(text))[..16].to_owned()
}

/// What the machine did for others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Activity {
    /// Processor time of all cores, and what of it was stolen, in ticks.
    ticks: Option<(u64, u64)>,
    swapped: Option<u64>,
}

/// Highest share of processor time that may be stolen during a phase.
const STEAL: f64 = 0.10;

/// Ticks below which a share of stolen time means nothing.
const FEW_TICKS: u64 = 100;

impl Activity {
    /// Counters as they stand.
    pub fn now() -> Self {
        let ticks = read("/proc/stat").and_then(|text| {
            let line = text.lines().next()?.strip_prefix("cpu ")?;
            let values: Vec<u64> = line.split_whitespace().filter_map(|value| value.parse().ok()).collect();
            // user nice system idle iowait irq softirq steal; guests are counted in user already.
            Some((values.iter().take(8).sum(), *values.get(7)?))
        });
        let swapped = read("/proc/vmstat").map(|text| {
            let pages = |name: &str| {
                text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok()).unwrap_or(0)
            };
            pages("pswpin ") + pages("pswpout ")
        });
        Self { ticks, swapped }
    }

    /// Share of processor time stolen since `before`.
    pub fn steal_since(&self, before: &Self) -> Option<f64> {
        let ((all, stolen), (all_before, stolen_before)) = (self.ticks?, before.ticks?);
        let all = all.saturating_sub(all_before);
        (all >= FEW_TICKS).then(|| stolen.saturating_sub(stolen_before) as f64 / all as f64)
    }

    /// Whether the machine left a phase that began at `before` alone.
    pub fn since(&self, before: &Self) -> Vec<ValidityCheck> {
        let steal = self.steal_since(before);
        let steal = ValidityCheck {
            name: "stolen by the hypervisor".to_owned(),
            valid: steal.map(|share| share <= STEAL),
            figure: steal.map_or_else(
                || "too short to tell".to_owned(),
                |share| format!("{:.1} %, limit {:.0} %", share * 100.0, STEAL * 100.0),
            ),
        };
        let pages = self.swapped.zip(before.swapped).map(|(now, before)| now.saturating_sub(before));
        let swap = ValidityCheck {
            name: "swapping".to_owned(),
            valid: pages.map(|pages| pages == 0),
            figure: pages.map_or_else(|| "unknown".to_owned(), |pages| format!("{pages} pages")),
        };
        vec![steal, swap]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_described() {
        let environment = environment();
        assert!(environment.cores >= 1);
        assert_eq!(environment.fingerprint.len(), 16);
        assert_eq!(environment.fingerprint, super::environment().fingerprint);
        assert!(peak_memory() >= anonymous_memory());
    }

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let before = Activity { ticks: Some((1000, 10)), swapped: Some(5) };
        let after = Activity { ticks: Some((2000, 210)), swapped: Some(6) };
        assert_eq!(after.steal_since(&before), Some(0.2));
        assert!(after.since(&before).iter().all(|check| check.valid == Some(false)));
        assert_eq!(before.steal_since(&before), None);
    }
}
