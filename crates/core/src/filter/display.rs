//! The canonical text of a filter, which parses back to an equal filter.

use std::fmt::{self, Display, Formatter, Write};

use super::lex::{is_bare_name, is_keyword};
use super::{Filter, Value};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { field, comparison, value } => {
                write!(f, "{} {} {value}", Name(field), comparison.symbol())
            }
            Self::In { field, values } => write!(f, "{} in {}", Name(field), List(values)),
            Self::NotIn { field, values } => write!(f, "{} not in {}", Name(field), List(values)),
            Self::Between { field, low, high } => write!(f, "{} between {low} and {high}", Name(field)),
            Self::Contains { field, text } => write!(f, "{} contains {}", Name(field), Text(text)),
            Self::Exists { field } => write!(f, "{} exists", Name(field)),
            Self::And(parts) => join(f, parts, " and "),
            Self::Or(parts) => join(f, parts, " or "),
            Self::Not(part) => {
                f.write_str("not ")?;
                operand(f, part)
            }
        }
    }
}

fn join(f: &mut Formatter<'_>, parts: &[Filter], word: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        operand(f, part)?;
    }
    Ok(())
}

/// Parentheses stand around every joined part, also where precedence would do without: nobody has to know it.
fn operand(f: &mut Formatter<'_>, part: &Filter) -> fmt::Result {
    match part {
        Filter::And(_) | Filter::Or(_) => write!(f, "({part})"),
        _ => part.fmt(f),
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Text(text).fmt(f),
            Self::Int(x) => x.fmt(f),
            // Debug keeps the point or the exponent, by which the parser knows it from a whole number.
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Bool(x) => x.fmt(f),
        }
    }
}

struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_bare_name(self.0) && !is_keyword(self.0) { f.write_str(self.0) } else { quoted(f, self.0, '"') }
    }
}

struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, self.0, '\'')
    }
}

fn quoted(f: &mut Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        if c == quote {
            f.write_char(quote)?;
        }
        f.write_char(c)?;
    }
    f.write_char(quote)
}

struct List<'a>(&'a [Value]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, value) in self.0.iter().enumerate() {
            write!(f, "{}{value}", if i == 0 { "(" } else { ", " })?;
        }
        f.write_char(')')
    }
}
