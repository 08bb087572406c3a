//! One bit a dimension: whether the value is above zero.

use annvil_core::vector::{Matrix, Vectors};

/// Packs the signs of a vector, most significant bit first; what is left of the last byte is zero.
///
/// `out` needs a byte for every eight dimensions begun.
///
/// ```
/// let mut bits = [0; 2];
/// annvil_data::binarise::pack(&[1.0, -1.0, 0.0, 0.5, -2.0, 0.0, 0.0, 0.0, 3.0], &mut bits);
/// assert_eq!(bits, [0b1001_0000, 0b1000_0000]);
/// ```
pub fn pack(vector: &[f32], out: &mut [u8]) {
    out.iter_mut().zip(packed(vector, |x| *x > 0.0)).for_each(|(out, byte)| *out = byte);
}

/// The bytes of a row of bits, most significant first; what is left of the last is zero.
pub(crate) fn packed<T>(row: &[T], is_set: impl Fn(&T) -> bool) -> impl Iterator<Item = u8> {
    row.chunks(8).map(move |eight| {
        eight.iter().enumerate().fold(0, |byte, (at, value)| byte | (u8::from(is_set(value)) << (7 - at)))
    })
}

/// All rows as bits. `None` for a set without dimensions.
pub fn binarise(vectors: &Vectors) -> Option<Vectors> {
    let dim = vectors.dim();
    let stride = dim.div_ceil(8);
    let mut row = vec![0.0; dim];
    let mut packed = vec![0; vectors.rows() * stride];
    for (i, bits) in packed.chunks_exact_mut(stride.max(1)).enumerate() {
        vectors.write_f32(i, &mut row);
        pack(&row, bits);
    }
    Some(Vectors::Bits { packed: Matrix::new(packed, stride)?, dim })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_widen_to_what_was_above_zero() {
        let values: Vec<f32> = (0..30).map(|i| if i % 3 == 0 { 0.5 } else { -0.5 }).collect();
        let bits = binarise(&Vectors::F32(Matrix::new(values.clone(), 10).unwrap())).unwrap();
        let mut row = [9.0; 10];
        for i in 0..3 {
            bits.write_f32(i, &mut row);
            assert_eq!(
                row.map(|x| x == 1.0).to_vec(),
                values[10 * i..10 * i + 10].iter().map(|x| *x > 0.0).collect::<Vec<_>>()
            );
        }
    }
}
