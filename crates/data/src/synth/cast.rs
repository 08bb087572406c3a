//! From 32-bit floats to the element type that is asked for.

use annvil_core::vector::{Element, Matrix, Vectors};
use half::f16;

use crate::error::{DataError, mismatch};

/// How floats become elements. Bytes take 127 steps from 0 to `most`, and what lies beyond is cut off there.
pub(crate) struct Cast {
    pub(crate) element: Element,
    /// The value that becomes the largest byte.
    pub(crate) most: f32,
}

impl Cast {
    fn step(&self, value: f32) -> f32 {
        let scale = if self.most > 0.0 { 127.0 / self.most } else { 0.0 };
        (value * scale).round().clamp(-127.0, 127.0)
    }

    /// A query's value in the units of the rows.
    pub(crate) fn query(&self, value: f32) -> f32 {
        match self.element {
            Element::F32 | Element::F16 | Element::Sparse => value,
            Element::U8 => self.step(value) + 128.0,
            Element::I8 => self.step(value),
            Element::B1 => f32::from(u8::from(value > 0.0)),
        }
    }

    /// Rows of `dim` values.
    pub(crate) fn rows(&self, values: Vec<f32>, dim: usize) -> Result<Vectors, DataError> {
        let vectors = match self.element {
            Element::F32 => Matrix::new(values, dim).map(Vectors::F32),
            Element::F16 => {
                Matrix::new(values.into_iter().map(f16::from_f32).collect(), dim).map(Vectors::F16)
            }
            Element::U8 => {
                let bytes = values.into_iter().map(|value| (self.step(value) + 128.0) as u8).collect();
                Matrix::new(bytes, dim).map(Vectors::U8)
            }
            Element::I8 => {
                let bytes = values.into_iter().map(|value| self.step(value) as i8).collect();
                Matrix::new(bytes, dim).map(Vectors::I8)
            }
            Element::B1 => {
                let packed = values.chunks_exact(dim).flat_map(|row| row.chunks(8).map(byte)).collect();
                Matrix::new(packed, dim.div_ceil(8)).map(|packed| Vectors::Bits { packed, dim })
            }
            Element::Sparse => None,
        };
        vectors.ok_or_else(|| {
            mismatch("sparse rows can't be drawn", "use one of the element types f32, f16, u8, i8 and b1")
        })
    }
}

/// Eight signs, the first in the highest bit; positive is 1.
fn byte(values: &[f32]) -> u8 {
    values.iter().enumerate().fold(0, |byte, (i, value)| byte | (u8::from(*value > 0.0) << (7 - i)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_type_keeps_what_it_can() {
        let values = vec![1.0, -0.5, 3.0, 0.0];
        let cast = |element| Cast { element, most: 2.0 };
        let mut out = [0.0; 4];
        for (element, expected) in [
            (Element::F32, [1.0, -0.5, 3.0, 0.0]),
            (Element::F16, [1.0, -0.5, 3.0, 0.0]),
            (Element::I8, [64.0, -32.0, 127.0, 0.0]),
            (Element::U8, [192.0, 96.0, 255.0, 128.0]),
            (Element::B1, [1.0, 0.0, 1.0, 0.0]),
        ] {
            let rows = cast(element).rows(values.clone(), 4).unwrap();
            rows.write_f32(0, &mut out);
            assert_eq!((out, rows.rows(), rows.dim()), (expected, 1, 4), "{element}");
            // Queries are in the same units.
            assert_eq!(values.iter().map(|v| cast(element).query(*v)).collect::<Vec<_>>(), expected);
        }
        assert!(cast(Element::Sparse).rows(values, 4).is_err());
    }
}
