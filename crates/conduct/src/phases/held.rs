//! A collection at a moment of a phase that changes it, and the exact answers to searches in it.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::dataset::Queries;
use annvil_core::filter::FilterMismatch;
use annvil_core::form::Form;
use annvil_core::truth::Truth;
use annvil_core::vector::{Matrix, RowId, Vectors};
use annvil_data::exact::merge;
use annvil_data::exact::{Admission, Bitmap, Request};
use annvil_load::churn::NewRows;

use crate::inputs::Inputs;
use crate::machine;

/// What a collection holds: the rows of the data set but for those that were removed, and new ones.
pub(super) struct Held<'a> {
    pub(super) inputs: &'a Inputs,
    /// Queries as they were encoded; those of the data set come first.
    pub(super) queries: &'a Queries,
    /// Rows of the data set that were removed.
    pub(super) deleted: BTreeSet<RowId>,
    /// New rows: their pool and their place in it.
    pub(super) new: BTreeMap<RowId, (&'a NewRows, usize)>,
    /// New rows that replaced an earlier one.
    pub(super) replaced: u64,
    /// Rows of which nobody knows whether they are there.
    pub(super) unsure: BTreeSet<RowId>,
}

impl Held<'_> {
    /// Rows of the data set that are surely there.
    fn old(&self) -> impl Iterator<Item = RowId> + '_ {
        let rows = self.inputs.dataset().info().rows as u64;
        (0..rows).filter(|id| !self.deleted.contains(id) && !self.unsure.contains(id))
    }

    /// New rows that are surely there.
    fn fresh(&self) -> impl Iterator<Item = (RowId, &NewRows, usize)> + '_ {
        self.new
            .iter()
            .filter(|(id, _)| !self.unsure.contains(id))
            .map(|(id, (pool, index))| (*id, *pool, *index))
    }

    /// Rows that are surely there.
    pub(super) fn rows(&self) -> u64 {
        (self.old().count() + self.fresh().count()) as u64
    }

    /// Exact answers to the first `asked` queries: over the rows of the data set where they lie, and over the few new ones
    /// beside them.
    pub(super) fn truth(&self, form: &Form, asked: usize) -> Result<Truth, FilterMismatch> {
        let dataset = self.inputs.dataset();
        let (dim, metric, base) = (dataset.info().dim, dataset.info().metric, dataset.base());
        let predicate = form.filter.as_ref().map(|filter| filter.compile(dataset.labels())).transpose()?;
        let selected =
            |row: usize| predicate.as_ref().is_none_or(|predicate| predicate.matches(dataset.labels(), row));
        let Some(queries) = Matrix::new(self.queries.copy_rows(0..asked), dim) else {
            return Ok(Truth::new());
        };
        let threads = machine::usable_cores();
        let search = |base: &Vectors, admission: Admission<'_>| {
            let mut request = Request::new(base, &queries, metric, form.k);
            (request.admission, request.threads) = (admission, threads);
            // Without a callback nothing stops a search.
            request.run().unwrap_or_default()
        };
        let gone = |row: usize| {
            let id = row as RowId;
            self.deleted.contains(&id) || self.unsure.contains(&id)
        };
        let there = Bitmap::new(base.rows(), |row| !gone(row) && selected(row));
        let old = search(base, Admission::Rows(&there));
        let (mut ids, mut vectors): (Vec<RowId>, Vec<f32>) = (Vec::new(), Vec::new());
        for (id, pool, index) in self.fresh().filter(|(_, pool, index)| selected(pool.label_row(*index))) {
            vectors.extend_from_slice(pool.vector(index));
            ids.push(id);
        }
        let Some(vectors) = Matrix::new(vectors, dim).filter(|_| !ids.is_empty()) else { return Ok(old) };
        let fresh = search(&Vectors::F32(vectors), Admission::All);
        let both = old.iter().zip(fresh).map(|(old, mut fresh)| {
            // Ids ascend with the places, so rows at one distance keep their order.
            fresh.ids.iter_mut().for_each(|at| *at = ids[*at as usize]);
            merge(old, &fresh, form.k)
        });
        Ok(both.collect())
    }

    /// True distance of a row that is there to a query.
    pub(super) fn distance(&self, query: usize, id: RowId) -> Option<f64> {
        let dataset = self.inputs.dataset();
        let metric = dataset.info().metric;
        if let Some((pool, index)) = self.new.get(&id) {
            return Some(annvil_data::precise::distance(
                metric,
                self.queries.row(query),
                pool.vector(*index),
            ));
        }
        if self.deleted.contains(&id) || id >= dataset.info().rows as u64 {
            return None;
        }
        let mut row = vec![0.0; dataset.info().dim];
        dataset.base().write_f32(id as usize, &mut row);
        Some(annvil_data::precise::distance(metric, self.queries.row(query), &row))
    }
}
