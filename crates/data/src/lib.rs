//! Vectors in and out: file formats, the data set in the box, distances, exact nearest neighbours.
//!
//! ```
//! use annvil_core::dataset::DataSpec;
//! use annvil_core::filter::Filter;
//! use annvil_data::{exact, open};
//!
//! let spec = DataSpec::Named { name: "wordnet-10k".into(), rows: Some(1000), queries_limit: Some(5) };
//! let set = open(&spec)?;
//! assert_eq!((set.info().rows, set.info().dim, set.queries().rows()), (1000, 384, 5));
//!
//! // The true answers among the nouns, from the rows as they are stored, on one thread.
//! let nouns: Filter = "pos = 'n'".parse()?;
//! let truth = exact::truth(&*set, 10, Some(&nouns), 1)?;
//! let predicate = nouns.compile(set.labels())?;
//! assert_eq!(truth[0].ids.len(), 10);
//! assert!(truth[0].ids.iter().all(|id| predicate.matches(set.labels(), *id as usize)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod binarise;
pub mod boxed;
pub mod builder;
pub mod bundle;
pub mod cast;
pub mod catalogue;
mod check;
pub mod convert;
pub mod distance;
mod error;
pub mod exact;
pub mod filtered;
pub mod format;
pub mod formats;
pub mod get;
pub mod hash;
mod hold_out;
pub mod inspect;
pub mod intrinsic;
pub mod json_filter;
pub mod jsonl;
mod kernel;
pub mod map;
mod named;
mod open;
pub mod precise;
pub mod rows;
pub mod runbook;
mod set;
pub mod slice;
pub mod synth;

pub use self::error::{DataError, FormatError};
pub use self::open::{bundle, open};
