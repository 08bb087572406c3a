//! `.npy` files as NumPy writes them: version 1, little-endian, C order.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Vectors};

use super::header::MAGIC;
use crate::formats::{cannot_hold, longest};
use crate::rows::RowWriter;

/// Bytes before the data: room for any shape, and a multiple of 64, so that mapped rows are aligned.
const HEADER: usize = 128;

/// Writes rows as they come; the number of rows is filled in at the end. Bits are written as bytes of packed bits.
pub struct Writer<W> {
    out: W,
    element: Element,
    stride: usize,
    rows: usize,
}

impl<W: Write + Seek> Writer<W> {
    /// Rows of `dim` dimensions go to `out`, from its start.
    pub fn new(mut out: W, element: Element, dim: usize) -> io::Result<Self> {
        let stride = if element == Element::B1 { dim.div_ceil(8) } else { dim };
        out.write_all(&header(descr(element)?, 0, stride)?)?;
        Ok(Self { out, element, stride, rows: 0 })
    }
}

impl<W: Write + Seek> RowWriter for Writer<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        if vectors.element() != self.element {
            return Err(io::Error::other(format!(
                "{} rows in an array of {}",
                vectors.element(),
                self.element
            )));
        }
        self.rows += rows.len();
        super::super::write_rows(&mut self.out, vectors, rows)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header(descr(self.element)?, self.rows, self.stride)?)?;
        self.out.flush()
    }
}

fn descr(element: Element) -> io::Result<&'static str> {
    match element {
        Element::F32 => Ok("<f4"),
        Element::F16 => Ok("<f2"),
        Element::U8 | Element::B1 => Ok("|u1"),
        Element::I8 => Ok("|i1"),
        Element::Sparse => Err(cannot_hold(".npy files", element)),
    }
}

/// Writes row numbers as 64-bit integers, −1 where an answer is shorter than the longest.
pub fn write_ids(truth: &Neighbours, mut out: impl Write) -> io::Result<()> {
    let width = longest(truth);
    out.write_all(&header("<i8", truth.ids.len(), width)?)?;
    for row in &truth.ids {
        for at in 0..width {
            let id = row.get(at).map_or(-1, |id| id.cast_signed());
            out.write_all(&id.to_le_bytes())?;
        }
    }
    out.flush()
}

/// Writes distances as 64-bit floats, infinity where an answer is shorter than the longest.
pub fn write_distances(distances: &[Vec<f64>], mut out: impl Write) -> io::Result<()> {
    let width = distances.iter().map(Vec::len).max().unwrap_or(0).max(1);
    out.write_all(&header("<f8", distances.len(), width)?)?;
    for row in distances {
        for at in 0..width {
            out.write_all(&row.get(at).copied().unwrap_or(f64::INFINITY).to_le_bytes())?;
        }
    }
    out.flush()
}

fn header(descr: &str, rows: usize, stride: usize) -> io::Result<Vec<u8>> {
    let start = MAGIC.len() + 4;
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {stride}), }}");
    let room = HEADER - start - 1;
    if text.len() > room {
        return Err(io::Error::other("a shape that no header holds"));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(((HEADER - start) as u16).to_le_bytes());
    bytes.extend(format!("{text:<room$}\n").bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::npy;
    use crate::map::still;
    use annvil_core::vector::Matrix;
    use std::io::Cursor;

    #[test]
    fn what_is_written_is_read() {
        let vectors = Vectors::I8(Matrix::new(vec![1, -2, 3, 4, 5, 6], 3).unwrap());
        let mut file = Cursor::new(vec![]);
        let mut writer = Box::new(Writer::new(&mut file, Element::I8, 3).unwrap());
        writer.push(&vectors, 0..1).unwrap();
        writer.push(&vectors, 1..2).unwrap();
        writer.finish().unwrap();
        let bytes = still(file.into_inner().leak());
        assert_eq!(npy::vectors(&bytes).unwrap().collect(None).unwrap().content, vectors);

        let truth = Neighbours { ids: vec![vec![3, 1], vec![2]] };
        let mut file = vec![];
        write_ids(&truth, &mut file).unwrap();
        assert_eq!(npy::ids(&file, None).unwrap().content, truth);

        let mut file = vec![];
        write_distances(&[vec![0.5, 1.5], vec![2.0]], &mut file).unwrap();
        assert_eq!(npy::distances(&file).unwrap(), [[0.5, 1.5], [2.0, f64::INFINITY]]);
    }
}
