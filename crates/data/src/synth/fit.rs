//! Fits a [`Model`] to a real set.
//!
//! First what can be read off: mean, widest axes, clusters with their sizes, spectrum, lengths. Then the five numbers of
//! [`Texture`], by search: rows are drawn, their surroundings measured, and the numbers moved until these are like the
//! set's. No index is asked; that recall comes out alike is for a test to show.

use annvil_core::dataset::{Dataset, Queries};
use annvil_core::metric::Metric;
use annvil_core::vector::{Matrix, Vectors};

use super::linear::{self, Clusters};
use super::model::{
    Cluster, FitReport, MODEL_VERSION, MOST_AXES, MOST_CLUSTERS, Model, Neighbourhood, QueryModel, Texture,
};
use super::parts::Repeated;
use super::queries_fit;
use super::simplex::minimise;
use super::stream::{Stream, scale_to};
use crate::error::{DataError, mismatch};
use crate::intrinsic;

/// How a fit is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitOptions {
    /// Where its random choices come from.
    pub seed: u64,
    /// Rows that it looks at, chosen by the seed, if there are more: time and memory grow with them.
    pub most_rows: usize,
    /// Sets that it draws and measures while it looks for the texture.
    pub trials: usize,
    /// Threads.
    pub threads: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { seed: 1, most_rows: 50_000, trials: 80, threads: 1 }
    }
}

/// Rows from which axes and clusters come.
const TRAINING: usize = 10_000;

/// Rows whose surroundings are looked at: of the set, and of what is drawn at each trial.
const LOOKED_AT: usize = 2000;
const LOOKED_AT_DRAWN: usize = 500;

/// Fewest rows from which something can be learnt.
const FEWEST: usize = 200;

/// Points of a distribution of lengths.
const QUANTILES: usize = 33;

/// Fits a model to a data set.
pub fn fit(dataset: &dyn Dataset, options: &FitOptions) -> Result<Model, DataError> {
    let info = dataset.info();
    fit_vectors(&info.name, dataset.base(), Some(dataset.queries()), info.metric, options)
}

/// Fits a model to vectors and, if there are any, queries of the same dimension.
pub fn fit_vectors(
    name: &str,
    base: &Vectors,
    queries: Option<&Queries>,
    metric: Metric,
    options: &FitOptions,
) -> Result<Model, DataError> {
    if base.rows() < FEWEST {
        let message = format!("{name} has {} rows, and a fit needs {FEWEST}", base.rows());
        return Err(mismatch(message, "use the set itself, or kind: clustered"));
    }
    if let Some(queries) = queries.filter(|queries| queries.stride() != base.dim()) {
        let message =
            format!("{name} has rows of {} dimensions and queries of {}", base.dim(), queries.stride());
        return Err(mismatch(message, "give queries of the same dimension"));
    }
    let directions = metric == Metric::Cosine;
    let (rows, lengths) = sample(base, directions, options);
    let mut model = outline(name, &rows, base.dim(), metric, options);
    model.lengths = lengths;
    model.directions = directions;
    let rows = matrix(rows, base.dim())?;
    model.fit.wanted = Neighbourhood::measure(&rows, metric, LOOKED_AT, options.seed, options.threads)?;
    fit_texture(&mut model, options)?;
    if let Some(queries) = queries.filter(|queries| queries.rows() > 0) {
        queries_fit::fit(&mut model, &rows, queries, options)?;
    }
    Ok(model)
}

/// Rows of the set, scaled to length 1 if only directions count, and the distribution of their lengths.
fn sample(base: &Vectors, directions: bool, options: &FitOptions) -> (Vec<f32>, Vec<f32>) {
    let dim = base.dim();
    let chosen = intrinsic::sampled(base.rows(), options.most_rows, options.seed);
    let mut rows = vec![0.0; chosen.len() * dim];
    for (number, row) in chosen.iter().zip(rows.chunks_exact_mut(dim)) {
        base.write_f32(*number, row);
    }
    let lengths = if directions { to_directions(&mut rows, dim) } else { vec![] };
    (rows, lengths)
}

/// Scales rows to length 1 and returns the quantiles of the lengths that they had; none if all had length 1.
pub(super) fn to_directions(rows: &mut [f32], dim: usize) -> Vec<f32> {
    let mut lengths: Vec<f32> = rows
        .chunks_exact_mut(dim)
        .map(|row| {
            let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            scale_to(row, 1.0);
            length
        })
        .collect();
    lengths.sort_unstable_by(f32::total_cmp);
    // Rows in half precision are this far from 1.
    if lengths.iter().all(|length| (length - 1.0).abs() < 2e-3) {
        return vec![];
    }
    (0..QUANTILES).map(|i| lengths[i * (lengths.len() - 1) / (QUANTILES - 1)]).collect()
}

pub(super) fn matrix(rows: Vec<f32>, dim: usize) -> Result<Vectors, DataError> {
    Matrix::new(rows, dim)
        .map(Vectors::F32)
        .ok_or_else(|| mismatch("the vectors have no dimensions", "give vectors of at least one dimension"))
}

