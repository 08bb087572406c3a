//! Vectors on the wire: rows of 32-bit floats to the binary form of each column type, and back.
//!
//! | type | binary form, big-endian |
//! |---|---|
//! | `vector` | `u16` dimensions, `u16` unused, `f32` values |
//! | `halfvec` | the same with 16-bit floats |
//! | `sparsevec` | `i32` dimensions, `i32` values stored, `i32` unused, `i32` indices from 0, `f32` values |
//! | `bit(n)` | `i32` bits, then bytes, most significant bit first |
//! | `ruvector` | `u16` dimensions, `f32` values |

use annvil_data::binarise;
use bytes::{BufMut, BytesMut};
use half::f16;

/// The type of the column that holds the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// pgvector's `vector`: 32-bit floats.
    Vector,
    /// pgvector's `halfvec`: 16-bit floats, rounded to the nearest.
    Halfvec,
    /// `bit(n)`: 1 where the number is above 0.
    Bit,
    /// pgvector's `sparsevec`: the numbers that are not 0.
    Sparsevec,
    /// `RuVector`'s `ruvector`: 32-bit floats.
    Ruvector,
}

impl Codec {
    /// The type's name in SQL.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Vector => "vector",
            Self::Halfvec => "halfvec",
            Self::Bit => "bit",
            Self::Sparsevec => "sparsevec",
            Self::Ruvector => "ruvector",
        }
    }

    /// The function that makes `bytea` of a value, in the form that [`Codec::decode`] reads. Answers of a type that
    /// the client knows need no look-up of types, which would be a prepared statement.
    pub(super) const fn send(self) -> &'static str {
        match self {
            Self::Vector => "vector_send",
            Self::Halfvec => "halfvec_send",
            Self::Bit => "bit_send",
            Self::Sparsevec => "sparsevec_send",
            Self::Ruvector => "ruvector_send",
        }
    }

    /// The largest magnitude that it holds.
    pub(super) fn largest(self) -> f32 {
        match self {
            Self::Halfvec => f16::MAX.to_f32(),
            Self::Vector | Self::Bit | Self::Sparsevec | Self::Ruvector => f32::MAX,
        }
    }

    /// Most dimensions of a column. (An index takes fewer.)
    pub(super) const fn most_dimensions(self) -> usize {
        match self {
            Self::Vector | Self::Halfvec | Self::Ruvector => 16_000,
            Self::Bit => 64_000,
            Self::Sparsevec => 1_000_000_000,
        }
    }

    /// Appends a row in binary form.
    pub(super) fn encode(self, row: &[f32], out: &mut BytesMut) {
        match self {
            Self::Vector => {
                out.put_u16(row.len() as u16);
                out.put_u16(0);
                put_floats(row, out);
            }
            Self::Halfvec => {
                out.reserve(4 + 2 * row.len());
                out.put_u16(row.len() as u16);
                out.put_u16(0);
                for x in row {
                    out.put_u16(f16::from_f32(*x).to_bits());
                }
            }
            Self::Bit => {
                out.put_u32(row.len() as u32);
                let start = out.len();
                out.put_bytes(0, row.len().div_ceil(8));
                binarise::pack(row, &mut out[start..]);
            }
            Self::Sparsevec => {
                // −0 is 0: the server refuses a stored zero.
                let stored = || row.iter().enumerate().filter(|(_, x)| **x != 0.0);
                out.put_u32(row.len() as u32);
                out.put_u32(stored().count() as u32);
                out.put_i32(0);
                stored().for_each(|(i, _)| out.put_u32(i as u32));
                stored().for_each(|(_, x)| out.put_f32(*x));
            }
            Self::Ruvector => {
                out.put_u16(row.len() as u16);
                put_floats(row, out);
            }
        }
    }

    /// Reads a binary form into `out`, which is emptied first; bits become 0 and 1.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) -> Result<(), String> {
        out.clear();
        self.read(bytes, out).ok_or_else(|| {
            out.clear();
            format!("{} bytes are no {}", bytes.len(), self.name())
        })
    }

    fn read(self, bytes: &[u8], out: &mut Vec<f32>) -> Option<()> {
        match self {
            Self::Vector => floats(usize::from(u16_at(bytes, 0)?), bytes.get(4..)?, out),
            Self::Ruvector => floats(usize::from(u16_at(bytes, 0)?), bytes.get(2..)?, out),
            Self::Halfvec => {
                let (dim, values) = (usize::from(u16_at(bytes, 0)?), bytes.get(4..)?);
                let (values, []) = values.as_chunks::<2>() else { return None };
                out.extend(values.iter().map(|x| f16::from_be_bytes(*x).to_f32()));
                (out.len() == dim).then_some(())
            }
            Self::Bit => {
                let (dim, packed) = (length_at(bytes, 0)?, bytes.get(4..)?);
                if packed.len() != dim.div_ceil(8) {
                    return None;
                }
                out.extend((0..dim).map(|i| f32::from(packed[i / 8] >> (7 - i % 8) & 1)));
                Some(())
            }
            Self::Sparsevec => {
                let (dim, stored, rest) = (length_at(bytes, 0)?, length_at(bytes, 4)?, bytes.get(12..)?);
                let (indices, values) = rest.split_at_checked(stored.checked_mul(4)?)?;
                if values.len() != indices.len() || dim > Self::Sparsevec.most_dimensions() {
                    return None;
                }
                out.resize(dim, 0.0);
                for (index, value) in indices.as_chunks::<4>().0.iter().zip(values.as_chunks::<4>().0) {
                    let at = usize::try_from(i32::from_be_bytes(*index)).ok()?;
                    *out.get_mut(at)? = f32::from_be_bytes(*value);
                }
                Some(())
            }
        }
    }
}

fn put_floats(row: &[f32], out: &mut BytesMut) {
    out.reserve(4 * row.len());
    for x in row {
        out.put_f32(*x);
    }
}

fn floats(dim: usize, bytes: &[u8], out: &mut Vec<f32>) -> Option<()> {
    let (values, []) = bytes.as_chunks::<4>() else { return None };
    out.extend(values.iter().map(|x| f32::from_be_bytes(*x)));
    (out.len() == dim).then_some(())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk()?;
    usize::try_from(i32::from_be_bytes(*four)).ok()
}
