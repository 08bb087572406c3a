//! Baselines, what is accepted against them, and A/A figures.

use annvil_core::comparison::AaSummary;
use annvil_core::figures::Provenance;
use annvil_store::{AaMetric, AaRecord, Acceptance, BaselineSpec, Rolling, Store, split};

use crate::both;
use crate::place::Place;
use crate::sample::{about, block, p50};

both!(
    versions_stay,
    runs_that_do_not_belong_together_are_refused,
    held_runs_stay,
    a_rolling_baseline_goes_along,
    a_rolling_baseline_begins_at_a_change,
    what_is_accepted_belongs_to_a_version,
    what_a_rolling_baseline_has_in_it_is_accepted_no_more,
    aa_sessions_are_kept,
);

fn spec(runs: &[&str]) -> BaselineSpec {
    BaselineSpec { runs: runs.iter().map(|run| (*run).to_owned()).collect(), ..BaselineSpec::default() }
}

fn rolling(runs: u32) -> BaselineSpec {
    let rolling = Rolling { runs, branch: Some("main".to_owned()), scenario: None };
    BaselineSpec { rolling: Some(rolling), who: Some("me".to_owned()), ..BaselineSpec::default() }
}

/// Adds a run of one block.
fn add(store: &Store, minute: u32, value: f64, change: impl FnOnce(&mut Provenance)) -> String {
    let name = format!("r{minute:03}");
    let mut run = about(&name, minute);
    change(&mut run);
    store.add(&run, &[block(&name, 0, value)], None).unwrap();
    name
}

/// Within some 2 %, the same at every run of the test.
fn noisy(level: f64, at: u32) -> f64 {
    let noise = f64::from(at.wrapping_mul(2_654_435_761) >> 16) / 65_536.0 - 0.5;
    level * (1.0 + 0.04 * noise)
}

fn versions_stay(place: &Place) {
    let store = place.open();
    for minute in 0..3 {
        add(&store, minute, 1.0, |_| {});
    }
    let mut first = spec(&["r000", "r001"]);
    first.reason = Some("release 1".to_owned());
    let one = store.save_baseline("main", &first).unwrap();
    let two = store.save_baseline("main", &spec(&["r002"])).unwrap();
    assert_eq!((one.to_string(), two.to_string()), ("main@1".to_owned(), "main@2".to_owned()));
    assert_eq!(store.baseline("main", Some(1)).unwrap(), one);
    assert_eq!(one.commit.as_deref(), Some("1a20001abc"));
    assert_eq!((one.plan_hash.as_deref(), one.fingerprint.as_deref()), (Some("3f9a81c0"), Some("c0ffee")));
    assert_eq!(store.baseline("main", None).unwrap(), two);
    let resolved = store.resolve("main", Some(1)).unwrap();
    let runs: Vec<&str> = resolved.group.runs.iter().map(|run| run.run.as_str()).collect();
    assert_eq!((resolved.group.name.as_str(), runs), ("main@1", vec!["r000", "r001"]));

    let promoted = store.promote("main", Some(1), "current", None).unwrap();
    assert_eq!((promoted.to_string().as_str(), promoted.runs.len()), ("current@1", 2));
    assert_eq!(promoted.reason.as_deref(), Some("promoted from main@1"));
    let all: Vec<String> = store.baselines().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(all, ["current@1", "main@2", "main@1"]);

    assert_eq!(store.delete_baseline("main", Some(2)).unwrap(), 1);
    assert_eq!(store.baseline("main", None).unwrap().version, 1);
    let error = store.baseline("main", Some(9)).unwrap_err().to_string();
    assert!(error.contains("no version 9") && error.contains('1'), "{error}");
    let error = store.resolve("curent", None).unwrap_err().to_string();
    assert!(error.contains("`current`"), "{error}");
    assert_eq!(store.delete_baseline("main", None).unwrap(), 1);
    assert!(store.delete_baseline("main", None).is_err());
    // What people remember as main@1 and main@2 is none of this.
    assert_eq!(store.save_baseline("main", &spec(&["r000"])).unwrap().to_string(), "main@3");
    assert_eq!(split("a@2"), ("a", Some(2)));
    assert_eq!(split("a@x"), ("a@x", None));
}

