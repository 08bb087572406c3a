//! Conversions: what is refused, what is said to be lost, and that nothing half is left.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use annvil_core::dataset::Neighbours;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};
use annvil_data::bundle::Bundle;
use annvil_data::convert::{Converted, Options, Part, convert};
use annvil_data::format::Kept;
use annvil_data::formats::{self, native};
use annvil_data::rows::{RowReader, Rows, Shape};
use annvil_data::{DataError, FormatError};

fn f32s(values: &[f32], dim: usize) -> Vectors {
    Vectors::F32(Matrix::new(values.to_vec(), dim).unwrap())
}

fn of(values: &[f32], dim: usize) -> Bundle {
    Bundle::of("mine", Rows::Ready(f32s(values, dim)))
}

fn to(source: Bundle, path: &Path, options: &Options) -> Result<Converted, DataError> {
    convert(source, path, options, &mut |_, _| true)
}

fn refused(source: Bundle, path: &Path, options: &Options) -> String {
    let error = to(source, path, options).err().unwrap_or_else(|| panic!("{} was written", path.display()));
    assert!(!path.exists(), "{} is there", path.display());
    error.to_string()
}

fn element(element: Element) -> Options {
    Options { element: Some(element), ..Options::default() }
}

/// Blocks of one row that end with an error, or never.
struct Endless {
    rows: usize,
    fails: bool,
}

impl RowReader for Endless {
    fn shape(&self) -> Shape {
        Shape { element: Element::F32, dim: 2, rows: None }
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        self.rows += 1;
        if self.fails && self.rows > 3 {
            return Err(FormatError { message: "line 4: broken".into(), help: "mend it".into() });
        }
        Ok(Some(f32s(&[1.0, 2.0], 2)))
    }
}

#[test]
fn what_fails_or_is_stopped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, qdrant) in [("a.npy", false), ("a.jsonl", false), ("a.csv", false), ("a", false), ("q", true)]
    {
        let path = folder.path().join("deep").join(name);
        let options = Options { qdrant, ..Options::default() };
        let source = |fails| Bundle::of("mine", Rows::Streamed(Box::new(Endless { rows: 0, fails })));
        let error = to(source(true), &path, &options).unwrap_err().to_string();
        assert!(error.contains("mine: line 4: broken; mend it"), "{error}");
        let mut calls = 0;
        let mut report = |done, total| {
            assert_eq!(total, None);
            calls += 1;
            done < 5
        };
        assert!(matches!(convert(source(false), &path, &options, &mut report), Err(DataError::Stopped)));
        assert_eq!(calls, 6);
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn a_full_disk_leaves_nothing() {
    // A device that is always full is there on Linux only.
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let mut writer = formats::table::JsonlWriter::new(
        fs::File::options().write(true).open(full).unwrap(),
        formats::table::Sides::default(),
    )
    .unwrap();
    let error = annvil_data::rows::RowWriter::push(&mut writer, &f32s(&[1.0], 1), 0..1).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn nothing_is_lost_unless_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let whole = || of(&[1.0, 255.0, 0.0, 3.0], 2);
    let error = refused(whole(), &at("a.bvecs"), &Options::default());
    assert!(error.contains(".bvecs files hold u8, and not f32; `--element u8`"), "{error}");
    let converted = to(whole(), &at("a.bvecs"), &element(Element::U8)).unwrap();
    assert_eq!(converted.rounding.unwrap().changed, 0);

    let error = refused(of(&[0.0, 1.0, -3.0, 0.0], 2), &at("b.bvecs"), &element(Element::U8));
    assert!(
        error.contains("mine: row 1, dimension 0: -3 is out of range, u8 holds 0 to 255; try `--element i8`"),
        "{error}"
    );
    let converted = to(of(&[0.4, 1.0, -3.0, 2.25], 2), &at("b.npy"), &element(Element::I8)).unwrap();
    let rounding = converted.rounding.unwrap();
    assert_eq!((rounding.values, rounding.changed, rounding.vanished), (4, 2, 1));
    assert!((rounding.largest - 0.4).abs() < 1e-6);

    for (name, options, part) in [
        ("c.csr", Options::default(), "dense vectors are not made sparse"),
        ("c.fvecs", element(Element::F16), ".fvecs files hold f32, and not f16"),
        ("c.ivecs", Options::default(), "mine has no exact answers"),
        ("c.npy", Options { part: Some(Part::Queries), ..Options::default() }, "mine has no queries"),
        ("c", Options { part: Some(Part::Base), ..Options::default() }, "would be a folder"),
        ("c.hdf5x", Options { qdrant: true, ..Options::default() }, "`.hdf5x` looks like a format"),
        ("c-1.5", Options { qdrant: true, ..Options::default() }, ""),
    ] {
        if part.is_empty() {
            assert!(to(whole(), &at(name), &options).is_ok());
        } else {
            let error = refused(whole(), &at(name), &options);
            assert!(error.contains(part), "{error}");
        }
    }
    for name in ["d.jsonl", "d.csv"] {
        let error = refused(of(&[1.0, f32::NAN], 2), &at(name), &Options::default());
        assert!(error.contains("a vector has NaN at place 1"), "{error}");
    }
    // Arrays hold NaN as they hold everything.
    to(of(&[1.0, f32::NAN], 2), &at("d.npy"), &Options::default()).unwrap();
    let error = to(whole(), &at("d.npy"), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("exists; choose another name"), "{error}");
}

#[test]
fn what_has_no_place_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let source = || {
        let mut source = of(&[0.5, 1.0, 2.0, 3.0], 2);
        source.queries = Some(Rows::Ready(f32s(&[1.0, 1.0], 2)));
        source.truth = Some(Kept { content: Neighbours { ids: vec![vec![1, 0]] }, total: 1 });
        source.texts = Some(Kept { content: vec!["a".into(), "b".into()], total: 2 });
        source.metric = Some(Metric::L2);
        source
    };
    let converted = to(source(), &folder.path().join("a.fvecs"), &Options::default()).unwrap();
    assert_eq!(converted.parts, ["base"]);
    assert!(
        converted.left_out[0].starts_with("queries, exact answers, texts, metric: "),
        "{:?}",
        converted.left_out
    );
    let converted = to(source(), &folder.path().join("a.jsonl"), &Options::default()).unwrap();
    assert_eq!(converted.parts, ["base", "texts"]);

    let options =
        Options { source: Some("a.hdf5".into()), licence: Some("CC0".into()), ..Options::default() };
    let converted = to(source(), &folder.path().join("a"), &options).unwrap();
    assert_eq!((converted.parts, converted.left_out), (vec!["base", "queries", "truth", "texts"], vec![]));
    let manifest = native::manifest(&folder.path().join("a")).unwrap();
    assert_eq!(
        (manifest.source.as_deref(), manifest.licence.as_deref()),
        (Some("converted from a.hdf5"), Some("CC0"))
    );
    assert_eq!((manifest.metric, manifest.queries), (Some(Metric::L2), 1));
    native::verify(&folder.path().join("a")).unwrap();

    // Answers are those of the vectors as they were.
    let converted = to(source(), &folder.path().join("b"), &element(Element::U8)).unwrap();
    assert!(converted.left_out[0].contains("before they were rounded"), "{:?}", converted.left_out);
    assert!(formats::open(&folder.path().join("b")).unwrap().truth.is_none());

    let options = Options { qdrant: true, ..Options::default() };
    let mut unknown = source();
    unknown.metric = None;
    let error = refused(unknown, &folder.path().join("q"), &options);
    assert!(error.contains("does not say its metric"), "{error}");
    let mut unanswered = source();
    unanswered.truth = None;
    let converted = to(unanswered, &folder.path().join("q"), &options).unwrap();
    assert!(converted.left_out[0].starts_with("queries: "), "{:?}", converted.left_out);

    let mut short = source();
    short.texts = Some(Kept { content: vec!["a".into()], total: 1 });
    for name in ["s", "s.jsonl", "s.npy"] {
        let mut again = source();
        again.texts = short.texts.clone();
        let error = refused(again, &folder.path().join(name), &Options::default());
        assert!(error.contains("mine has 2 vectors and 1 texts"), "{error}");
    }
}

