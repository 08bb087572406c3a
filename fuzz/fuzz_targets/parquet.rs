//! Parquet files.
#![no_main]

use annvil_data::formats::parquet;

libfuzzer_sys::fuzz_target!(init: annvil_fuzz::seed("parquet"), |data: &[u8]| {
    annvil_fuzz::bound(data.len());
    if let Ok(bundle) = parquet::read("fuzz".to_owned(), &annvil_fuzz::bytes(data)) {
        let _ = annvil_fuzz::drain(bundle.base);
    }
});
