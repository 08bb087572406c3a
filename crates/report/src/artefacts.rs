//! What a gate leaves for people and for CI systems to read: Markdown, `JUnit`, annotations, metrics, CSV.
//!
//! Each is a pure function from a report to a text; names and messages are escaped for where the text goes.

mod annotations;
mod comment;
mod history;
mod junit;
mod metrics;
mod regression;
mod summary;

pub use annotations::github_annotations;
pub use comment::{ci_summary_md, marker};
pub use history::history_csv;
pub use junit::junit_xml;
pub use metrics::gitlab_metrics;
pub use regression::regression_md;
pub use summary::{github_step_summary, summary_md};
