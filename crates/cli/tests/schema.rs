//! The schemas in `docs/` are those of the types, and the shipped scenarios are what they describe.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use annvil_core::document::Document;
use annvil_core::scenario::{Preset, read};
use common::run;

#[test]
fn docs_are_in_step() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for of in ["scenario", "run", "gate", "gate-report", "comparison"] {
        let printed = run(&docs, &["schema", of]).stdout;
        let kept = fs::read(docs.join(format!("{of}.schema.json"))).unwrap_or_default();
        assert!(
            printed == kept,
            "docs/{of}.schema.json is not what the types say; `cargo xtask schema` writes it anew"
        );
    }
}

#[test]
fn shipped_scenarios_are_read_with_every_preset() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut seen = 0;
    for entry in fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().unwrap() == "suites" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = Document::parse(&name, &text).unwrap_or_else(|error| panic!("{error}"));
        let scenario = read(&document).unwrap_or_else(|error| panic!("{error}"));
        assert!(!scenario.why.is_empty(), "{name} does not say why");
        for (named, preset) in &scenario.presets {
            let mut document = document.clone();
            for (path, value) in preset {
                document.set_json(path, value, named).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            read(&document).unwrap_or_else(|error| panic!("{name} --preset {named}: {error}"));
        }
        seen += 1;
        if scenario.engine.is_remote() {
            continue;
        }
        for shipped in ["quick", "full"] {
            let empty = Preset::new();
            let preset = scenario.presets.get(shipped).unwrap_or(&empty);
            let follows_the_scale = scenario.phases.iter().any(|phase| phase.shape().is_some());
            let loads =
                scenario.phases.iter().any(|phase| matches!(phase.kind(), "mixed" | "limit" | "runbook"));
            assert!(!preset.is_empty() || follows_the_scale || loads, "{name} lacks a preset");
        }
    }
    assert_eq!(seen, 16);
}
