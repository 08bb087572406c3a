//! Written files read back, and damaged ones.

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Matrix, Owner, Vectors};
use half::f16;
use proptest::prelude::*;

use super::*;
use crate::map::still;
use crate::rows::RowWriter;

fn file(vectors: &Vectors) -> Vec<u8> {
    let mut file = vec![];
    let mut writer = Box::new(Writer::new(&mut file, vectors.element()).unwrap());
    for row in 0..vectors.rows() {
        writer.push(vectors, row..row + 1).unwrap();
    }
    writer.finish().unwrap();
    file
}

fn all() -> [Vectors; 4] {
    [
        Vectors::F32(Matrix::new(vec![1.5, -2.0, 3.0, 4.0, 5.0, 6.5], 3).unwrap()),
        Vectors::F16(Matrix::new([1.5, -2.0, 3.0, 4.0].map(f16::from_f32).to_vec(), 2).unwrap()),
        Vectors::U8(Matrix::new(vec![1, 255, 3, 0], 1).unwrap()),
        Vectors::I8(Matrix::new(vec![-1, 127, 3, 0], 2).unwrap()),
    ]
}

fn opened(bytes: &[u8]) -> Result<Bundle, FormatError> {
    read("set".into(), &still(bytes.to_vec().leak()))
}

#[test]
fn what_is_written_is_read() {
    for vectors in all() {
        let bundle = opened(&file(&vectors)).unwrap();
        assert!(bundle.labels.is_none());
        assert_eq!(bundle.base.shape().rows, Some(vectors.rows()));
        assert_eq!(bundle.base.collect(None).unwrap().content, vectors);
    }
    // Several pages, one of which ends within nothing.
    let large = Vectors::F32(Matrix::new((0..600_000_u32).map(|x| x as f32).collect(), 500).unwrap());
    assert_eq!(opened(&file(&large)).unwrap().base.collect(None).unwrap().content, large);
    assert!(Writer::new(vec![], Element::B1).is_err());
}

#[test]
fn folders_are_put_together_by_ids() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let vectors = &all()[0];
    std::fs::write(at("train.parquet"), file(vectors)).unwrap();
    std::fs::write(at("test.parquet"), file(vectors)).unwrap();
    let truth = Neighbours { ids: vec![vec![1, 0], vec![]] };
    write_ids(&truth, std::fs::File::create(at("neighbors.parquet")).unwrap()).unwrap();
    let bundle = open_folder(folder.path()).unwrap();
    assert_eq!(bundle.truth.unwrap().content, truth);
    assert_eq!(bundle.queries.unwrap().collect(None).unwrap().content, *vectors);
    let truth = Neighbours { ids: vec![vec![1], vec![2]] };
    write_ids(&truth, std::fs::File::create(at("neighbors.parquet")).unwrap()).unwrap();
    let error = open_folder(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("row 1: neighbour 2 is no id of the base"), "{error}");
}

#[test]
fn bad_files_are_told_apart() {
    let good = file(&all()[0]);
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let mut ids = vec![];
    write_ids(&Neighbours { ids: vec![vec![1]] }, &mut ids).unwrap();
    for (bytes, message, help) in [
        (b"PARE".to_vec(), "encrypted", "pyarrow"),
        (b"no".to_vec(), "not Parquet", "pyarrow"),
        (good[..good.len() - 1].to_vec(), "cut off: there is no footer at the end of its", "fetch"),
        (changed(good.len() - 8, &[0xff; 4]), "a footer of 4294967295 bytes in a file of", "copy"),
        (changed(good.len() - 20, &[0xff; 8]), "a header at byte", "copy"),
        (changed(30, &[0xff; 8]), "the page at byte", "copy"),
        (ids, "no column of lists of numbers: there are id (64-bit signed integers), neighbors_id", "floats"),
    ] {
        let error = opened(&bytes).and_then(|bundle| bundle.base.collect(None)).map(|_| ()).unwrap_err();
        assert!(error.message.contains(message) && error.help.contains(help), "{message}: {error}");
    }
}

struct Held(Vec<u8>);

impl Owner for Held {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), kind in 0..4_usize, end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = file(&all()[kind]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = bytes[..end.index(bytes.len())].to_vec();
        for bytes in [bytes, cut] {
            let bytes: Bytes = std::sync::Arc::new(Held(bytes));
            if let Ok(bundle) = read("set".into(), &bytes) {
                let _ = bundle.base.collect(None);
            }
        }
    }
}