fn runs_that_do_not_belong_together_are_refused(place: &Place) {
    let store = place.open();
    add(&store, 0, 1.0, |_| {});
    add(&store, 1, 1.0, |run| run.plan_hash = Some("another".to_owned()));
    add(&store, 2, 1.0, |run| run.fingerprint = Some("elsewhere".to_owned()));
    add(&store, 3, 1.0, |run| run.invalid = vec!["hnsw search: client: 97 %".to_owned()]);
    add(&store, 4, 1.0, |run| run.complete = false);
    add(&store, 5, 1.0, |run| run.failed = vec!["hnsw: load: no room".to_owned()]);
    add(&store, 6, 1.0, |run| "soak".clone_into(&mut run.scenario));
    for (runs, says) in [
        (vec!["r000", "r001"], "plans differ (3f9a81c0, another)"),
        (vec!["r000", "r002"], "machines differ"),
        (vec!["r003"], "invalid: hnsw search: client: 97 %"),
        (vec!["r000", "r004"], "did not come to its end"),
        (vec!["r005"], "failed: hnsw: load: no room"),
        (vec!["r000", "r006"], "scenarios differ"),
        (vec!["r009"], "no run"),
        (vec![], "without runs"),
    ] {
        let error = store.save_baseline("b", &spec(&runs)).unwrap_err();
        assert!(error.to_string().contains(says) && error.is_usage(), "{error}");
    }
    for name in ["", "a@1", "a+b", "a b"] {
        assert!(store.save_baseline(name, &spec(&["r000"])).is_err(), "{name}");
    }
    assert!(store.baselines().unwrap().is_empty());
}

fn held_runs_stay(place: &Place) {
    let store = place.open();
    let names: Vec<String> = (0..2).map(|minute| add(&store, minute, 1.0, |_| {})).collect();
    store.save_baseline("main", &spec(&["r001"])).unwrap();
    let error = store.remove(&names).unwrap_err().to_string();
    assert!(error.contains("`main`") && error.contains("r001"), "{error}");
    assert!(store.find("r000").is_ok());
    // The same run again is the same member.
    add(&store, 1, 7.0, |_| {});
    assert_eq!(store.resolve("main", None).unwrap().group.figures, [block("r001", 0, 7.0)]);
    store.delete_baseline("main", None).unwrap();
    assert_eq!(store.remove(&names).unwrap(), 2);
}

