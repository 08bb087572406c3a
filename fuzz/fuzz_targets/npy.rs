//! NumPy's arrays, as vectors and as answers.
#![no_main]

use annvil_data::formats::npy;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    if let Ok(rows) = npy::vectors(&annvil_fuzz::bytes(data)) {
        let _ = annvil_fuzz::drain(rows);
    }
    let _ = npy::ids(data, None);
});
