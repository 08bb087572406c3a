//! `.fbin`, `.u8bin`, `.i8bin` and `.ibin`.
#![no_main]

use annvil_core::vector::Element;
use annvil_data::formats::bin;
use annvil_data::rows::Rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    let bytes = annvil_fuzz::bytes(data);
    for element in [Element::F32, Element::U8, Element::I8] {
        if let Ok(vectors) = bin::vectors(&bytes, element) {
            let _ = annvil_fuzz::drain(Rows::Ready(vectors));
        }
    }
    let _ = bin::ids(data, None);
});
