//! A whole set as a folder.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};

use super::pour::{Problem, pour};
use super::scratch::Scratch;
use super::target::element;
use super::{Converted, Options, ROUNDED, Report, called, changed, check_sides, take_base, take_distances};
use crate::bundle::Bundle;
use crate::cast::Cast;
use crate::error::{DataError, mismatch};
use crate::formats::native::{About, NativeWriter};
use crate::formats::{Format, npy, qdrant};
use crate::jsonl;
use crate::map;
use crate::rows::RowWriter;

/// Annvil's own layout.
pub(super) fn native(
    mut source: Bundle,
    path: &Path,
    options: &Options,
    report: Report,
) -> Result<Converted, DataError> {
    let shape = source.base.shape();
    let to = options.element.unwrap_or(shape.element);
    let mut cast = (to != shape.element).then(|| Cast::new(to));
    let name = called(&source, options);
    let named = |problem: Problem| problem.named(&name, path);
    let failed = |error: io::Error| named(error.into());
    let metric = options.metric.or(source.metric);
    let about = About {
        name: source.name.clone(),
        metric,
        licence: options.licence.clone().or_else(|| source.licence.clone()),
        source: Some(made_from(options.source.as_deref().unwrap_or(&source.name), shape.element, to)),
    };
    let mut writer = NativeWriter::create(path, to, shape.dim, about).map_err(failed)?;
    let base = take_base(&mut source)?;
    let rows = pour(base, cast.as_mut(), report, |block, range| writer.base(block, range)).map_err(named)?;
    check_sides(&source, &name, rows)?;
    let mut parts = vec!["base"];
    let mut left_out = vec![];
    if let Some(queries) = source.queries.take() {
        let queries = queries.collect(None).map_err(|problem| named(problem.into()))?.content;
        writer.queries(&queries).map_err(failed)?;
        parts.push("queries");
    }
    let rounding = cast.map(|cast| cast.rounding());
    if let Some(truth) = source.truth.take() {
        if changed(rounding) {
            left_out.push(ROUNDED.to_owned());
        } else {
            writer.neighbours(&truth.content).map_err(failed)?;
            parts.push("truth");
            if let Some(distances) = take_distances(&mut source, metric, &mut left_out) {
                writer.distances(&distances).map_err(failed)?;
                parts.push("distances");
            }
        }
    }
    if let Some(labels) = source.labels {
        writer.labels(&labels.content).map_err(failed)?;
        parts.push("labels");
    }
    if let Some(texts) = source.texts {
        writer.texts(texts.content.iter().map(String::as_str)).map_err(failed)?;
        parts.push("texts");
    }
    if !source.filtered.is_empty() {
        let count = source.filtered.len();
        left_out.push(format!("{count} answers under filters: a run computes those of its own filters"));
    }
    let finished = writer.finish()?;
    if let Some(why) = finished.unsound {
        left_out.push(format!(
            "the content hash: {why}, and a run refuses such a set; `annvil data inspect` says more"
        ));
    }
    Ok(Converted {
        path: finished.path,
        format: "folder".to_owned(),
        rows,
        dim: shape.dim,
        element: Some(to),
        parts,
        rounding,
        left_out,
    })
}

