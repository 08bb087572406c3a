//! A part of a set: rows and queries drawn by a seed, with their labels and texts.
//!
//! The rows keep their order. What was drawn depends on the seed and the numbers of rows alone, so it is the same on every
//! machine and in every format. Rows are passed on as they are read: memory holds the numbers of the drawn rows and a
//! block. Where a file does not say how many rows it has, it is read once more to count them.

mod drawn;

use annvil_core::dataset::Neighbours;
use annvil_core::label::Labels;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use self::drawn::Drawn;
use crate::bundle::{Bundle, FilteredAnswer};
use crate::error::{DataError, FormatError, mismatch};
use crate::format::Kept;
use crate::rows::Rows;

/// What to take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Number of base rows; all unless given.
    pub rows: Option<usize>,
    /// Number of queries; all unless given.
    pub queries: Option<usize>,
    /// What is drawn depends on it.
    pub seed: u64,
    /// The first rows and queries instead of drawn ones.
    pub first: bool,
}

/// A part of a set.
pub struct Sliced {
    /// What was taken; its base is still to be read.
    pub bundle: Bundle,
    /// What the set had and the part has not, and why.
    pub left_out: Vec<String>,
}

/// Takes a part of the set that `open` opens; it is asked twice where the rows have to be counted.
pub fn slice(open: impl Fn() -> Result<Bundle, DataError>, options: &Options) -> Result<Sliced, DataError> {
    let mut bundle = open()?;
    let file = bundle.name.clone();
    let failed = |problem: FormatError| problem.in_file(&file);
    let mut left_out = vec![];

    let total = match bundle.base.shape().rows {
        Some(total) => total,
        None => count(open()?.base).map_err(failed)?,
    };
    let rows =
        chosen(total, options.rows, options, 0).map_err(|wanted| too_many(&file, "rows", total, wanted))?;
    if let Some(rows) = &rows {
        check(&bundle, total)?;
        if let Some(labels) = &mut bundle.labels {
            labels.content = pick_labels(&labels.content, rows);
            labels.total = rows.len();
        }
        if let Some(texts) = &mut bundle.texts {
            texts.content = rows.iter().map(|row| texts.content[*row].clone()).collect();
            texts.total = rows.len();
        }
        if bundle.truth.take().is_some() {
            left_out.push(
                "exact answers: they were those among all rows; `annvil data truth` computes new ones"
                    .to_owned(),
            );
        }
        if !std::mem::take(&mut bundle.filtered).is_empty() {
            left_out.push("answers under filters: they were those among all rows".to_owned());
        }
        bundle.distances = None;
        bundle.base = Rows::Streamed(Box::new(Drawn::new(bundle.base, rows.clone())));
    }
    if let Some(queries) = bundle.queries.take() {
        let queries = queries.collect(None).map_err(failed)?;
        let total = queries.total;
        let rows = chosen(total, options.queries, options, 1)
            .map_err(|wanted| too_many(&file, "queries", total, wanted))?;
        bundle.queries = Some(match &rows {
            None => Rows::Ready(queries.content),
            Some(rows) => {
                let drawn = Drawn::new(Rows::Ready(queries.content), rows.clone());
                Rows::Ready(Rows::Streamed(Box::new(drawn)).collect(None).map_err(failed)?.content)
            }
        });
        if let Some(rows) = rows {
            answers(&mut bundle, &rows);
        }
    } else if options.queries.is_some() {
        return Err(mismatch(format!("{file} has no queries"), "leave `--queries` out"));
    }
    Ok(Sliced { bundle, left_out })
}

/// The answers to the queries that stay.
fn answers(bundle: &mut Bundle, queries: &[usize]) {
    if let Some(truth) = bundle.truth.take() {
        let ids: Vec<Vec<u64>> =
            queries.iter().filter_map(|query| truth.content.ids.get(*query).cloned()).collect();
        bundle.truth =
            (ids.len() == queries.len()).then_some(Kept { total: ids.len(), content: Neighbours { ids } });
    }
    if let Some(distances) = bundle.distances.take() {
        bundle.distances = Some(queries.iter().filter_map(|query| distances.get(*query).cloned()).collect());
    }
    let filtered = std::mem::take(&mut bundle.filtered);
    bundle.filtered = filtered
        .into_iter()
        .filter_map(|answer| {
            let query = queries.binary_search(&answer.query).ok()?;
            Some(FilteredAnswer { query, ..answer })
        })
        .collect();
}

/// Numbers of the rows to take, in ascending order; `None` for all. An error if there are fewer than wanted.
fn chosen(
    total: usize,
    wanted: Option<usize>,
    options: &Options,
    stream: u64,
) -> Result<Option<Vec<usize>>, usize> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != total) else { return Ok(None) };
    if wanted > total || wanted == 0 {
        return Err(wanted);
    }
    if options.first {
        return Ok(Some((0..wanted).collect()));
    }
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    random.set_stream(stream);
    let mut rows = index::sample(&mut random, total, wanted).into_vec();
    rows.sort_unstable();
    Ok(Some(rows))
}

fn too_many(file: &str, what: &str, total: usize, wanted: usize) -> DataError {
    mismatch(
        format!("{file} has {total} {what}, and {wanted} were asked for"),
        format!("ask for 1 to {total}"),
    )
}

fn count(rows: Rows) -> Result<usize, FormatError> {
    rows.each(None, |_, _| Ok(()))
}

fn check(bundle: &Bundle, rows: usize) -> Result<(), DataError> {
    let labels = bundle.labels.as_ref().map_or(rows, |kept| kept.content.rows());
    let texts = bundle.texts.as_ref().map_or(rows, |kept| kept.content.len());
    if (labels, texts) == (rows, rows) {
        return Ok(());
    }
    let message = format!("{} has {rows} vectors, {labels} rows of labels and {texts} texts", bundle.name);
    Err(mismatch(message, "they belong to different sets, or a file is cut off"))
}

fn pick_labels(labels: &Labels, rows: &[usize]) -> Labels {
    let mut picked = Labels::with_schema(&labels.schema());
    for row in rows {
        // Its own columns have its own types.
        let _ = picked.push_row(labels, *row);
    }
    picked
}

#[cfg(test)]
mod tests;
