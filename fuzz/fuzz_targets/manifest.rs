//! Manifests of Annvil's own format, beside an array that some of them fit.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use annvil_core::vector::{Element, Matrix, Vectors};
use annvil_data::formats::native::{self, About, NativeWriter};

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let vectors = Vectors::U8(Matrix::new(vec![1, 2, 3, 4], 2).unwrap());
    let mut writer =
        NativeWriter::create(&folder.path().join("set"), Element::U8, 2, About::default()).unwrap();
    writer.base(&vectors, 0..2).unwrap();
    writer.finish().unwrap();
    folder
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    annvil_fuzz::bound(data.len());
    let set = FOLDER.path().join("set");
    fs::write(set.join(native::MANIFEST), data).unwrap();
    if let Ok(bundle) = native::open(&set) {
        let _ = annvil_fuzz::drain(bundle.base);
    }
});
