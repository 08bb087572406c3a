//! Synthetic data: vectors, queries and labels by recipe, at any size.
//!
//! A [`Generator`] is a pure function of the recipe and the row's number: any block of rows can be drawn without the
//! others, on any thread, and comes out the same. Memory does not grow with the rows.
//!
//! Three kinds of rows:
//! * **clustered**: clusters whose sizes follow a power law, each in a subspace of low dimension. It resembles
//!   embeddings in kind. How hard it is to search follows from the recipe and from no real set.
//! * **like** a set: drawn from a [`Model`] that [`fit`] makes. What is matched: spectrum, sizes of clusters, intrinsic
//!   dimension, distances to the 1st, 10th and 100th neighbour, how often neighbours of neighbours are neighbours, the
//!   lengths of rows, and how far queries are from rows. Recall of HNSW at a given `ef` then comes out alike, not
//!   equal. Furthest off at `ef` 16 to 128: for the set in the box, 0.006 to 0.015 too low, over three seeds of the fit
//!   and two to four of the rows each; for 50,000 words of `GloVe`, 0.032 to 0.051 too high at `ef` 16 and within 0.01
//!   from `ef` 64. A set whose queries are far from the rows, as sentences are from words, comes out worse.
//!   What is not matched: which row resembles which, exact copies, hubs beyond what follows from the above, labels, the
//!   order of rows, and anything that depends on a size other than the fitted one.
//! * **uniform**: for comparison with others' figures. No set of embeddings looks like it.
//!
//! On top of each: near-duplicates, drift from the first row to the last, queries of another kind, tenants and labels.
//!
//! ```
//! use annvil_data::synth::{Generator, Recipe};
//!
//! let recipe: Recipe = serde_json::from_str(r#"{"rows": "1M", "dim": 32, "seed": 7}"#)?;
//! let generator = Generator::new(&recipe)?;
//! // Rows 500,000 to 500,009, on two threads.
//! let block = generator.block(500_000..500_010, 2)?;
//! assert_eq!((block.rows(), block.dim()), (10, 32));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bundle;
mod cast;
mod check;
mod clustered;
mod fit;
mod generator;
mod labels;
pub mod ladder;
mod like;
mod linear;
mod model;
mod model_file;
mod parts;
mod queries_fit;
mod rotation;
mod shares;
mod simplex;
pub(crate) mod stream;
mod texture;
mod uniform;

pub use annvil_core::dataset::SynthSpec as Recipe;

pub use self::bundle::bundle;
pub use self::fit::{FitOptions, fit, fit_vectors};
pub use self::generator::Generator;
pub use self::labels::TENANT;
pub use self::ladder::ladder;
pub use self::model::{
    Cluster, FitReport, MODEL_VERSION, MOST_AXES, MOST_CLUSTERS, Model, Neighbourhood, QueryModel, Texture,
};
