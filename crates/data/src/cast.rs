//! Vectors of another element type: what the new type holds exactly, and what was rounded, counted.

use std::ops::Range;

use annvil_core::vector::{Element, Matrix, Vectors};
use half::f16;
use serde::Serialize;

use crate::binarise;
use crate::error::FormatError;

/// What a conversion did to the values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Rounding {
    /// Values converted.
    pub values: u64,
    /// Values that are not what they were.
    pub changed: u64,
    /// Values that became 0 and were not.
    pub vanished: u64,
    /// The largest difference between a value and what it became.
    pub largest: f64,
}

/// Whether every value of `from` is also one of `to`.
pub fn is_exact(from: Element, to: Element) -> bool {
    match to {
        _ if from == to => true,
        Element::F32 => from != Element::Sparse,
        Element::F16 => matches!(from, Element::U8 | Element::I8 | Element::B1),
        Element::U8 | Element::I8 => from == Element::B1,
        Element::B1 | Element::Sparse => false,
    }
}

/// Converts vectors to one element type and counts what was rounded.
///
/// Numbers are rounded to the nearest value that the type holds, halves to the even one. Bits say whether a number is
/// above zero. What is out of range is an error, never cut to the end of the range.
#[derive(Debug)]
pub struct Cast {
    to: Element,
    rounding: Rounding,
    rows: usize,
    row: Vec<f32>,
}

impl Cast {
    /// To an element type.
    pub fn new(to: Element) -> Self {
        Self { to, rounding: Rounding::default(), rows: 0, row: vec![] }
    }

    /// What was done so far.
    pub fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// Converts the next rows.
    pub fn apply(&mut self, vectors: &Vectors, rows: Range<usize>) -> Result<Vectors, FormatError> {
        let dim = vectors.dim();
        let height = rows.len();
        self.row.resize(dim, 0.0);
        let converted = match self.to {
            Element::F32 => {
                let mut out = Vec::with_capacity(height * dim);
                for row in rows {
                    vectors.write_f32(row, &mut self.row);
                    out.extend_from_slice(&self.row);
                    self.rounding.values += dim as u64;
                }
                self.rows += height;
                Matrix::new(out, dim).map(Vectors::F32)
            }
            Element::F16 => {
                let narrow = |x: f32| Some(f16::from_f32(x)).filter(|y| y.is_finite() || !x.is_finite());
                self.each(vectors, rows, narrow, f16::to_f32)?.map(Vectors::F16)
            }
            Element::U8 => {
                let narrow =
                    |x: f32| Some(x.round_ties_even()).filter(|x| (0.0..=255.0).contains(x)).map(|x| x as u8);
                self.each(vectors, rows, narrow, f32::from)?.map(Vectors::U8)
            }
            Element::I8 => {
                let narrow = |x: f32| {
                    Some(x.round_ties_even()).filter(|x| (-128.0..=127.0).contains(x)).map(|x| x as i8)
                };
                self.each(vectors, rows, narrow, f32::from)?.map(Vectors::I8)
            }
            Element::B1 => self.bits(vectors, rows)?,
            Element::Sparse => {
                let help = "choose f32, f16, u8, i8 or b1";
                return Err(FormatError::new("dense vectors are not made sparse here", help));
            }
        };
        converted.ok_or_else(|| FormatError::new("vectors without dimensions", "the set is damaged"))
    }

    fn each<T: bytemuck::Pod>(
        &mut self,
        vectors: &Vectors,
        rows: Range<usize>,
        narrow: impl Fn(f32) -> Option<T>,
        wide: impl Fn(T) -> f32,
    ) -> Result<Option<Matrix<T>>, FormatError> {
        let mut out = Vec::with_capacity(rows.len() * vectors.dim());
        for row in rows {
            vectors.write_f32(row, &mut self.row);
            for (place, x) in self.row.iter().enumerate() {
                let y = narrow(*x).ok_or_else(|| self.beyond(place, *x))?;
                self.rounding.note(*x, wide(y));
                out.push(y);
            }
            self.rows += 1;
        }
        Ok(Matrix::new(out, vectors.dim()))
    }

