//! Files that are no store, or no store of this program.

use std::fs;
use std::path::Path;

use annvil_store::{BaselineSpec, DatabaseError, RunFilter, Store};

use crate::both;
use crate::place::Place;
use crate::sample::{about, block};

both!(a_newer_schema_is_refused_in_words, looking_makes_nothing, an_older_schema_is_brought_up);

fn a_newer_schema_is_refused_in_words(place: &Place) {
    place.open();
    place.query("INSERT INTO annvil_schema (version) VALUES (99)");
    let error = Store::open(&place.address).unwrap_err();
    assert!(error.is_usage());
    assert!(error.to_string().contains("newer annvil: its schema is 99, this one knows 2"), "{error}");
}

fn looking_makes_nothing(place: &Place) {
    assert!(Store::read(&place.address).unwrap().is_none());
    if place.is_file() {
        assert!(!Path::new(&place.address).exists());
    }
    place.open().add(&about("a", 1), &[block("a", 0, 1.0)], None).unwrap();
    let looking = Store::read(&place.address).unwrap().unwrap();
    assert_eq!(looking.count(&RunFilter::default()).unwrap(), 1);
    let error = looking.add(&about("b", 2), &[block("b", 0, 1.0)], None).unwrap_err();
    assert!(matches!(error, DatabaseError::ReadOnly { .. }), "{error}");
    // What others write meanwhile is seen.
    place.open().add(&about("c", 3), &[block("c", 0, 1.0)], None).unwrap();
    assert_eq!(looking.count(&RunFilter::default()).unwrap(), 2);
}

fn an_older_schema_is_brought_up(place: &Place) {
    let store = place.open();
    store.add(&about("a", 1), &[block("a", 0, 1.0)], None).unwrap();
    let spec = || BaselineSpec { runs: vec!["a".to_owned()], ..BaselineSpec::default() };
    store.save_baseline("main", &spec()).unwrap();
    drop(store);
    // As the first version left it.
    place.query("DROP INDEX annvil_run_latest");
    place.query("ALTER TABLE annvil_run DROP COLUMN request");
    place.query("DROP TABLE annvil_version");
    place.query("DELETE FROM annvil_schema WHERE version = 2");
    let store = Store::read(&place.address).unwrap().unwrap();
    assert_eq!(store.group("a", &["a".to_owned()]).unwrap().runs.len(), 1);
    assert_eq!(store.save_baseline("main", &spec()).unwrap().version, 2);
}

#[test]
fn a_file_where_nothing_can_be_made_is_read() {
    let place = Place::sqlite();
    place.open().add(&about("a", 1), &[block("a", 0, 1.0)], None).unwrap();
    // A name too long for the two files that SQLite would keep beside it.
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("h".repeat(252));
    fs::copy(&place.address, &long).unwrap();
    let store = Store::read(long.to_str().unwrap()).unwrap().unwrap();
    assert_eq!(store.count(&RunFilter::default()).unwrap(), 1);
}

#[test]
fn a_file_that_is_none_is_named_with_what_to_try() {
    let place = Place::sqlite();
    fs::write(&place.address, "this is a text, and longer than the head of a database\n".repeat(100))
        .unwrap();
    let error = Store::open(&place.address).unwrap_err();
    assert!(!error.is_usage());
    let error = error.to_string();
    assert!(error.contains(&place.address) && error.contains("annvil history import"), "{error}");
}

#[test]
fn a_file_with_a_hole_is_named_when_it_is_read() {
    let place = Place::sqlite();
    let store = place.open();
    for minute in 0..50 {
        let name = format!("r{minute}");
        store.add(&about(&name, minute), &[block(&name, 0, 1.0)], None).unwrap();
    }
    drop(store);
    let mut bytes = fs::read(&place.address).unwrap();
    // All but the page that says what the tables are.
    let from = 4096 * 2;
    assert!(bytes.len() > from * 2);
    bytes[from..].fill(0xa5);
    fs::write(&place.address, bytes).unwrap();
    let names: Vec<String> = (0..50).map(|minute| format!("r{minute}")).collect();
    let read = Store::open(&place.address).and_then(|store| store.group("all", &names));
    let error = read.unwrap_err().to_string();
    assert!(error.contains("damaged") && error.contains(&place.address), "{error}");
}

#[test]
fn a_database_of_something_else_is_left_alone() {
    let place = Place::sqlite();
    fs::write(&place.address, "").unwrap();
    place.query("CREATE TABLE recipes (name TEXT)");
    let before = fs::read(&place.address).unwrap();
    let error = Store::open(&place.address).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("`recipes`"), "{error}");
    assert_eq!(fs::read(&place.address).unwrap(), before);
}

#[test]
fn a_folder_in_the_place_of_the_file_is_an_error() {
    let place = Place::sqlite();
    fs::create_dir(&place.address).unwrap();
    let error = Store::open(&place.address).unwrap_err().to_string();
    assert!(error.contains(&place.address), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    let error = Store::open("postgres://me:hunter2@127.0.0.1:1/none").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("me:***@127.0.0.1:1") && !text.contains("hunter2"), "{text}");
    assert!(!error.is_usage() && !format!("{error:?}").contains("hunter2"));
}

#[test]
fn folders_move_with_the_file_beside_them() {
    let parent = tempfile::tempdir().unwrap();
    let (here, there) = (parent.path().join("here"), parent.path().join("there"));
    let store = Store::beside(&here).unwrap();
    store.add(&about("a", 1), &[], Some(&here.join("a"))).unwrap();
    store.add(&about("b", 2), &[], Some("/elsewhere/b".as_ref())).unwrap();
    drop(store);
    fs::rename(&here, &there).unwrap();
    let runs = Store::beside(&there).unwrap().runs(&RunFilter::default()).unwrap();
    assert_eq!(runs[1].folder.as_deref(), Some(&*there.join("a")));
    assert_eq!(runs[0].folder.as_deref(), Some("/elsewhere/b".as_ref()));
}
