//! Memory beside the index: labels that became long are kept by the process, and a filter reads them.

use std::fmt::Write as _;
use std::fs;

use super::Place;
use super::common::{alone, fvecs};

const ROWS: usize = 2000;

const TAGGED: &str = "
data: {base: ./base.fvecs, queries: ./queries.fvecs, labels: ./few.jsonl, metric: cosine}
engine: embedded
variants: {flat: {}}
phases:
  - verify: {queries: 3, writes: false}
  - search: {k: 10, queries: 500, warmup: 50, where: \"tags contains 'last'\"}
";

/// Every row with so many tags, the one that is asked for behind all others.
fn tags(count: usize) -> String {
    let mut list = String::new();
    for tag in 1..count {
        write!(list, "\"t{tag}\",").unwrap();
    }
    format!("{{\"tags\":[{list}\"last\"]}}\n").repeat(ROWS)
}

#[test]
fn memory_that_is_not_the_index_is_told_from_rows() {
    let _alone = alone();
    let place = Place::of(TAGGED, "");
    fs::write(place.path().join("base.fvecs"), fvecs(ROWS, 64)).unwrap();
    fs::write(place.path().join("queries.fvecs"), fvecs(50, 64)).unwrap();
    fs::write(place.path().join("few.jsonl"), tags(4)).unwrap();
    fs::write(place.path().join("many.jsonl"), tags(1000)).unwrap();
    let Some(before) = place.measure(&[]) else { return };
    place.causes(&before, &["data.labels=./many.jsonl"], &["memory-grew"], &[]);
    // As slow, and the process grows too, by rows: that is the index.
    fs::write(place.path().join("base.fvecs"), fvecs(8 * ROWS, 64)).unwrap();
    fs::write(place.path().join("few.jsonl"), tags(4).repeat(8)).unwrap();
    place.causes(&before, &[], &["index-larger"], &[]);
}
