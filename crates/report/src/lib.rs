//! A run record becomes something to read: terminal text, Markdown, one HTML file, CSV.
//!
//! ```
//! # let record = annvil_report::read(include_str!("../tests/reports/run.json"))?;
//! use annvil_report::{Style, findings, terminal};
//!
//! let text = terminal(&record, &Style { width: 110, boxes: false, ..Style::default() });
//! assert!(text.contains("recall@10"));
//! assert!(findings(&record)[0].contains("holds up to"));
//! # Ok::<(), annvil_report::ReadError>(())
//! ```

pub mod artefacts;
mod compare;
mod csv;
mod findings;
mod gate;
mod html;
mod markdown;
mod notice;
mod read;
mod sheet;
mod suite;
mod terminal;
mod text;
mod trend;
mod view;

pub use compare::{comparison_markdown, comparison_terminal};
pub use csv::{csv, load_csv};
pub use findings::findings;
pub use gate::gate_terminal;
pub use html::{html, html_with_history};
pub use markdown::markdown;
pub use notice::{Notice, notice, slack_json, teams_json, webhook_json};
pub use read::{ReadError, read};
pub use suite::{
    SuiteFailure, SuiteResult, SuiteScenario, SuiteSummary, failures_csv, stats_csv, suite_table,
};
pub use terminal::{Style, terminal, title};
pub use trend::{Drift, Series, TrendChange, TrendPoint, trend_html, trend_terminal};
