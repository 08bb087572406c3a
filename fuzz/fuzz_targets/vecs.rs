//! `.fvecs`, `.bvecs` and `.ivecs`.
#![no_main]

use annvil_data::formats::vecs;
use annvil_data::rows::Rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    let bytes = annvil_fuzz::bytes(data);
    for vectors in [vecs::floats(&bytes), vecs::bytes(&bytes)].into_iter().flatten() {
        let _ = annvil_fuzz::drain(Rows::Ready(vectors));
    }
    let _ = vecs::ids(data, None);
});
