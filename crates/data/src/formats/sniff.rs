//! What a file looks like, whatever its name says.

use super::Format;
use crate::error::FormatError;

/// A name for what the bytes look like; `None` if they look like nothing that is known here.
pub fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 12] = [
        (b"\x93NUMPY", "a .npy array"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 container"),
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "a zip archive, such as .npz or .xlsx: unpack it"),
        (b"\x1f\x8b", "a gzip archive: unpack it"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it"),
        (b"BZh", "a bzip2 archive: unpack it"),
        (b"\x80\x04", "a Python pickle: load it and save it with numpy.save"),
        (b"\x80\x05", "a Python pickle: load it and save it with numpy.save"),
        (b"version https://git-lfs", "a pointer of Git LFS, not the file itself: run `git lfs pull`"),
        (b"<!DOCTYPE", "a web page: the download went wrong"),
        (b"<", "a web page or XML: perhaps a download that went wrong"),
    ];
    if let Some((_, name)) = MAGIC.into_iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(name);
    }
    if bytes.is_empty() {
        return Some("an empty file");
    }
    let words = bytes.as_chunks::<4>().0;
    let word = |at: usize| words.get(at).map(|word| u64::from(u32::from_le_bytes(*word)));
    let total = bytes.len() as u64;
    if let (Some(first), Some(second)) = (word(0), word(1)) {
        let vecs = [(4, ".fvecs or .ivecs rows"), (1, ".bvecs rows")];
        let whole = |size: u64| (1..=1 << 20).contains(&first) && total.is_multiple_of(4 + size * first);
        // The second row begins like the first; a file of one row has only its length to go by.
        let again = |size: u64| {
            let row = (4 + size * first) as usize;
            bytes.get(row..row.saturating_add(4)) == Some(&bytes[..4])
        };
        let single = |size: u64| total == 4 + size * first;
        let rows = vecs.into_iter().find(|(size, _)| whole(*size) && again(*size));
        if let Some((_, name)) =
            rows.or_else(|| vecs.into_iter().find(|(size, _)| whole(*size) && single(*size)))
        {
            return Some(name);
        }
        for (size, name) in
            [(4, "an .fbin or .ibin file"), (1, "a .u8bin or .i8bin file"), (8, "big-ann answers (.ibin)")]
        {
            if first > 0
                && (1..=1 << 20).contains(&second)
                && first.saturating_mul(second).saturating_mul(size) == total - 8
            {
                return Some(name);
            }
        }
    }
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let text = start.trim_start();
    let printable = text.chars().take(200).all(|c| c != '\u{fffd}' && (!c.is_control() || c.is_whitespace()));
    match text.chars().next() {
        Some('{' | '[') => Some("JSON text, as in .jsonl"),
        Some(_) if printable && text.contains([',', '\t']) => {
            Some("text with separators, as in .csv or .tsv")
        }
        Some(_) if printable => Some("plain text"),
        _ => None,
    }
}

/// The format that bytes of no telling name must have; only where they say so themselves.
pub fn format(bytes: &[u8]) -> Option<Format> {
    const MAGIC: [(&[u8], Format); 3] =
        [(b"\x93NUMPY", Format::Npy), (b"\x89HDF\r\n\x1a\n", Format::Hdf5), (b"PAR1", Format::Parquet)];
    MAGIC.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, format)| format)
}

/// Adds to a problem what the file looks like, if that is something else than its name says.
pub(crate) fn explained(problem: FormatError, expected: Format, bytes: &[u8]) -> FormatError {
    let Some(found) = looks_like(bytes) else { return problem };
    let name = expected.to_string();
    // `.npy` is in "a .npy array": the file is damaged, not of another format.
    if found.to_ascii_lowercase().contains(name.trim_start_matches('.')) {
        return problem;
    }
    FormatError { help: format!("it looks like {found}; {}", problem.help), ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised() {
        for (bytes, part) in [
            (&b"\x93NUMPY\x01\x00"[..], ".npy"),
            (b"\x89HDF\r\n\x1a\n\0", "HDF5"),
            (b"PAR1....", "Parquet"),
            (b"PK\x03\x04", "zip"),
            (b"<html>", "web page"),
            (b"", "empty"),
            (b"{\"a\": 1}", "JSON"),
            (b"a,b\n1,2\n", "separators"),
            (b"\x02\0\0\0aaaabbbb\x02\0\0\0aaaabbbb", ".fvecs"),
            (b"\x02\0\0\0ab\x02\0\0\0ab", ".bvecs"),
            (b"\x02\0\0\0\x03\0\0\0abcdef", ".u8bin"),
            (b"\x02\0\0\0\x01\0\0\0aaaabbbb", ".fbin"),
        ] {
            assert!(looks_like(bytes).unwrap().contains(part), "{bytes:?}: {:?}", looks_like(bytes));
        }
        assert_eq!(looks_like(b"0.5 0.25"), Some("plain text"));
        assert_eq!(looks_like(b"\xff\xfe\xfd"), None);
        let problem = || FormatError::new("wrong", "copy it");
        assert_eq!(explained(problem(), Format::Npy, b"\x93NUMPY").help, "copy it");
        assert!(
            explained(problem(), Format::Npy, b"PAR1").help.starts_with("it looks like a Parquet file; copy")
        );
    }
}
