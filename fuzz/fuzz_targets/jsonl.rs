//! Labels, texts and vectors as JSONL.
#![no_main]

use annvil_data::formats::table;
use annvil_data::jsonl;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    let _ = jsonl::labels(data, None);
    let _ = jsonl::texts(data, None);
    if let Ok(bundle) = table::objects("fuzz", &annvil_fuzz::bytes(data)) {
        let _ = annvil_fuzz::drain(bundle.base);
    }
});
