//! An error with its place, shown with the line and what to try.

use std::fmt;

use crate::secret::mask;

use super::snippet::Snippet;

/// Where something stands: in the file, or in an override given beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters that it covers; 0 if unknown.
    pub length: usize,
    /// The override that it comes from, instead of the file.
    pub origin: Option<String>,
}

impl Place {
    /// The override that the user typed; it has no lines.
    pub(super) fn of_override(origin: &str) -> Self {
        Self { line: 1, column: 1, length: 0, origin: Some(origin.to_owned()) }
    }
}

/// What is wrong, where, and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    // Boxed so that a `Result` with this error stays small.
    place: Box<Place>,
    message: String,
    help: Option<String>,
    file: String,
    line_text: Option<String>,
}

impl DocumentError {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        let message = printable(&message.into());
        Self { place: Box::new(place), message, help: None, file: String::new(), line_text: None }
    }

    pub(super) fn with_text(mut self, file: &str, text: &str) -> Self {
        file.clone_into(&mut self.file);
        self.line_text = line(text, self.place.line).map(str::to_owned);
        self
    }

    /// Adds what to try; an empty text adds nothing.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        let help = help.into().lines().map(printable).collect::<Vec<_>>().join("\n");
        self.help = (!help.is_empty()).then_some(help);
        self
    }

    /// Line in the file, from 1; `None` for an override.
    pub fn line(&self) -> Option<usize> {
        self.place.origin.is_none().then_some(self.place.line)
    }

    /// Column in the line in characters, from 1; `None` for an override.
    pub fn column(&self) -> Option<usize> {
        self.place.origin.is_none().then_some(self.place.column)
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to try.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for DocumentError {
    /// Passwords in what the user wrote are masked, one asterisk a character, so that the carets still fit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text)?;
        f.write_str(&mask(&text))
    }
}

impl DocumentError {
    fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let Place { line, column, length, origin } = &*self.place;
        let mut help = self.help.iter().flat_map(|help| help.lines());
        let margin = match (origin, &self.line_text) {
            (Some(origin), _) => {
                write!(f, "{} in {}", self.message, printable(origin))?;
                "  ".to_owned()
            }
            (None, None) => {
                write!(f, "{} in {}:{line}:{column}", self.message, self.file)?;
                "  ".to_owned()
            }
            (None, Some(text)) => {
                let Snippet { text, carets } = Snippet::new(text, *column, *length);
                let margin = " ".repeat(line.to_string().len().max(4));
                write!(f, "{} in {}:{line}:{column}", self.message, self.file)?;
                write!(f, "\n{line:>4} │ {text}\n{margin} │ {carets}")?;
                if let Some(first) = help.next() {
                    write!(f, " {first}")?;
                }
                format!("{margin} │ ")
            }
        };
        help.try_for_each(|line| write!(f, "\n{margin}{line}"))
    }
}

impl std::error::Error for DocumentError {}

/// Keys and texts of a file may hold escape sequences; a terminal must not obey them.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}

/// A line by its number; a line ends at `\n`, `\r\n` or a lone `\r`, as YAML has it.
pub(super) fn line(text: &str, number: usize) -> Option<&str> {
    let mut rest = text;
    for _ in 1..number {
        let end = rest.find(['\n', '\r'])?;
        let ending = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + ending..];
    }
    // What follows the last line end is no line.
    rest.split(['\n', '\r']).next().filter(|_| !rest.is_empty())
}
