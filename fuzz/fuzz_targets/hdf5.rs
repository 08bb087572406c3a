//! HDF5 containers.
#![no_main]

use annvil_data::formats::hdf5;

libfuzzer_sys::fuzz_target!(init: annvil_fuzz::seed("hdf5"), |data: &[u8]| {
    annvil_fuzz::bound(data.len());
    if let Ok(bundle) = hdf5::read("fuzz".to_owned(), &annvil_fuzz::bytes(data)) {
        let _ = annvil_fuzz::drain(bundle.base);
        if let Some(queries) = bundle.queries {
            let _ = annvil_fuzz::drain(queries);
        }
    }
});
