//! Terminal text, Markdown and CSV.

use annvil_core::objective::Grade;
use annvil_core::record::{FailureKind, PhaseResult, Status};
use annvil_report::{Style, csv, findings, load_csv, markdown, read, terminal};

use crate::sample::load::loaded;
use crate::sample::server::served;
use crate::sample::{self, fail, run, usual};

fn style(width: usize) -> Style {
    Style { width, ..Style::default() }
}

#[test]
fn the_end_of_a_run() {
    let record = run(&usual(), 1);
    insta::assert_snapshot!("usual_110", terminal(&record, &style(110)));
    insta::assert_snapshot!("usual_80", terminal(&record, &style(80)));
    insta::assert_snapshot!("usual_markdown", markdown(&record));
}

#[test]
fn every_kind_of_load() {
    let record = loaded();
    insta::assert_snapshot!("loaded_110", terminal(&record, &style(110)));
    insta::assert_snapshot!("loaded_markdown", markdown(&record));
    insta::assert_snapshot!("loaded_csv", load_csv(&record));
    assert!(findings(&record)[0].contains("holds up to"));
}

#[test]
fn a_run_on_a_server() {
    let mut record = served();
    let text = terminal(&record, &style(130));
    insta::assert_snapshot!("served_130", text);
    insta::assert_snapshot!("served_markdown", markdown(&record));
    let figures = csv(&record);
    for row in [
        "hnsw 10k,,settle,,stored,value,0,41200000,B",
        "hnsw 10k,,settle,,buffers,value,0,32960000,B",
        "scan 1k,,search,,buffer_hits,value,0,0.9914,share",
        "scan 1k,,load,,log,value,0,2140000,B",
    ] {
        assert!(figures.contains(row), "{row}\n{figures}");
    }
    assert!(
        figures.lines().any(|line| line.starts_with("hnsw 10k,ef_search=64,search,,connection_wait,p50,0,"))
    );
    let refusal =
        "refused: variant `hnsw 10k` does not use its index (search): The planner chose a sequential scan";
    fail(&mut record, "hnsw 10k", FailureKind::Verification, "verify", refusal);
    let text = terminal(&record, &style(130));
    assert!(findings(&record)[0].starts_with("refused: variant `hnsw 10k` does not use its index"), "{text}");
    assert!(markdown(&record).contains("plan: report.html\\#hnsw-10k-plan"), "{}", markdown(&record));
    for report in [text, markdown(&record), csv(&record), annvil_report::html(&record)] {
        assert!(!report.contains("hunter2"));
    }
}

#[test]
fn a_phase_that_ended_early_says_why() {
    let mut record = loaded();
    for phase in record.blocks.iter_mut().flat_map(|block| &mut block.phases) {
        if let PhaseResult::Measured { ended, .. } = &mut phase.result
            && phase.name == "steady"
        {
            *ended = Some("`steady.response.p99 < 1ms` is missed: 1.2 ms so far".to_owned());
        }
    }
    let text = terminal(&record, &style(110));
    assert!(text.contains("ended early: `steady.response.p99 < 1ms` is missed"), "{text}");
    assert!(findings(&record)[0].starts_with("steady of exact f32 ended early"));
    assert!(markdown(&record).contains("*ended early: "));
    // Stopped by hand: the last phase that is there is not whole.
    let mut stopped = loaded();
    fail(&mut stopped, "hnsw f16", FailureKind::Interrupted, "steady", "stopped by the user");
    assert!(terminal(&stopped, &style(110)).contains("ended early: stopped by the user"));
}

#[test]
fn what_was_too_short_is_not_called_well() {
    let mut record = run(&usual(), 1);
    for phase in record.blocks.iter_mut().flat_map(|block| &mut block.phases) {
        if let Some(check) = phase.validity.first_mut() {
            check.valid = None;
            "too few operations to tell".clone_into(&mut check.figure);
        }
    }
    let text = terminal(&record, &style(110));
    assert!(!text.contains("measured well:") && text.contains("too short to tell"), "{text}");
    assert!(!markdown(&record).contains("**Measured well**"));
}

#[test]
fn failures_say_why_and_have_no_speed() {
    let mut record = run(&usual(), 1);
    let wrong = "search: not no row twice: query 17 got row 4,123 twice";
    fail(&mut record, "hnsw i8", FailureKind::Verification, "verify", wrong);
    let broken = "embedded failed to build the index: out of memory";
    fail(&mut record, "hnsw f16", FailureKind::Engine, "settle", broken);
    record.status = Status::Failed;
    let text = terminal(&record, &style(110));
    insta::assert_snapshot!("failures_110", text);
    let csv = csv(&record);
    assert!(!csv.lines().any(|line| line.starts_with("hnsw i8,") && line.contains(",service,")));
}