#[test]
fn sets_that_a_run_refuses_are_converted_and_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let mut source = of(&[1.0, f32::NAN, 0.5, 0.5], 2);
    source.queries = Some(Rows::Ready(f32s(&[1.0, 1.0], 2)));
    let converted = to(source, &path, &Options::default()).unwrap();
    assert!(
        converted.left_out[0].starts_with("the content hash: row 0, dimension 1, is NaN, and a run refuses"),
        "{:?}",
        converted.left_out
    );
    assert_eq!(native::manifest(&path).unwrap().content_hash, None);
    let converted = to(of(&[1.0, f32::NAN], 2), &folder.path().join("b"), &Options::default()).unwrap();
    assert!(converted.left_out.is_empty());
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = Bundle::of("mine", Rows::Streamed(Box::new(Endless { rows: 0, fails: true })));
    let options = Options { file: Some("sets/mine.jsonl".into()), ..Options::default() };
    let error = refused(source, &folder.path().join("a"), &options);
    assert!(error.starts_with("sets/mine.jsonl: line 4: broken"), "{error}");
}

#[test]
fn what_csv_changes_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let lines = concat!(
        "{\"code\":\"12\",\"name\":\"a\",\"ok\":\"true\",\"n\":1,\"zip\":\"007\",\"tags\":[\"1\"]}\n",
        "{\"code\":\"13\",\"name\":\"\",\"ok\":\"false\",\"n\":2,\"zip\":\"008\",\"tags\":[]}\n",
    );
    let source = || {
        let mut source = of(&[0.5, 1.0], 1);
        source.labels = Some(annvil_data::jsonl::labels(lines.as_bytes(), None).unwrap());
        source.texts = Some(Kept { content: vec!["a ".into(), "b".into()], total: 2 });
        source
    };
    let left_out = to(source(), &folder.path().join("a.csv"), &Options::default()).unwrap().left_out;
    let starts = [
        "type of label `code`: its texts look like numbers",
        "empty texts of label `name`",
        "type of label `ok`: its texts look like booleans",
        "blanks around texts;",
    ];
    assert_eq!(left_out.len(), starts.len(), "{left_out:?}");
    assert!(left_out.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{left_out:?}");
    let left_out = to(source(), &folder.path().join("a.jsonl"), &Options::default()).unwrap().left_out;
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[test]
fn labels_that_a_table_needs_itself_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = of(&[1.0], 1);
    source.labels = Some(annvil_data::jsonl::labels(b"{\"vector\":1}\n", None).unwrap());
    let error = refused(source, &folder.path().join("a.jsonl"), &Options::default());
    assert!(error.contains("a label is named `vector`"), "{error}");
}
