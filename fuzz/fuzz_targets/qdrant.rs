//! Qdrant's tests and conditions. Conditions that are understood can be written again, and mean the same.
#![no_main]

use std::collections::BTreeMap;

use annvil_core::label::LabelType;
use annvil_data::formats::qdrant;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    let schema = BTreeMap::from([("a".to_owned(), LabelType::Int), ("t".to_owned(), LabelType::TextList)]);
    let _ = qdrant::tests(&annvil_fuzz::bytes(data), &schema, 2, 100);
    let Ok(json) = serde_json::from_slice(data) else { return };
    if let Ok(Some(filter)) = qdrant::to_filter(&json, &schema)
        && let Ok(again) = qdrant::from_filter(&filter)
    {
        assert_eq!(qdrant::to_filter(&again, &schema), Ok(Some(filter)), "{again}");
    }
    let _ = annvil_data::json_filter::parse(&json);
});