/// What can be read off the rows.
fn outline(name: &str, rows: &[f32], dim: usize, metric: Metric, options: &FitOptions) -> Model {
    let total = rows.len() / dim;
    let mut random = Stream::new(options.seed, "fit").at(0);
    let chosen = intrinsic::sampled(total, TRAINING, options.seed);
    let mut training: Vec<f32> =
        chosen.iter().flat_map(|row| rows[row * dim..(row + 1) * dim].iter().copied()).collect();
    let mean = linear::mean(&training, dim);
    linear::centre(&mut training, &mean);
    let count = dim.min(MOST_AXES);
    let axes = linear::axes(&training, dim, count, &mut random);
    let points = linear::coordinates(&training, &axes, dim);
    let clusters = (total as f64).sqrt().round() as usize;
    let found = linear::k_means(&points, count, clusters.clamp(1, MOST_CLUSTERS), &mut random);
    let square = |v: &[f32]| v.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    let others = dim - count;
    let beside = (square(&training) - square(&points)).max(0.0) / chosen.len() as f64;
    let (spectrum, clusters) = within(&points, count, &found);
    Model {
        version: MODEL_VERSION,
        name: name.to_owned(),
        rows: total,
        dim,
        metric,
        seed: options.seed,
        directions: false,
        mean,
        axes,
        spectrum,
        rest: if others == 0 { 0.0 } else { beside / others as f64 },
        clusters,
        texture: Texture { sharpness: 1.8, nesting: 0.94, siblings: 0.5, crossing: 0.2, jitter: 0.15 },
        lengths: vec![],
        queries: QueryModel { shift: vec![], spread: 1.0, lengths: vec![] },
        fit: FitReport { wanted: Neighbourhood::NONE, reached: Neighbourhood::NONE, queries: None },
    }
}

/// The common variance along each axis within clusters, and the clusters, largest first.
fn within(points: &[f32], dim: usize, found: &Clusters) -> (Vec<f64>, Vec<Cluster>) {
    let rows = found.of.len() as f64;
    let count = found.centres.len() / dim;
    let mut spectrum = vec![0.0; dim];
    let mut own = vec![(0_u32, 0.0); count];
    for (point, cluster) in points.chunks_exact(dim).zip(&found.of) {
        let centre = &found.centres[cluster * dim..(cluster + 1) * dim];
        own[*cluster].0 += 1;
        for ((x, centre), variance) in point.iter().zip(centre).zip(&mut spectrum) {
            let square = f64::from(x - centre).powi(2);
            *variance += square / rows;
            own[*cluster].1 += square;
        }
    }
    let common: f64 = spectrum.iter().sum();
    let cluster = |(number, (members, squares)): (usize, &(u32, f64))| {
        let share = f64::from(*members) / rows;
        // Half way to the common spread: that of a few rows says little.
        let ratio = if *members > 0 && common > 0.0 { squares / f64::from(*members) / common } else { 1.0 };
        Cluster {
            share,
            query_share: share,
            spread: (0.5 + 0.5 * ratio).sqrt(),
            centre: found.centres[number * dim..(number + 1) * dim].to_vec(),
        }
    };
    let mut clusters: Vec<Cluster> =
        own.iter().enumerate().map(cluster).filter(|cluster| cluster.share > 0.0).collect();
    clusters.sort_by(|a, b| b.share.total_cmp(&a.share));
    (spectrum, clusters)
}

/// Ranges of the texture's numbers, in their order.
const LOW: [f64; 5] = [0.5, 0.6, 0.0, 0.0, 0.0];
const HIGH: [f64; 5] = [4.0, 1.0, 0.95, 0.95, 0.7];

impl Texture {
    /// From numbers without bounds, as the search likes them.
    fn from_free(free: &[f64; 5]) -> Self {
        let [sharpness, nesting, siblings, crossing, jitter] =
            std::array::from_fn(|i| LOW[i] + (HIGH[i] - LOW[i]) / (1.0 + (-free[i]).exp()));
        Self { sharpness, nesting, siblings, crossing, jitter }
    }

    fn to_free(self) -> [f64; 5] {
        let bound = [self.sharpness, self.nesting, self.siblings, self.crossing, self.jitter];
        std::array::from_fn(|i| ((bound[i] - LOW[i]) / (HIGH[i] - bound[i])).ln())
    }
}

/// Moves the texture until rows that are drawn have surroundings like the set's.
fn fit_texture(model: &mut Model, options: &FitOptions) -> Result<(), DataError> {
    /// All eight figures within a third of their unit, in the mean.
    const ENOUGH: f64 = 0.8;
    let wanted = model.fit.wanted;
    let repeated = Repeated::new(model, options.seed, options.threads);
    let look = |texture: Texture, sample: usize| {
        let model = Model { texture, ..model.clone() };
        let rows = matrix(repeated.draw(&model, options.seed, options.threads), model.dim)?;
        Neighbourhood::measure(&rows, model.metric, sample, options.seed, options.threads)
    };
    let start = model.texture.to_free();
    let mut misfit = |free: &[f64; 5]| {
        let reached = look(Texture::from_free(free), LOOKED_AT_DRAWN);
        // A texture without neighbours at different distances is the worst of all, not an error.
        Ok::<f64, DataError>(reached.map_or(f64::MAX, |reached| reached.misfit(&wanted)))
    };
    // A second search from where the first ends, for the first may have come to rest on a slope.
    let again = options.trials * 2 / 5;
    let first = minimise(start, 0.8, options.trials - again, ENOUGH, &mut misfit)?;
    let found = minimise(first.at, 0.4, again, ENOUGH, &mut misfit)?;
    let texture = Texture::from_free(&found.at);
    let reached = look(texture, LOOKED_AT)?;
    model.texture = texture;
    model.fit.reached = reached;
    Ok(())
}

/// As many rows as were fitted, drawn from the model, without their lengths.
pub(super) fn drawn(model: &Model, options: &FitOptions) -> Result<Vectors, DataError> {
    let repeated = Repeated::new(model, options.seed, options.threads);
    matrix(repeated.draw(model, options.seed, options.threads), model.dim)
}
