//! NumPy's `.npy` files: one dense array after a header in Python's notation.
//!
//! The format is described in NumPy's documentation, `numpy.lib.format`, versions 1 to 3. Read are little-endian
//! matrices in C order; a message says how to convert others.

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Matrix, Vectors};
use half::f16;

use crate::error::FormatError;
use crate::format::{Kept, check_shape, neighbours};

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads a matrix of vectors: `f4`, `f2`, `f8` (rounded to 32 bits), `u1` or `i1`. At most `limit` rows are kept.
pub fn vectors(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Vectors>, FormatError> {
    let array = Array::parse(bytes)?;
    let (dim, total) = (array.dim, array.rows);
    let rows = limit.map_or(total, |limit| limit.min(total));
    let vectors = match array.kind {
        "f4" => array.matrix(rows, f32::from_le_bytes).map(Vectors::F32),
        "f2" => array.matrix(rows, f16::from_le_bytes).map(Vectors::F16),
        "f8" => array.matrix(rows, |bytes| f64::from_le_bytes(bytes) as f32).map(Vectors::F32),
        "u1" => array.matrix(rows, u8::from_le_bytes).map(Vectors::U8),
        "i1" => array.matrix(rows, i8::from_le_bytes).map(Vectors::I8),
        kind => {
            return Err(unknown_type(
                kind,
                "vectors are read as f4, f2, f8, u1 or i1: save `a.astype('<f4')`",
            ));
        }
    };
    let vectors =
        vectors.ok_or_else(|| FormatError::new(format!("no whole rows of {dim}"), "save the array again"))?;
    Ok(Kept { content: vectors, total })
}

/// Reads a matrix of row numbers: `i4`, `i8`, `u4` or `u8`; −1 at the end of a row is padding. At most `limit` rows
/// are kept.
pub fn ids(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Neighbours>, FormatError> {
    let array = Array::parse(bytes)?;
    let total = array.rows;
    let rows = limit.map_or(total, |limit| limit.min(total));
    let numbers: Vec<i64> = match array.kind {
        "i4" => array.values(rows, |bytes| i64::from(i32::from_le_bytes(bytes))),
        "u4" => array.values(rows, |bytes| i64::from(u32::from_le_bytes(bytes))),
        "i8" => array.values(rows, i64::from_le_bytes),
        // Beyond 63 bits there is no row; the check of ids names it.
        "u8" => array.values(rows, |bytes| i64::try_from(u64::from_le_bytes(bytes)).unwrap_or(i64::MAX)),
        kind => {
            return Err(unknown_type(
                kind,
                "row numbers are read as i4, i8, u4 or u8: save `a.astype('<i4')`",
            ));
        }
    };
    Ok(Kept { content: neighbours(numbers.chunks_exact(array.dim))?, total })
}

fn unknown_type(kind: &str, help: &str) -> FormatError {
    FormatError::new(format!("elements of type `{kind}` are not supported here"), help)
}

/// A header that has been understood, and exactly the data that it promises.
struct Array<'a> {
    kind: &'a str,
    rows: usize,
    dim: usize,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if !bytes.starts_with(MAGIC) {
            return Err(FormatError::new(
                "not a .npy file: the first six bytes are wrong",
                "save it with numpy.save",
            ));
        }
        let cut = || {
            FormatError::new(
                format!("cut off in the header, after {} bytes", bytes.len()),
                "copy the file again",
            )
        };
        let (length, start) = match bytes.get(6).ok_or_else(cut)? {
            1 => (usize::from(u16::from_le_bytes(take(bytes, 8).ok_or_else(cut)?)), 10),
            2 | 3 => (u32::from_le_bytes(take(bytes, 8).ok_or_else(cut)?) as usize, 12),
            version => {
                let message = format!("version {version} of the .npy format is unknown");
                return Err(FormatError::new(message, "save it with a current NumPy"));
            }
        };
        let end = length.checked_add(start).ok_or_else(cut)?;
        let header = std::str::from_utf8(bytes.get(start..end).ok_or_else(cut)?).map_err(|_| {
            FormatError::new("the header is not text", "save the array again with numpy.save")
        })?;
        Self::from_header(header, &bytes[end..])
    }

    fn from_header(header: &'a str, data: &'a [u8]) -> Result<Self, FormatError> {
        let missing = |key: &str| {
            FormatError::new(
                format!("the header has no readable `{key}`"),
                "save the array again with numpy.save",
            )
        };
        let kind = element(entry(header, "descr").ok_or_else(|| missing("descr"))?)?;
        let order = entry(header, "fortran_order").ok_or_else(|| missing("fortran_order"))?;
        let shape =
            shape(entry(header, "shape").ok_or_else(|| missing("shape"))?).ok_or_else(|| missing("shape"))?;
        let [rows, dim] = shape[..] else {
            let message = format!("the array has {} dimension(s), shape {shape:?}", shape.len());
            return Err(FormatError::new(
                message,
                "save a matrix with one vector a row: `a.reshape(rows, -1)`",
            ));
        };
        // A matrix of one column or row is the same in both orders, and NumPy then writes either.
        if order.starts_with("True") && rows > 1 && dim > 1 {
            let help = "save `numpy.ascontiguousarray(a)`";
            return Err(FormatError::new("the array is in Fortran order, column after column", help));
        }
        check_shape(rows, dim)?;
        let width = usize::from(kind.as_bytes()[1] - b'0');
        let expected = rows.checked_mul(dim).and_then(|n| n.checked_mul(width)).ok_or_else(|| {
            FormatError::new(
                format!("the shape {shape:?} exceeds any memory"),
                "the header is damaged: save the array again",
            )
        })?;
        let found = data.len();
        if found < expected {
            let message = format!(
                "cut off in row {}: {rows} × {dim} elements of `{kind}` take {expected} bytes after the header, found {found}",
                found / (dim * width)
            );
            return Err(FormatError::new(message, "copy the file again"));
        }
        if found > expected {
            let message = format!(
                "{} trailing bytes: {rows} × {dim} elements of `{kind}` take {expected} bytes after the header, found {found}",
                found - expected
            );
            return Err(FormatError::new(message, "a .npy file holds one array; save it alone"));
        }
        Ok(Self { kind, rows, dim, data })
    }

    fn values<T, const N: usize>(&self, rows: usize, read: impl Fn([u8; N]) -> T) -> Vec<T> {
        self.data.as_chunks::<N>().0.iter().take(rows * self.dim).map(|bytes| read(*bytes)).collect()
    }

    fn matrix<T, const N: usize>(&self, rows: usize, read: impl Fn([u8; N]) -> T) -> Option<Matrix<T>> {
        Matrix::new(self.values(rows, read), self.dim)
    }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// What follows `'key':` in the header's dictionary.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        let (_, rest) = header.split_once(&format!("{quote}{key}{quote}"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    })
}

