//! Writing a set in Annvil's own format.
//!
//! Everything goes into a folder beside the wanted one, which takes its name when it is complete: whoever finds a folder
//! finds all of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use annvil_core::dataset::Neighbours;
use annvil_core::label::{LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::truth::ExactAnswer;
use annvil_core::vector::{Element, Vectors};
use sha2::{Digest, Sha256};

use super::{FORMAT, FileEntry, MANIFEST, Manifest};
use crate::builder::Builder;
use crate::formats::{csr, npy};
use crate::hash::hexadecimal;
use crate::rows::RowWriter;

/// What the manifest says beside shapes.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Name, for people.
    pub name: String,
    /// The metric, if it is known.
    pub metric: Option<Metric>,
    /// Licence.
    pub licence: Option<String>,
    /// Where the set comes from, and how it was made.
    pub source: Option<String>,
}

/// A set that is being written. Dropped before it is finished, it leaves nothing.
pub struct NativeWriter {
    target: PathBuf,
    scratch: PathBuf,
    about: About,
    base: Base,
    element: Element,
    dim: usize,
    rows: usize,
    queries: usize,
    files: BTreeMap<String, FileEntry>,
}

enum Base {
    Dense(Option<Box<npy::Writer<BufWriter<File>>>>),
    /// Their offsets come first in the file, so they are collected.
    Sparse(Builder),
}

impl NativeWriter {
    /// A set of `dim` dimensions at `target`, which must not exist.
    pub fn create(target: &Path, element: Element, dim: usize, about: About) -> io::Result<Self> {
        if target.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists; choose another name or remove it"));
        }
        let name = target.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy();
        let scratch = target.with_file_name(format!(".{name}.part-{}", std::process::id()));
        let _ = fs::remove_dir_all(&scratch); // of a killed process with our number
        fs::create_dir_all(&scratch)?;
        let base = match element {
            Element::Sparse => Base::Sparse(Builder::new(element, dim)),
            _ => Base::Dense(None),
        };
        let mut writer = Self {
            target: target.to_owned(),
            scratch,
            about,
            base,
            element,
            dim,
            rows: 0,
            queries: 0,
            files: BTreeMap::new(),
        };
        if let Base::Dense(_) = writer.base {
            let out = BufWriter::with_capacity(1 << 20, File::create(writer.scratch.join("base.npy"))?);
            writer.base = Base::Dense(Some(Box::new(npy::Writer::new(out, element, dim)?)));
        }
        Ok(writer)
    }

    /// Appends base rows.
    pub fn base(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        self.rows += rows.len();
        match &mut self.base {
            Base::Dense(Some(writer)) => writer.push(vectors, rows),
            Base::Dense(None) => Err(io::Error::other("the base is complete")),
            Base::Sparse(builder) => {
                builder.extend(vectors, rows).map_err(|problem| io::Error::other(problem.to_string()))
            }
        }
    }

    /// Writes the queries.
    pub fn queries(&mut self, queries: &Vectors) -> io::Result<()> {
        self.queries = queries.rows();
        if let Vectors::Sparse(rows) = queries {
            return self.file("queries", "queries.csr", |out| csr::write(rows, out));
        }
        let path = self.scratch.join("queries.npy");
        let mut writer =
            Box::new(npy::Writer::new(BufWriter::new(File::create(&path)?), queries.element(), queries.dim())?);
        writer.push(queries, 0..queries.rows())?;
        writer.finish()?;
        self.enter("queries", "queries.npy")
    }

    /// Writes exact answers that came without distances.
    pub fn neighbours(&mut self, truth: &Neighbours) -> io::Result<()> {
        self.file("truth", "truth.npy", |out| npy::write_ids(truth, out))
    }

    /// Writes exact answers with their distances.
    pub fn truth(&mut self, truth: &[ExactAnswer]) -> io::Result<()> {
        self.neighbours(&Neighbours { ids: truth.iter().map(|answer| answer.ids.clone()).collect() })?;
        let distances: Vec<Vec<f64>> = truth.iter().map(|answer| answer.distances.clone()).collect();
        self.file("distances", "distances.npy", |out| npy::write_distances(&distances, out))
    }

    /// Writes labels of the base rows.
    pub fn labels(&mut self, labels: &Labels) -> io::Result<()> {
        self.file("labels", "labels.jsonl", |out| write_labels(labels, out))
    }

    /// Writes texts of the base rows.
    pub fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        self.file("texts", "texts.jsonl", |out| {
            for text in texts {
                serde_json::to_writer(&mut *out, &BTreeMap::from([("text", text)]))?;
                out.write_all(b"\n")?;
            }
            out.flush()
        })
    }

    /// Completes the folder and gives it its name.
    pub fn finish(mut self) -> Result<PathBuf, crate::DataError> {
        let target = self.target.clone();
        let failed = |source| crate::DataError::Write { file: target.display().to_string(), source };
        self.complete().map_err(failed)?;
        // The hash that a run will record is taken from what was written, so that reading it back is tested as well.
        let content_hash = if self.queries > 0 { crate::open::content_hash(&self.scratch)? } else { None };
        self.manifest(content_hash).map_err(failed)?;
        fs::rename(&self.scratch, &self.target).map_err(failed)?;
        Ok(target.clone())
    }

    fn complete(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Err(io::Error::other("there are no rows to write"));
        }
        match std::mem::replace(&mut self.base, Base::Dense(None)) {
            Base::Dense(Some(writer)) => {
                writer.finish()?;
                self.enter("base", "base.npy")?;
            }
            Base::Dense(None) => {}
            Base::Sparse(builder) => {
                let rows = builder.finish().map_err(|problem| io::Error::other(problem.to_string()))?;
                if let Vectors::Sparse(rows) = rows {
                    self.file("base", "base.csr", |out| csr::write(&rows, out))?;
                }
            }
        }
        self.manifest(None)
    }

    fn manifest(&mut self, content_hash: Option<String>) -> io::Result<()> {
        let About { name, metric, licence, source } = self.about.clone();
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            name,
            rows: self.rows,
            dim: self.dim,
            element: self.element,
            metric,
            queries: self.queries,
            content_hash,
            licence,
            source,
            files: self.files.clone(),
        };
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        fs::write(self.scratch.join(MANIFEST), text)
    }

    fn file(
        &mut self,
        part: &str,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(self.scratch.join(name))?);
        write(&mut out)?;
        out.flush()?;
        self.enter(part, name)
    }

    fn enter(&mut self, part: &str, name: &str) -> io::Result<()> {
        let path = self.scratch.join(name);
        let entry = FileEntry {
            path: name.to_owned(),
            bytes: fs::metadata(&path)?.len(),
            sha256: checksum(&path)?,
        };
        self.files.insert(part.to_owned(), entry);
        Ok(())
    }
}

