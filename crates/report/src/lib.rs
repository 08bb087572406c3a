//! A run record becomes something to read: terminal text, Markdown, one HTML file, CSV.
//!
//! ```
//! # let record = annvil_report::read(include_str!("../tests/reports/run.json"))?;
//! use annvil_report::{Style, findings, terminal};
//!
//! let text = terminal(&record, &Style { width: 110, boxes: false, ..Style::default() });
//! assert!(text.contains("recall@10"));
//! assert!(findings(&record)[0].contains("is 1.3 × faster than hnsw f32 ef64 and as right"));
//! # Ok::<(), annvil_report::ReadError>(())
//! ```

mod csv;
mod findings;
mod html;
mod markdown;
mod read;
mod sheet;
mod terminal;
mod text;
mod view;

pub use csv::csv;
pub use findings::findings;
pub use html::html;
pub use markdown::markdown;
pub use read::{ReadError, read};
pub use terminal::{Style, terminal, title};
