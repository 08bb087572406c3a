//! An error with its place, shown with the line and what to try.

use std::fmt;

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

/// What is wrong, where, and what to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    place: Box<Place>,
    message: String,
    help: Option<String>,
    file: String,
    line_text: Option<String>,
}

/// Columns of a long line that are shown around the place.
const WIDTH: usize = 110;

impl DocumentError {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Box::new(place),
            message: message.into(),
            help: None,
            file: String::new(),
            line_text: None,
        }
    }

    pub(crate) fn with_text(mut self, file: &str, text: &str) -> Self {
        file.clone_into(&mut self.file);
        self.line_text = text.lines().nth(self.place.line.saturating_sub(1)).map(str::to_owned);
        self
    }

    /// Adds what to try.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line in the file, from 1; `None` for an override.
    pub fn line(&self) -> Option<usize> {
        self.place.origin.is_none().then_some(self.place.line)
    }

    /// Column in the line in characters, from 1.
    pub fn column(&self) -> usize {
        self.place.column
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.place.origin {
            write!(f, "{} in {origin}", self.message)?;
            return match &self.help {
                Some(help) => write!(f, "\n  {help}"),
                None => Ok(()),
            };
        }
        write!(f, "{} in {}:{}:{}", self.message, self.file, self.place.line, self.place.column)?;
        let help = self.help.as_deref().unwrap_or_default();
        let Some(text) = &self.line_text else {
            return if help.is_empty() { Ok(()) } else { write!(f, "\n  {help}") };
        };
        let before = self.place.column.saturating_sub(1);
        let skip = if before + self.place.length > WIDTH { before.saturating_sub(WIDTH / 2) } else { 0 };
        // Tabs would move the line but not the carets.
        let shown: String =
            text.chars().skip(skip).take(WIDTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = self.place.line.to_string();
        let margin = " ".repeat(number.len().max(4));
        let room = shown.chars().count().saturating_sub(before - skip).max(1);
        let carets = "^".repeat(self.place.length.clamp(1, room));
        write!(f, "\n{number:>4} │ {shown}\n{margin} │ {}{carets}", " ".repeat(before - skip))?;
        let mut lines = help.lines();
        if let Some(first) = lines.next() {
            write!(f, " {first}")?;
        }
        for line in lines {
            write!(f, "\n{margin} │ {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DocumentError {}
