//! Samples in, answers out: what limits a system, how far it goes, where latency turns, whether a series has settled.
//! Pure functions and small state machines: no clock, no I/O, no load.
//!
//! What limits a sweep over sessions, by the Universal Scalability Law:
//!
//! ```
//! use annvil_stats::usl;
//!
//! let sweep = [(1.0, 950.0), (4.0, 3_300.0), (16.0, 8_600.0), (64.0, 12_500.0)];
//! let law = usl::fit(&sweep).ok_or("too few points")?;
//! assert!(law.sigma > 0.03 && law.sigma < 0.08);
//! assert!(law.limit().words().starts_with("Contention limits"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The highest rate at which something holds; here it holds up to 1,234/s:
//!
//! ```
//! use annvil_stats::bracket::{Bounded, Search, SearchSpec};
//!
//! let mut search = Search::new(SearchSpec { from: 100.0, ..SearchSpec::default() })?;
//! while let Some(rate) = search.next() {
//!     search.report(rate <= 1_234.0);
//! }
//! let answer = search.answer();
//! assert_eq!(answer.bounded, Bounded::Both);
//! assert!(answer.low <= Some(1_234.0) && answer.high > Some(1_234.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bracket;
pub mod interval;
pub mod knee;
pub mod steady;
pub mod usl;

#[cfg(test)]
mod noise;
