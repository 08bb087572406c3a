//! Data sets in files: what is read, and the message for everything that can be wrong between files.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use annvil_core::dataset::{DataFiles, DataSpec};
use annvil_core::metric::Metric;
use annvil_data::{DataError, open};
use tempfile::TempDir;

fn fvecs(rows: &[&[f32]]) -> Vec<u8> {
    let row = |row: &&[f32]| {
        let values = row.iter().flat_map(|x| x.to_le_bytes());
        (row.len() as u32).to_le_bytes().into_iter().chain(values).collect::<Vec<u8>>()
    };
    rows.iter().flat_map(row).collect()
}

fn ivecs(rows: &[[i32; 2]]) -> Vec<u8> {
    rows.iter().flat_map(|row| [2, row[0], row[1]]).flat_map(i32::to_le_bytes).collect()
}

/// Three rows, two queries, and everything else, in a folder of their own.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.write("base.fvecs", &fvecs(&[&[1.0, 0.0], &[0.0, 2.0], &[3.0, 3.0]]));
        folder.write("query.fvecs", &fvecs(&[&[1.0, 0.5], &[0.0, 1.0]]));
        folder.write("truth.ivecs", &ivecs(&[[0, 2], [1, 2]]));
        folder.write("labels.jsonl", b"{\"id\":0,\"a\":1}\n{\"id\":1}\n{\"id\":2,\"a\":3}\n");
        folder.write("texts.jsonl", b"{\"text\":\"x\"}\n{\"text\":\"y\"}\n{\"text\":\"z\"}\n");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn files(&self) -> DataFiles {
        DataFiles {
            base: self.path("base.fvecs"),
            queries: Some(self.path("query.fvecs")),
            by_name: false,
            hold_out: None,
            truth: Some(self.path("truth.ivecs")),
            labels: Some(self.path("labels.jsonl")),
            texts: Some(self.path("texts.jsonl")),
            metric: Some(Metric::Cosine),
            rows: None,
            queries_limit: None,
        }
    }

    fn error(&self, change: impl Fn(&mut DataFiles)) -> String {
        let mut files = self.files();
        change(&mut files);
        match open(&DataSpec::Files(Box::new(files))) {
            Ok(_) => panic!("opened"),
            Err(error) => error.to_string(),
        }
    }
}

#[test]
fn a_good_set_opens() {
    let folder = Folder::new();
    let set = open(&DataSpec::Files(Box::new(folder.files()))).unwrap();
    assert_eq!(
        (set.info().name.as_str(), set.info().rows, set.info().dim, set.info().queries),
        ("base", 3, 2, 2)
    );
    assert_eq!(set.text(2), Some("z"));
    assert_eq!(set.shipped_truth().unwrap().ids, [[0, 2], [1, 2]]);
    let filter = "a >= 2".parse::<annvil_core::filter::Filter>().unwrap().compile(set.labels()).unwrap();
    assert_eq!([0, 1, 2].map(|row| filter.matches(set.labels(), row)), [false, false, true]);

    let cut = open(&DataSpec::Files(Box::new(DataFiles {
        rows: Some(2),
        queries_limit: Some(1),
        ..folder.files()
    })))
    .unwrap();
    assert_eq!((cut.info().rows, cut.info().queries, cut.labels().rows(), cut.text(2)), (2, 1, 2, None));
    assert!(cut.shipped_truth().is_none());
}

#[test]
fn files_that_are_wrong_or_do_not_belong_together() {
    type Case = (&'static str, Vec<u8>, &'static [&'static str]);
    let cases: Vec<Case> = vec![
        (
            "base.fvecs",
            fvecs(&[&[1.0, 0.0], &[0.0, f32::NAN], &[3.0, 3.0]]),
            &["base.fvecs: row 1, dimension 1, is NaN", "finite"],
        ),
        (
            "query.fvecs",
            fvecs(&[&[f32::INFINITY, 0.0], &[0.0, 1.0]]),
            &["query.fvecs: row 0, dimension 0, is inf"],
        ),
        (
            "base.fvecs",
            fvecs(&[&[1.0, 0.0], &[0.0, 0.0], &[0.0, -0.0]]),
            &["base.fvecs: row 1 is a zero vector", "2 such rows", "l2"],
        ),
        (
            "query.fvecs",
            fvecs(&[&[1.0, 0.5, 0.0], &[0.0, 1.0, 0.0]]),
            &["have 2 dimensions", "query.fvecs have 3", "model"],
        ),
        (
            "base.fvecs",
            fvecs(&[&[1.0, 0.0], &[0.0], &[3.0, 3.0]]),
            &["base.fvecs: row 1, byte 12, has 1 dimensions"],
        ),
        (
            "truth.ivecs",
            ivecs(&[[0, 2], [1, 3]]),
            &["truth.ivecs: query 1: row number 3", "rows 0 to 2", "count from 1"],
        ),
        ("truth.ivecs", ivecs(&[[0, 2]]), &["truth.ivecs has 1 answers", "has 2 vectors"]),
        ("labels.jsonl", b"{}\n{}\n".to_vec(), &["labels.jsonl has 2 lines", "has 3 vectors"]),
        (
            "labels.jsonl",
            b"{\"a\":1}\n{\"a\":[]}\n{}\n".to_vec(),
            &["labels.jsonl: line 2: label `a` is a list of texts"],
        ),
        ("texts.jsonl", b"{\"text\":\"x\"}\n".to_vec(), &["texts.jsonl has 1 lines"]),
        ("base.fvecs", vec![], &["base.fvecs: cut off in the dimension of row 0"]),
    ];
    for (name, bytes, parts) in cases {
        let folder = Folder::new();
        folder.write(name, &bytes);
        let error = folder.error(|_| {});
        for part in parts {
            assert!(error.contains(part), "{name}: {error}");
        }
    }
}

#[test]
fn specs_that_cannot_be_met() {
    let folder = Folder::new();
    let error = folder.error(|files| files.rows = Some(4));
    assert!(error.contains("`rows` asks for 4") && error.contains("has 3"), "{error}");
    let error = folder.error(|files| files.queries_limit = Some(9));
    assert!(error.contains("`queries_limit` asks for 9"), "{error}");
    let error = folder.error(|files| files.base.set_file_name("missing.npy"));
    assert!(error.contains("cannot read") && error.contains("missing.npy"), "{error}");
    fs::write(folder.path("base.hdf5"), b"x").unwrap();
    let error = folder.error(|files| files.base.set_file_name("base.hdf5"));
    assert!(error.contains("base.hdf5") && error.contains("HDF5"), "{error}");
    // A zero vector is only wrong where direction matters.
    folder.write("base.fvecs", &fvecs(&[&[0.0, 0.0], &[0.0, 2.0], &[3.0, 3.0]]));
    assert!(
        open(&DataSpec::Files(Box::new(DataFiles { metric: Some(Metric::L2), ..folder.files() }))).is_ok()
    );
}

#[test]
fn unknown_names() {
    for (name, help) in
        [("wordnet-10", "did you mean `wordnet-10k`?"), ("nowhere-known", "written ./nowhere-known")]
    {
        let Err(error) = open(&DataSpec::named(name)) else { panic!("opened") };
        assert!(
            matches!(error, DataError::UnknownName { .. }) && error.to_string().contains(help),
            "{error}"
        );
    }
}
