//! How text is shown: its width, colours, signs.

use crate::text::ascii;

/// What the terminal can show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "three switches that don't depend on each other")]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// Whether to use signs beyond ASCII.
    pub unicode: bool,
    /// Whether a box for each variant stands before the tables.
    pub boxes: bool,
}

impl Default for Style {
    /// 100 columns, no colours, all signs, boxes.
    fn default() -> Self {
        Self { width: 100, color: false, unicode: true, boxes: true }
    }
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    /// Said beside the point.
    Dim,
    /// Met.
    Green,
    /// Near, or not known.
    Amber,
    /// Missed, failed, invalid.
    Red,
}

impl Style {
    /// The text in a colour, if there are colours.
    pub(crate) fn ink(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => return text.to_owned(),
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Amber => "33",
            Ink::Red => "31",
        };
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// The text in signs that can be shown.
    pub(crate) fn say(&self, text: &str) -> String {
        if self.unicode { text.to_owned() } else { ascii(text) }
    }
}
