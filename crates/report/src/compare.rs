//! Comparisons as text: on a terminal and as Markdown.

mod heading;
mod lines;
mod markdown;
mod names;
mod order;
mod terminal;
pub(crate) mod words;

pub(crate) use heading::{heading, recalls};
pub(crate) use lines::{Line, draw};
pub use markdown::comparison_markdown;
pub(crate) use markdown::{rest, table};
pub(crate) use names::Names;
pub(crate) use order::ordered;
pub use terminal::comparison_terminal;
pub(crate) use terminal::{bullets, line, titled};
