//! Vectors as text: JSONL and CSV, with labels and texts beside them.
//!
//! Vectors are 32-bit floats and are read a block at a time. Labels and texts have to be there as a whole, so they are read
//! in a pass of their own when the file is opened, which passes over the vectors; it is left out where the first line
//! shows that there is nothing but vectors. Pages of the file are given back behind both passes: what stays in memory is
//! labels, texts and one block.
//!
//! JSONL: a list of numbers a line, or an object a line. In objects the vector is `vector`, `embedding`, `emb`, `values` or
//! `v`, or the only list of numbers in the first line. `text` is the text of a row if the first row has one. `id` is left
//! out if it numbers the rows from 0, and is a label otherwise. All other fields are labels; those of objects within get
//! names with dots.
//!
//! CSV: see [`csv`] for how columns are understood.

mod columns;
pub mod csv;
mod list;
mod objects;
mod write;

use std::path::Path;

use super::{Format, mapped, shown, sniff};
use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::map::Bytes;

pub(crate) use self::columns::{Beside, Columns};
pub(crate) use self::list::numbers;
pub(crate) use self::objects::Lines;
pub use self::objects::open as objects;
pub(crate) use self::write::List;
pub use self::write::{CsvWriter, JsonlWriter, Sides};

/// Names under which a vector is looked for, the likeliest first.
const VECTOR: [&str; 5] = ["vector", "embedding", "emb", "values", "v"];

/// Bytes of a file that are read before their pages are given back.
const STRETCH: usize = 16 << 20;

/// Opens a `.jsonl` or `.csv` file.
pub fn open(path: &Path) -> Result<Bundle, DataError> {
    let format = Format::of_name(path).unwrap_or(Format::Jsonl);
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bytes = mapped(path)?;
    let opened = match format {
        Format::Csv => {
            let tabs = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tsv"));
            csv::open(&name, &bytes, tabs.then_some(b'\t'))
        }
        _ => objects::open(&name, &bytes),
    };
    opened.map_err(|problem| sniff::explained(problem, format, bytes.bytes()).in_file(&shown(path)))
}

/// A problem on a line, which is counted from 1.
fn at(line: u64, message: impl std::fmt::Display, help: &str) -> FormatError {
    FormatError::new(format!("line {line}: {message}"), help)
}

/// Gives back the pages behind a reader that has come to `here`, now and then.
struct Trail {
    bytes: Bytes,
    from: usize,
}

impl Trail {
    fn new(bytes: &Bytes) -> Self {
        Self { bytes: bytes.clone(), from: 0 }
    }

    fn pass(&mut self, here: usize) {
        if here - self.from >= STRETCH {
            self.bytes.release(self.from..here);
            self.from = here;
        }
    }
}
