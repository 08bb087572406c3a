//! Examples in the documents are read by the code that they describe.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use annvil_core::dataset::DataSpec;
use annvil_core::document::Document;
use annvil_core::filter::Filter;
use annvil_core::scenario::{Scenario, read};

/// Blocks of YAML in a document, each with the line on which it begins.
fn examples(name: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    let text = fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            None if line == "```yaml" => open = Some((format!("{name}:{}", number + 1), String::new())),
            None => {}
            Some(_) if line == "```" => found.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    found
}

fn has(block: &str, key: &str) -> bool {
    block.lines().any(|line| line.starts_with(key))
}

/// A whole scenario as it is; a part of one with what it lacks.
fn scenario(place: &str, block: &str) -> Scenario {
    let mut text = block.to_owned();
    for (key, rest) in [
        ("data:", "wordnet-10k"),
        ("engine:", "embedded"),
        ("variants:", "{old: {baseline: true}, hnsw f32: {}, hnsw f16: {}, hnsw i8: {}}"),
        ("phases:", "[search]"),
    ] {
        if !has(block, key) {
            text.push_str(&format!("{key} {rest}\n"));
        }
    }
    let document = Document::parse(place, &text).unwrap_or_else(|error| panic!("{error}"));
    read(&document).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn examples_of_load_are_scenarios() {
    let examples = examples("docs/LOAD.md");
    for (place, block) in &examples {
        let scenario = scenario(place, block);
        assert!(scenario.phases.len() > 3, "{place} measures nothing");
    }
    assert_eq!(examples.len(), 11);
}

#[test]
fn examples_of_postgres_are_scenarios() {
    let examples = examples("docs/POSTGRES.md");
    for (place, block) in &examples {
        scenario(place, block);
    }
    assert_eq!(examples.len(), 2);
}

#[test]
fn examples_of_formats_and_the_first_page_are_read() {
    let mut read_so_far = 0;
    for name in ["docs/FORMAT.md", "README.md"] {
        for (place, block) in examples(name) {
            let lines = || block.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
            if lines().all(|line| line.starts_with("where:")) {
                for line in lines() {
                    let text = line.trim_start_matches("where:").trim().trim_matches('"');
                    text.parse::<Filter>().unwrap_or_else(|error| panic!("{place}: {text}: {error}"));
                }
            } else if lines().all(|line| line.starts_with("data:")) {
                for line in lines() {
                    let document = Document::parse(&place, line).unwrap();
                    let data = document.value_at(&["data"]).unwrap();
                    serde_json::from_value::<DataSpec>(data)
                        .unwrap_or_else(|error| panic!("{place}: {error}"));
                }
            } else {
                scenario(&place, &block);
            }
            read_so_far += 1;
        }
    }
    assert!(read_so_far >= 6, "{read_so_far}");
}
