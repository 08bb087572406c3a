//! The HTML report: whole, self-contained, escaped.

use std::fs;
use std::path::Path;

use annvil_core::record::{FailureKind, PhaseResult, RunRecord, Status};
use annvil_report::html;
use proptest::prelude::*;
use serde_json::json;

use crate::sample::load::loaded;
use crate::sample::server::served;
use crate::sample::{Nature, fail, run, small, usual};

/// For looking at with real eyes: `target/tmp/*.html`.
fn keep(name: &str, page: &str) {
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), page).unwrap();
}

/// Elements without an end tag.
const VOID: [&str; 5] = ["meta", "link", "br", "hr", "img"];

/// SVG elements, which are closed by `/>`.
const EMPTY: [&str; 5] = ["circle", "line", "path", "polygon", "rect"];

/// Panics unless every tag is closed in order and every attribute is quoted.
fn assert_balanced(page: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = page.split_once("<html").map(|(_, rest)| format!("<html{rest}")).unwrap();
    while let Some(at) = rest.find('<') {
        rest = rest.split_off(at);
        let end = rest.find('>').expect("a tag that does not end");
        let tag = rest[1..end].to_owned();
        rest = rest.split_off(end + 1);
        assert_eq!(tag.matches('"').count() % 2, 0, "odd quotes in <{tag}>");
        assert!(!tag.contains('<'), "a tag in a tag: <{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "</{name}> closes another");
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap().to_owned();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "<{tag}>");
        if tag.ends_with('/') {
            assert!(EMPTY.contains(&name.as_str()), "<{tag}>");
        } else if !VOID.contains(&name.as_str()) {
            // What is inside these is no markup.
            if ["style", "script"].contains(&name.as_str()) {
                let close = format!("</{name}>");
                rest = rest.split_off(rest.find(&close).expect("an end"));
            }
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
}

fn assert_whole(page: &str) {
    assert_balanced(page);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for fetched in ["http://", "https://", "url(", "@import", "src=", "NaN", "inf"] {
        let outside: String = page.split("<pre>").next().unwrap().to_owned();
        let body = outside.split("</style>").last().unwrap();
        assert!(!body.contains(fetched) || fetched == "inf" && !body.contains("=\"inf"), "{fetched}");
    }
}

#[test]
fn the_usual_report() {
    let page = html(&run(&usual(), 1));
    keep("usual.html", &page);
    assert_whole(&page);
    for id in [
        "verdict",
        "search",
        "figures",
        "searches",
        "time",
        "size",
        "objectives",
        "work",
        "spent",
        "verification",
        "validity",
        "environment",
        "engine",
        "plan",
    ] {
        assert!(page.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    // Colours repeat after eight; shapes differ, so nothing depends on colour.
    assert!(page.matches("<polygon").count() > 10 && page.contains("<circle"));
}

#[test]
fn every_kind_of_load() {
    let page = html(&loaded());
    keep("loaded.html", &page);
    assert_whole(&page);
    assert!(page.len() < 200_000, "{} bytes", page.len());
    for id in ["limit", "sessions", "migration", "mixed", "time", "resources"] {
        assert!(page.contains(&format!("<section id=\"{id}\">")), "{id}");
    }
    // What held, what did not and what could not measure are told apart by shape.
    assert!(
        page.contains("class=\"miss\"") && page.contains("class=\"ring\"") && page.contains("class=\"knee\"")
    );
    assert!(page.contains("class=\"offered\"") && page.contains("class=\"lost\""));
    assert!(page.contains("<span class=\"tag open\">open load</span>"));
}

#[test]
fn plans_stand_where_the_terminal_says() {
    let mut record = served();
    let refusal = "refused: variant `hnsw 10k` does not use its index (search): <b>no";
    fail(&mut record, "hnsw 10k", FailureKind::Verification, "verify", refusal);
    let page = html(&record);
    keep("served", &page);
    assert_whole(&page);
    assert_balanced(&page);
    for id in ["scan-1k-plan", "hnsw-1k-plan", "bits-10k-plan", "hnsw-10k-plan\" open"] {
        assert!(page.contains(&format!("<details id=\"{id}")), "{id}");
    }
    assert!(page.contains("-&gt;  Seq Scan on scan_1") && page.contains("<section id=\"server\">"));
    assert!(page.contains("shared_buffers = 512MB") && !page.contains("hunter2"));
    assert!(!html(&run(&usual(), 1)).contains("-plan\""));
}

#[test]
fn why_a_phase_ended_early_stands_above_its_chart() {
    let mut record = loaded();
    for phase in record.blocks.iter_mut().flat_map(|block| &mut block.phases) {
        if let PhaseResult::Measured { ended, .. } = &mut phase.result
            && phase.name == "rush"
        {
            *ended = Some("`rush.success >= 95%` is missed: 90.6 % so far".to_owned());
        }
    }
    let page = html(&record);
    assert_whole(&page);
    let said = page.find("rush of exact f32 ended early: `rush.success &gt;= 95%` is missed").unwrap();
    assert!(said < page.find(">rush: arrivals offered (grey)").unwrap());
}

#[test]
fn an_hour_stays_small() {
    let mut record = loaded();
    for phase in record.blocks.iter_mut().flat_map(|block| &mut block.phases) {
        let PhaseResult::Measured { load, forms, .. } = &mut phase.result else { continue };
        let (Some(open), "steady") = (&mut load.open, phase.name.as_str()) else { continue };
        let (first, due) = (forms[0].intervals[0], open.seconds[0]);
        open.seconds = vec![due; 3600];
        let second =
            |at| annvil_core::record::Interval { at: annvil_core::units::Nanos::from_secs(at), ..first };
        forms[0].intervals = (1..=3600).map(second).collect();
    }
    let page = html(&record);
    assert!(page.len() < 260_000, "{} bytes", page.len());
}

fn broken() -> RunRecord {
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
    record.status = Status::Interrupted;
    let check = record
        .blocks
        .iter_mut()
        .flat_map(|block| &mut block.phases)
        .find_map(|phase| phase.validity.get_mut(2))
        .unwrap();
    check.valid = Some(false);
    "31.4 %, limit 20 %".clone_into(&mut check.figure);
    record
}

#[test]
fn trouble_comes_first() {
    let page = html(&broken());
    keep("broken.html", &page);
    assert_whole(&page);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(at("interrupted: the run was stopped") < at("Invalid: this run cannot be judged"));
    assert!(at("Invalid: this run cannot be judged") < at("<table>"));
    assert!(page.contains("verification failed: search: not no row twice"));
    assert!(!page.contains("times faster"));
}

#[test]
fn thirty_variants_fit() {
    let names: Vec<String> = (0..30)
        .map(|n| format!("hnsw with a rather long name that says m {} and more, number {n}", 8 + n))
        .collect();
    let variants: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let ef = json!({"index": {"hnsw": {}}, "search": {"ef_search": [16, 64, 256]}, "report_at": {"ef_search": 64}, "baseline": n == 0});
            let step = n as f64;
            let nature = Nature { p50: 30.0 + 9.0 * step, recall: 0.9 + step * 0.003, half: 0.002, build: 2.0, index: 6.0 + step, codes: 384.0 };
            (name.as_str(), ef, nature)
        })
        .collect();
    let page = html(&run(&variants, 1));
    keep("thirty.html", &page);
    assert_whole(&page);
}

#[test]
fn nothing_measured_is_said() {
    let mut record = run(&usual(), 1);
    record.blocks.clear();
    record.objectives.clear();
    record.status = Status::Running;
    record.floor = None;
    let page = html(&record);
    keep("empty.html", &page);
    assert_whole(&page);
    assert!(page.contains("No search was measured.") && page.contains("validity unknown"));
}

#[test]
fn what_is_unknown_is_a_dash() {
    let mut record = run(&usual(), 1);
    for block in &mut record.blocks {
        block.memory = None;
        block.engine = None;
        for phase in &mut block.phases {
            if let PhaseResult::Measured { forms, .. } = &mut phase.result {
                forms[0].recall = None;
                forms[0].window = annvil_core::units::Nanos::ZERO;
                forms[0].intervals.clear();
            }
        }
    }
    let page = html(&record);
    keep("unknown.html", &page);
    assert_whole(&page);
    assert!(page.contains("<td class=\"n\">–</td>"));
}

#[test]
fn several_builds_and_a_small_run() {
    let page = html(&run(&usual()[..2], 3));
    keep("builds.html", &page);
    assert_whole(&page);
    assert!(page.contains("middle of 3 builds"));
    assert_whole(&html(&small()));
}

#[test]
fn what_users_write_stays_text() {
    let name = "</script><script>alert('1')</script> & \"quotes\" <b>";
    let variants = vec![(name, usual()[1].1.clone(), usual()[1].2.clone())];
    let mut record = run(&variants, 1);
    record.plan.name = name.to_owned();
    record.plan.why = name.to_owned();
    record.plan.dataset.name = name.to_owned();
    record.environment.cpu = Some(name.to_owned());
    for block in &mut record.blocks {
        block.engine.as_mut().unwrap().version = name.to_owned();
        for phase in &mut block.phases {
            phase.name = format!("{name}{}", phase.name);
        }
    }
    fail(&mut record, name, FailureKind::Engine, "restore", name);
    let page = html(&record);
    assert_balanced(&page);
    assert!(!page.contains("<b>") || !page.contains("quotes\" <b>"));
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("alert('1')"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_name_becomes_markup(name in "[<>&\"'a-z=/ ]{0,4}[<>\"'&][<>&\"'a-z=/ -]{0,20}") {
        let mut record = small();
        for (block, variant) in record.blocks.iter_mut().zip(&mut record.plan.variants) {
            block.variant = format!("{name}{}", variant.name);
            variant.name.clone_from(&block.variant);
        }
        let page = html(&record);
        assert_balanced(&page);
        // The bare name stands nowhere; single signs stand in every page.
        let bare = record.plan.variants[0].name.clone();
        prop_assert!(!page.contains(&bare), "{}", bare);
    }
}
