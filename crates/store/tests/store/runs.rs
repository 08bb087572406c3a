//! Runs into the store and out of it.

use std::path::Path;

use annvil_core::quantity::{Quantity, Stat};
use annvil_store::{DatabaseError, RunFilter};

use crate::both;
use crate::place::Place;
use crate::sample::{about, block, key, p50};

both!(
    a_run_comes_back_whole,
    the_same_name_again_replaces,
    another_run_of_the_same_name_is_refused,
    runs_are_found_by_everything_that_is_known_of_them,
    a_figure_over_time_is_the_mean_of_blocks,
    removed_runs_leave_nothing,
    a_name_or_its_beginning_finds_a_run,
    a_failed_transaction_leaves_nothing,
);

fn a_run_comes_back_whole(place: &Place) {
    let blocks = [block("a", 0, 1000.25), block("a", 1, 1001.5)];
    let about_it = about("a", 5);
    place.open().add(&about_it, &blocks, Some(Path::new("/runs/a"))).unwrap();
    let store = place.open();
    let group = store.group("g", &["a".to_owned()]).unwrap();
    assert_eq!((group.name.as_str(), &group.runs[..]), ("g", &[about_it.clone()][..]));
    assert_eq!(group.figures, blocks);
    let runs = store.runs(&RunFilter::default()).unwrap();
    assert_eq!((runs.len(), runs[0].blocks, &runs[0].provenance), (1, 2, &about_it));
    assert_eq!(runs[0].folder.as_deref(), Some(Path::new("/runs/a")));
}

fn the_same_name_again_replaces(place: &Place) {
    let store = place.open();
    store.add(&about("a", 5), &[block("a", 0, 1.0), block("a", 1, 2.0)], None).unwrap();
    let mut later = about("a", 5);
    later.complete = false;
    let mut figures = block("a", 0, 3.0);
    // SQLite would make a null of it, which no figure is.
    figures.values.insert(key("x", Quantity::Mrr, Stat::Mean), f64::NAN);
    store.add(&later, &[figures], None).unwrap();
    let group = store.group("a", &["a".to_owned()]).unwrap();
    assert_eq!((group.runs, group.figures), (vec![later], vec![block("a", 0, 3.0)]));
}

fn another_run_of_the_same_name_is_refused(place: &Place) {
    let store = place.open();
    let first = about("a", 5);
    store.add(&first, &[block("a", 0, 1.0)], None).unwrap();
    let mut elsewhere = about("a", 5);
    elsewhere.fingerprint = Some("another machine".to_owned());
    for other in [about("a", 6), elsewhere] {
        let error = store.add(&other, &[block("a", 0, 2.0)], None).unwrap_err();
        assert!(matches!(error, DatabaseError::Refused { .. }), "{error}");
    }
    let group = store.group("a", &["a".to_owned()]).unwrap();
    assert_eq!((group.runs, group.figures), (vec![first], vec![block("a", 0, 1.0)]));
}

fn runs_are_found_by_everything_that_is_known_of_them(place: &Place) {
    let store = place.open();
    for minute in 0..6 {
        let name = format!("r{minute}");
        let mut run = about(&name, minute);
        if minute < 3 { "quick" } else { "soak" }.clone_into(&mut run.scenario);
        run.origin.branch = (minute % 2 == 0).then(|| "main".to_owned());
        run.plan_hash = (minute != 4).then(|| format!("plan{minute}"));
        run.fingerprint = Some(format!("machine{}", minute / 2));
        run.complete = minute != 5;
        run.origin.request = (minute == 1).then(|| "7".to_owned());
        if minute == 3 {
            "2026-11-20T22-00-00-ab-quick".clone_into(&mut run.session);
        }
        if minute == 4 { "k6" } else { "annvil" }.clone_into(&mut run.tool);
        store.add(&run, &[block(&name, 0, 1.0)], None).unwrap();
    }
    let text = |text: &str| Some(text.to_owned());
    // Times are held against each other as instants, not as texts: 00:03 at +02:00 is 22:03 of the day before.
    let instant = "2026-11-20T22:03:00Z".parse().ok();
    let all = RunFilter::default;
    for (filter, names) in [
        (all(), "r5 r4 r3 r2 r1 r0"),
        (RunFilter { limit: Some(2), ..all() }, "r5 r4"),
        (RunFilter { scenario: text("quick"), ..all() }, "r2 r1 r0"),
        (RunFilter { branch: text("main"), ..all() }, "r4 r2 r0"),
        (RunFilter { tool: text("k6"), ..all() }, "r4"),
        (RunFilter { plan_hash: text("plan3"), ..all() }, "r3"),
        (RunFilter { fingerprint: text("machine1"), ..all() }, "r3 r2"),
        (RunFilter { commit: text("1a20002"), ..all() }, "r2"),
        (RunFilter { since: instant, ..all() }, "r5 r4 r3"),
        (RunFilter { before: instant, ..all() }, "r2 r1 r0"),
        (RunFilter { usable: true, ..all() }, "r4 r3 r2 r1 r0"),
        (RunFilter { own: true, ..all() }, "r5 r4 r2 r0"),
        (RunFilter { usable: true, scenario: text("soak"), branch: text("main"), ..all() }, "r4"),
        (RunFilter { scenario: text("x'; DROP TABLE annvil_run; --"), ..all() }, ""),
    ] {
        let found: Vec<String> =
            store.runs(&filter).unwrap().into_iter().map(|run| run.provenance.run).collect();
        assert_eq!(found.join(" "), names, "{filter:?}");
        if filter.limit.is_none() {
            assert_eq!(store.count(&filter).unwrap(), found.len() as u64);
        }
    }
}

