//! Scenarios: YAML, the tree with places, and the typed values.
#![no_main]

use annvil_core::document::Document;
use annvil_core::scenario::Scenario;

libfuzzer_sys::fuzz_target!(|text: &str| {
    annvil_fuzz::bound(text.len());
    if let Ok(document) = Document::parse("fuzz.yaml", text)
        && let Err(error) = document.read::<Scenario>()
    {
        let _ = error.to_string();
    }
});
