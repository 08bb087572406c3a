//! What is known of a real set after it was fitted: a small file that stands for it.

use annvil_core::metric::Metric;
use serde::{Deserialize, Serialize};

/// The version of the file that this code reads and writes.
pub const MODEL_VERSION: u32 = 1;

/// A fitted model of a data set. It holds cluster centres and axes, never rows.
///
/// Sizes: `axes × dim + clusters × axes` numbers, with at most [`MOST_AXES`] axes and [`MOST_CLUSTERS`] clusters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Version of the format.
    pub version: u32,
    /// The set that was fitted.
    pub name: String,
    /// Rows that the fit looked at.
    pub rows: usize,
    /// Dimensions of a vector.
    pub dim: usize,
    /// The metric that the set is meant for.
    pub metric: Metric,
    /// Seed of the fit.
    pub seed: u64,
    /// Whether rows were scaled to length 1 before they were fitted, as is done for cosine.
    pub directions: bool,
    /// Mean row.
    pub mean: Vec<f32>,
    /// Widest axes, row after row, orthonormal.
    pub axes: Vec<f32>,
    /// Variance within clusters along each axis.
    pub spectrum: Vec<f64>,
    /// Variance within clusters per dimension beside the axes.
    pub rest: f64,
    /// Clusters, largest first.
    pub clusters: Vec<Cluster>,
    /// How rows hang together within and between clusters.
    pub texture: Texture,
    /// Lengths of rows, as quantiles from the shortest to the longest; empty if all have length 1 or the model says
    /// nothing of lengths apart from the rows themselves.
    pub lengths: Vec<f32>,
    /// How queries differ from rows.
    pub queries: QueryModel,
    /// How near the fit came.
    pub fit: FitReport,
}

/// Most axes of a model.
pub const MOST_AXES: usize = 128;

/// Most clusters of a model.
pub const MOST_CLUSTERS: usize = 256;

/// A cluster of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Share of the rows.
    pub share: f64,
    /// Share of the queries.
    pub query_share: f64,
    /// Standard deviation within it, as a multiple of the common one.
    pub spread: f64,
    /// Centre along the axes, from the mean.
    pub centre: Vec<f32>,
}

/// How rows hang together. Each row is its cluster's centre and a sum of parts, each shared by a group of rows.
///
/// Groups are nested: halves of a cluster, quarters, and so on down to siblings, some two rows. The parts of larger
/// groups make neighbourhoods of low dimension, those of siblings and of two groups of siblings make near rows. Where a row crosses over, it takes
/// a part from another group than its own: rows then resemble different rows in different respects, as words do, and
/// the neighbours of a neighbour are less often neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texture {
    /// Exponent put on the spectrum: above 1, wide axes become wider. The total variance stays.
    pub sharpness: f64,
    /// Share of the variance that each level of groups leaves to the levels below it.
    pub nesting: f64,
    /// Share of what is left that siblings have in common; half of it is that of two groups of siblings.
    pub siblings: f64,
    /// Probability that a row crosses over, per level.
    pub crossing: f64,
    /// How unequal rows are in their own part: standard deviation of the logarithm of its length.
    pub jitter: f64,
}

/// How queries differ from rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryModel {
    /// Where their mean lies, along the axes from that of the rows, beyond what the clusters' shares explain.
    pub shift: Vec<f32>,
    /// Their own part, as a multiple of that of a row.
    pub spread: f64,
    /// Their lengths, as [`Model::lengths`].
    pub lengths: Vec<f32>,
}

/// How near a fit came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitReport {
    /// The set that was fitted.
    pub wanted: Neighbourhood,
    /// Rows drawn from the model, with the seed of the fit.
    pub reached: Neighbourhood,
    /// Mean distance of queries to their tenth neighbour: the set's, and that of the model.
    pub queries: Option<(f64, f64)>,
}

/// What the surroundings of rows look like, on average over a seeded sample. Distances are those of
/// [`crate::intrinsic`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbourhood {
    /// Intrinsic dimension by the nearest 20.
    pub dimension_20: f64,
    /// Intrinsic dimension by the nearest 100.
    pub dimension_100: f64,
    /// Distance to the nearest row.
    pub nearest: f64,
    /// Its standard deviation over the rows.
    pub nearest_deviation: f64,
    /// Distance to the tenth.
    pub tenth: f64,
    /// Distance to the hundredth.
    pub hundredth: f64,
    /// Share of the ten nearest of a neighbour that are among the ten nearest of the row.
    pub closure: f64,
    /// Share of the ten nearest that have the row among their own ten nearest.
    pub mutual: f64,
}

impl Neighbourhood {
    /// Nothing is known yet.
    pub(crate) const NONE: Self = Self {
        dimension_20: 0.0,
        dimension_100: 0.0,
        nearest: 0.0,
        nearest_deviation: 0.0,
        tenth: 0.0,
        hundredth: 0.0,
        closure: 0.0,
        mutual: 0.0,
    };
}
