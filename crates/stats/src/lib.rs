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
//!
//! Whether a latency became worse from one group of runs to another:
//!
//! ```
//! use annvil_stats::compare::{Scale, Side, Spec, Verdict, Worse, compare, verdict};
//!
//! let before = Side::runs(&[8.10, 8.30, 7.90, 8.20, 8.05]);
//! let after = Side::runs(&[9.00, 8.80, 9.30, 8.90, 9.10]);
//! let spec = Spec::new(Scale::Ratio, Worse::Higher);
//! let change = compare(&before, &after, &spec)?;
//! assert!(change.low > 0.08 && change.high < 0.15);
//! assert_eq!(verdict(&change, &spec), Verdict::Regressed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bca;
pub mod bootstrap;
pub mod bracket;
pub mod change;
pub mod compare;
pub mod describe;
pub mod effective;
pub mod equivalence;
pub mod frontier;
pub mod interval;
pub mod knee;
pub mod multiple;
pub mod outliers;
pub mod paired;
pub mod power;
pub mod project;
pub mod ranks;
pub mod series;
pub mod spending;
pub mod steady;
pub mod student;
pub mod trend;
pub mod usl;

#[cfg(test)]
mod noise;