    fn bits(&mut self, vectors: &Vectors, rows: Range<usize>) -> Result<Option<Vectors>, FormatError> {
        let dim = vectors.dim();
        let stride = dim.div_ceil(8);
        let mut packed = vec![0; rows.len() * stride];
        for (row, bits) in rows.zip(packed.chunks_exact_mut(stride.max(1))) {
            vectors.write_f32(row, &mut self.row);
            if let Some(place) = self.row.iter().position(|x| x.is_nan()) {
                return Err(self.beyond(place, f32::NAN));
            }
            binarise::pack(&self.row, bits);
            self.row.iter().for_each(|x| self.rounding.note(*x, f32::from(u8::from(*x > 0.0))));
            self.rows += 1;
        }
        Ok(Matrix::new(packed, stride).map(|packed| Vectors::Bits { packed, dim }))
    }

    fn beyond(&self, place: usize, x: f32) -> FormatError {
        let range = match self.to {
            Element::U8 => "0 to 255",
            Element::I8 => "−128 to 127",
            Element::F16 => "−65504 to 65504",
            _ => "numbers only",
        };
        let message =
            format!("row {}, dimension {place}: {x} is out of range, {} holds {range}", self.rows, self.to);
        let help = match (self.to, x < 0.0) {
            _ if x.is_nan() => "leave such rows out; `annvil data inspect` finds them",
            (Element::U8, true) => "try `--element i8` or f16, or shift and scale the vectors before",
            (Element::U8 | Element::I8, _) => "try `--element f16`, or scale the vectors before",
            _ => "keep f32, or scale the vectors before",
        };
        FormatError::new(message, help)
    }
}

impl Rounding {
    fn note(&mut self, before: f32, after: f32) {
        self.values += 1;
        if before != after && !(before.is_nan() && after.is_nan()) {
            self.changed += 1;
            self.vanished += u64::from(after == 0.0);
            self.largest = self.largest.max((f64::from(before) - f64::from(after)).abs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn f32s(values: &[f32]) -> Vectors {
        Vectors::F32(Matrix::new(values.to_vec(), values.len()).unwrap())
    }

    #[test]
    fn rounding_is_counted() {
        let mut cast = Cast::new(Element::I8);
        let out = cast.apply(&f32s(&[1.0, -2.25, 0.5, 1.5]), 0..1).unwrap();
        assert_eq!(out, Vectors::I8(Matrix::new(vec![1, -2, 0, 2], 4).unwrap()));
        assert_eq!(cast.rounding(), Rounding { values: 4, changed: 3, vanished: 1, largest: 0.5 });
        let mut cast = Cast::new(Element::B1);
        let out = cast.apply(&f32s(&[1.0, -2.0, 0.0]), 0..1).unwrap();
        assert_eq!(out, Vectors::Bits { packed: Matrix::new(vec![0b1000_0000], 1).unwrap(), dim: 3 });
        assert_eq!(cast.rounding(), Rounding { values: 3, changed: 1, vanished: 1, largest: 2.0 });
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (to, x, part) in [
            (
                Element::U8,
                -1.0,
                "row 0, dimension 1: -1 is out of range, u8 holds 0 to 255; try `--element i8`",
            ),
            (Element::U8, 255.6, "255.6 is out of range"),
            (Element::I8, 128.0, "try `--element f16`"),
            (Element::F16, 1e6, "keep f32"),
            (Element::I8, f32::NAN, "leave such rows out"),
            (Element::B1, f32::NAN, "leave such rows out"),
        ] {
            let error = Cast::new(to).apply(&f32s(&[0.0, x]), 0..1).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn exact_conversions_change_nothing(bytes in prop::collection::vec(any::<u8>(), 8)) {
            let sources = [
                Vectors::U8(Matrix::new(bytes.clone(), 8).unwrap()),
                Vectors::I8(Matrix::new(bytes.iter().map(|x| x.cast_signed()).collect(), 8).unwrap()),
                Vectors::Bits { packed: Matrix::new(bytes, 8).unwrap(), dim: 61 },
            ];
            for source in sources {
                for to in [Element::F32, Element::F16, Element::U8, Element::I8, Element::B1] {
                    if is_exact(source.element(), to) {
                        let mut cast = Cast::new(to);
                        let out = cast.apply(&source, 0..1).unwrap();
                        prop_assert_eq!(cast.rounding().changed, 0);
                        prop_assert_eq!(out.element(), to);
                        let row = |vectors: &Vectors| {
                            let mut row = vec![0.0; vectors.dim()];
                            vectors.write_f32(0, &mut row);
                            row
                        };
                        prop_assert_eq!(row(&out), row(&source));
                    }
                }
            }
        }
    }
}
