//! Queries for a set that has none: some of its rows are taken out and searched for.
//!
//! A row that asks for itself proves nothing, so the rows leave the base with their labels and texts. They are chosen by a
//! fixed seed: the same file gives the same queries on every machine.

use annvil_core::label::Labels;
use annvil_core::vector::Vectors;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::builder::Builder;
use crate::error::{DataError, mismatch};
use crate::format::Kept;
use crate::set::{Part, Parts};

/// Rows that are taken where nobody says how many: at most a tenth of the base.
const USUAL: usize = 1000;

const SEED: u64 = 42;

/// Moves `wanted` rows of the base, or as many as usual, to the queries.
pub(crate) fn from_base(parts: Parts, wanted: Option<usize>) -> Result<Parts, DataError> {
    parts.check_limits()?;
    parts.check_counts()?;
    let rows = parts.base.kept.content.rows();
    let count = wanted.unwrap_or_else(|| USUAL.min(rows / 10).max(1));
    if count >= rows {
        let message = format!(
            "{} has {rows} rows and no queries, and {count} rows can't be held out of it",
            parts.base.file
        );
        return Err(mismatch(message, "name a file of `queries`, or hold out fewer rows"));
    }
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut chosen = index::sample(&mut random, rows, count).into_vec();
    chosen.sort_unstable();
    let mut out = vec![false; rows];
    for row in &chosen {
        out[*row] = true;
    }
    let in_file = |problem: crate::FormatError| problem.in_file(&parts.base.file);
    let base = &parts.base.kept.content;
    let mut queries = Builder::new(base.element(), base.dim());
    for row in chosen {
        queries.extend(base, row..row + 1).map_err(in_file)?;
    }
    let left = without(base, &out).map_err(in_file)?;
    let queries = queries.finish().map_err(in_file)?;
    let file = format!("{} (held-out rows)", parts.base.file);
    let total = rows - count;
    Ok(Parts {
        queries: Part { file, kept: Kept { content: queries, total: count } },
        // Answers for other queries.
        truth: None,
        labels: parts.labels.map(|part| {
            let content = labels_without(&part.kept.content, &out);
            Part { kept: Kept { content, total }, ..part }
        }),
        texts: parts.texts.map(|part| {
            let texts = part.kept.content.into_iter().zip(&out);
            let content = texts.filter(|(_, out)| !**out).map(|(text, _)| text).collect();
            Part { file: part.file, kept: Kept { content, total } }
        }),
        name: format!("{} (seed {SEED}: {count} rows held out)", parts.name),
        base: Part { file: parts.base.file, kept: Kept { content: left, total } },
        rows: None,
        queries_limit: None,
        metric: parts.metric,
        licence: parts.licence,
    })
}

/// The rows that are not marked, in order.
fn without(vectors: &Vectors, out: &[bool]) -> Result<Vectors, crate::FormatError> {
    let mut builder = Builder::new(vectors.element(), vectors.dim());
    let mut start = 0;
    for row in 0..=out.len() {
        if row == out.len() || out[row] {
            builder.extend(vectors, start..row)?;
            start = row + 1;
        }
    }
    builder.finish()
}

fn labels_without(labels: &Labels, out: &[bool]) -> Labels {
    let mut left = Labels::with_schema(&labels.schema());
    for row in (0..labels.rows()).filter(|row| out.get(*row) == Some(&false)) {
        // Its own columns have its own types.
        let _ = left.push_row(labels, row);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::metric::Metric;
    use annvil_core::vector::Matrix;

    #[test]
    fn rows_move_with_what_belongs_to_them() {
        let part = |rows: usize| {
            let values = (0..rows).map(|x| x as f32).collect();
            Part {
                file: "f".into(),
                kept: Kept { content: Vectors::F32(Matrix::new(values, 1).unwrap()), total: rows },
            }
        };
        let parts = |rows| Parts {
            name: "n".into(),
            metric: Metric::L2,
            licence: None,
            base: part(rows),
            queries: part(0),
            truth: None,
            labels: None,
            texts: Some(Part {
                file: "t".into(),
                kept: Kept { content: (0..rows).map(|x| x.to_string()).collect(), total: rows },
            }),
            rows: None,
            queries_limit: None,
        };
        let split = from_base(parts(50), Some(7)).unwrap();
        let (base, queries) = (&split.base.kept.content, &split.queries.kept.content);
        assert_eq!((base.rows(), queries.rows()), (43, 7));
        let Vectors::F32(base) = base else { panic!("floats") };
        let texts = split.texts.unwrap().kept.content;
        assert!(base.iter().zip(&texts).all(|(row, text)| row[0].to_string() == *text));
        assert_eq!(from_base(parts(50), None).unwrap().queries.kept.total, 5);
        assert!(from_base(parts(3), Some(3)).is_err());
    }
}