impl Drop for NativeWriter {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch); // gone already if it was finished
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(super) fn checksum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// Labels as one JSON object a row; what a row has not is left out.
pub(crate) fn write_labels(labels: &Labels, out: &mut impl Write) -> io::Result<()> {
    for row in 0..labels.rows() {
        let mut object = serde_json::Map::new();
        for (name, column) in labels.columns() {
            if let Some(value) = column.value(row) {
                object.insert(name.to_owned(), json(value));
            }
        }
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn json(value: LabelValue) -> serde_json::Value {
    match value {
        LabelValue::Text(text) => text.into(),
        LabelValue::Int(x) => x.into(),
        LabelValue::Float(x) => x.into(),
        LabelValue::Bool(x) => x.into(),
        LabelValue::TextList(texts) => texts.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::native;
    use annvil_core::vector::{Matrix, SparseRows};

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
        let bundle = native::open(&target).unwrap();
        assert_eq!(bundle.base.collect(None).unwrap().content, bits);
        assert_eq!(bundle.texts.unwrap().content, ["a", "b \"c\""]);
        assert_eq!(bundle.metric, Some(Metric::L2));
        native::verify(&target).unwrap();
        assert!(NativeWriter::create(&target, Element::B1, 9, about()).is_err(), "exists");

        let mut bytes = fs::read(target.join("base.npy")).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(target.join("base.npy"), &bytes).unwrap();
        assert!(native::verify(&target).unwrap_err().to_string().contains("SHA-256"));
        bytes.pop();
        fs::write(target.join("base.npy"), &bytes).unwrap();
        assert!(native::open(&target).err().unwrap().to_string().contains("cut off or changed"));
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
        assert_eq!(native::open(&target).unwrap().base.collect(None).unwrap().content, rows);
    }
}
