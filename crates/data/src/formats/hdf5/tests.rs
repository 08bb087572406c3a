//! Written files read back, and damaged ones.

use std::io::Cursor;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Matrix, Vectors};
use half::f16;
use proptest::prelude::*;

use super::*;
use crate::map::still;
use crate::rows::RowWriter;

fn file(vectors: &Vectors) -> Vec<u8> {
    let mut file = Cursor::new(vec![]);
    let mut writer =
        Box::new(Writer::new(&mut file, vectors.element(), vectors.dim(), Some(Metric::Cosine)).unwrap());
    for row in 0..vectors.rows() {
        writer.push(vectors, row..row + 1).unwrap();
    }
    writer.queries(vectors).unwrap();
    writer.truth(&Neighbours { ids: vec![vec![1, 0], vec![0]] }).unwrap();
    writer.distances(&[vec![0.5, 1.5], vec![2.0]]).unwrap();
    assert!(writer.push(vectors, 0..1).is_err());
    writer.finish().unwrap();
    file.into_inner()
}

fn opened(bytes: &[u8]) -> Result<Bundle, FormatError> {
    read("set".into(), &still(bytes.to_vec().leak()))
}

fn all() -> [Vectors; 5] {
    [
        Vectors::F32(Matrix::new(vec![1.5, -2.0, 3.0, 4.0, 5.0, 6.5], 3).unwrap()),
        Vectors::F16(Matrix::new([1.5, -2.0, 3.0, 4.0].map(f16::from_f32).to_vec(), 2).unwrap()),
        Vectors::U8(Matrix::new(vec![1, 255, 3, 0], 2).unwrap()),
        Vectors::I8(Matrix::new(vec![-1, 127, 3, 0], 2).unwrap()),
        Vectors::Bits { packed: Matrix::new(vec![0b1010_0000, 0b1000_0000, 0xff, 0], 2).unwrap(), dim: 9 },
    ]
}

#[test]
fn what_is_written_is_read() {
    for vectors in all() {
        let bundle = opened(&file(&vectors)).unwrap();
        assert_eq!(bundle.metric, Some(Metric::Cosine));
        let mapped = matches!(bundle.base, crate::rows::Rows::Ready(_));
        assert_eq!(mapped, vectors.element() != Element::B1);
        assert_eq!(bundle.base.collect(None).unwrap().content, vectors);
        assert_eq!(bundle.queries.unwrap().collect(None).unwrap().content, vectors);
        assert_eq!(bundle.truth.unwrap().content.ids, [vec![1, 0], vec![0]]);
        assert_eq!(bundle.distances.unwrap(), [vec![0.5, 1.5], vec![2.0]]);
    }
}

#[test]
fn a_block_before_the_file_is_skipped() {
    let vectors = &all()[0];
    let bytes = [vec![7; 1024], file(vectors)].concat();
    assert_eq!(opened(&bytes).unwrap().base.collect(None).unwrap().content, *vectors);
}

#[test]
fn bad_files_are_told_apart() {
    let good = file(&all()[0]);
    let at = |part: &[u8]| good.windows(part.len()).position(|window| window == part).unwrap();
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let float = at(&[0x11, 0x20, 31]);
    for (bytes, message, help) in [
        (b"no".to_vec(), "not HDF5", "h5py"),
        (good[..30].to_vec(), "cut off in the superblock, byte 24: expected 8 bytes, found 6", "copy"),
        (good[..good.len() - 9].to_vec(), "cut off: the superblock says", "fetch"),
        (changed(8, &[9]), "superblock of version 9", "0 to 3"),
        (
            changed(at(b"train"), b"strain"[..5].into()),
            "no base vectors: found distances, neighbors, strai, test",
            "`train`",
        ),
        (changed(at(b"angular"), b"jaccard"), "", ""),
        (changed(at(b"dense"), b"spars"), "", ""),
        (changed(float + 1, &[0x21]), "`train`: big-endian numbers are not read", "h5py"),
        (changed(float + 13, &[11]), "`train`: floats of an odd width are not read", "h5py"),
        (changed(ROOT, &[7]), "damaged an object header at byte 96", "copy"),
    ] {
        match opened(&bytes) {
            Ok(_) => assert!(message.is_empty(), "no error: {message}"),
            Err(error) => {
                assert!(error.message.contains(message) && error.help.contains(help), "{message}: {error}");
            }
        }
    }
}

/// Byte at which the root's header is in the files that are written here.
const ROOT: usize = 96;

/// Reads all of it.
fn exhaust(bytes: &[u8]) {
    let bytes: Bytes = std::sync::Arc::new(Held(bytes.to_vec()));
    if let Ok(bundle) = read("set".into(), &bytes) {
        let _ = bundle.base.collect(None);
        let _ = bundle.queries.map(|queries| queries.collect(None));
    }
}

struct Held(Vec<u8>);

impl annvil_core::vector::Owner for Held {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(
        changes in prop::collection::vec((0..1400_usize, any::<u8>()), 1..4), kind in 0..5_usize, end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = file(&all()[kind]);
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        exhaust(&bytes);
        exhaust(&bytes[..end.index(bytes.len())]);
    }
}