/// The element type without its byte order, such as `f4`, always a letter and one digit.
fn element(text: &str) -> Result<&str, FormatError> {
    let quoted = text.strip_prefix(['\'', '"']).and_then(|rest| rest.split(['\'', '"']).next());
    let Some(descr) = quoted else {
        let help = "save one plain array, such as `a['vector']`";
        return Err(FormatError::new("the array has a structured element type", help));
    };
    if let Some(kind) = descr.strip_prefix('>') {
        let message = format!("the elements are big-endian (`{descr}`)");
        return Err(FormatError::new(message, format!("save `a.astype('<{kind}')`")));
    }
    let kind = descr.strip_prefix(['<', '|', '=']).unwrap_or(descr);
    match kind.as_bytes() {
        [b'f' | b'i' | b'u', b'1' | b'2' | b'4' | b'8'] => Ok(kind),
        _ => Err(unknown_type(descr, "save `a.astype('<f4')`")),
    }
}

fn shape(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let length = header.len() as u32;
        let length =
            if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
        [MAGIC, &[version, 0], &length, header.as_bytes(), data].concat()
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
    }

    fn bytes_of(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn every_element_type_and_version() {
        let f32s = |vectors: Vectors| {
            let mut row = vec![0.0; vectors.dim()];
            vectors.write_f32(1, &mut row);
            row
        };
        let f16s: Vec<u8> =
            [1.0, 2.0, -0.5, 4.0].iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
        let f64s: Vec<u8> = [1.0_f64, 2.0, -0.5, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        for (version, descr, data) in
            [(1, "<f4", bytes_of(&[1.0, 2.0, -0.5, 4.0])), (2, "<f2", f16s), (3, "<f8", f64s)]
        {
            let read = vectors(&file(version, &header(descr, "(2, 2)"), &data), None).unwrap();
            assert_eq!((f32s(read.content), read.total), (vec![-0.5, 4.0], 2), "{descr}");
        }
        for (descr, row) in [("|u1", vec![255.0, 0.0]), ("|i1", vec![-1.0, 0.0])] {
            let read = vectors(&file(1, &header(descr, "(2, 2)"), &[1, 2, 255, 0]), None).unwrap();
            assert_eq!(f32s(read.content), row);
        }
        let read = vectors(&file(1, &header("|u1", "(3, 1)"), &[1, 2, 3]), Some(2)).unwrap();
        assert_eq!((read.content.rows(), read.total), (2, 3));
        let numbers: Vec<u8> = [7_i64, 3, 5, -1].iter().flat_map(|x| x.to_le_bytes()).collect();
        let read = ids(&file(1, &header("<i8", "(2, 2)"), &numbers), None).unwrap();
        assert_eq!(read.content.ids, [vec![7, 3], vec![5]]);
    }

    #[test]
    fn a_single_column_may_be_called_fortran_order() {
        let text = "{\"descr\": \"<f4\", \"fortran_order\": True, \"shape\": (2, 1)}";
        assert_eq!(vectors(&file(1, text, &bytes_of(&[1.0, 2.0])), None).unwrap().content.rows(), 2);
    }

    #[test]
    fn bad_files_are_told_apart() {
        let data = bytes_of(&[1.0; 6]);
        let good = file(1, &header("<f4", "(3, 2)"), &data);
        let fortran = header("<f4", "(3, 2)").replace("False", "True");
        let structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3, 2)}";
        for (bytes, message, help) in [
            (b"\x93NUMPX".to_vec(), "first six bytes", "numpy.save"),
            (b"\x93NUMPY".to_vec(), "cut off in the header, after 6 bytes", "copy"),
            (good[..20].to_vec(), "cut off in the header, after 20 bytes", "copy"),
            (file(9, "", &[]), "version 9", "NumPy"),
            (file(1, &fortran, &data), "Fortran order", "ascontiguousarray"),
            (file(1, &header(">f4", "(3, 2)"), &data), "big-endian (`>f4`)", "'<f4'"),
            (file(1, &header("<f4", "(6,)"), &data), "1 dimension(s), shape [6]", "reshape"),
            (file(1, &header("<f4", "(1, 3, 2)"), &data), "3 dimension(s)", "reshape"),
            (file(1, &header("<c8", "(3, 2)"), &data), "type `<c8`", "'<f4'"),
            (file(1, &header("<i4", "(3, 2)"), &data), "type `i4`", "f4, f2"),
            (file(1, structured, &data), "structured", "plain array"),
            (file(1, &header("<f4", "(3, x)"), &data), "no readable `shape`", "numpy.save"),
            (file(1, "{}", &data), "no readable `descr`", "numpy.save"),
            (file(1, &header("<f4", "(0, 2)"), &[]), "no rows", "at least one"),
            (file(1, &header("<f4", "(2, 0)"), &[]), "0 dimensions", "damaged"),
            (file(1, &header("<f4", "(2, 99999999)"), &[]), "99999999 dimensions", "damaged"),
            (
                good[..good.len() - 5].to_vec(),
                "cut off in row 2: 3 × 2 elements of `f4` take 24 bytes after the header, found 19",
                "copy",
            ),
            (
                [good.clone(), vec![0; 3]].concat(),
                "3 trailing bytes: 3 × 2 elements of `f4` take 24 bytes",
                "one array",
            ),
        ] {
            let error = vectors(&bytes, None).unwrap_err();
            assert!(error.message.contains(message) && error.help.contains(help), "{error}");
        }
        let error = ids(&good, None).unwrap_err();
        assert!(error.message.contains("type `f4`"), "{error}");
    }

    proptest! {
        #[test]
        fn arrays_survive_a_round_trip(rows in 1..6_usize, dim in 1..6_usize, seed in any::<u32>()) {
            let values: Vec<f32> = (0..rows * dim).map(|i| (seed.wrapping_mul(i as u32 + 1) >> 8) as f32 / 77.0).collect();
            let read = vectors(&file(1, &header("<f4", &format!("({rows}, {dim})")), &bytes_of(&values)), None).unwrap();
            prop_assert_eq!(read.content, Vectors::F32(Matrix::new(values, dim).unwrap()));
        }

        #[test]
        fn nothing_makes_the_reader_panic(
            descr in "[<>|=]?[a-z]?[0-9]{0,2}", shape in "\\(?[0-9]{0,20},? ?[0-9]{0,20},?\\)?",
            data in prop::collection::vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(), byte in any::<u8>(), version in 0..4_u8,
        ) {
            let mut bytes = file(version, &header(&descr, &shape), &data);
            let _ = vectors(&bytes, None);
            let _ = ids(&bytes, Some(1));
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = vectors(&bytes, None);
            let _ = vectors(&bytes[..at], None);
        }
    }
}