#[test]
fn an_interrupted_run_says_so_first() {
    let mut record = run(&usual(), 1);
    fail(&mut record, "hnsw i8", FailureKind::Interrupted, "search", "interrupted");
    record.status = Status::Interrupted;
    record.blocks.retain(|block| block.variant != "hnsw f16");
    let plain = Style { width: 100, unicode: false, boxes: false, ..Style::default() };
    let text = terminal(&record, &plain);
    insta::assert_snapshot!("interrupted_ascii", text);
    assert!(text.trim_start().starts_with("interrupted"));
    assert!(text.is_ascii());
}

#[test]
fn an_invalid_run_is_not_judged() {
    let mut record = run(&usual(), 1);
    for phase in record.blocks.iter_mut().flat_map(|block| &mut block.phases) {
        if let Some(check) = phase.validity.get_mut(2) {
            check.valid = Some(false);
            "31.4 %, limit 20 %".clone_into(&mut check.figure);
        }
    }
    // As the conductor leaves them.
    for judged in record.objectives.iter_mut().flat_map(|result| &mut result.judged) {
        judged.grade = Grade::Unknown;
    }
    let text = terminal(&record, &style(110));
    assert!(text.trim_start().starts_with("invalid: this run cannot be judged"));
    let findings = findings(&record);
    assert!(findings[0].contains("can't be judged"));
    assert!(text.contains("not judged: the measurement of search"), "{text}");
    assert!(!findings.iter().any(|finding| finding.contains("faster")), "{findings:?}");
}

#[test]
fn colours_change_nothing_but_colours() {
    let record = run(&usual(), 1);
    let colored = terminal(&record, &Style { color: true, ..style(110) });
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_ne!(colored, plain);
    assert_eq!(plain, terminal(&record, &style(110)));
}

#[test]
fn lines_keep_to_the_width() {
    let mut record = run(&usual(), 3);
    fail(&mut record, "hnsw i8", FailureKind::Engine, "restore", &"a long message of an engine ".repeat(8));
    for wide in [60, 80, 110, 160] {
        for line in terminal(&record, &style(wide)).lines() {
            assert!(line.chars().count() <= wide, "{wide}: {line}");
        }
    }
}

#[test]
fn findings_claim_no_more_than_the_figures() {
    let mut variants = usual();
    // As fast as the other within what single runs differ, and not as right.
    variants[2].2 = sample::Nature { p50: 67.0, recall: 0.97, ..variants[1].2.clone() };
    variants.truncate(3);
    let said = findings(&run(&variants, 1)).join("\n");
    assert!(said.contains("about as fast as") || !said.contains("hnsw f16 ef64 is"), "{said}");
    assert!(!said.contains("as right (recall 0.9700"), "{said}");
    // Nothing that is not there is spoken of.
    let mut nothing = run(&variants, 1);
    nothing.blocks.clear();
    nothing.objectives.clear();
    assert_eq!(findings(&nothing), ["Nothing was measured."]);
}

#[test]
fn markdown_keeps_names_from_being_markup() {
    let variants = vec![("a|b <i>*x*</i> `c`", usual()[1].1.clone(), usual()[1].2.clone())];
    let text = markdown(&run(&variants, 1));
    assert!(text.contains("a\\|b &lt;i&gt;\\*x\\*&lt;/i&gt; \\`c\\`"));
    for table in text.split("\n\n").filter(|part| part.starts_with("| ")) {
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        let first = bars(table.lines().next().unwrap());
        assert!(table.lines().all(|line| bars(line) == first), "{table}");
    }
}

#[test]
fn csv_has_every_figure_under_its_key() {
    let record = run(&usual(), 2);
    let csv = csv(&record);
    let wide: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(wide.iter().all(|columns| *columns == 9));
    let loaded = loaded();
    assert!(annvil_report::csv(&loaded).contains("hnsw f16,ef_search=64,steady,,offered,value,0,"));
    assert!(csv.contains("hnsw f16,ef_search=64,search,search,recall@10,mean,1,0.995,share"));
}

#[test]
fn what_was_written_is_read() {
    let record = loaded();
    let json = serde_json::to_string(&record).unwrap();
    let back = read(&json).unwrap();
    assert_eq!(terminal(&back, &style(100)), terminal(&record, &style(100)));
    // The fixture of the crate's example; `ANNVIL_BLESS=1` writes it anew when the record changes.
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reports/run.json");
    if std::env::var_os("ANNVIL_BLESS").is_some() {
        std::fs::write(fixture, serde_json::to_string(&record).unwrap()).unwrap();
    }
    assert_eq!(read(&std::fs::read_to_string(fixture).unwrap()).unwrap(), back);
}
