//! Processes that are killed while they write.

use std::io::Read;
use std::time::Duration;

use annvil_store::RunFilter;

use crate::both;
use crate::place::Place;
use crate::sample::block;
use crate::together::{process, said};

/// Processes that are killed.
const KILLS: u32 = 100;

both!(no_stored_run_is_lost, what_was_begun_can_be_opened);

fn no_stored_run_is_lost(place: &Place) {
    let mut stored: Vec<String> = Vec::new();
    for kill in 0..KILLS {
        let mut writing = process(&place.address, &format!("k{kill}"), u32::MAX).spawn().unwrap();
        let mut out = writing.stdout.take().unwrap();
        // Wait for the first run; what comes within the next milliseconds is cut off anywhere.
        let mut bytes = Vec::new();
        let mut some = [0; 4096];
        while said(&bytes).is_empty() {
            let count = out.read(&mut some).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&bytes));
            bytes.extend(&some[..count]);
        }
        std::thread::sleep(Duration::from_micros(u64::from(kill) * 7919 % 25_000));
        writing.kill().unwrap();
        writing.wait().unwrap();
        out.read_to_end(&mut bytes).unwrap();

        let names = said(&bytes);
        let store = place.open();
        let group = store.group("k", &names).unwrap();
        assert_eq!((group.runs.len(), group.figures.len()), (names.len(), 2 * names.len()));
        stored.extend(names);
        drop(store);
        if place.is_file() {
            assert_eq!(place.query("PRAGMA integrity_check"), ["ok"]);
        }
    }
    let store = place.open();
    let all: Vec<String> =
        store.runs(&RunFilter::default()).unwrap().into_iter().map(|run| run.provenance.run).collect();
    // At most one run a kill was stored without a word.
    assert!(all.len() >= stored.len() && all.len() <= stored.len() + KILLS as usize);
    let group = store.group("all", &all).unwrap();
    assert_eq!(group.figures.len(), 2 * all.len(), "a run that is there is there whole");
    for figures in &group.figures {
        let value = figures.run.rsplit('-').next().unwrap().parse().unwrap();
        assert_eq!(*figures, block(&figures.run, figures.block, value));
    }
}

/// Killed while it makes the store, or opens the one that the last left behind.
fn what_was_begun_can_be_opened(place: &Place) {
    for kill in 0..KILLS / 2 {
        let mut writing = process(&place.address, &format!("k{kill}"), 1).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(u64::from(kill) * 7919 % 20_000));
        writing.kill().unwrap();
        let written = said(&writing.wait_with_output().unwrap().stdout);
        let store = place.open();
        assert_eq!(store.group("k", &written).unwrap().runs.len(), written.len());
        drop(store);
        if place.is_file() {
            assert_eq!(place.query("PRAGMA integrity_check"), ["ok"]);
            // The next begins anew.
            for end in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", place.address));
            }
        } else {
            place.query(
                "DROP TABLE annvil_schema, annvil_member, annvil_baseline, annvil_acceptance, annvil_aa, annvil_answers, \
                 annvil_figure, annvil_metric, annvil_run, annvil_version",
            );
        }
    }
}
