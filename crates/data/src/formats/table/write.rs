//! Writing vectors as text. Each number has as many digits as it takes to read it back as it is.

use std::io::{self, Write};
use std::ops::Range;

use annvil_core::label::{Column, Labels};
use annvil_core::vector::{Element, Vectors};
use serde_json::{Map, Value};

use crate::formats::cannot_hold;
use crate::jsonl::json;
use crate::rows::RowWriter;

/// What is written beside the vectors.
#[derive(Debug, Default)]
pub struct Sides {
    /// Labels, one row a vector.
    pub labels: Option<Labels>,
    /// Texts, one a vector.
    pub texts: Option<Vec<String>>,
}

impl Sides {
    /// Names that the columns of the file would have twice.
    fn clash(&self) -> Option<&'static str> {
        let has = |name: &str| self.labels.as_ref().is_some_and(|labels| labels.column(name).is_some());
        if has("vector") {
            Some("vector")
        } else if self.texts.is_some() && has("text") {
            Some("text")
        } else {
            None
        }
    }

    fn check(&self) -> io::Result<()> {
        match self.clash() {
            None => Ok(()),
            Some(name) => Err(io::Error::other(format!(
                "a label is named `{name}`, which such files need themselves; rename it, or write a folder"
            ))),
        }
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.labels.iter().flat_map(Labels::columns)
    }
}

/// Writes JSONL: bare lists, or objects with `vector`, `text` and labels where there are such.
pub struct JsonlWriter<W> {
    out: W,
    sides: Sides,
    row: usize,
    list: List,
}

impl<W: Write> JsonlWriter<W> {
    /// Rows go to `out`.
    pub fn new(out: W, sides: Sides) -> io::Result<Self> {
        sides.check()?;
        Ok(Self { out, sides, row: 0, list: List::default() })
    }
}

impl<W: Write> RowWriter for JsonlWriter<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        for row in rows {
            let list = self.list.of(vectors, row)?;
            if self.sides.labels.is_none() && self.sides.texts.is_none() {
                writeln!(self.out, "{list}")?;
                continue;
            }
            write!(self.out, "{{\"vector\":{list}")?;
            let mut object = Map::new();
            if let Some(texts) = &self.sides.texts {
                object.insert("text".to_owned(), Value::from(texts.get(self.row).map_or("", String::as_str)));
            }
            for (name, column) in self.sides.columns() {
                if let Some(value) = column.value(self.row) {
                    object.insert(name.to_owned(), json(value));
                }
            }
            for (name, value) in object {
                write!(self.out, ",{}:{value}", Value::from(name))?;
            }
            self.out.write_all(b"}\n")?;
            self.row += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes CSV: a column `vector` of lists, `text`, and a column a label.
pub struct CsvWriter<W: Write> {
    out: csv::Writer<W>,
    sides: Sides,
    row: usize,
    list: List,
}

impl<W: Write> CsvWriter<W> {
    /// Rows go to `out`, with `delimiter` between fields.
    pub fn new(out: W, sides: Sides, delimiter: u8) -> io::Result<Self> {
        sides.check()?;
        let mut out = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
        out.write_field("vector")?;
        if sides.texts.is_some() {
            out.write_field("text")?;
        }
        for (name, _) in sides.columns() {
            out.write_field(name)?;
        }
        out.write_record(None::<&[u8]>)?;
        Ok(Self { out, sides, row: 0, list: List::default() })
    }
}

impl<W: Write> RowWriter for CsvWriter<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        for row in rows {
            self.out.write_field(self.list.of(vectors, row)?)?;
            if let Some(texts) = &self.sides.texts {
                self.out.write_field(texts.get(self.row).map_or("", String::as_str))?;
            }
            for (_, column) in self.sides.columns() {
                let field = match column.value(self.row).map(json) {
                    None => String::new(),
                    Some(Value::String(text)) => text,
                    Some(other) => other.to_string(),
                };
                self.out.write_field(field)?;
            }
            self.out.write_record(None::<&[u8]>)?;
            self.row += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// A vector as text.
#[derive(Default)]
pub(crate) struct List {
    row: Vec<f32>,
    text: String,
}

impl List {
    pub(crate) fn of(&mut self, vectors: &Vectors, row: usize) -> io::Result<&str> {
        use std::fmt::Write as _;
        if vectors.element() == Element::Sparse {
            return Err(cannot_hold("text files", Element::Sparse));
        }
        self.row.resize(vectors.dim(), 0.0);
        vectors.write_f32(row, &mut self.row);
        self.text.clear();
        self.text.push('[');
        for (at, value) in self.row.iter().enumerate() {
            if !value.is_finite() {
                let message = format!(
                    "a vector has {value} at place {at}, and text files can't hold that; `annvil data inspect` finds such rows"
                );
                return Err(io::Error::other(message));
            }
            let comma = if at == 0 { "" } else { "," };
            // Whole numbers without a point, all others with the fewest digits that mean them alone.
            let negative_zero = *value == 0.0 && value.is_sign_negative();
            let _ = if value.fract() == 0.0 && value.abs() < 1e7 && !negative_zero {
                write!(self.text, "{comma}{value}")
            } else {
                write!(self.text, "{comma}{value:?}")
            };
        }
        self.text.push(']');
        Ok(&self.text)
    }
}
