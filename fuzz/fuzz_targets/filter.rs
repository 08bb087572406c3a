//! The grammar of filters. What is parsed can be shown and parsed again.
#![no_main]

use std::collections::BTreeMap;

use annvil_core::filter::Filter;
use annvil_core::label::LabelType;

libfuzzer_sys::fuzz_target!(|text: &str| {
    annvil_fuzz::bound(text.len());
    let Ok(filter) = text.parse::<Filter>() else { return };
    let shown = filter.to_string();
    assert_eq!(shown.parse::<Filter>().as_ref(), Ok(&filter), "{shown}");
    let _ =
        filter.check(&BTreeMap::from([("a".to_owned(), LabelType::Int), ("b".to_owned(), LabelType::Text)]));
});
