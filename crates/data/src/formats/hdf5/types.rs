//! Types and shapes of data sets and attributes.

use super::cursor::Cursor;
use crate::error::FormatError;

/// The type of an element, as far as it is known here. Numbers are little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    F16,
    F32,
    F64,
    /// Whole numbers of 1, 2, 4 or 8 bytes.
    Int {
        size: usize,
        signed: bool,
    },
    /// An enumeration of FALSE and TRUE in a byte, as h5py writes booleans.
    Bool,
    /// Text of a fixed length.
    Text(usize),
    /// Text of any length, kept elsewhere.
    LongText,
    /// Anything else, in words.
    Other(String),
}

impl Kind {
    /// Bytes of a value; 0 where there is no use for it.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Int { size, .. } | Self::Text(size) => *size,
            Self::Bool => 1,
            Self::LongText | Self::Other(_) => 0,
        }
    }

    /// How messages name it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::F16 => "16-bit floats".into(),
            Self::F32 => "32-bit floats".into(),
            Self::F64 => "64-bit floats".into(),
            Self::Int { size, signed } => {
                format!("{}-bit {} integers", 8 * size, if *signed { "signed" } else { "unsigned" })
            }
            Self::Bool => "booleans".into(),
            Self::Text(_) | Self::LongText => "texts".into(),
            Self::Other(name) => name.clone(),
        }
    }

    /// Reads a datatype message.
    pub(super) fn parse(body: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let class = body.byte()?;
        let bits = body.number(3)?;
        let size = body.word()?;
        let other = |name: &str| Ok(Self::Other(name.to_owned()));
        match class & 0x0f {
            0 | 1 if bits & 1 != 0 => other("big-endian numbers"),
            0 => {
                let (offset, precision) = (body.short()?, body.short()?);
                if offset == 0 && precision == 8 * size && [1, 2, 4, 8].contains(&size) {
                    Ok(Self::Int { size, signed: bits & 8 != 0 })
                } else {
                    other("integers of an odd width")
                }
            }
            1 => {
                body.skip(4)?; // offset and precision in bits
                body.skip(1)?; // place of the exponent
                match (size, body.byte()?, bits & 0x40 != 0) {
                    (2, 5, false) => Ok(Self::F16),
                    (4, 8, false) => Ok(Self::F32),
                    (8, 11, false) => Ok(Self::F64),
                    (2, 8, false) => other("bfloat16 numbers"),
                    _ => other("floats of an odd width"),
                }
            }
            3 => Ok(Self::Text(size)),
            6 => other("compound values"),
            8 => Self::enumeration(bits, size, body),
            9 if bits & 0x0f == 1 => Ok(Self::LongText),
            9 => other("lists of varying length"),
            10 => other("arrays as elements"),
            _ => other("values of an unusual type"),
        }
    }

    fn enumeration(bits: u64, size: usize, body: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let members = bits & 0xffff;
        let class = body.clone().byte()? & 0x0f;
        if size == 1 && members == 2 && class == 0 {
            Self::parse(body)?;
            if body.take(6)?.eq_ignore_ascii_case(b"FALSE\0") {
                return Ok(Self::Bool);
            }
        }
        Ok(Self::Other("values of an enumeration".into()))
    }
}

/// The shape of a data set, and how far it may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Space {
    pub(super) dims: Vec<u64>,
    /// `u64::MAX` for any size.
    pub(super) most: Vec<u64>,
}

impl Space {
    /// Reads a dataspace message.
    pub(super) fn parse(body: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let version = body.byte()?;
        let rank = body.byte()?;
        let flags = body.byte()?;
        match version {
            1 => body.skip(5)?,
            2 => body.skip(1)?,
            _ => return Err(body.damaged()),
        }
        let limit = u64::MAX >> (64 - 8 * body.widths().length);
        let dims: Vec<u64> = (0..rank).map(|_| body.length()).collect::<Result<_, _>>()?;
        let most = if flags & 1 == 0 {
            dims.clone()
        } else {
            let most = |_| body.length().map(|most| if most == limit { u64::MAX } else { most });
            (0..rank).map(most).collect::<Result<_, _>>()?
        };
        Ok(Self { dims, most })
    }

    /// Number of values; 1 for a scalar.
    pub(super) fn count(&self) -> u64 {
        self.dims.iter().fold(1, |count: u64, dim| count.saturating_mul(*dim))
    }
}
