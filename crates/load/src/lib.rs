//! The one runner behind every measurement: it takes an engine, work and arrivals, and gives back histograms, a time
//! series and answers to be scored. It also verifies answers before they are timed, and says whether a measurement
//! means anything.
//!
//! ```
//! use std::sync::Arc;
//! use annvil_core::{schedule::Arrivals, units::Nanos};
//! use annvil_load::{cancel::Cancel, floor::closed_null};
//! use annvil_core::{clock::Clock, engine::Engine, scenario::{EngineSpec, NullSpec, Variant}};
//!
//! let clock = Arc::new(annvil_load::time::SystemClock::new());
//! let context = annvil_engines::Context { clock, scratch: std::env::temp_dir() };
//! let engine: Arc<dyn Engine> =
//!     annvil_engines::open(&EngineSpec::Null(NullSpec {}), &Variant::default(), &context)?.into();
//! let measured = closed_null(&engine, 1, 10_000)?;
//! assert_eq!(measured.total().operations, 10_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cancel;
pub mod choice;
pub mod churn;
pub mod claims;
mod crew;
mod drive;
pub mod floor;
pub mod fresh;
pub mod measured;
pub mod recall;
pub mod recorder;
pub mod runner;
mod series;
pub mod simulate;
mod thread;
pub mod time;
pub mod validity;
pub mod verify;
pub mod warm;
pub mod work;

pub use drive::limited;
pub use measured::Measured;
pub use runner::{Load, LoadError, Tick, Users, run, simulate as simulate_slots};
