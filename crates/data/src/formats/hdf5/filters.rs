//! Filters that a chunk went through before it was stored: deflate, LZF, shuffle and a checksum.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::cursor::Cursor;
use crate::error::FormatError;

/// A step, in the order of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    Deflate,
    /// Bytes of a value.
    Shuffle(usize),
    Checksum,
    Lzf,
}

impl Filter {
    /// Reads a filter pipeline message.
    pub(super) fn parse(body: &mut Cursor<'_>) -> Result<Vec<Self>, FormatError> {
        let version = body.byte()?;
        let count = body.byte()?;
        match version {
            1 => body.skip(6)?,
            2 => {}
            _ => return Err(body.damaged()),
        }
        let mut filters = vec![];
        for _ in 0..count {
            let id = body.short()?;
            // The second version spares the names of the filters of the library itself.
            let name = if version == 1 || id >= 256 { body.short()? } else { 0 };
            body.skip(2)?; // flags
            let values = body.short()?;
            body.skip(if version == 1 { name.next_multiple_of(8) } else { name })?;
            let first = if values > 0 { body.clone().word()? } else { 0 };
            body.skip(4 * values)?;
            if version == 1 && values % 2 == 1 {
                body.skip(4)?;
            }
            filters.push(match id {
                1 => Self::Deflate,
                2 => Self::Shuffle(first),
                3 => Self::Checksum,
                32_000 => Self::Lzf,
                other => return Err(unknown(other)),
            });
        }
        Ok(filters)
    }
}

fn unknown(id: usize) -> FormatError {
    let name = match id {
        4 => "szip",
        5 => "nbit",
        6 => "scale-offset",
        32_001 => "Blosc",
        32_004 => "LZ4",
        32_008 => "bitshuffle",
        32_015 => "Zstandard",
        32_026 => "Blosc2",
        _ => "of a plugin",
    };
    FormatError::new(
        format!("the data are packed with a filter that is not read here: {name} (number {id})"),
        "unpack them with `h5repack -f NONE in.hdf5 out.hdf5`",
    )
}

/// Undoes the filters of a chunk that takes `size` bytes unpacked. Bit `i` of `left_out` says that filter `i` was not
/// used. Memory grows with what is there, and never far beyond `size`. `None` if the content is damaged.
pub(super) fn unpack(stored: &[u8], filters: &[Filter], left_out: u32, size: usize) -> Option<Vec<u8>> {
    let used = |at: usize| at >= 32 || left_out & 1 << at == 0;
    let mut data = stored.to_vec();
    // Checksums that come off later are still there.
    let most = size.checked_add(4 * filters.len())?;
    for (_, filter) in filters.iter().enumerate().rev().filter(|(at, _)| used(*at)) {
        data = match filter {
            Filter::Deflate => {
                let mut plain = vec![];
                ZlibDecoder::new(&data[..]).take(most as u64 + 1).read_to_end(&mut plain).ok()?;
                plain
            }
            Filter::Lzf => lzf(&data, most)?,
            Filter::Shuffle(width) => unshuffle(&data, *width),
            Filter::Checksum => {
                let (content, sum) = data.split_last_chunk::<4>()?;
                if fletcher32(content) != u32::from_le_bytes(*sum) {
                    return None;
                }
                content.to_vec()
            }
        };
        if data.len() > most {
            return None;
        }
    }
    (data.len() == size).then_some(data)
}

/// Puts the bytes of values together again, which were stored as all first bytes, all second bytes, and so on.
fn unshuffle(data: &[u8], width: usize) -> Vec<u8> {
    let count = data.len().checked_div(width).unwrap_or(0);
    if width < 2 || count < 2 {
        return data.to_vec();
    }
    let mut out = vec![0; data.len()];
    for (at, plane) in data[..width * count].chunks_exact(count).enumerate() {
        for (value, byte) in out[at..].iter_mut().step_by(width).zip(plane) {
            *value = *byte;
        }
    }
    // What is no whole value was left as it is.
    out[width * count..].copy_from_slice(&data[width * count..]);
    out
}

/// Fletcher's checksum of 16-bit big-endian words, as the library computes it.
fn fletcher32(data: &[u8]) -> u32 {
    // One's complement: 0 only for a sum of nothing but zeros.
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut first, mut second) = (0_u32, 0_u32);
    let (pairs, rest) = data.as_chunks::<2>();
    let last = rest.first().map(|byte| [*byte, 0]);
    for pair in pairs.iter().chain(&last) {
        first = fold(first + u32::from(u16::from_be_bytes(*pair)));
        second = fold(second + first);
    }
    second << 16 | first
}

/// `LibLZF`: literal runs and back references. `None` if it is damaged or longer than `most`.
fn lzf(data: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = vec![];
    let mut bytes = data.iter().map(|byte| usize::from(*byte));
    while let Some(control) = bytes.next() {
        if control < 32 {
            for _ in 0..=control {
                out.push(bytes.next()? as u8);
            }
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += bytes.next()?;
            }
            let back = (control & 31) << 8 | bytes.next()?;
            let from = out.len().checked_sub(back + 1)?;
            for at in from..from + length + 2 {
                out.push(out[at]);
            }
        }
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_put_in_order_again() {
        assert_eq!(unshuffle(&[1, 3, 5, 2, 4, 6, 9], 2), [1, 2, 3, 4, 5, 6, 9]);
        assert_eq!(unshuffle(&[1, 2], 8), [1, 2]);
        assert_eq!(unshuffle(&[1, 2], 0), [1, 2]);
        // The words 1 and 2: 1 + 2, and 1 + (1 + 2).
        assert_eq!(fletcher32(&[0, 1, 0, 2]), 4 << 16 | 3);
        assert_eq!(fletcher32(&[0xff, 0xff, 0, 0]), 0xffff_ffff);
        // "ab", then three bytes from two back, then a long run of one byte.
        assert_eq!(lzf(&[1, b'a', b'b', 0x20, 1, 0xe0, 1, 0], 99).unwrap(), b"ababaaaaaaaaaaa");
        assert_eq!(lzf(&[0x20, 0], 99), None);
        assert_eq!(lzf(&[0, b'a', 0xe0, 255, 0], 99), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_filters_panic(data in prop::collection::vec(any::<u8>(), 0..60), width in 0..9_usize, size in 0..99_usize) {
            for filter in [Filter::Deflate, Filter::Shuffle(width), Filter::Checksum, Filter::Lzf] {
                let _ = unpack(&data, &[filter], 0, size);
            }
        }
    }
}