fn a_figure_over_time_is_the_mean_of_blocks(place: &Place) {
    let store = place.open();
    // Not in the order of time.
    for minute in [2, 0, 1] {
        let name = format!("r{minute}");
        let value = f64::from(minute) * 10.0;
        let blocks = [block(&name, 0, value + 1.0), block(&name, 1, value + 3.0)];
        store.add(&about(&name, minute), &blocks, None).unwrap();
    }
    let series = store.series(&p50(), &RunFilter::default()).unwrap();
    let points: Vec<_> = series.iter().map(|point| (point.run.as_str(), point.value)).collect();
    assert_eq!(points, [("r0", 2.0), ("r1", 12.0), ("r2", 22.0)]);
    assert_eq!(series[1].commit.as_deref(), Some("1a20001abc"));
    assert!(series[1].began < series[2].began && series[1].usable);
    let last = store.series(&p50(), &RunFilter { limit: Some(1), ..RunFilter::default() }).unwrap();
    assert_eq!(last, series[2..]);
    let unknown = key("no such", Quantity::Mrr, Stat::Mean);
    assert!(store.series(&unknown, &RunFilter::default()).unwrap().is_empty());
    let names = store.metrics(&RunFilter::default()).unwrap();
    assert_eq!(names, block("r", 0, 1.0).values.into_keys().collect::<Vec<_>>());
    let none = RunFilter { scenario: Some("none".to_owned()), ..RunFilter::default() };
    assert!(store.metrics(&none).unwrap().is_empty());
}

fn removed_runs_leave_nothing(place: &Place) {
    let store = place.open();
    for name in ["a", "b"] {
        store.add(&about(name, 1), &[block(name, 0, 1.0)], None).unwrap();
    }
    assert_eq!(store.remove(&["a".to_owned(), "unknown".to_owned()]).unwrap(), 1);
    assert!(store.group("a", &["a".to_owned()]).unwrap_err().to_string().contains("`a`"));
    assert_eq!(store.group("b", &["b".to_owned()]).unwrap().figures, [block("b", 0, 1.0)]);
    for (table, rows) in [("annvil_figure", 6), ("annvil_answers", 1)] {
        let count = place.query(&format!("SELECT cast(count(*) AS text) FROM {table}"));
        assert_eq!(count, [rows.to_string()], "{table}");
    }
}

fn a_name_or_its_beginning_finds_a_run(place: &Place) {
    let store = place.open();
    for name in ["2026-a", "2026-ab", "2027-c%"] {
        store.add(&about(name, 1), &[], None).unwrap();
    }
    for (given, found) in [("2026-a", "2026-a"), ("2026-ab", "2026-ab"), ("2027", "2027-c%")] {
        assert_eq!(store.find(given).unwrap().provenance.run, found);
    }
    for (wrong, says) in [("2026", "several runs"), ("nope", "no run"), ("%", "no run"), ("", "several")] {
        let error = store.find(wrong).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

fn a_failed_transaction_leaves_nothing(place: &Place) {
    let store = place.open();
    store.add(&about("a", 1), &[block("a", 0, 1.0)], None).unwrap();
    // A block that is there twice breaks the primary key, after the run and some figures were written.
    let twice = [block("a", 0, 5.0), block("a", 0, 6.0)];
    let (other, again) = (about("b", 2), about("a", 3));
    let entries = [(&other, &twice[..1], None), (&again, &twice[..], None)];
    assert!(store.add_all(&entries).is_err());
    let runs = store.runs(&RunFilter::default()).unwrap();
    assert_eq!((runs.len(), &runs[0].provenance), (1, &about("a", 1)));
    assert_eq!(store.group("a", &["a".to_owned()]).unwrap().figures, [block("a", 0, 1.0)]);
}
