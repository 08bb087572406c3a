//! A whole set as one HDF5 file in ann-benchmarks' layout.

use std::io::{BufWriter, Error};
use std::path::Path;

use annvil_core::vector::Element;

use super::pour::{Problem, pour};
use super::scratch::Scratch;
use super::{
    Converted, OTHER_DISTANCES, Options, ROUNDED, Report, called, changed, take_base, take_distances,
};
use crate::bundle::Bundle;
use crate::cast::Cast;
use crate::error::{DataError, mismatch};
use crate::formats::hdf5;
use crate::rows::RowWriter;

pub(super) fn hdf5(
    mut source: Bundle,
    path: &Path,
    options: &Options,
    report: Report,
) -> Result<Converted, DataError> {
    if options.part.is_some() {
        return Err(mismatch("an .hdf5 file holds base, queries and answers", "leave `--part` out"));
    }
    let shape = source.base.shape();
    let to = options.element.unwrap_or(shape.element);
    if to == Element::Sparse {
        return Err(mismatch(".hdf5 files hold no sparse rows here", "choose .csr or a folder"));
    }
    let mut cast = (to != shape.element).then(|| Cast::new(to));
    let name = called(&source, options);
    let named = |problem: Problem| problem.named(&name, path);
    let failed = |error: Error| named(error.into());
    let (scratch, file) = Scratch::file(path).map_err(failed)?;
    let out = BufWriter::with_capacity(1 << 20, file);
    let metric = options.metric.or(source.metric);
    let mut writer = Box::new(hdf5::Writer::new(out, to, shape.dim, metric).map_err(failed)?);
    let base = take_base(&mut source)?;
    let rows = pour(base, cast.as_mut(), report, |block, range| writer.push(block, range)).map_err(named)?;
    let mut parts = vec!["base"];
    let rounding = cast.map(|cast| cast.rounding());
    let mut left_out = vec![];
    if let Some(queries) = source.queries.take() {
        let queries = queries.collect(None).map_err(|problem| named(problem.into()))?.content;
        writer.queries(&queries).map_err(failed)?;
        parts.push("queries");
    }
    if let Some(truth) = source.truth.take() {
        if changed(rounding) {
            left_out.push(ROUNDED.to_owned());
        } else {
            writer.truth(&truth.content).map_err(failed)?;
            parts.push("truth");
            if let Some(distances) = take_distances(&mut source, metric, &mut left_out) {
                if metric.is_some_and(hdf5::same_distances) {
                    writer.distances(&distances).map_err(failed)?;
                    parts.push("distances");
                } else {
                    left_out.push(OTHER_DISTANCES.to_owned());
                }
            }
        }
    }
    writer.finish().map_err(failed)?;
    scratch.finish().map_err(failed)?;
    let gone = [
        ("labels", source.labels.is_some()),
        ("texts", source.texts.is_some()),
        ("answers under filters", !source.filtered.is_empty()),
        ("licence", source.licence.is_some()),
    ];
    let gone: Vec<&str> = gone.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect();
    if !gone.is_empty() {
        left_out.push(format!("{}: the layout has no place for them; a folder has", gone.join(", ")));
    }
    Ok(Converted {
        path: path.to_owned(),
        format: ".hdf5".to_owned(),
        rows,
        dim: shape.dim,
        element: Some(to),
        parts,
        rounding,
        left_out,
    })
}
