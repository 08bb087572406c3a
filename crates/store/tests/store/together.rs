//! Several that use a store at the same time.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use annvil_store::{BaselineSpec, RunFilter, Store};

use crate::both;
use crate::place::Place;
use crate::sample::{about, block};

/// Tells a process that this program starts anew what to write where: address, first name, number of runs.
pub(crate) const WRITE: &str = "ANNVIL_STORE_TEST_WRITE";

/// This program again, as a process that only writes; see [`writer`].
pub(crate) fn process(address: &str, name: &str, runs: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["together::writer", "--exact", "--ignored", "--nocapture"]);
    command.env(WRITE, format!("{name} {runs} {address}")).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// Writes runs one after another and says each when it is stored.
#[test]
#[ignore = "a process that other tests start"]
fn writer() {
    let Ok(what) = std::env::var(WRITE) else { return };
    let mut words = what.splitn(3, ' ');
    let (name, runs, address) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let store = Store::open(address).unwrap();
    for number in 0..runs.parse().unwrap() {
        let name = format!("{name}-{number}");
        let blocks = [block(&name, 0, f64::from(number)), block(&name, 1, f64::from(number))];
        store.add(&about(&name, number % 1440), &blocks, None).unwrap();
        println!("stored {name}");
    }
}

/// Names that a process said.
pub(crate) fn said(out: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(out);
    // The line that a kill cut off is none.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().filter_map(|line| Some(line.split_once("stored ")?.1.to_owned())).collect()
}

both!(processes_write_at_once, several_begin_at_once, several_save_the_same_baseline_at_once);

fn processes_write_at_once(place: &Place) {
    let started: Vec<_> =
        ["a", "b", "c"].into_iter().map(|name| process(&place.address, name, 40).spawn().unwrap()).collect();
    let mut names = BTreeSet::new();
    for process in started {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        names.extend(said(&output.stdout));
    }
    assert_eq!(names.len(), 120);
    let store = place.open();
    let stored: BTreeSet<String> =
        store.runs(&RunFilter::default()).unwrap().into_iter().map(|run| run.provenance.run).collect();
    assert_eq!(stored, names);
    let names: Vec<String> = names.into_iter().collect();
    assert_eq!(store.group("all", &names).unwrap().figures.len(), 240);
}

fn several_begin_at_once(place: &Place) {
    std::thread::scope(|scope| {
        for number in 0..6 {
            scope.spawn(move || {
                let name = format!("r{number}");
                place.open().add(&about(&name, number), &[block(&name, 0, 1.0)], None).unwrap();
            });
        }
    });
    assert_eq!(place.open().count(&RunFilter::default()).unwrap(), 6);
}

fn several_save_the_same_baseline_at_once(place: &Place) {
    place.open().add(&about("a", 1), &[block("a", 0, 1.0)], None).unwrap();
    let spec = || BaselineSpec { runs: vec!["a".to_owned()], ..BaselineSpec::default() };
    let versions = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = place.open();
                for _ in 0..10 {
                    let saved = store.save_baseline("main", &spec()).unwrap();
                    versions.lock().unwrap().insert(saved.version);
                }
            });
        }
    });
    assert_eq!(versions.into_inner().unwrap(), (1..=40).collect());
    assert_eq!(place.open().baselines().unwrap().len(), 40);
}
