//! From the kernel's files to what a gate says of the machine. No test can make a hypervisor take processor time, or a machine
//! without swap space swap: here the runs are real, and the files that the host's figures are read from are made.

use annvil_core::figures::Group;
use annvil_core::gate::Cause;
use annvil_core::quantity::Quantity;
use annvil_core::record::{PhaseResult, ResourceRecord, RunRecord};

use super::*;
use crate::compare::{CompareSpec, Unlike, compare};
use crate::event::Event;
use crate::gate::causes::causes;
use crate::shared::Shared;
use crate::{Overrides, Run, prepare};

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 100, queries_limit: 20}
engine: {stub: {service: 300us}}
variants: {served: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {k: 5, queries: 100, warmup: 5}
";

/// Counters of the host: ticks of work, ticks that were stolen, and pages that were swapped in or out.
fn counters(fake: &Fake, work: u64, stolen: u64, pages: u64) {
    // user nice system idle iowait irq softirq steal guest guest_nice.
    fake.write("proc/stat", &format!("cpu  {work} 0 20 3000 4 0 6 {stolen} 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n"));
    fake.write("proc/vmstat", &format!("pgfault 9\npgmajfault 1\npswpin {pages}\npswpout {}\n", 2 * pages));
}

/// A phase in which 1,000 ticks passed, of which so many were stolen, and so many pages were read back.
fn watched(stolen: u64, pages: u64) -> ResourceRecord {
    let fake = Fake::new();
    let roots =
        Roots { proc: fake.path("proc"), cgroup: fake.path("cgroup"), interfaces: fake.path("interfaces") };
    counters(&fake, 500, 70, 30);
    let sampler = Sampler::over(&[], Arc::new(SystemClock::new()), &roots);
    sampler.begin();
    std::thread::sleep(Duration::from_millis(50));
    counters(&fake, 1500 - stolen, 70 + stolen, 30 + pages);
    sampler.end()
}

/// Three runs whose calls take so long.
fn runs(service: &str, shared: &Shared) -> Vec<RunRecord> {
    let run = |number| {
        let output = tempfile::tempdir().unwrap();
        let set = vec![("engine.stub.service".to_owned(), service.to_owned())];
        let overrides = Overrides { set, ..Overrides::default() };
        let prepared = prepare("told.yaml", SCENARIO, &overrides, 2).unwrap();
        let run = Run::new(prepared, output.path()).sharing(shared.clone()).begin().unwrap();
        let record = run.measure(&mut |_: &Event| {}).unwrap();
        RunRecord { id: format!("{service} {number}"), ..record }
    };
    (0..3).map(run).collect()
}

/// Such runs on a machine that was like this.
fn side(runs: &[RunRecord], machine: &ResourceRecord) -> Group {
    let mut group = Group::default();
    for run in runs {
        let mut record = run.clone();
        for phase in &mut record.blocks[0].phases {
            // Whether this machine is busy is not the question.
            phase.validity.clear();
            if matches!(phase.result, PhaseResult::Measured { .. }) {
                phase.resources = Some(machine.clone());
            }
        }
        group.add(Group::of(&record));
    }
    group
}

#[test]
fn what_the_kernel_says_of_the_machine_is_what_the_gate_says() {
    let shared = Shared::default();
    let (fast, slow) = (runs("300us", &shared), runs("1800us", &shared));
    let quiet = watched(5, 0);
    let found = |machine: &ResourceRecord| -> Vec<Cause> {
        let (a, b) = (side(&fast, &quiet), side(&slow, machine));
        let how = CompareSpec { plans: Unlike::Meant, ..CompareSpec::default() };
        let mut causes = causes(&a, &b, &compare(&a, &b, &how).unwrap());
        // That one is of the machine that the test runs on.
        causes.retain(|cause| cause.name != "client-bound");
        causes
    };
    // Six times as slow by itself.
    assert_eq!(found(&quiet), []);

    let causes = found(&watched(60, 0));
    assert_eq!(causes.len(), 1, "{causes:?}");
    let evidence = &causes[0].evidence[0];
    assert_eq!((&*causes[0].name, evidence.key.quantity), ("machine-busy", Quantity::Steal));
    assert_eq!((evidence.a, evidence.b), (0.005, 0.06));
    assert_eq!(
        causes[0].sentence,
        "The hypervisor gave 6.0 % of the processor time to others during search, 0.5 % before."
    );

    let swapped = watched(5, 400);
    let causes = found(&swapped);
    assert_eq!(causes.len(), 1, "{causes:?}");
    let evidence = &causes[0].evidence[0];
    assert_eq!((&*causes[0].name, evidence.key.quantity), ("memory-grew", Quantity::Swapped));
    // 400 pages in and 800 out, in 50 ms or a little more.
    let host = swapped.subject("host").unwrap();
    let seconds = host.series.last().unwrap().at.as_secs_f64();
    assert!(seconds >= 0.05 && (evidence.b * seconds - 1200.0).abs() < 1.0, "{evidence:?} {seconds}");
    assert_eq!(evidence.a, 0.0);
}
