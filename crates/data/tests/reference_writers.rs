//! Files of the reference writers (h5py, pyarrow, numpy) read here, and files written here read by them.
//!
//! They need a Python with these packages: `cargo xtask test` makes one and names it in `ANNVIL_PYTHON`. Nothing binary is
//! kept: each test has its files made anew.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use annvil_core::dataset::Neighbours;
use annvil_core::label::LabelValue;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};
use annvil_data::formats;
use annvil_data::rows::RowWriter;
use half::f16;

const ROWS: usize = 300;
const DIM: usize = 20;

/// The Python to test with; `None` skips the test, which continuous integration does not allow.
fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("ANNVIL_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{test} needs ANNVIL_PYTHON");
        eprintln!("SKIPPED {test}: ANNVIL_PYTHON is not set; `cargo xtask test` sets it");
    }
    python
}

/// Runs a script of `tests/python` with a verb and a folder.
fn run(python: &Path, script: &str, verb: &str, folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let output = Command::new(python).arg("-B").arg(&script).arg(verb).arg(folder).output().unwrap();
    assert!(
        output.status.success(),
        "{} {verb}:\n{}",
        script.display(),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The values that the scripts write, by their formula.
fn values(kind: &str, rows: usize) -> Vectors {
    let numbers =
        move || (0..rows).flat_map(|row| (0..DIM).map(move |column| ((row * 31 + column * 7) % 97) as u16));
    let floats = || numbers().map(|x| (f32::from(x) - 48.0) / 8.0);
    match kind {
        "f4" | "f8" => Vectors::F32(Matrix::new(floats().collect(), DIM).unwrap()),
        "f2" => Vectors::F16(Matrix::new(floats().map(f16::from_f32).collect(), DIM).unwrap()),
        "u1" => Vectors::U8(Matrix::new(numbers().map(|x| (x + 100) as u8).collect(), DIM).unwrap()),
        "i1" => Vectors::I8(
            Matrix::new(numbers().map(|x| (x as u8).wrapping_sub(48).cast_signed()).collect(), DIM).unwrap(),
        ),
        _ => {
            let bits: Vec<bool> = numbers().map(|x| x % 3 == 0).collect();
            let byte = |bits: &[bool]| {
                bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at))
            };
            let packed = bits.chunks(DIM).flat_map(|row| row.chunks(8).map(byte)).collect();
            Vectors::Bits { packed: Matrix::new(packed, DIM.div_ceil(8)).unwrap(), dim: DIM }
        }
    }
}

fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    files.sort();
    files
}

#[test]
fn files_of_h5py() {
    let Some(python) = python("files_of_h5py") else { return };
    let folder = tempfile::tempdir().unwrap();
    run(&python, "hdf5_files.py", "write", folder.path());
    let mut read = 0;
    for (name, path) in files(folder.path()) {
        if name.starts_with("refused") || name == "many.hdf5" {
            continue;
        }
        let bundle = formats::open(&path).unwrap_or_else(|error| panic!("{error}"));
        let kind = name.split('.').next().unwrap();
        let metric = if kind == "bool" { Metric::Hamming } else { Metric::Cosine };
        assert_eq!(bundle.metric, Some(metric), "{name}");
        let base = bundle.base.collect(None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(base.content == values(kind, ROWS), "{name}");
        if let Some(queries) = bundle.queries {
            assert!(queries.collect(None).unwrap().content == values(kind, 5), "{name}");
        }
        if let Some(truth) = bundle.truth {
            let expected: Vec<Vec<u64>> = (0..5).map(|row| vec![row, (row + 7) % ROWS as u64]).collect();
            assert_eq!(truth.content.ids, expected, "{name}");
            let expected: Vec<Vec<f64>> = (0..5_u8).map(|row| vec![row.into(), (row + 7).into()]).collect();
            // ann-benchmarks defines the distance of bits as a share of them, and Annvil as their number.
            let expected = (metric == Metric::Cosine).then_some(expected);
            assert_eq!(bundle.distances, expected, "{name}");
        }
        read += 1;
    }
    assert_eq!(read, 6 * 2 * 8 + 2 * 3 + 3);
    let many = formats::open(&folder.path().join("many.hdf5")).unwrap().base.collect(None).unwrap();
    let expected = (0..140_000_u32).map(|row| (row % 251) as u8).collect();
    assert!(many.content == Vectors::U8(Matrix::new(expected, 1).unwrap()));
    for (name, part) in [
        ("sparse", "a sparse set"),
        ("big-endian", "`train`: big-endian numbers are not read; write it again with h5py"),
        ("text", "`train`: texts are not read"),
        ("flat", "`train`: 1 dimension(s), shape [9]"),
        ("compound", "`train`: compound values are not read"),
        ("scaled", "a filter that is not read here: scale-offset (number 6); unpack them with `h5repack"),
        ("unwritten", "`train`: the values were never written"),
        ("other", "no base vectors: found something; name the matrix of vectors `train`"),
        ("columns", "a matrix that can grow in its columns; write it with maxshape=(None, columns)"),
    ] {
        let path = folder.path().join(format!("refused.{name}.hdf5"));
        let error = formats::open(&path).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(part), "{name}: {error}");
    }
}

