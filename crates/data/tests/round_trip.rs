//! Round trips: what is written in a format is read back as it was, bit by bit where the format has the type.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "round_trip/beside.rs"]
mod beside;

use std::collections::BTreeMap;
use std::path::Path;

use annvil_core::dataset::Neighbours;
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::vector::{Element, Matrix, SparseRows, Vectors};
use annvil_data::bundle::Bundle;
use annvil_data::convert::{Converted, Options, Part, convert};
use annvil_data::format::Kept;
use annvil_data::formats;
use annvil_data::rows::Rows;
use half::f16;
use proptest::prelude::*;

fn written(source: Bundle, path: &Path, options: &Options) -> Converted {
    convert(source, path, options, &mut |_, _| true)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn base(path: &Path) -> Vectors {
    formats::vectors(path).unwrap().collect(None).unwrap().content
}

fn of(vectors: &Vectors) -> Bundle {
    Bundle::of("t", Rows::Ready(vectors.clone()))
}

/// Widened to 32 bits, as bits: −0.0 is not 0.0.
fn bits(vectors: &Vectors) -> Vec<u32> {
    let mut row = vec![0.0; vectors.dim()];
    let mut bits = vec![];
    for i in 0..vectors.rows() {
        vectors.write_f32(i, &mut row);
        bits.extend(row.iter().map(|x: &f32| x.to_bits()));
    }
    bits
}

/// Finite numbers of every size.
fn number() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite())
}

