//! Exact answers that follow a collection from checkpoint to checkpoint.

use annvil_core::dataset::{Dataset, Queries};
use annvil_core::filter::Filter;
use annvil_core::truth::{ExactAnswer, Truth};
use annvil_core::vector::{Matrix, RowId, Vectors};

use super::Live;
use crate::error::{DataError, mismatch};
use crate::exact::{Admission, Bitmap, Request, merge};

/// Bytes of the rows that are gathered at a time, where they don't lie under their own number.
const GATHERED: usize = 64 << 20;

/// Computes the exact answers at one checkpoint after the other.
///
/// Rows under their own numbers are read where they lie; replaced ones are gathered, some 64 MB at a time.
pub struct Truths<'a> {
    dataset: &'a dyn Dataset,
    queries: &'a Queries,
    k: usize,
    threads: usize,
    /// Rows of the data set that the filter selects; absent without one.
    selected: Option<Bitmap>,
    before: Option<(Live, Truth)>,
}

impl<'a> Truths<'a> {
    /// The `k` nearest to each of the queries, among the rows that the filter selects.
    pub fn new(
        dataset: &'a dyn Dataset,
        queries: &'a Queries,
        k: usize,
        filter: Option<&Filter>,
        threads: usize,
    ) -> Result<Self, DataError> {
        let (rows, labels) = (dataset.base().rows(), dataset.labels());
        if queries.stride() != dataset.base().dim() {
            return Err(mismatch(
                "queries and rows have different dimensions",
                "give queries of the set's own",
            ));
        }
        let predicate = filter.map(|filter| filter.compile(labels)).transpose()?;
        let selected = predicate.map(|predicate| Bitmap::new(rows, |row| predicate.matches(labels, row)));
        Ok(Self { dataset, queries, k, threads, selected, before: None })
    }

    /// The answers over what is surely there now.
    pub fn at(&mut self, live: &Live) -> Truth {
        let all: Vec<usize> = (0..self.queries.rows()).collect();
        let truth = match self.before.take() {
            None => self.over(&all, live, |_, _| true),
            Some((before, mut truth)) => {
                let gone = |id: &RowId| before.source(*id) != live.source(*id);
                let (anew, kept): (Vec<usize>, Vec<usize>) =
                    all.into_iter().partition(|query| truth[*query].ids.iter().any(gone));
                let came = |id: RowId, row: usize| before.source(id) != Some(row);
                for (query, came) in kept.iter().zip(self.over(&kept, live, came)) {
                    truth[*query] = merge(&truth[*query], &came, self.k);
                }
                for (query, answer) in anew.iter().zip(self.over(&anew, live, |_, _| true)) {
                    truth[*query] = answer;
                }
                let matches = self.matches(live);
                for answer in &mut truth {
                    answer.matches = matches;
                }
                truth
            }
        };
        self.before = Some((live.clone(), truth.clone()));
        truth
    }

    fn is_selected(&self, row: usize) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.contains(row))
    }

    /// Rows that could be answered.
    fn matches(&self, live: &Live) -> usize {
        if self.selected.is_none() {
            return live.len() as usize;
        }
        let home = (0..live.available()).filter(|row| live.is_home(*row) && self.is_selected(*row)).count();
        home + live.moved().filter(|(_, row)| self.is_selected(*row)).count()
    }

    /// Answers to some of the queries, over those rows that are there, selected and wanted.
    fn over(&self, numbers: &[usize], live: &Live, wanted: impl Fn(RowId, usize) -> bool) -> Truth {
        let chosen: Vec<f32> = numbers.iter().flat_map(|number| self.queries.row(*number)).copied().collect();
        let Some(queries) = Matrix::new(chosen, self.queries.stride()).filter(|queries| queries.rows() > 0)
        else {
            return vec![ExactAnswer::default(); numbers.len()];
        };
        let counts = |id: RowId, row: usize| self.is_selected(row) && wanted(id, row);
        let rows = Bitmap::new(live.available(), |row| live.is_home(row) && counts(row as RowId, row));
        let none = || vec![ExactAnswer::default(); queries.rows()];
        let mut truth = match rows.count() {
            0 => none(),
            _ => self.search(self.dataset.base(), &queries, Admission::Rows(&rows)),
        };
        let moved: Vec<(RowId, usize)> = live.moved().filter(|(id, row)| counts(*id, *row)).collect();
        let dim = self.dataset.base().dim();
        for part in moved.chunks((GATHERED / (4 * dim).max(1)).max(1)) {
            let mut vectors = vec![0.0; part.len() * dim];
            for ((_, row), vector) in part.iter().zip(vectors.chunks_exact_mut(dim.max(1))) {
                self.dataset.base().write_f32(*row, vector);
            }
            let Some(vectors) = Matrix::new(vectors, dim) else { continue };
            let found = self.search(&Vectors::F32(vectors), &queries, Admission::All);
            for (answer, mut found) in truth.iter_mut().zip(found) {
                // Ids ascend with the places, so rows at one distance keep their order.
                found.ids.iter_mut().for_each(|place| *place = part[*place as usize].0);
                *answer = merge(answer, &found, self.k);
            }
        }
        truth
    }

    fn search(&self, base: &Vectors, queries: &Queries, admission: Admission<'_>) -> Truth {
        let mut request = Request::new(base, queries, self.dataset.info().metric, self.k);
        (request.admission, request.threads) = (admission, self.threads);
        // Without a callback nothing stops a search.
        request.run().unwrap_or_default()
    }
}
