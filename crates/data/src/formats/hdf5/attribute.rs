//! Attributes: short notes on the file, texts or numbers.

use std::collections::BTreeMap;

use half::f16;

use super::container::{Container, Message, kind};
use super::cursor::Cursor;
use super::types::{Kind, Space};
use crate::error::FormatError;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
}

/// The attributes of an object that are one text or one number; others are left out.
pub(super) fn attributes(
    file: &Container,
    header: &[Message],
) -> Result<BTreeMap<String, Value>, FormatError> {
    let mut found = BTreeMap::new();
    for message in header.iter().filter(|message| message.kind == kind::ATTRIBUTE && !message.shared) {
        let mut body = file.body(message, "an attribute");
        let version = body.byte()?;
        let flags = body.byte()?;
        let (name, kind, space) = (body.short()?, body.short()?, body.short()?);
        // The parts of the first version are padded.
        let padded = |size: usize| if version == 1 { size.next_multiple_of(8) } else { size };
        match version {
            1 | 2 => {}
            3 => body.skip(1)?, // character set
            _ => return Err(body.damaged()),
        }
        let name = body.take(padded(name))?;
        let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
        let mut kind_body = body.clone();
        body.skip(padded(kind))?;
        let mut space_body = body.clone();
        body.skip(padded(space))?;
        // Either of them may be kept elsewhere.
        if version > 1 && flags & 3 != 0 {
            continue;
        }
        let kind = Kind::parse(&mut kind_body)?;
        if Space::parse(&mut space_body)?.count() == 1
            && let Some(value) = value(file, &kind, &mut body)?
        {
            found.insert(name, value);
        }
    }
    Ok(found)
}

fn value(file: &Container, kind: &Kind, body: &mut Cursor<'_>) -> Result<Option<Value>, FormatError> {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        Some(Value::Text(text.trim_end_matches(['\0', ' ']).to_owned()))
    };
    Ok(match kind {
        Kind::Text(size) => text(body.take(*size)?),
        Kind::LongText => {
            let length = body.word()?;
            let Some(collection) = body.address()? else { return Ok(None) };
            let index = body.word()?;
            heap_object(file, collection, index)?.and_then(|bytes| text(bytes.get(..length)?))
        }
        Kind::Other(_) => None,
        number => number_of(number, body.take(number.size())?).map(Value::Number),
    })
}

/// A little-endian number of a kind.
fn number_of(kind: &Kind, bytes: &[u8]) -> Option<f64> {
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let word = u64::from_le_bytes(wide);
    Some(match kind {
        Kind::F16 => f16::from_bits(word as u16).to_f64(),
        Kind::F32 => f32::from_bits(word as u32).into(),
        Kind::F64 => f64::from_bits(word),
        Kind::Int { size, signed: true } => {
            let unused = 64 - 8 * size;
            ((word << unused).cast_signed() >> unused) as f64
        }
        _ => word as f64,
    })
}

/// An object of a global heap, which keeps texts of any length.
fn heap_object(file: &Container, collection: u64, index: usize) -> Result<Option<&[u8]>, FormatError> {
    let mut cursor = file.cursor(collection, "a global heap")?;
    let start = cursor.at();
    cursor.signature(*b"GCOL")?;
    cursor.skip(4)?;
    let size = usize::try_from(cursor.length()?).unwrap_or(usize::MAX);
    while cursor.at() - start < size {
        let number = cursor.short()?;
        cursor.skip(6)?;
        let length = usize::try_from(cursor.length()?).map_err(|_| cursor.damaged())?;
        if number == 0 {
            return Ok(None); // free space, up to the end
        }
        if number == index {
            return cursor.take(length).map(Some);
        }
        cursor.skip(length.checked_next_multiple_of(8).ok_or_else(|| cursor.damaged())?)?;
    }
    Ok(None)
}
