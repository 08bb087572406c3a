//! Thrift's compact protocol, in which Parquet keeps its headers: read as a tree of values, written field by field.

use crate::error::FormatError;

/// Structures in structures; Parquet's go six deep.
const MOST_DEPTH: usize = 24;

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Bool(bool),
    Int(i64),
    Double,
    Bytes(&'a [u8]),
    List(Vec<Self>),
    /// Fields by their numbers.
    Struct(Vec<(i64, Self)>),
}

impl<'a> Value<'a> {
    /// Reads a structure; returns it and its length in bytes. `at`: its place in the file, for messages.
    pub(super) fn parse(bytes: &'a [u8], at: usize) -> Result<(Self, usize), FormatError> {
        let mut reader = Reader { bytes, at: 0 };
        reader.structure(0).map(|value| (value, reader.at)).ok_or_else(|| {
            let message = format!("a header at byte {at} is damaged or cut off, after {} bytes", reader.at);
            FormatError::new(message, "copy the file again")
        })
    }

    fn field(&self, number: i64) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|field| field.0 == number).map(|field| &field.1),
            _ => None,
        }
    }

    pub(super) fn int(&self, number: i64) -> Option<i64> {
        match self.field(number)? {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// A whole number that counts something.
    pub(super) fn size(&self, number: i64) -> Option<usize> {
        usize::try_from(self.int(number)?).ok()
    }

    pub(super) fn bool(&self, number: i64) -> Option<bool> {
        match self.field(number)? {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn text(&self, number: i64) -> Option<String> {
        match self.field(number)? {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }

    pub(super) fn list(&self, number: i64) -> &[Self] {
        match self.field(number) {
            Some(Self::List(values)) => values,
            _ => &[],
        }
    }

    pub(super) fn structure(&self, number: i64) -> Option<&Self> {
        self.field(number).filter(|value| matches!(value, Self::Struct(_)))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let (value, length) = varint(&self.bytes[self.at..])?;
        self.at += length;
        Some(value)
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn structure(&mut self, depth: usize) -> Option<Value<'a>> {
        let mut fields = vec![];
        let mut number = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(Value::Struct(fields));
            }
            number = match head >> 4 {
                0 => self.zigzag()?,
                delta => number.checked_add(delta.into())?,
            };
            let value = match head & 0x0f {
                1 => Value::Bool(true),
                2 => Value::Bool(false),
                kind => self.value(kind, depth)?,
            };
            fields.push((number, value));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<Value<'a>> {
        if depth > MOST_DEPTH {
            return None;
        }
        Some(match kind {
            1 | 2 => Value::Bool(self.byte()? == 1),
            3 => Value::Int(self.byte()?.cast_signed().into()),
            4..=6 => Value::Int(self.zigzag()?),
            7 => {
                self.at = self.at.checked_add(8).filter(|at| *at <= self.bytes.len())?;
                Value::Double
            }
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let end = self.at.checked_add(length)?;
                let bytes = self.bytes.get(self.at..end)?;
                self.at = end;
                Value::Bytes(bytes)
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                // Every element takes a byte at least, so a damaged count ends with the bytes.
                let values = (0..count).map(|_| self.value(head & 0x0f, depth + 1));
                Value::List(values.collect::<Option<_>>()?)
            }
            12 => self.structure(depth + 1)?,
            _ => return None,
        })
    }
}

/// A number of seven bits a byte, and how many bytes it takes.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

pub(super) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a structure; fields in ascending order.
#[derive(Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    fn head(&mut self, number: u8, kind: u8) {
        self.bytes.push((number - self.last) << 4 | kind);
        self.last = number;
    }

    #[must_use]
    pub(super) fn int(mut self, number: u8, value: u32) -> Self {
        self.head(number, 5);
        self.zigzag(value.into());
        self
    }

    #[must_use]
    pub(super) fn long(mut self, number: u8, value: usize) -> Self {
        self.head(number, 6);
        self.zigzag((value as u64).cast_signed());
        self
    }

    #[must_use]
    pub(super) fn text(mut self, number: u8, text: &str) -> Self {
        self.head(number, 8);
        write_varint(text.len() as u64, &mut self.bytes);
        self.bytes.extend(text.bytes());
        self
    }

    #[must_use]
    pub(super) fn structure(mut self, number: u8, value: Self) -> Self {
        self.head(number, 12);
        self.bytes.extend(value.finish());
        self
    }

    #[must_use]
    pub(super) fn structures(self, number: u8, values: Vec<Self>) -> Self {
        self.list(number, 12, &values.into_iter().map(Self::finish).collect::<Vec<_>>())
    }

    #[must_use]
    pub(super) fn ints(self, number: u8, values: &[u32]) -> Self {
        let one = |value: &u32| {
            let mut one = Self::default();
            one.zigzag((*value).into());
            one.bytes
        };
        self.list(number, 5, &values.iter().map(one).collect::<Vec<_>>())
    }

    #[must_use]
    pub(super) fn texts(self, number: u8, texts: &[&str]) -> Self {
        let one = |text: &&str| {
            let mut bytes = vec![];
            write_varint(text.len() as u64, &mut bytes);
            bytes.extend(text.bytes());
            bytes
        };
        self.list(number, 8, &texts.iter().map(one).collect::<Vec<_>>())
    }

    fn list(mut self, number: u8, kind: u8, values: &[Vec<u8>]) -> Self {
        self.head(number, 9);
        if values.len() < 15 {
            self.bytes.push((values.len() as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            write_varint(values.len() as u64, &mut self.bytes);
        }
        self.bytes.extend(values.concat());
        self
    }

    fn zigzag(&mut self, value: i64) {
        write_varint((value << 1 ^ value >> 63).cast_unsigned(), &mut self.bytes);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}
