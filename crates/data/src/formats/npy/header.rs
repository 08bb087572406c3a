//! The header of a `.npy` file, and the data that it promises.

use crate::error::FormatError;
use crate::format::check_shape;

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

pub(super) fn unknown_type(kind: &str, help: &str) -> FormatError {
    FormatError::new(format!("elements of type `{kind}` are not supported here"), help)
}

/// A header that has been understood, and exactly the data that it promises.
pub(super) struct Array<'a> {
    pub(super) kind: &'a str,
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) data: &'a [u8],
}

impl<'a> Array<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
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

    pub(super) fn values<T, const N: usize>(&self, rows: usize, read: impl Fn([u8; N]) -> T) -> Vec<T> {
        self.data.as_chunks::<N>().0.iter().take(rows * self.dim).map(|bytes| read(*bytes)).collect()
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