fn a_rolling_baseline_goes_along(place: &Place) {
    let store = place.open();
    let error = store.save_baseline("main", &rolling(3)).unwrap_err().to_string();
    assert!(error.contains("branch main"), "{error}");
    for minute in 0..5 {
        add(&store, minute, noisy(1000.0, minute), |_| {});
    }
    let saved = store.save_baseline("main", &rolling(3)).unwrap();
    assert_eq!((saved.scenario.as_str(), saved.who.as_deref()), ("quick", Some("me")));
    let runs = |store: &Store| {
        let resolved = store.resolve("main", None).unwrap();
        assert_eq!(resolved.segment, None);
        resolved.group.runs.into_iter().map(|run| run.run).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(runs(&store), "r002 r003 r004");
    // None of these is main's, or can stand beside main's.
    add(&store, 5, 1.0, |run| run.origin.branch = Some("feature".to_owned()));
    add(&store, 6, 1.0, |run| run.plan_hash = Some("other".to_owned()));
    add(&store, 7, 1.0, |run| run.fingerprint = Some("other".to_owned()));
    add(&store, 8, 1.0, |run| run.complete = false);
    assert_eq!(runs(&store), "r002 r003 r004");
    add(&store, 9, noisy(1000.0, 9), |_| {});
    assert_eq!(runs(&store), "r003 r004 r009");
    assert!(store.save_baseline("zero", &rolling(0)).is_err());
}

fn a_rolling_baseline_begins_at_a_change(place: &Place) {
    let store = place.open();
    for minute in 0..60 {
        let level = if minute < 50 { 1000.0 } else { 1200.0 };
        add(&store, minute, noisy(level, minute), |_| {});
    }
    store.save_baseline("main", &rolling(20)).unwrap();
    let resolved = store.resolve("main", None).unwrap();
    let segment = resolved.segment.unwrap();
    assert_eq!((segment.run.as_str(), segment.left_out), ("r050", 10));
    assert_eq!(segment.commit.as_deref(), Some("1a20032abc"));
    assert!((segment.change - 0.2).abs() < 0.03, "{}", segment.change);
    assert_eq!(resolved.group.runs.len(), 10);
    assert_eq!(resolved.group.runs[0].run, "r050");
    // A change before the runs that count leaves none of them out.
    store.save_baseline("short", &rolling(5)).unwrap();
    let short = store.resolve("short", None).unwrap();
    assert_eq!((short.group.runs.len(), short.segment), (5, None));
}

fn acceptance(version: u32, when: &str) -> Acceptance {
    Acceptance {
        baseline: "main".to_owned(),
        version,
        pattern: "search.p50".parse().unwrap(),
        reason: "exact answers now".to_owned(),
        who: "me".to_owned(),
        when: when.to_owned(),
        up_to: Some("12 %".parse().unwrap()),
    }
}

fn what_is_accepted_belongs_to_a_version(place: &Place) {
    let store = place.open();
    add(&store, 0, 1.0, |_| {});
    let given = acceptance(1, "2026-11-21T12:00:00+02:00");
    assert!(store.accept(&given).is_err(), "there is no such baseline yet");
    store.save_baseline("main", &spec(&["r000"])).unwrap();
    store.accept(&given).unwrap();
    let accepted = store.accepted(&store.resolve("main", None).unwrap()).unwrap();
    assert_eq!(accepted, [given]);
    assert!(accepted[0].pattern.matches(&p50()));
    store.save_baseline("main", &spec(&["r000"])).unwrap();
    assert!(store.accepted(&store.resolve("main", None).unwrap()).unwrap().is_empty());
    store.delete_baseline("main", None).unwrap();
    assert!(store.acceptances("main", 1).unwrap().is_empty());
}

fn what_a_rolling_baseline_has_in_it_is_accepted_no_more(place: &Place) {
    let store = place.open();
    add(&store, 0, 1.0, |_| {});
    store.save_baseline("main", &rolling(2)).unwrap();
    store.accept(&acceptance(1, "2026-11-21T00:10:00+02:00")).unwrap();
    let accepted = || store.accepted(&store.resolve("main", None).unwrap()).unwrap().len();
    assert_eq!(accepted(), 1);
    add(&store, 20, 1.1, |_| {});
    assert_eq!(accepted(), 1);
    add(&store, 21, 1.1, |_| {});
    assert_eq!(accepted(), 0);
}

fn aa_sessions_are_kept(place: &Place) {
    let store = place.open();
    assert_eq!(store.aa("machine", "plan").unwrap(), None);
    let session = |measured: &str, mean: f64| AaRecord {
        fingerprint: "machine".to_owned(),
        plan_hash: "plan".to_owned(),
        summary: AaSummary {
            measured: measured.to_owned(),
            blocks: 8,
            comparisons: 100,
            false_alarms: 0,
            detectable: Some(0.024),
        },
        metrics: vec![AaMetric {
            key: p50(),
            mean,
            sd_within: 0.016,
            sd_between: None,
            freedom: 7,
            detectable: None,
        }],
    };
    let (one, two) = (session("2026-11-21T10:00:00Z", 1.5), session("2026-11-22T10:00:00Z", 1.25));
    store.save_aa(&one).unwrap();
    store.save_aa(&two).unwrap();
    store.save_aa(&AaRecord { plan_hash: "other".to_owned(), ..one.clone() }).unwrap();
    assert_eq!(store.aa("machine", "plan").unwrap().as_ref(), Some(&two));
    assert_eq!(store.aa_sessions("machine", "plan").unwrap(), [one, two]);
}