#[test]
fn h5py_reads_what_is_written() {
    let Some(python) = python("h5py_reads_what_is_written") else { return };
    let folder = tempfile::tempdir().unwrap();
    for kind in ["f2", "f4", "u1", "i1", "bool"] {
        let vectors = values(kind, ROWS);
        let out = BufWriter::new(File::create(folder.path().join(format!("{kind}.hdf5"))).unwrap());
        let mut writer =
            Box::new(formats::hdf5::Writer::new(out, vectors.element(), DIM, Some(Metric::L2)).unwrap());
        writer.push(&vectors, 0..100).unwrap();
        writer.push(&vectors, 100..ROWS).unwrap();
        writer.queries(&values(kind, 5)).unwrap();
        writer.truth(&Neighbours { ids: vec![vec![1, 0], vec![2]] }).unwrap();
        writer.distances(&[vec![0.5, 1.5], vec![2.0]]).unwrap();
        writer.finish().unwrap();
    }
    run(&python, "hdf5_files.py", "read", folder.path());
    assert!(
        formats::hdf5::Writer::new(File::create(folder.path().join("no")).unwrap(), Element::Sparse, 9, None)
            .is_err()
    );
}

#[test]
fn files_of_pyarrow() {
    let Some(python) = python("files_of_pyarrow") else { return };
    let folder = tempfile::tempdir().unwrap();
    run(&python, "parquet_files.py", "write", folder.path());
    let mut read = 0;
    for (name, path) in files(folder.path()) {
        let kind = name.split('.').next().unwrap();
        if !["f2", "f4", "f8", "u1", "i1"].contains(&kind) {
            continue;
        }
        let bundle = formats::open(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(bundle.base.shape().rows, Some(ROWS), "{name}");
        assert!(bundle.labels.is_none() && bundle.texts.is_none(), "{name}");
        let base = bundle.base.collect(None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(base.content == values(kind, ROWS), "{name}");
        read += 1;
    }
    assert_eq!(read, 5 * 5 + 3 + 1);
    for (name, part) in [
        ("row", "row 1: the vector is missing or empty; drop such rows"),
        ("empty", "row 1: the vector is missing or empty"),
        ("value", "row 1: the vector has a missing value"),
        ("ragged", "row 2 has 1 dimensions; the rows before have 2"),
        ("long", "row 1 has 3 dimensions; the rows before have 2"),
        ("nested", "no column of lists of numbers: there are emb (64-bit floats)"),
        ("several", "2 columns could be the vectors: a, b; call one of them `embedding`"),
        ("none", "no column of lists of numbers: there are a (64-bit signed integers)"),
        ("brotli", "pages are packed with Brotli; write the file with compression='zstd'"),
        ("no-rows", "there are no rows; give a file with at least one vector"),
        ("delta", "column `n` is stored with delta encoding (number 5)"),
    ] {
        let path = folder.path().join(format!("refused.{name}.parquet"));
        let read = formats::open(&path).map_err(|error| error.to_string());
        let error = read
            .and_then(|bundle| bundle.base.collect(None).map_err(|error| error.to_string()))
            .map(|_| ())
            .unwrap_err();
        assert!(error.contains(part), "{name}: {error}");
    }
}

#[test]
fn labels_and_texts_of_pyarrow() {
    let Some(python) = python("labels_and_texts_of_pyarrow") else { return };
    let folder = tempfile::tempdir().unwrap();
    run(&python, "parquet_files.py", "write", folder.path());
    let bundle = formats::open(&folder.path().join("labels.parquet")).unwrap();
    let labels = bundle.labels.unwrap();
    let texts: Vec<String> = (0..ROWS).map(|row| format!("text {row} ü")).collect();
    assert_eq!((labels.total, bundle.texts.unwrap().content), (ROWS, texts));
    let names: Vec<String> = labels.content.schema().into_keys().collect();
    assert_eq!(names, ["big", "new", "pos", "price", "tags", "title", "year"]);
    for row in 0..ROWS {
        let i = i64::from(row as u32);
        for (name, expected) in [
            ("pos", (row % 7 != 0).then(|| LabelValue::Text(format!("word {}", row % 5)))),
            ("year", (row % 4 != 0).then_some(LabelValue::Int(i - 100))),
            ("big", Some(LabelValue::Int(i << 40))),
            ("price", Some(LabelValue::Float(row as f64 / 4.0))),
            ("new", Some(LabelValue::Bool(row % 3 == 0))),
            (
                "tags",
                (row % 5 != 0)
                    .then(|| LabelValue::TextList((0..row % 4).map(|at| format!("t{at}")).collect())),
            ),
        ] {
            assert_eq!(labels.content.column(name).unwrap().value(row), expected, "{name} {row}");
        }
    }
    // Parts in the order of their numbers; ids that are neither in order nor from 0.
    let bundle = formats::open(&folder.path().join("bench")).unwrap();
    assert!(bundle.base.collect(None).unwrap().content == values("f4", ROWS));
    assert!(bundle.queries.unwrap().collect(None).unwrap().content == values("f4", 5));
    let expected: Vec<Vec<u64>> = (0..5).map(|query| vec![query, query + 7]).collect();
    assert_eq!(bundle.truth.unwrap().content.ids, expected);
    assert_eq!(bundle.filtered.len(), 5);
    assert_eq!(bundle.filtered[3].filter.to_string(), "labels = 'label_1p'");
    assert_eq!((bundle.filtered[3].query, &bundle.filtered[3].ids), (3, &expected[3]));
    let labels = bundle.labels.unwrap().content;
    for row in 0..ROWS {
        let id = (row * 7 + 1000) % 2999;
        assert_eq!(
            labels.column("labels").unwrap().value(row),
            Some(LabelValue::Text(format!("label_{}p", id % 3)))
        );
    }
}

#[test]
fn pyarrow_reads_what_is_written() {
    let Some(python) = python("pyarrow_reads_what_is_written") else { return };
    let folder = tempfile::tempdir().unwrap();
    for kind in ["f2", "f4", "u1", "i1"] {
        let vectors = values(kind, ROWS);
        let out = BufWriter::new(File::create(folder.path().join(format!("{kind}.parquet"))).unwrap());
        let mut writer = Box::new(formats::parquet::Writer::new(out, vectors.element()).unwrap());
        writer.push(&vectors, 0..100).unwrap();
        writer.push(&vectors, 100..ROWS).unwrap();
        writer.finish().unwrap();
    }
    let truth = Neighbours { ids: vec![vec![1, 0], vec![2], vec![], vec![1 << 40]] };
    formats::parquet::write_ids(&truth, File::create(folder.path().join("neighbors.parquet")).unwrap())
        .unwrap();
    run(&python, "parquet_files.py", "read", folder.path());
}

#[test]
fn files_of_numpy() {
    let Some(python) = python("files_of_numpy") else { return };
    let folder = tempfile::tempdir().unwrap();
    run(&python, "numpy_files.py", "write", folder.path());
    let files = files(folder.path());
    assert_eq!(files.len(), 5 * 3 + 2 + 3);
    for (name, path) in files {
        let bundle = formats::open(&path).unwrap_or_else(|error| panic!("{error}"));
        let kind = name.split('.').next().unwrap();
        assert!(bundle.base.collect(None).unwrap().content == values(kind, ROWS), "{name}");
    }
}

#[test]
fn numpy_reads_what_is_written() {
    let Some(python) = python("numpy_reads_what_is_written") else { return };
    let folder = tempfile::tempdir().unwrap();
    for kind in ["f2", "f4", "u1", "i1"] {
        let vectors = values(kind, ROWS);
        let create =
            |end: &str| BufWriter::new(File::create(folder.path().join(format!("{kind}.{end}"))).unwrap());
        let npy = formats::npy::Writer::new(create("npy"), vectors.element(), DIM).unwrap();
        let mut writers: Vec<Box<dyn RowWriter>> = vec![Box::new(npy)];
        match kind {
            "f4" => {
                writers.push(Box::new(formats::vecs::Writer::new(create("fvecs"))));
                writers.push(Box::new(formats::bin::Writer::new(create("fbin"), DIM).unwrap()));
            }
            "u1" => {
                writers.push(Box::new(formats::vecs::Writer::new(create("bvecs"))));
                writers.push(Box::new(formats::bin::Writer::new(create("u8bin"), DIM).unwrap()));
            }
            "i1" => writers.push(Box::new(formats::bin::Writer::new(create("i8bin"), DIM).unwrap())),
            _ => {}
        }
        for mut writer in writers {
            writer.push(&vectors, 0..7).unwrap();
            writer.push(&vectors, 7..ROWS).unwrap();
            writer.finish().unwrap();
        }
    }
    run(&python, "numpy_files.py", "read", folder.path());
}
