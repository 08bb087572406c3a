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
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};
use sha2::{Digest, Sha256};

use super::{FORMAT, FileEntry, MANIFEST, Manifest};
use crate::builder::Builder;
use crate::error::DataError;
use crate::formats::{csr, npy};
use crate::hash::hexadecimal;
use crate::jsonl;
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

/// A set that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The folder.
    pub path: PathBuf,
    /// Why a run would refuse the set, if it has queries: values that are not numbers, or answers about other rows.
    pub unsound: Option<String>,
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
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it exists; choose another name or remove it",
            ));
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
        let mut writer = Box::new(npy::Writer::new(
            BufWriter::new(File::create(&path)?),
            queries.element(),
            queries.dim(),
        )?);
        writer.push(queries, 0..queries.rows())?;
        writer.finish()?;
        self.enter("queries", "queries.npy")
    }

    /// Writes exact answers.
    pub fn neighbours(&mut self, truth: &Neighbours) -> io::Result<()> {
        self.file("truth", "truth.npy", |out| npy::write_ids(truth, out))
    }

    /// Writes the distances of the answers, as the set's metric defines them.
    pub fn distances(&mut self, distances: &[Vec<f64>]) -> io::Result<()> {
        self.file("distances", "distances.npy", |out| npy::write_distances(distances, out))
    }

    /// Writes labels of the base rows.
    pub fn labels(&mut self, labels: &Labels) -> io::Result<()> {
        self.file("labels", "labels.jsonl", |out| jsonl::write(Some(labels), None, labels.rows(), out))
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

    /// Completes the folder, opens it as a reader would, and gives it its name.
    pub fn finish(mut self) -> Result<Finished, DataError> {
        let path = self.target.clone();
        let failed = |source| DataError::Write { file: path.display().to_string(), source };
        self.complete().map_err(failed)?;
        let (content_hash, unsound) = self.read_back().map_err(|error| self.renamed(error))?;
        self.manifest(content_hash).map_err(failed)?;
        fs::rename(&self.scratch, &self.target).map_err(failed)?;
        Ok(Finished { path, unsound })
    }

    /// The hash that a run will record, taken from what was written; or why a run would refuse the set.
    fn read_back(&self) -> Result<(Option<String>, Option<String>), DataError> {
        if self.queries == 0 {
            super::open(&self.scratch)?;
            return Ok((None, None));
        }
        match crate::open::content_hash(&self.scratch) {
            // All of it can be read, so it is as it was given: to judge its values is not for who writes them.
            Err(DataError::File { problem, .. }) if super::open(&self.scratch).is_ok() => {
                Ok((None, Some(problem.message)))
            }
            hash => Ok((hash?, None)),
        }
    }

    /// An error that names the folder as it was to be called.
    fn renamed(&self, error: DataError) -> DataError {
        let [scratch, target] = [&self.scratch, &self.target].map(|path| path.display().to_string());
        let renamed = |text: String| text.replace(&scratch, &target);
        match error {
            DataError::File { file, problem } => DataError::File { file: renamed(file), problem },
            DataError::Read { file, source } => DataError::Read { file: renamed(file), source },
            DataError::Mismatch { message, help } => DataError::Mismatch { message: renamed(message), help },
            other => other,
        }
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
        let entry =
            FileEntry { path: name.to_owned(), bytes: fs::metadata(&path)?.len(), sha256: checksum(&path)? };
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
