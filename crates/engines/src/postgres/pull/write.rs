//! Rows as they come from the server, written as a data set block by block.

use std::path::{Path, PathBuf};
use std::pin::pin;

use annvil_core::engine::{EngineError, Result};
use annvil_core::label::LabelType;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};
use annvil_data::formats::native::{About, Finished, NativeWriter};
use annvil_data::{DataError, binarise};
use futures_util::TryStreamExt;
use half::f16;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::super::codec::Codec;
use super::super::report::failed;
use super::super::rows::Raw;
use super::PullError;
use super::draw::Drawn;
use super::labels::LabelRows;
use super::relation::{ColumnFacts, Relation, VectorColumn, wrong};

/// Numbers that are written together: 4 MB.
const BLOCK: usize = 1 << 20;

/// Most dimensions of a row. Sparse vectors may have more than a row of numbers should.
const MOST: usize = 64_000;

/// A set on its way.
pub(super) struct Writing<'a> {
    into: &'a Path,
    vector: &'a VectorColumn,
    text: Option<&'a ColumnFacts>,
    about: About,
    labels: LabelRows,
    texts: Vec<String>,
    /// Made with the first row, which says how many dimensions there are.
    writer: Option<NativeWriter>,
    dim: usize,
    block: Vec<f32>,
    queries: Vec<f32>,
}

impl<'a> Writing<'a> {
    /// Nothing is written yet.
    pub(super) fn new(
        into: &'a Path,
        vector: &'a VectorColumn,
        labels: LabelRows,
        text: Option<&'a ColumnFacts>,
        metric: Metric,
        source: String,
    ) -> Self {
        let name = into.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = About { name, metric: Some(metric), licence: None, source: Some(source) };
        Self {
            into,
            vector,
            text,
            about,
            labels,
            texts: Vec::new(),
            writer: None,
            dim: 0,
            block: Vec::new(),
            queries: Vec::new(),
        }
    }

    /// Reads and writes the rows, and keeps `queries` of them as queries.
    pub(super) async fn rows(
        &mut self,
        client: &Client,
        table: &Relation,
        drawn: &Drawn,
        queries: usize,
        seed: u64,
        progress: &dyn Fn(u64, u64),
    ) -> std::result::Result<(), PullError> {
        let how = if drawn.rows < drawn.of {
            format!(", {} of {} rows drawn with seed {seed}", drawn.rows, drawn.of)
        } else {
            String::new()
        };
        if let Some(source) = &mut self.about.source {
            source.push_str(&how);
        }
        let mut selected = vec![self.vector.sent()];
        selected.extend(self.text.map(|text| format!("{}::text", text.quoted)));
        selected.extend(self.labels.selected());
        let sql = format!("select {} from {}", selected.join(", "), drawn.source);
        let (mut choice, mut asked) = (drawn.choice(), drawn.second_choice(queries as u64));
        let (mut row_values, mut done) = (Vec::new(), 0);
        let doing = format!("read {}", table.shown);
        let said = |error: tokio_postgres::Error| PullError::from(failed(&doing, &error));
        let mut answers = pin!(client.query_typed_raw(&sql, Vec::<(Raw, Type)>::new()).await.map_err(said)?);
        while let Some(row) = answers.try_next().await.map_err(said)? {
            if !choice.takes() {
                continue;
            }
            self.labels.push(&row, 1 + usize::from(self.text.is_some())).map_err(said)?;
            if self.text.is_some() {
                self.texts
                    .push(row.try_get::<_, Option<&str>>(1).map_err(said)?.unwrap_or_default().to_owned());
            }
            vector(&row, self.vector.codec, &mut row_values)
                .and_then(|()| self.fits(row_values.len()))
                .map_err(|why| {
                    wrong(
                        format!("{}, row {}: {why}", table.shown, self.labels.last_id()),
                        "vectors of a set have one length",
                    )
                })?;
            if asked.takes() {
                self.queries.extend_from_slice(&row_values);
            }
            self.block.extend_from_slice(&row_values);
            done += 1;
            if self.block.len() >= BLOCK {
                self.flush()?;
                progress(done, drawn.rows);
            }
        }
        self.flush()?;
        progress(done, drawn.rows);
        if done != drawn.rows {
            let cause = format!("{done} rows came, and {} were counted", drawn.rows);
            return Err(EngineError::failed(super::super::NAME, doing, cause).into());
        }
        Ok(self.labels.check_ids(table)?)
    }

