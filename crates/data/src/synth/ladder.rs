//! A ladder of filters for any set: half of the rows, a tenth, a hundredth, a thousandth, none.

use annvil_core::dataset::Queries;
use annvil_core::filter::{Comparison, Filter, Value};
use annvil_core::label::Column;
use annvil_core::metric::Metric;
use annvil_core::vector::Vectors;
use rand::RngExt;
use rand::seq::SliceRandom;

use super::stream::Stream;
use crate::distance::Kernel;

/// Name of the label that the filters of a ladder speak of.
pub const RUNG: &str = "rung";

/// Shares of the rungs, by name.
pub const SHARES: [(&str, f64); 5] =
    [("50 %", 0.5), ("10 %", 0.1), ("1 %", 0.01), ("0.1 %", 0.001), ("nothing", 0.0)];

/// Queries that [`Order::FromQueries`] looks at: they are the first ones.
pub const QUERIES: usize = 16;

/// By what the rows are put in order; a filter selects the first ones.
#[derive(Debug, Clone, Copy)]
pub enum Order<'a> {
    /// By chance: filters have nothing to do with the vectors.
    Chance,
    /// By the distance from a row that the seed chooses: a filter selects a region, which most queries are far from.
    FromRow(&'a Vectors, Metric),
    /// By the distance from the nearest of the first queries: a filter selects what these queries look for.
    FromQueries(&'a Vectors, Metric, &'a Queries),
}

/// A label, and filters on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// The place of each row in the order, from 0: the column [`RUNG`].
    pub column: Column,
    /// The filters, from the widest.
    pub rungs: Vec<Rung>,
}

/// A filter of a ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    /// What it selects, in words.
    pub name: &'static str,
    /// The filter, such as `rung < 500`.
    pub filter: Filter,
    /// Rows that it selects, exactly.
    pub matches: usize,
    /// Their share of all rows.
    pub selectivity: f64,
}

/// Makes a ladder for a set of `rows` rows, those of the vectors in `order` if there are some. A rung that is not
/// meant to be empty selects one row at least.
///
/// Takes 24 bytes a row, and for orders by distance one pass over the vectors, or one for each query.
pub fn ladder(rows: usize, seed: u64, order: Order<'_>) -> Ladder {
    let mut random = Stream::new(seed, "ladder").at(0);
    let mut sorted: Vec<u32> = (0..rows as u32).collect();
    // Also before a sort by distance, so that the order of equal ones is by chance and not by number.
    sorted.shuffle(&mut random);
    let by_distance = |sorted: &mut [u32], distances: &[f32]| {
        sorted.sort_by(|a, b| distances[*a as usize].total_cmp(&distances[*b as usize]));
    };
    match order {
        Order::FromRow(base, metric) if rows > 0 => {
            let mut anchor = vec![0.0; base.dim()];
            base.write_f32(random.random_range(0..rows), &mut anchor);
            by_distance(&mut sorted, &distances(base, metric, &[&anchor]));
        }
        Order::FromQueries(base, metric, queries) => {
            let some: Vec<&[f32]> =
                (0..queries.rows().min(QUERIES)).map(|query| queries.row(query)).collect();
            by_distance(&mut sorted, &distances(base, metric, &some));
        }
        // Without rows there is nothing to sort.
        Order::Chance | Order::FromRow(..) => {}
    }
    let mut places = vec![None; rows];
    for (place, row) in sorted.iter().enumerate() {
        places[*row as usize] = i64::try_from(place).ok();
    }
    let rung = |(name, share): (&'static str, f64)| {
        let matches = (rows as f64 * share).round() as usize;
        let matches = if share > 0.0 { matches.max(1).min(rows) } else { 0 };
        Rung {
            name,
            filter: Filter::Compare {
                field: RUNG.to_owned(),
                comparison: Comparison::Less,
                value: Value::Int(i64::try_from(matches).unwrap_or(i64::MAX)),
            },
            matches,
            selectivity: matches as f64 / rows.max(1) as f64,
        }
    };
    Ladder { column: Column::Int(places), rungs: SHARES.into_iter().map(rung).collect() }
}

/// Distance of each row from the nearest of some points.
fn distances(base: &Vectors, metric: Metric, points: &[&[f32]]) -> Vec<f32> {
    let kernel = Kernel::new(metric);
    let mut row = vec![0.0; base.dim()];
    let distance = |number| {
        base.write_f32(number, &mut row);
        points.iter().map(|point| kernel.distance(point, &row)).fold(f32::INFINITY, f32::min)
    };
    (0..base.rows()).map(distance).collect()
}
