//! The vocabulary of Annvil: scenarios and plans, the [`engine::Engine`] and [`engine::Session`] traits, schedules,
//! samples, histograms, objectives and the run record. No I/O: everything here is data and pure functions.
//!
//! ```
//! use annvil_core::objective::Objective;
//!
//! let objective: Objective = "search.recall@10.mean >= 0.95".parse()?;
//! assert_eq!(objective.to_string(), "search.recall@10.mean >= 0.95");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod clock;
pub mod comparison;
pub mod dataset;
pub mod document;
pub mod engine;
pub mod figures;
pub mod filter;
pub mod form;
pub mod gate;
pub mod histogram;
pub mod key;
pub mod label;
pub mod metric;
pub mod objective;
pub mod operation;
pub mod plan;
pub mod quantity;
pub mod record;
pub mod sample;
pub mod scenario;
pub mod schedule;
pub mod secret;
pub mod server;
pub mod truth;
pub mod units;
pub mod vector;