    /// Reads queries from another column.
    pub(super) async fn others(
        &mut self,
        client: &Client,
        table: &Relation,
        column: &VectorColumn,
        drawn: &Drawn,
    ) -> Result<()> {
        let sql = format!("select {} from {}", column.sent(), drawn.source);
        let doing = format!("read {}", table.shown);
        let said = |error: tokio_postgres::Error| failed(&doing, &error);
        let (mut choice, mut values) = (drawn.choice(), Vec::new());
        let mut answers = pin!(client.query_typed_raw(&sql, Vec::<(Raw, Type)>::new()).await.map_err(said)?);
        while let Some(row) = answers.try_next().await.map_err(said)? {
            if choice.takes() {
                vector(&row, column.codec, &mut values).and_then(|()| self.fits(values.len())).map_err(
                    |why| {
                        wrong(format!("a query of {}: {why}", table.shown), "queries are as long as the rows")
                    },
                )?;
                self.queries.extend_from_slice(&values);
            }
        }
        Ok(())
    }

    /// Whether a row has as many dimensions as the first, which this may be.
    fn fits(&mut self, dim: usize) -> std::result::Result<(), String> {
        if self.dim == 0 {
            self.dim = dim;
        }
        if dim == self.dim {
            Ok(())
        } else {
            Err(format!("{dim} dimensions, and the first row has {}", self.dim))
        }
    }

    fn flush(&mut self) -> std::result::Result<(), DataError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let failed = |source| DataError::Write { file: self.into.display().to_string(), source };
        let (element, dim) = (self.element(), self.dim);
        if self.writer.is_none() {
            self.writer =
                Some(NativeWriter::create(self.into, element, dim, self.about.clone()).map_err(failed)?);
        }
        let values = std::mem::take(&mut self.block);
        let whole = || failed(std::io::Error::other("half a row"));
        let vectors = match element {
            Element::F16 => {
                let values: Vec<f16> = values.iter().map(|x| f16::from_f32(*x)).collect();
                Vectors::F16(Matrix::new(values, dim).ok_or_else(whole)?)
            }
            Element::B1 => {
                let stride = dim.div_ceil(8);
                let mut packed = vec![0; values.len() / dim * stride];
                for (row, out) in values.chunks_exact(dim).zip(packed.chunks_exact_mut(stride)) {
                    binarise::pack(row, out);
                }
                Vectors::Bits { packed: Matrix::new(packed, stride).ok_or_else(whole)?, dim }
            }
            _ => Vectors::F32(Matrix::new(values, dim).ok_or_else(whole)?),
        };
        match &mut self.writer {
            Some(writer) => writer.base(&vectors, 0..vectors.rows()).map_err(failed),
            None => Ok(()),
        }
    }

    /// Dimensions of a vector.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Element type of the rows.
    pub(super) fn element(&self) -> Element {
        match self.vector.codec {
            Codec::Halfvec => Element::F16,
            Codec::Bit => Element::B1,
            Codec::Vector | Codec::Sparsevec | Codec::Ruvector => Element::F32,
        }
    }

    /// Number of queries.
    pub(super) fn queries(&self) -> u64 {
        (self.queries.len() / self.dim.max(1)) as u64
    }

    /// Names and types of the labels.
    pub(super) fn labels(&self) -> Vec<(String, LabelType)> {
        self.labels.named()
    }

    /// Writes what is left, and completes the set.
    pub(super) fn finish(mut self) -> std::result::Result<Finished, DataError> {
        let failed =
            |source| DataError::Write { file: PathBuf::from(self.into).display().to_string(), source };
        let Some(mut writer) = self.writer.take() else {
            return Err(failed(std::io::Error::other("there are no rows")));
        };
        if !self.queries.is_empty()
            && let Some(queries) = Matrix::new(self.queries, self.dim)
        {
            writer.queries(&Vectors::F32(queries)).map_err(failed)?;
        }
        writer.labels(&self.labels.take()).map_err(failed)?;
        if self.text.is_some() {
            writer.texts(self.texts.iter().map(String::as_str)).map_err(failed)?;
        }
        writer.finish()
    }
}

/// Reads the vector that stands first in a row.
fn vector(row: &Row, codec: Codec, out: &mut Vec<f32>) -> std::result::Result<(), String> {
    let bytes: &[u8] = row.try_get(0).map_err(|error| error.to_string())?;
    if codec == Codec::Sparsevec {
        let dim = bytes.first_chunk().map_or(0, |four| u32::from_be_bytes(*four) as usize);
        if dim > MOST {
            return Err(format!(
                "{dim} dimensions; of sparse vectors {MOST} are written at most, zeros and all"
            ));
        }
    }
    codec.decode(bytes, out)
}
