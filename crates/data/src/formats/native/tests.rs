//! Annvil's own folders.

use super::*;
use annvil_core::vector::SparseRows;

fn about() -> About {
    About { name: "t".into(), metric: Some(Metric::L2), licence: None, source: Some("a test".into()) }
}

#[test]
fn a_folder_survives_a_round_trip_and_shows_damage() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    let bits = Vectors::Bits { packed: Matrix::new(vec![0xF0, 0x80, 0, 0], 2).unwrap(), dim: 9 };
    let mut writer = NativeWriter::create(&target, Element::B1, 9, about()).unwrap();
    writer.base(&bits, 0..2).unwrap();
    writer.texts(["a", "b \"c\""]).unwrap();
    writer.finish().unwrap();
    let bundle = open(&target).unwrap();
    assert_eq!(bundle.base.collect(None).unwrap().content, bits);
    assert_eq!(bundle.texts.unwrap().content, ["a", "b \"c\""]);
    assert_eq!(bundle.metric, Some(Metric::L2));
    verify(&target).unwrap();
    assert!(NativeWriter::create(&target, Element::B1, 9, about()).is_err(), "exists");

    let mut bytes = fs::read(target.join("base.npy")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(target.join("base.npy"), &bytes).unwrap();
    assert!(verify(&target).unwrap_err().to_string().contains("SHA-256"));
    bytes.pop();
    fs::write(target.join("base.npy"), &bytes).unwrap();
    assert!(open(&target).err().unwrap().to_string().contains("cut off or changed"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no scratch folder is left");
}

#[test]
fn sparse_rows_are_kept_sparse() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    let rows = Vectors::Sparse(SparseRows::new(4, vec![0, 1, 2], vec![3, 0], vec![1.0, 2.0]).unwrap());
    let mut writer = NativeWriter::create(&target, Element::Sparse, 4, about()).unwrap();
    writer.base(&rows, 0..1).unwrap();
    writer.base(&rows, 1..2).unwrap();
    writer.finish().unwrap();
    assert_eq!(open(&target).unwrap().base.collect(None).unwrap().content, rows);
}

#[test]
fn what_cannot_be_read_back_is_refused_by_the_wanted_name() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("set");
    let rows = Vectors::U8(Matrix::new(vec![1, 2], 1).unwrap());
    let mut writer = NativeWriter::create(&target, Element::U8, 1, about()).unwrap();
    writer.base(&rows, 0..2).unwrap();
    writer.queries(&Vectors::U8(Matrix::new(vec![1, 2], 2).unwrap())).unwrap();
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("have 1 dimensions") && !error.contains(".part-"), "{error}");

    // Without queries as well: an array of the wrong width.
    let mut writer = NativeWriter::create(&target, Element::U8, 2, about()).unwrap();
    writer.base(&rows, 0..1).unwrap();
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("set") && !error.contains(".part-"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