fn vectors() -> impl Strategy<Value = Vectors> {
    (1..40_usize, 1..20_usize, 0..5_u8, prop::collection::vec(number(), 40 * 20)).prop_map(
        |(dim, rows, kind, all)| {
            let values = &all[..rows * dim];
            let bytes = || values.iter().map(|x| x.to_bits() as u8);
            match kind {
                0 => Vectors::F32(Matrix::new(values.to_vec(), dim).unwrap()),
                1 => {
                    let halves = bytes()
                        .map(|x| f16::from_bits(u16::from(x) * 97))
                        .map(|x| if x.is_finite() { x } else { f16::ONE });
                    Vectors::F16(Matrix::new(halves.collect(), dim).unwrap())
                }
                2 => Vectors::U8(Matrix::new(bytes().collect(), dim).unwrap()),
                3 => Vectors::I8(Matrix::new(bytes().map(u8::cast_signed).collect(), dim).unwrap()),
                _ => {
                    // What is left of the last byte of a row is zero.
                    let stride = dim.div_ceil(8);
                    let mask = |i: usize| {
                        if i % stride == stride - 1 && dim % 8 > 0 { 0xFF_u8 << (8 - dim % 8) } else { 0xFF }
                    };
                    let packed = bytes().take(rows * stride).enumerate().map(|(i, byte)| byte & mask(i));
                    Vectors::Bits { packed: Matrix::new(packed.collect(), stride).unwrap(), dim }
                }
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn vectors_in_every_format(vectors in vectors()) {
        let folder = tempfile::tempdir().unwrap();
        let own: &[&str] = match vectors.element() {
            Element::F32 => &["a.npy", "a.fvecs", "a.fbin", "a.jsonl", "a.csv", "a.tsv", "a.hdf5", "a.parquet", "a"],
            Element::F16 => &["a.npy", "a.hdf5", "a.parquet", "a"],
            Element::U8 => &["a.npy", "a.bvecs", "a.u8bin", "a.hdf5", "a.parquet", "a"],
            Element::I8 => &["a.npy", "a.i8bin", "a.hdf5", "a.parquet", "a"],
            _ => &["a"],
        };
        for name in own {
            let path = folder.path().join(name);
            let converted = written(of(&vectors), &path, &Options::default());
            prop_assert_eq!((converted.rows, converted.dim), (vectors.rows(), vectors.dim()));
            prop_assert!(converted.rounding.is_none());
            let bundle = formats::open(&path).unwrap();
            let read = bundle.base.collect(None).unwrap().content;
            prop_assert_eq!(read.element(), vectors.element(), "{}", name);
            prop_assert_eq!(bits(&read), bits(&vectors), "{}", name);
        }
        // Formats of 32-bit floats hold all the others exactly.
        for name in ["w.fvecs", "w.fbin", "w.jsonl", "w.csv"] {
            let path = folder.path().join(name);
            let converted = written(of(&vectors), &path, &Options::default());
            prop_assert!(converted.rounding.is_none_or(|rounding| rounding.changed == 0));
            prop_assert_eq!(bits(&base(&path)), bits(&vectors), "{}", name);
        }
    }

    #[test]
    fn sparse_rows(rows in prop::collection::vec(prop::collection::btree_map(0..50_u32, number(), 0..6), 1..12)) {
        let mut offsets = vec![0];
        let (mut indices, mut values) = (vec![], vec![]);
        for row in rows {
            indices.extend(row.keys());
            values.extend(row.values());
            offsets.push(values.len().cast_signed() as i64);
        }
        let vectors = Vectors::Sparse(SparseRows::new(50, offsets, indices, values).unwrap());
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.csr", "a"] {
            let path = folder.path().join(name);
            written(of(&vectors), &path, &Options::default());
            prop_assert_eq!(formats::open(&path).unwrap().base.collect(None).unwrap().content, vectors.clone());
        }
    }

    #[test]
    fn labels_and_texts(
        rows in prop::collection::vec((
            prop::option::of(any::<i64>()), prop::option::of(-1e300..1e300_f64), prop::option::of(any::<bool>()),
            prop::option::of("\\PC{0,6}"), prop::option::of(prop::collection::vec("\\PC{0,4}", 0..3)), "\\PC{0,9}",
        ), 1..8),
        with_texts in any::<bool>(),
    ) {
        let mut columns: BTreeMap<String, Column> = [
            ("n", LabelType::Int), ("x", LabelType::Float), ("ok", LabelType::Bool), ("näme, \"q\"", LabelType::Text), ("tags", LabelType::TextList),
        ].into_iter().map(|(name, kind)| (name.to_owned(), Column::new(kind))).collect();
        let mut texts = vec![];
        for (n, x, ok, name, tags, text) in rows {
            let mut put = |label: &str, value: Option<LabelValue>| columns.get_mut(label).unwrap().push(value).unwrap();
            put("n", n.map(LabelValue::Int));
            // Whole numbers are written as such, and then read as such.
            put("x", x.map(|x| LabelValue::Float(if x.fract() == 0.0 { x + 0.5 } else { x })));
            put("ok", ok.map(LabelValue::Bool));
            put("näme, \"q\"", name.map(LabelValue::Text));
            put("tags", tags.map(LabelValue::TextList));
            texts.push(text);
        }
        let labels = Labels::new(columns).unwrap();
        let rows = texts.len();
        let vectors = Vectors::F32(Matrix::new(vec![0.5; rows], 1).unwrap());
        let source = || {
            let mut source = of(&vectors);
            source.labels = Some(Kept { content: labels.clone(), total: rows });
            source.texts = with_texts.then(|| Kept { content: texts.clone(), total: rows });
            source
        };
        let values = |labels: &Labels| {
            let value = |(name, column): (&str, &Column)| {
                let values: Vec<_> = (0..rows).map(|row| column.value(row)).collect();
                (name.to_owned(), values)
            };
            // A label without any value has no type and may be gone.
            labels.columns().map(value).filter(|(_, values)| values.iter().any(Option::is_some)).collect::<Vec<_>>()
        };
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.jsonl", "a", "q"] {
            let path = folder.path().join(name);
            written(source(), &path, &Options { qdrant: name == "q", ..Options::default() });
            let read = formats::open(&path).unwrap();
            let found = read.labels.map(|kept| values(&kept.content)).unwrap_or_default();
            prop_assert_eq!(found, values(&labels), "{}", name);
            prop_assert_eq!(read.texts.map(|kept| kept.content), with_texts.then(|| texts.clone()), "{}", name);
        }
    }
}

#[test]
fn tables_keep_labels_that_look_like_their_type() {
    let folder = tempfile::tempdir().unwrap();
    let lines = concat!(
        "{\"vector\":[1],\"n\":3,\"x\":0.25,\"ok\":true,\"name\":\"a, \\\"b\\\"\\nü\",\"tags\":[\"p\",\"q\"],\"text\":\"one\"}\n",
        "{\"vector\":[-0.0],\"ok\":false,\"name\":\"007\",\"tags\":[],\"text\":\"\"}\n",
    );
    let first = folder.path().join("a.jsonl");
    std::fs::write(&first, lines).unwrap();
    let mut last = first.clone();
    for name in ["b.csv", "c.tsv", "d", "q", "e.jsonl"] {
        let path = folder.path().join(name);
        let options = Options { qdrant: name == "q", ..Options::default() };
        written(formats::open(&last).unwrap(), &path, &options);
        last = path;
    }
    let [before, after] = [first, last].map(|path| formats::open(&path).unwrap());
    assert_eq!(before.labels, after.labels);
    assert_eq!(before.texts, after.texts);
    let [before, after] = [before, after].map(|bundle| bits(&bundle.base.collect(None).unwrap().content));
    assert_eq!(before, after);
}

#[test]
fn answers_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let truth = Neighbours { ids: vec![vec![1, 0], vec![2]] };
    let source = || {
        let mut source = of(&Vectors::U8(Matrix::new(vec![1, 2, 3], 1).unwrap()));
        source.truth = Some(Kept { content: truth.clone(), total: 2 });
        source
    };
    for name in ["a.ivecs", "a.ibin", "a.npy"] {
        let path = folder.path().join(name);
        let converted = written(source(), &path, &Options { part: Some(Part::Truth), ..Options::default() });
        assert_eq!((converted.rows, converted.dim, converted.element), (2, 2, None));
        assert_eq!(formats::ids(&path, None).unwrap().content, truth);
    }
}

#[test]
fn doubles_keep_their_last_bit() {
    // The quick way to read doubles is one unit off here.
    let text = "{\"x\":-7.667795535061523e299}\n";
    let labels = annvil_data::jsonl::labels(text.as_bytes(), None).unwrap().content;
    assert_eq!(labels.column("x").unwrap().value(0), Some(LabelValue::Float(-7.667_795_535_061_523e299)));
}
