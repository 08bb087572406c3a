//! Figures of vectors, one row after the other: values that are no numbers, lengths, copies.

use annvil_core::vector::{Element, Vectors};
use serde::Serialize;

use super::duplicates::{Copies, Duplicates};
use crate::rows::BLOCK_BYTES;

/// Lengths that are kept for their quantiles.
const LENGTHS: usize = 1 << 16;

/// A length of 1, as far as 16-bit values can be normalised.
const UNIT: std::ops::RangeInclusive<f64> = 0.998..=1.002;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its row.
    pub row: usize,
    /// Its dimension.
    pub dim: usize,
}

/// How figures are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The first percentile.
    pub p1: f64,
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of figures in any order; percentiles by linear interpolation between order statistics. `None` without figures.
    pub fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (figures.len() - 1) as f64;
            let (low, rest) = (place.floor() as usize, place.fract());
            let high = (low + 1).min(figures.len() - 1);
            figures[low] + rest * (figures[high] - figures[low])
        };
        (!figures.is_empty()).then(|| Self {
            min: at(0.0),
            p1: at(0.01),
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
        })
    }
}

/// What a set of vectors is like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VectorFigures {
    /// Number of vectors.
    pub rows: usize,
    /// Rows with a value that is NaN.
    pub nan_rows: usize,
    /// The first of these values.
    pub first_nan: Option<Place>,
    /// Rows with an infinite value.
    pub infinite_rows: usize,
    /// The first of these values.
    pub first_infinite: Option<Place>,
    /// Rows of zeros.
    pub zero_rows: usize,
    /// The first of them.
    pub first_zero: Option<usize>,
    /// Rows that are exact copies of an earlier one.
    pub duplicates: Duplicates,
    /// Euclidean lengths, without those of broken rows.
    pub length: Option<Spread>,
    /// Whether every length but those of zeros is 1, within 0.2 %.
    pub normalised: bool,
    /// The smallest value.
    pub smallest: f64,
    /// The largest value.
    pub largest: f64,
    /// Whether every value is a whole number.
    pub whole: bool,
}

impl VectorFigures {
    /// Rows that can't be compared with anything.
    pub fn broken(&self) -> usize {
        self.nan_rows + self.infinite_rows
    }
}

/// Goes once over all rows.
pub(super) fn figures(vectors: &Vectors) -> VectorFigures {
    let mut figures = VectorFigures {
        rows: vectors.rows(),
        nan_rows: 0,
        first_nan: None,
        infinite_rows: 0,
        first_infinite: None,
        zero_rows: 0,
        first_zero: None,
        duplicates: Duplicates::default(),
        length: None,
        normalised: vectors.rows() > 0,
        smallest: f64::INFINITY,
        largest: f64::NEG_INFINITY,
        whole: true,
    };
    let sparse = vectors.element() == Element::Sparse;
    let mut buffer = vec![0.0; if sparse { 0 } else { vectors.dim() }];
    let mut copies = Copies::new(vectors.rows());
    // Every n-th length, so that there are at most so many.
    let step = vectors.rows().div_ceil(LENGTHS).max(1);
    let mut lengths = vec![];
    let (mut shortest, mut longest) = (f64::INFINITY, 0.0_f64);
    for block in vectors.blocks(BLOCK_BYTES) {
        for row in block.clone() {
            let values = if let Vectors::Sparse(rows) = vectors {
                rows.row(row).1
            } else {
                vectors.write_f32(row, &mut buffer);
                &buffer
            };
            copies.add(vectors, row);
            if let Some(square) = figures.add(row, values) {
                let length = square.sqrt();
                (shortest, longest) = (shortest.min(length), longest.max(length));
                figures.normalised &= length == 0.0 || UNIT.contains(&length);
                if row % step == 0 {
                    lengths.push(length);
                }
            }
        }
        vectors.release(block);
    }
    figures.normalised &= longest > 0.0;
    figures.duplicates = copies.finish(vectors);
    figures.length = Spread::of(lengths).map(|spread| Spread { min: shortest, max: longest, ..spread });
    figures
}

impl VectorFigures {
    /// Adds a row; the square of its length if it is made of numbers.
    fn add(&mut self, row: usize, values: &[f32]) -> Option<f64> {
        let (mut square, mut low, mut high) = (0.0, f32::INFINITY, f32::NEG_INFINITY);
        let mut whole = true;
        for value in values {
            square += f64::from(*value) * f64::from(*value);
            low = low.min(*value);
            high = high.max(*value);
            whole &= value.fract() == 0.0;
        }
        if !square.is_finite() {
            let place = |test: fn(&f32) -> bool| values.iter().position(test).map(|dim| Place { row, dim });
            if let Some(place) = place(|value| value.is_nan()) {
                self.nan_rows += 1;
                self.first_nan.get_or_insert(place);
            } else if let Some(place) = place(|value| value.is_infinite()) {
                self.infinite_rows += 1;
                self.first_infinite.get_or_insert(place);
            }
            return None;
        }
        if square == 0.0 {
            self.zero_rows += 1;
            self.first_zero.get_or_insert(row);
        }
        self.whole &= whole;
        self.smallest = self.smallest.min(f64::from(low));
        self.largest = self.largest.max(f64::from(high));
        Some(square)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::vector::Matrix;

    #[test]
    fn broken_rows_are_counted_and_placed() {
        let values = vec![
            0.0,
            0.0,
            3.0,
            4.0,
            1.0,
            f32::NAN,
            f32::INFINITY,
            f32::NAN,
            f32::NEG_INFINITY,
            0.0,
            3.0,
            4.0,
        ];
        let found = figures(&Vectors::F32(Matrix::new(values, 2).unwrap()));
        assert_eq!((found.nan_rows, found.first_nan), (2, Some(Place { row: 2, dim: 1 })));
        assert_eq!((found.infinite_rows, found.first_infinite), (1, Some(Place { row: 4, dim: 0 })));
        assert_eq!((found.zero_rows, found.first_zero, found.whole), (1, Some(0), true));
        assert_eq!(found.length.map(|length| (length.min, length.p50, length.max)), Some((0.0, 5.0, 5.0)));
        assert_eq!(
            (found.duplicates.rows, found.duplicates.example, found.normalised),
            (1, Some([1, 5]), false)
        );
    }

    #[test]
    fn unit_lengths_are_seen() {
        let found = figures(&Vectors::F32(Matrix::new(vec![0.6, 0.8, 1.0, 0.0], 2).unwrap()));
        assert!(found.normalised && !found.whole);
        assert_eq!((found.smallest, found.largest), (0.0, 1.0));
    }

    #[test]
    fn percentiles_are_interpolated() {
        let spread = Spread::of((0..=100).map(f64::from).rev().collect()).unwrap();
        assert_eq!(spread, Spread { min: 0.0, p1: 1.0, p50: 50.0, p99: 99.0, max: 100.0 });
        assert_eq!(Spread::of(vec![]), None);
    }
}
