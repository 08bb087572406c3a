//! Terminal text, Markdown and CSV.

use annvil_core::record::{FailureKind, Status};
use annvil_report::{Style, csv, findings, markdown, read, terminal};

use crate::sample::{self, fail, run, usual};

fn style(width: usize) -> Style {
    Style { width, ..Style::default() }
}

#[test]
fn the_end_of_a_run() {
    let record = run(&usual(), 1);
    insta::assert_snapshot!("usual_110", terminal(&record, &style(110)));
    insta::assert_snapshot!("usual_80", terminal(&record, &style(80)));
}

#[test]
fn failures_say_why_and_have_no_speed() {
    let mut record = run(&usual(), 1);
    fail(
        &mut record,
        "hnsw i8",
        FailureKind::Verification,
        "verify",
        "search: not no row twice: query 17 got row 4,123 twice",
    );
    fail(
        &mut record,
        "hnsw f16",
        FailureKind::Engine,
        "settle",
        "embedded failed to build the index: out of memory",
    );
    record.status = Status::Failed;
    let text = terminal(&record, &style(110));
    insta::assert_snapshot!("failures_110", text);
    let csv = csv(&record);
    assert!(
        !csv.lines().any(|line| line.starts_with("hnsw i8,")
            && line.contains("throughput")
            && line.contains("search"))
    );
}
