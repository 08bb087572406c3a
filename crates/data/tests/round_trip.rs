//! Round trips: what is written in a format is read back as it was, bit by bit where the format has the type.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annvil_core::dataset::Neighbours;
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, SparseRows, Vectors};
use annvil_data::bundle::{Bundle, FilteredAnswer};
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

fn filtered() -> Bundle {
    let mut source = of(&Vectors::F32(Matrix::new(vec![1.0, 0.0, 0.0, 2.0, 3.0, 3.0], 2).unwrap()));
    let lines = b"{\"a\":1,\"tags\":[\"x\"]}\n{\"a\":2,\"tags\":[]}\n{\"a\":3,\"tags\":[\"x\",\"y\"]}\n";
    source.labels = Some(annvil_data::jsonl::labels(lines, None).unwrap());
    source.queries = Some(Rows::Ready(Vectors::F32(Matrix::new(vec![1.0, 0.0, 0.1, 0.9], 2).unwrap())));
    source.metric = Some(Metric::Cosine);
    source.filtered = vec![
        FilteredAnswer { query: 0, filter: "a >= 2".parse().unwrap(), ids: vec![2, 1] },
        FilteredAnswer {
            query: 1,
            filter: "tags contains 'x' and a in (1, 3)".parse().unwrap(),
            ids: vec![2, 0],
        },
    ];
    source
}

#[test]
fn answers_under_filters_in_qdrants_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("q");
    let options = Options { qdrant: true, ..Options::default() };
    let converted = written(filtered(), &path, &options);
    assert_eq!(converted.parts, ["base", "labels", "queries", "truth"]);
    let read = formats::open(&path).unwrap();
    assert_eq!(read.filtered, filtered().filtered);
    assert_eq!(read.queries.unwrap().shape().rows, Some(2));
    let lines = std::fs::read_to_string(path.join("tests.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let score = line["closest_scores"][0].as_f64().unwrap();
    assert!((score - 0.5_f64.sqrt()).abs() < 1e-9, "cosine of 45°: {score}");

    // Without filters all answers are the truth.
    let mut plain = filtered();
    plain.filtered.clear();
    plain.truth = Some(Kept { content: Neighbours { ids: vec![vec![0], vec![1]] }, total: 2 });
    let path = folder.path().join("p");
    written(plain, &path, &options);
    let read = formats::open(&path).unwrap();
    assert_eq!(read.truth.unwrap().content.ids, [[0], [1]]);
    assert!(read.filtered.is_empty());
}

#[test]
fn plain_answers_stay_the_truth_beside_answers_under_filters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q");
    let mut source = filtered();
    source.truth = Some(Kept { content: Neighbours { ids: vec![vec![0], vec![1]] }, total: 2 });
    let converted = written(source, &path, &Options { qdrant: true, ..Options::default() });
    assert!(converted.left_out[0].starts_with("2 answers under filters: "), "{:?}", converted.left_out);
    let read = formats::open(&path).unwrap();
    assert_eq!(read.truth.unwrap().content.ids, [[0], [1]]);
    assert_eq!(read.queries.unwrap().shape().rows, Some(2));
}

#[test]
fn a_label_may_be_called_id() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("a.jsonl");
    for ids in [["\"a\"", "\"b\""], ["7", "8"], ["1", "0"]] {
        let line = |id: &str| format!("{{\"vector\":[1,2],\"id\":{id}}}\n");
        std::fs::write(&first, ids.map(line).concat()).unwrap();
        let mut last = first.clone();
        for name in ["b", "q", "c", "d.jsonl"] {
            let path = folder.path().join(format!("{}{name}", ids[0].replace('"', "")));
            let options = Options { qdrant: name == "q", ..Options::default() };
            written(formats::open(&last).unwrap(), &path, &options);
            last = path;
        }
        let [before, after] = [&first, &last].map(|path| formats::open(path).unwrap().labels.unwrap());
        assert_eq!(before, after);
    }
    // Numbers of the rows as well, where they came as labels.
    let mut source = of(&Vectors::U8(Matrix::new(vec![1, 2], 1).unwrap()));
    let ids = Labels::new(BTreeMap::from([("id".to_owned(), Column::Int(vec![Some(0), Some(1)]))])).unwrap();
    source.labels = Some(Kept { content: ids.clone(), total: 2 });
    let [native, qdrant] = ["n", "r"].map(|name| folder.path().join(name));
    written(source, &native, &Options::default());
    written(formats::open(&native).unwrap(), &qdrant, &Options { qdrant: true, ..Options::default() });
    assert_eq!(formats::open(&qdrant).unwrap().labels.unwrap().content, ids);
}

#[test]
fn distances_are_kept_where_they_mean_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let source = |metric| {
        let mut source = filtered();
        source.filtered.clear();
        source.truth = Some(Kept { content: Neighbours { ids: vec![vec![0, 2], vec![1]] }, total: 2 });
        source.distances = Some(vec![vec![0.25, 0.5], vec![0.125]]);
        source.metric = metric;
        source
    };
    let distances = |name: &str| formats::open(&at(name)).unwrap().distances;
    written(source(Some(Metric::L2)), &at("a"), &Options::default());
    written(formats::open(&at("a")).unwrap(), &at("b.hdf5"), &Options::default());
    let converted = written(formats::open(&at("b.hdf5")).unwrap(), &at("c"), &Options::default());
    assert_eq!(converted.parts, ["base", "queries", "truth", "distances"]);
    assert_eq!(distances("c"), source(None).distances);
    formats::native::verify(&at("c")).unwrap();

    // By another metric, by none, or by one that the layout defines otherwise.
    let other = Options { metric: Some(Metric::Cosine), ..Options::default() };
    for (name, metric, options) in [
        ("d", Some(Metric::L2), &other),
        ("e", None, &Options::default()),
        ("f.hdf5", Some(Metric::InnerProduct), &Options::default()),
    ] {
        let converted = written(source(metric), &at(name), options);
        assert!(converted.left_out[0].starts_with("distances of the answers: "), "{:?}", converted.left_out);
        assert_eq!(distances(name), None, "{name}");
    }
    // Scores of Qdrant's are similarities.
    written(source(Some(Metric::Cosine)), &at("q"), &Options { qdrant: true, ..Options::default() });
    let converted = written(formats::open(&at("q")).unwrap(), &at("g.hdf5"), &other);
    assert_eq!(converted.parts, ["base", "queries", "truth"]);
}
