//! One part of a set as one file.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use annvil_core::vector::{Element, Vectors};

use super::pour::{Problem, pour};
use super::scratch::Scratch;
use super::target::{element, part};
use super::{Converted, Options, Part, Report, called, check_sides, take_base};
use crate::bundle::Bundle;
use crate::cast::Cast;
use crate::error::{DataError, mismatch};
use crate::formats::table::{self, CsvWriter, JsonlWriter, Sides};
use crate::formats::{Format, bin, cannot_hold, csr, npy, parquet, vecs};
use crate::rows::{RowWriter, Rows};

pub(super) fn convert(
    mut source: Bundle,
    path: &Path,
    format: Format,
    options: &Options,
    report: Report,
) -> Result<Converted, DataError> {
    let part = part(format, options.part)?;
    let text = matches!(format, Format::Jsonl | Format::Csv);
    let mut written = Converted {
        path: path.to_owned(),
        format: format.to_string(),
        rows: 0,
        dim: 0,
        element: None,
        parts: vec![],
        rounding: None,
        left_out: left_out(&source, part, text),
    };
    let name = called(&source, options);
    let missing = |what: &str| mismatch(format!("{name} has no {what}"), "choose another `--part`");
    let rows = match part {
        Part::Truth => return truth(source, path, format, &missing("exact answers"), written),
        Part::Queries => source.queries.take().ok_or_else(|| missing("queries"))?,
        Part::Base => take_base(&mut source)?,
    };
    let shape = rows.shape();
    let to = element(format, shape.element, options.element)?;
    let mut cast = (to != shape.element).then(|| Cast::new(to));
    let named = |problem: Problem| problem.named(&name, path);
    let (scratch, file) = Scratch::file(path).map_err(|error| named(error.into()))?;
    written.parts.push(if part == Part::Base { "base" } else { "queries" });
    written.rows = if to == Element::Sparse {
        sparse(rows, file, report).map_err(named)?
    } else {
        let sides = match part {
            Part::Base if text => Sides {
                labels: source.labels.as_ref().map(|kept| kept.content.clone()),
                texts: source.texts.as_ref().map(|kept| kept.content.clone()),
            },
            _ => Sides::default(),
        };
        if format == Format::Csv {
            written.left_out.extend(table::csv::changed(&sides));
        }
        if sides.labels.is_some() {
            written.parts.push("labels");
        }
        if sides.texts.is_some() {
            written.parts.push("texts");
        }
        let mut writer =
            writer(path, format, file, to, shape.dim, sides).map_err(|error| named(error.into()))?;
        let rows =
            pour(rows, cast.as_mut(), report, |block, range| writer.push(block, range)).map_err(named)?;
        writer.finish().map_err(|error| named(error.into()))?;
        rows
    };
    if written.rows == 0 {
        return Err(mismatch(format!("{name} has no rows"), "there is nothing to write"));
    }
    if part == Part::Base {
        check_sides(&source, &name, written.rows)?;
    }
    scratch.finish().map_err(|error| named(error.into()))?;
    written.dim = shape.dim;
    written.element = Some(to);
    written.rounding = cast.map(|cast| cast.rounding());
    Ok(written)
}

fn truth(
    source: Bundle,
    path: &Path,
    format: Format,
    missing: &DataError,
    mut written: Converted,
) -> Result<Converted, DataError> {
    let Some(truth) = source.truth else {
        return Err(mismatch(missing.to_string(), "`annvil data truth` computes exact answers"));
    };
    let failed = |source| DataError::Write { file: path.display().to_string(), source };
    let (scratch, file) = Scratch::file(path).map_err(failed)?;
    let out = BufWriter::new(file);
    match format {
        Format::Ivecs => vecs::write_ids(&truth.content, out),
        Format::Ibin => bin::write_ids(&truth.content, out),
        Format::Parquet => parquet::write_ids(&truth.content, out),
        _ => npy::write_ids(&truth.content, out),
    }
    .map_err(failed)?;
    scratch.finish().map_err(failed)?;
    written.rows = truth.content.ids.len();
    written.dim = truth.content.ids.iter().map(Vec::len).max().unwrap_or(0);
    written.parts.push("truth");
    Ok(written)
}

fn writer(
    path: &Path,
    format: Format,
    file: File,
    element: Element,
    dim: usize,
    sides: Sides,
) -> io::Result<Box<dyn RowWriter>> {
    let out = BufWriter::with_capacity(1 << 20, file);
    Ok(match format {
        Format::Npy => Box::new(npy::Writer::new(out, element, dim)?),
        Format::Fvecs | Format::Bvecs => Box::new(vecs::Writer::new(out)),
        Format::Fbin | Format::U8bin | Format::I8bin => Box::new(bin::Writer::new(out, dim)?),
        Format::Parquet => Box::new(parquet::Writer::new(out, element)?),
        Format::Jsonl => Box::new(JsonlWriter::new(out, sides)?),
        Format::Csv => {
            let tabs = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tsv"));
            Box::new(CsvWriter::new(out, sides, if tabs { b'\t' } else { b',' })?)
        }
        other => return Err(cannot_hold(&format!("{other} files"), element)),
    })
}

fn sparse(rows: Rows, file: File, report: Report) -> Result<usize, Problem> {
    let rows = rows.collect(None)?.content;
    if !report(0, Some(rows.rows() as u64)) {
        return Err(Problem::Stopped);
    }
    match &rows {
        Vectors::Sparse(rows) => csr::write(rows, BufWriter::new(file))?,
        other => return Err(cannot_hold(".csr files", other.element()).into()),
    }
    Ok(rows.rows())
}

/// What such a file has no place for.
fn left_out(source: &Bundle, part: Part, text: bool) -> Vec<String> {
    let parts = [
        ("base", part != Part::Base),
        ("queries", part != Part::Queries && source.queries.is_some()),
        ("exact answers", part != Part::Truth && source.truth.is_some()),
        ("distances", source.distances.is_some()),
        ("filtered answers", !source.filtered.is_empty()),
        ("labels", !(text && part == Part::Base) && source.labels.is_some()),
        ("texts", !(text && part == Part::Base) && source.texts.is_some()),
        ("metric", source.metric.is_some()),
        ("licence", source.licence.is_some()),
    ];
    let names: Vec<&str> = parts.into_iter().filter(|(_, out)| *out).map(|(name, _)| name).collect();
    if names.is_empty() {
        return vec![];
    }
    vec![format!("{}: such a file holds one part; a folder holds all", names.join(", "))]
}