/// Qdrant's layout.
pub(super) fn qdrant(
    mut source: Bundle,
    path: &Path,
    options: &Options,
    report: Report,
) -> Result<Converted, DataError> {
    let shape = source.base.shape();
    let to = element(Format::Npy, shape.element, options.element)?;
    let mut cast = (to != shape.element).then(|| Cast::new(to));
    let name = called(&source, options);
    let named = |problem: Problem| problem.named(&name, path);
    let failed = |error: io::Error| named(error.into());
    let scratch = Scratch::folder(path).map_err(failed)?;
    let create = |file: &str| Ok(BufWriter::with_capacity(1 << 20, File::create(scratch.path().join(file))?));
    let mut writer = create(qdrant::VECTORS)
        .and_then(|out| npy::Writer::new(out, to, shape.dim))
        .map(Box::new)
        .map_err(failed)?;
    let base = take_base(&mut source)?;
    let rows = pour(base, cast.as_mut(), report, |block, range| writer.push(block, range)).map_err(named)?;
    writer.finish().map_err(failed)?;
    check_sides(&source, &name, rows)?;
    let mut parts = vec!["base"];
    let labels = source.labels.as_ref().map(|kept| &kept.content);
    let texts = source.texts.as_ref().map(|kept| kept.content.as_slice());
    if texts.is_some() && labels.is_some_and(|labels| labels.column("text").is_some()) {
        let message = format!("{name} has texts and a label named `text`, and a payload has one `text`");
        return Err(mismatch(message, "rename the label, or write Annvil's own folder"));
    }
    create(qdrant::PAYLOADS)
        .and_then(|mut out| jsonl::write(labels, texts, rows, &mut out))
        .map_err(failed)?;
    parts.extend(labels.map(|_| "labels"));
    parts.extend(texts.map(|_| "texts"));
    let rounding = cast.map(|cast| cast.rounding());
    let mut left_out = vec![];
    if changed(rounding) && (source.truth.is_some() || !source.filtered.is_empty()) {
        left_out.push(ROUNDED.to_owned());
        source.truth = None;
        source.filtered.clear();
    }
    // A reader takes answers for those of the set only where no query has conditions.
    if source.truth.is_some() && !source.filtered.is_empty() {
        let count = source.filtered.len();
        left_out
            .push(format!("{count} answers under filters: the layout has a place for one kind of answers"));
        source.filtered.clear();
    }
    if let Some(queries) = source.queries.take() {
        if source.truth.is_none() && source.filtered.is_empty() {
            left_out.push("queries: the layout has a place for them with exact answers only".to_owned());
        } else {
            let metric = options.metric.or(source.metric).ok_or_else(|| {
                mismatch(
                    format!("{name} does not say its metric, and the answers need scores"),
                    "add `--metric cosine` or another",
                )
            })?;
            let queries = queries.collect(None).map_err(|problem| named(problem.into()))?.content;
            let vectors = map::map(&scratch.path().join(qdrant::VECTORS)).map_err(failed)?;
            let vectors = npy::vectors(&vectors).and_then(|rows| rows.collect(None));
            let vectors = vectors.map_err(|problem| named(problem.into()))?.content;
            let answered = Tests { queries: &queries, vectors: &vectors, metric };
            create(qdrant::TESTS).and_then(|out| answered.write(&source, out)).map_err(failed)?;
            parts.extend(["queries", "truth"]);
        }
    }
    if let Some(metric) = options.metric.or(source.metric) {
        left_out
            .push(format!("metric {metric}: the layout does not say it; name it where the folder is used"));
    }
    if source.licence.is_some() {
        left_out.push("licence: the layout has no place for it".to_owned());
    }
    scratch.finish().map_err(failed)?;
    Ok(Converted {
        path: path.to_owned(),
        format: "Qdrant's folder".to_owned(),
        rows,
        dim: shape.dim,
        element: Some(to),
        parts,
        rounding,
        left_out,
    })
}

/// Queries and the vectors that their answers' scores are computed from.
struct Tests<'a> {
    queries: &'a Vectors,
    vectors: &'a Vectors,
    metric: Metric,
}

impl Tests<'_> {
    fn write(&self, source: &Bundle, out: BufWriter<File>) -> io::Result<()> {
        let mut writer = qdrant::TestWriter::new(out);
        let plain = source.truth.iter().flat_map(|truth| truth.content.ids.iter().enumerate());
        let plain = plain.map(|(query, ids)| (query, None, ids));
        let filtered = source.filtered.iter().map(|answer| (answer.query, Some(&answer.filter), &answer.ids));
        for (query, filter, ids) in plain.chain(filtered) {
            if query >= self.queries.rows() || ids.iter().any(|id| *id >= self.vectors.rows() as u64) {
                return Err(io::Error::other("answers to other queries or about other rows than there are"));
            }
            let scores = self.scores(query, ids);
            writer.push(self.queries, query, qdrant::TestLine { filter, ids, scores: &scores })?;
        }
        writer.finish()
    }

    /// As Qdrant defines them: similarity for cosine and inner product, otherwise the distance.
    fn scores(&self, query: usize, ids: &[u64]) -> Vec<f64> {
        let wide = |vectors: &Vectors, row: usize| {
            let mut wide = vec![0.0; vectors.dim()];
            vectors.write_f32(row, &mut wide);
            wide
        };
        let query = wide(self.queries, query);
        let score = |id: &u64| {
            let distance = self.metric.distance(&query, &wide(self.vectors, *id as usize));
            match self.metric {
                Metric::Cosine | Metric::InnerProduct => 1.0 - distance,
                _ => distance,
            }
        };
        ids.iter().map(score).collect()
    }
}

/// The line of the manifest.
fn made_from(source: &str, from: Element, to: Element) -> String {
    if from == to {
        format!("converted from {source}")
    } else {
        format!("converted from {source}, {from} to {to}")
    }
}
