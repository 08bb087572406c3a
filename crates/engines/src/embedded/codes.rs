//! Vectors as they are stored: 32-bit floats, half floats, signed bytes or signs.

use annvil_core::metric::Metric;
use annvil_core::scenario::Storage;
use annvil_data::distance::Kernel;
use half::slice::HalfFloatSliceExt;
use numkong::{Angular, Dot, Euclidean};

/// Rows of codes of one storage, one behind the other.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    values: Values,
    /// Elements of a row: dimensions, or bytes of eight signs.
    stride: usize,
}

#[derive(Debug, Clone)]
enum Values {
    F32(Vec<f32>),
    /// The bits of half floats, in the type that usearch takes.
    F16(Vec<i16>),
    I8(Vec<i8>),
    B1(Vec<u8>),
}

/// One row of codes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code<'a> {
    F32(&'a [f32]),
    F16(&'a [i16]),
    I8(&'a [i8]),
    B1(&'a [u8]),
}

/// One row of codes to be filled in.
#[derive(Debug)]
pub(super) enum CodeMut<'a> {
    F32(&'a mut [f32]),
    F16(&'a mut [i16]),
    I8(&'a mut [i8]),
    B1(&'a mut [u8]),
}

impl Codes {
    /// `rows` rows of zeros.
    pub(super) fn zeros(storage: Storage, dim: usize, rows: usize) -> Self {
        let stride = if storage == Storage::B1 { dim.div_ceil(8) } else { dim };
        let values = match storage {
            Storage::F32 | Storage::Sparsevec => Values::F32(vec![0.0; rows * stride]),
            Storage::F16 => Values::F16(vec![0; rows * stride]),
            Storage::I8 => Values::I8(vec![0; rows * stride]),
            Storage::B1 => Values::B1(vec![0; rows * stride]),
        };
        Self { values, stride }
    }

    /// A row; panics past the end, as slices do.
    #[inline]
    pub(super) fn row(&self, row: usize) -> Code<'_> {
        let range = row * self.stride..(row + 1) * self.stride;
        match &self.values {
            Values::F32(v) => Code::F32(&v[range]),
            Values::F16(v) => Code::F16(&v[range]),
            Values::I8(v) => Code::I8(&v[range]),
            Values::B1(v) => Code::B1(&v[range]),
        }
    }

    /// A row to be filled in.
    #[inline]
    pub(super) fn row_mut(&mut self, row: usize) -> CodeMut<'_> {
        let range = row * self.stride..(row + 1) * self.stride;
        match &mut self.values {
            Values::F32(v) => CodeMut::F32(&mut v[range]),
            Values::F16(v) => CodeMut::F16(&mut v[range]),
            Values::I8(v) => CodeMut::I8(&mut v[range]),
            Values::B1(v) => CodeMut::B1(&mut v[range]),
        }
    }

    /// Encodes a vector of `dim` dimensions into a row.
    pub(super) fn encode(&mut self, row: usize, vector: &[f32]) {
        match self.row_mut(row) {
            CodeMut::F32(out) => out.copy_from_slice(vector),
            CodeMut::F16(out) => {
                let halves: &mut [half::f16] = bytemuck::cast_slice_mut(out);
                halves.convert_from_f32_slice(vector);
            }
            CodeMut::I8(out) => signed_bytes(vector, out),
            CodeMut::B1(out) => annvil_data::binarise::pack(vector, out),
        }
    }
}

/// The codes that usearch itself makes of 32-bit rows (`cast_to_i8_gt` in `index_plugins.hpp`): the row is scaled to
/// length 127 and cut off towards zero. Made here as well, so that queries are encoded before the clock starts.
fn signed_bytes(vector: &[f32], out: &mut [i8]) {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    for (out, x) in out.iter_mut().zip(vector) {
        // Division by the length of a zero vector gives NaN, which becomes 0.
        *out = (f64::from(*x) * 127.0 / length).clamp(-127.0, 127.0) as i8;
    }
}

/// Widens the bits of half floats.
pub(super) fn widen(bits: &[i16], out: &mut [f32]) {
    let halves: &[half::f16] = bytemuck::cast_slice(bits);
    halves.convert_to_f32_slice(out);
}

/// Memory for [`distance`].
#[derive(Debug, Default)]
pub(super) struct Halves {
    a: Vec<numkong::f16>,
    b: Vec<numkong::f16>,
}

/// The distance of two codes. Half floats and bytes go through the kernels that usearch searches with, so that a
/// distance equals the score of a search; for 32-bit floats those sum in double precision, in twice the time of `kernel`
/// and with the same seven digits. `None` for signs, whose Hamming distance is none of our metrics.
#[inline]
pub(super) fn distance(
    metric: Metric,
    kernel: Kernel,
    a: Code<'_>,
    b: Code<'_>,
    halves: &mut Halves,
) -> Option<f32> {
    match (a, b) {
        (Code::F32(a), Code::F32(b)) => (a.len() == b.len()).then(|| kernel.distance(a, b)),
        (Code::F16(a), Code::F16(b)) => {
            let Halves { a: x, b: y } = halves;
            copy_halves(a, x);
            copy_halves(b, y);
            match metric {
                Metric::Cosine => numkong::f16::angular(x, y),
                Metric::InnerProduct => numkong::f16::dot(x, y).map(|x| 1.0 - x),
                Metric::L2 => numkong::f16::sqeuclidean(x, y).map(|x| canonical(metric, x)),
                Metric::L1 | Metric::Hamming | Metric::Jaccard => None, // refused when the collection was made
            }
        }
        (Code::I8(a), Code::I8(b)) if metric == Metric::Cosine => i8::angular(a, b),
        _ => None,
    }
}

/// numkong's half floats are a type of its own.
fn copy_halves(bits: &[i16], out: &mut Vec<numkong::f16>) {
    out.clear();
    out.extend(bits.iter().map(|x| numkong::f16(x.cast_unsigned())));
}

/// What usearch calls a distance, as Annvil's: its Euclidean distance is squared, the others are the same.
#[inline]
pub(super) fn canonical(metric: Metric, score: f32) -> f32 {
    if metric == Metric::L2 { score.max(0.0).sqrt() } else { score }
}
