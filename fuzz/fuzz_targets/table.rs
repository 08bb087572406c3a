//! CSV.
#![no_main]

use annvil_data::formats::table::csv;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    if let Ok(bundle) = csv::open("fuzz", &annvil_fuzz::bytes(data), None) {
        let _ = annvil_fuzz::drain(bundle.base);
    }
});
