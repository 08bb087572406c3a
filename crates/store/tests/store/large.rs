//! How long things take in a large store.

use std::time::Instant;

use annvil_core::figures::{Figures, Provenance};
use annvil_core::quantity::{Quantity, Stat};
use annvil_store::{BaselineSpec, Entry, Rolling, RunFilter};

use crate::both;
use crate::place::Place;
use crate::sample::{about, key, p50};

/// Runs in it.
const RUNS: u32 = 100_000;
/// Figures of each.
const FIGURES: u32 = 60;

mod timed {
    #[test]
    #[ignore = "fills a store of 100,000 runs, which takes a minute, and prints times"]
    fn sqlite() {
        super::times(&crate::place::Place::sqlite());
    }

    #[test]
    #[ignore = "fills a store of 100,000 runs, which takes minutes, and prints times"]
    fn postgres() {
        if let Some(place) = crate::place::Place::postgres() {
            super::times(&place);
        }
    }
}

both!(hundreds_of_runs_and_figures_fit_in_a_statement);

fn run(number: u32) -> (Provenance, Figures) {
    let name = format!("run-{number:06}");
    let mut provenance = about(&name, 0);
    let began = 1_700_000_000 + i64::from(number) * 600;
    provenance.started = format!("{:?}", jiff::Timestamp::from_second(began).unwrap());
    let mut figures = Figures { run: name.clone(), session: name, ..Figures::default() };
    figures.values.insert(p50(), 1000.0 + f64::from(number % 97));
    for other in 1..FIGURES {
        let key = key(&format!("variant {other}"), Quantity::Response, Stat::P99);
        figures.values.insert(key, f64::from(number % 89) + f64::from(other));
    }
    (provenance, figures)
}

fn fill(place: &Place, runs: u32) {
    let store = place.open();
    let numbers: Vec<u32> = (0..runs).collect();
    for some in numbers.chunks(1000) {
        let made: Vec<_> = some.iter().map(|number| run(*number)).collect();
        let entries: Vec<Entry<'_>> =
            made.iter().map(|(about, figures)| (about, std::slice::from_ref(figures), None)).collect();
        store.add_all(&entries).unwrap();
    }
}

fn hundreds_of_runs_and_figures_fit_in_a_statement(place: &Place) {
    fill(place, 1500);
    let store = place.open();
    let names: Vec<String> =
        store.runs(&RunFilter::default()).unwrap().into_iter().map(|run| run.provenance.run).collect();
    let group = store.group("all", &names).unwrap();
    assert_eq!((group.runs.len(), group.figures.len()), (1500, 1500));
    assert!(group.figures.iter().all(|figures| figures.values.len() == FIGURES as usize));
    assert_eq!(store.remove(&names).unwrap(), 1500);
}

fn times(place: &Place) {
    let timed = |what: &str, work: &mut dyn FnMut() -> usize| {
        let began = Instant::now();
        let count = work();
        println!("{:>8.0} ms  {what} ({count})", began.elapsed().as_secs_f64() * 1e3);
    };
    timed("filled", &mut || {
        fill(place, RUNS);
        RUNS as usize
    });
    if place.is_file() {
        let size = std::fs::metadata(&place.address).unwrap().len();
        println!("{:>8.1} MB", size as f64 / 1e6);
    }
    let limit = |limit| RunFilter { limit: Some(limit), ..RunFilter::default() };
    let main = RunFilter {
        scenario: Some("quick".to_owned()),
        branch: Some("main".to_owned()),
        usable: true,
        ..RunFilter::default()
    };
    timed("opened, 20 runs listed", &mut || place.open().runs(&limit(20)).unwrap().len());
    let store = place.open();
    timed("all runs listed", &mut || store.runs(&RunFilter::default()).unwrap().len());
    timed("one figure, all runs", &mut || store.series(&p50(), &RunFilter::default()).unwrap().len());
    timed("one figure, main", &mut || store.series(&p50(), &main).unwrap().len());
    timed("names of figures", &mut || store.metrics(&main).unwrap().len());
    timed("one figure, 200 runs", &mut || store.series(&p50(), &limit(200)).unwrap().len());
    let rolling = Some(Rolling { runs: 20, branch: Some("main".to_owned()), scenario: None });
    store.save_baseline("main", &BaselineSpec { rolling, ..BaselineSpec::default() }).unwrap();
    timed("rolling baseline resolved", &mut || store.resolve("main", None).unwrap().group.figures.len());
    timed("a run added", &mut || {
        let (about, figures) = run(RUNS + 1);
        store.add(&about, &[figures], None).unwrap();
        1
    });
    let old: Vec<String> = (0..1000).map(|number| format!("run-{number:06}")).collect();
    timed("1,000 runs removed", &mut || store.remove(&old).unwrap() as usize);
}
