//! A client that gets too little of a processor says so, and judges nothing.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Fast enough everywhere, if the client gets its processor.
const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 1000, queries_limit: 100}
engine: embedded
variants: {flat: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {for: 2s, warmup: 0}
objectives: [search.throughput > 1/s]
";

#[test]
fn a_spinner_on_the_same_core_makes_the_run_invalid() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("starved.yaml"), SCENARIO).unwrap();
    // This thread and all that it starts share one core.
    let all = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let spinner = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        })
    };
    let output = common::run(folder.path(), &["run", "starved.yaml", "--one-process"]);
    stop.store(true, Ordering::Relaxed);
    spinner.join().unwrap();
    // Lines are broken where the terminal ends.
    let said = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("invalid: this run cannot be judged"), "{said}");
    assert!(said.contains("waiting for a processor"), "{said}");
    assert!(said.contains("something else on this machine takes"), "{said}");
}
