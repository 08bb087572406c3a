//! A recipe as a data set like any other.

use annvil_core::dataset::SynthSpec;
use annvil_core::vector::Vectors;

use super::{FitOptions, Generator};
use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::format::Kept;
use crate::rows::{BLOCK_BYTES, RowReader, Rows, Shape};

/// The set that a recipe makes. Rows are drawn when they are read.
pub fn bundle(recipe: &SynthSpec) -> Result<Bundle, DataError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let generator = Generator::open(recipe, &FitOptions { threads, ..FitOptions::default() })?;
    let like = recipe.like.as_ref().map_or_else(String::new, |like| format!(" like {like}"));
    let (rows, metric) = (generator.rows(), generator.metric());
    let queries = match recipe.queries.0 {
        0 => None,
        n => Some(Rows::Ready(Vectors::F32(generator.queries(0..n)?))),
    };
    let labels = generator.labels(0..rows)?;
    let labelled = labels.columns().next().is_some();
    Ok(Bundle {
        queries,
        labels: labelled.then_some(Kept { content: labels, total: rows }),
        metric: Some(metric),
        ..Bundle::of(
            format!("synthetic{like} (seed {})", recipe.seed),
            Rows::Streamed(Box::new(Drawn { generator, next: 0, threads })),
        )
    })
}

/// Rows as they are drawn.
struct Drawn {
    generator: Generator,
    next: usize,
    threads: usize,
}

impl RowReader for Drawn {
    fn shape(&self) -> Shape {
        let generator = &self.generator;
        Shape { element: generator.recipe().element, dim: generator.dim(), rows: Some(generator.rows()) }
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        // As many as make a block of 32-bit floats, whatever they become.
        let height = (BLOCK_BYTES / (4 * self.generator.dim().max(1))).max(1);
        let range = self.next..self.generator.rows().min(self.next + height);
        if range.is_empty() {
            return Ok(None);
        }
        self.next = range.end;
        let block = self.generator.block(range, self.threads);
        block.map(Some).map_err(|error| FormatError::new(error.to_string(), "change the recipe"))
    }
}
