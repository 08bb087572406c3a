//! Fits the queries of a [`Model`]: which clusters they come from, where their mean lies, how far they are from rows.

use annvil_core::dataset::Queries;
use annvil_core::metric::Metric;
use annvil_core::vector::Vectors;

use super::Generator;
use super::fit::{FitOptions, drawn, matrix, to_directions};
use super::like::Like;
use super::linear;
use super::model::Model;
use super::stream::add;
use crate::error::DataError;
use crate::{exact, intrinsic};

/// Queries whose distance from the rows is looked at.
const SAMPLE: usize = 400;

/// The neighbour by whose distance queries are set as far from rows as the real ones.
const NEIGHBOUR: usize = 10;

/// Steps by which the range of the spread is halved.
const STEPS: usize = 9;

/// Most a query's own part may be, as a multiple of a row's.
const MOST_SPREAD: f64 = 8.0;

/// Fits the queries, for a model whose texture is known. `rows` are those it was fitted to.
pub(super) fn fit(
    model: &mut Model,
    rows: &Vectors,
    queries: &Queries,
    options: &FitOptions,
) -> Result<(), DataError> {
    let dim = model.dim;
    let chosen = intrinsic::sampled(queries.rows(), 10_000, options.seed);
    let mut values: Vec<f32> = chosen.iter().flat_map(|query| queries.row(*query).iter().copied()).collect();
    if model.directions {
        model.queries.lengths = to_directions(&mut values, dim);
    }
    let sample = intrinsic::sampled(chosen.len(), SAMPLE, options.seed);
    let some: Vec<f32> = sample.iter().flat_map(|i| values[i * dim..(i + 1) * dim].iter().copied()).collect();
    let wanted = distance(rows, some, model.metric, options)?;

    linear::centre(&mut values, &model.mean);
    place(model, &linear::coordinates(&values, &model.axes, dim));

    let base = drawn(model, options)?;
    let reached = |spread: f64, model: &Model| {
        let mut model = model.clone();
        model.queries.spread = spread;
        let source = Like::new(model, rows.rows(), options.seed);
        let generator = Generator::of_model(source, options.seed, rows.rows());
        let mut queries = vec![0.0; sample.len() * dim];
        for (number, query) in queries.chunks_exact_mut(dim).enumerate() {
            generator.fill_query(number, query);
        }
        distance(&base, queries, generator.metric(), options)
    };
    let (mut low, mut high) = (0.0, MOST_SPREAD);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if reached(middle, model)? < wanted { low = middle } else { high = middle }
    }
    model.queries.spread = f64::midpoint(low, high);
    model.fit.queries = Some((wanted, reached(model.queries.spread, model)?));
    Ok(())
}

/// Mean distance to the tenth neighbour.
fn distance(
    rows: &Vectors,
    queries: Vec<f32>,
    metric: Metric,
    options: &FitOptions,
) -> Result<f64, DataError> {
    let count = queries.len() / rows.dim();
    let Vectors::F32(queries) = matrix(queries, rows.dim())? else { return Ok(0.0) };
    let metric = intrinsic::geometry(metric);
    let answers = exact::answers(rows, &queries, metric, NEIGHBOUR, None, options.threads);
    let last = answers.iter().filter_map(|answer| answer.reach(NEIGHBOUR));
    Ok(last.map(|distance| intrinsic::length(metric, distance)).sum::<f64>() / count as f64)
}

/// Sets the clusters' shares of the queries, and the shift that these do not explain, if it is more than chance.
fn place(model: &mut Model, points: &[f32]) {
    let dim = model.spectrum.len();
    let queries = points.len() / dim;
    let centres: Vec<f32> =
        model.clusters.iter().flat_map(|cluster| cluster.centre.iter().copied()).collect();
    let of = linear::nearest(points, &centres, dim);
    // As if the rows' shares had been seen in one cluster's worth of queries before: no cluster is left without.
    let before = model.clusters.len() as f64;
    for cluster in &mut model.clusters {
        cluster.query_share = cluster.share * before / (before + queries as f64);
    }
    let mut shift = vec![0.0; dim];
    let mut square = 0.0;
    for (point, cluster) in points.chunks_exact(dim).zip(&of) {
        model.clusters[*cluster].query_share += 1.0 / (before + queries as f64);
        let mut from_centre = point.to_vec();
        add(&mut from_centre, -1.0, &model.clusters[*cluster].centre);
        add(&mut shift, 1.0 / queries as f32, &from_centre);
        square += from_centre.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    }
    let length = shift.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    // A mean of n rows is off by variance / n, and the centres are means of some rows too.
    let by_chance = square / (queries as f64).powi(2);
    model.queries.shift = if length > 4.0 * by_chance { shift } else { vec![] };
}
