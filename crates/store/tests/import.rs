//! Results of other tools as figures. Each fixture was written by its tool, unless its README says otherwise.

use std::path::{Path, PathBuf};

use annvil_core::figures::Group;
use annvil_core::quantity::format_value;
use annvil_store::import::{Tool, guess, import, import_all};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

/// Every fixture that is one result, with its tool.
const FIXTURES: [(Tool, &str); 16] = [
    (Tool::Criterion, "criterion"),
    (Tool::Hyperfine, "hyperfine/count.json"),
    (Tool::K6, "k6/summary-export.json"),
    (Tool::K6, "k6/handle-summary.json"),
    (Tool::K6, "k6/machine-readable.json"),
    (Tool::Locust, "locust/api_stats.csv"),
    (Tool::Vectordbbench, "vectordbbench/result_20261122_small_pgvector.json"),
    (Tool::Pgbench, "pgbench/tpcb.txt"),
    (Tool::Pgbench, "pgbench/rate.txt"),
    (Tool::Pgbench, "pgbench/scripts.txt"),
    (Tool::Pgbench, "pgbench/log"),
    (Tool::Pgbench, "pgbench/intervals"),
    (Tool::Pgbench, "pgbench/log-rate"),
    (Tool::Pgbench, "pgbench/intervals-rate"),
    (Tool::Csv, "csv/metrics.csv"),
    (Tool::Csv, "csv/names.csv"),
];

/// A group as text: its runs, then every figure of every block.
fn shown(group: &Group) -> String {
    let mut text = format!("{}\n", group.name);
    for run in &group.runs {
        assert!(run.started.parse::<jiff::Timestamp>().is_ok(), "{}", run.started);
        text += &format!("run {} of {}, scenario {}\n", run.run, run.tool, run.scenario);
        for failed in &run.failed {
            text += &format!("failed: {failed}\n");
        }
    }
    for figures in &group.figures {
        text += &format!("{} block {}\n", figures.run, figures.block);
        for (key, value) in &figures.values {
            text += &format!("  {key} = {}\n", format_value(key.quantity, *value));
        }
    }
    text
}

#[test]
fn every_fixture_is_read() {
    for (tool, name) in FIXTURES {
        let group = import(tool, &fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        insta::assert_snapshot!(name.replace(['/', '.'], "-"), shown(&group));
    }
}

#[test]
fn the_tool_is_guessed_by_the_content() {
    for (tool, name) in FIXTURES {
        assert_eq!(guess(&fixture(name)), Some(tool), "{name}");
    }
    assert_eq!(guess(&fixture("README.md")), None);
    assert_eq!(guess(&fixture("pgbench/version-13.txt")), Some(Tool::Pgbench));
    assert_eq!(guess(&fixture("missing")), None);
}

#[test]
fn a_sample_is_a_process() {
    let sessions = |group: &Group| {
        let mut sessions: Vec<String> = group.figures.iter().map(|figures| figures.session.clone()).collect();
        sessions.dedup();
        sessions.len()
    };
    // Six runs of each command, one after another.
    let hyperfine = import(Tool::Hyperfine, &fixture("hyperfine/count.json")).unwrap();
    assert_eq!((hyperfine.figures.len(), sessions(&hyperfine)), (6, 1));
    // What criterion repeats within its process is one sample.
    let criterion = import(Tool::Criterion, &fixture("criterion")).unwrap();
    assert_eq!((criterion.figures.len(), sessions(&criterion)), (1, 1));
    // Several results are several runs.
    let results = ["pgbench/tpcb.txt", "pgbench/version-13.txt"].map(fixture);
    let both = import_all(Tool::Pgbench, &results).unwrap();
    assert_eq!((both.figures.len(), both.runs.len(), sessions(&both)), (2, 2, 2));
    assert_eq!(both.name, "2 results of pgbench");
    let error = import_all(Tool::Pgbench, &[&results[0], &results[0]]).unwrap_err().to_string();
    assert!(error.contains("tpcb.txt holds the same figures as another result"), "{error}");
    assert!(import_all::<&Path>(Tool::Csv, &[]).unwrap().runs.is_empty());
}

#[test]
fn values_are_those_of_the_files() {
    let is = |tool, name: &str, key: &str, value: f64| {
        let group = import(tool, &fixture(name)).unwrap();
        let found = group.figures[0].values.iter().find(|(own, _)| own.to_string() == key);
        let own = *found.unwrap_or_else(|| panic!("{name} has no {key}")).1;
        // Readers of numbers may differ in the last digit.
        assert!((own / value - 1.0).abs() < 1e-12, "{name}: {key} is {own}");
    };
    is(Tool::K6, "k6/summary-export.json", "k6 http_req_duration.service.p95", 44.760_519_9e6);
    is(Tool::K6, "k6/summary-export.json", "k6 http_reqs.success.value", 354.0 / 368.0);
    is(Tool::K6, "k6/handle-summary.json", "k6 iteration_duration.service.p50", 44.050_495e6);
    is(Tool::Pgbench, "pgbench/tpcb.txt", "pgbench TPC-B_sort_of.throughput.value", 92.984_019);
    is(Tool::Pgbench, "pgbench/rate.txt", "pgbench select_only.queue_wait.max", 21.367e6);
    // What pgbench itself printed: 0.466 ms, 0.120 (max 0.581) ms.
    is(Tool::Pgbench, "pgbench/log-rate", "pgbench log.response.mean", 465_625.0);
    is(Tool::Pgbench, "pgbench/log-rate", "pgbench log.queue_wait.max", 581_000.0);
    is(Tool::Pgbench, "pgbench/intervals-rate", "pgbench log.queue_wait.max", 2.943e6);
    // Without the time of connecting.
    is(Tool::Pgbench, "pgbench/version-13.txt", "pgbench select_only.throughput.value", 41_234.567_89);
    is(Tool::Locust, "locust/api_stats.csv", "locust GET_search.service.p99", 86e6);
    is(Tool::Locust, "locust/api_stats.csv", "locust GET_flaky.success.value", 1.0 - 1.0 / 40.0);
    is(Tool::Csv, "csv/names.csv", "csv parse_large_file.time.value", 812_500.0);
}

/// The 99th percentile of a log is that of its own lines, counted here by another way.
#[test]
fn percentiles_of_a_log_are_those_of_its_lines() {
    let mut times: Vec<u64> = Vec::new();
    for file in std::fs::read_dir(fixture("pgbench/log")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        times.extend(text.lines().map(|line| line.split(' ').nth(2).unwrap().parse::<u64>().unwrap()));
    }
    times.sort_unstable();
    assert_eq!(times.len(), 200);
    let group = import(Tool::Pgbench, &fixture("pgbench/log")).unwrap();
    let values = &group.figures[0].values;
    let p99 = values.iter().find(|(key, _)| key.to_string() == "pgbench log.service.p99").unwrap();
    // Two of 200 are slower.
    assert_eq!(*p99.1, times[197] as f64 * 1e3);
}
