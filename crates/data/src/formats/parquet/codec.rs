//! Packed pages: what each codec's name is, and unpacking within the promised size.

use std::io::Read;

use crate::error::FormatError;

/// Pages are about a megabyte; beyond this something is damaged.
const MOST_PAGE_BYTES: usize = 1 << 30;

/// Unpacks a page that takes `size` bytes unpacked. Memory grows with the content, or is bounded by what the codec can
/// pack into the stored bytes. `at`: its place in the file, for messages.
pub(super) fn unpack(codec: i64, stored: &[u8], size: usize, at: usize) -> Result<Vec<u8>, FormatError> {
    let plain = match codec {
        0 => Some(stored.to_vec()),
        // These two allocate what is promised, so the promise must be one that they can keep.
        1 if size / 32 <= stored.len() && snap::raw::decompress_len(stored) == Ok(size) => {
            snap::raw::Decoder::new().decompress_vec(stored).ok()
        }
        2 => read(flate2::read::MultiGzDecoder::new(stored), size),
        6 => ruzstd::decoding::StreamingDecoder::new(stored).ok().and_then(|decoder| read(decoder, size)),
        7 if size / 256 <= stored.len() => lz4_flex::block::decompress(stored, size).ok(),
        1 | 7 => None,
        other => {
            let name = match other {
                3 => "LZO",
                4 => "Brotli",
                5 => "the old LZ4",
                _ => "an unknown codec",
            };
            return Err(FormatError::new(
                format!("pages are packed with {name}"),
                "write the file with compression='zstd', 'snappy', 'gzip' or 'none'",
            ));
        }
    };
    plain.filter(|plain| plain.len() == size && size <= MOST_PAGE_BYTES).ok_or_else(|| {
        FormatError::new(
            format!("the page at byte {at} does not unpack to its {size} bytes"),
            "copy the file again",
        )
    })
}

fn read(from: impl Read, size: usize) -> Option<Vec<u8>> {
    let mut plain = vec![];
    from.take(size.min(MOST_PAGE_BYTES) as u64 + 1).read_to_end(&mut plain).ok()?;
    Some(plain)
}
