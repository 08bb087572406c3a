//! Sparse rows.
#![no_main]

use annvil_data::formats::csr;
use annvil_data::rows::Rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    if let Ok(vectors) = csr::vectors(&annvil_fuzz::bytes(data)) {
        let _ = annvil_fuzz::drain(Rows::Ready(vectors));
    }
});
