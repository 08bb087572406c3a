//! Thrift's compact protocol, in which Parquet keeps its headers: written field by field.

/// Thrift's numbers of types.
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A structure that is being written. Fields go in by rising numbers.
#[derive(Debug, Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    /// A 32-bit number, which is never negative here.
    pub(super) fn int(mut self, field: u8, value: u32) -> Self {
        self.begin(field, I32);
        self.number(u64::from(value));
        self
    }

    /// A 64-bit number.
    pub(super) fn long(mut self, field: u8, value: usize) -> Self {
        self.begin(field, I64);
        self.number(value as u64);
        self
    }

    /// A text.
    pub(super) fn text(mut self, field: u8, text: &str) -> Self {
        self.begin(field, BINARY);
        self.bytes_of(text);
        self
    }

    /// A structure.
    pub(super) fn structure(mut self, field: u8, inner: Self) -> Self {
        self.begin(field, STRUCT);
        self.bytes.extend(inner.finish());
        self
    }

    /// A list of 32-bit numbers.
    pub(super) fn ints(mut self, field: u8, values: &[u32]) -> Self {
        self.list(field, I32, values.len());
        for value in values {
            self.number(u64::from(*value));
        }
        self
    }

    /// A list of texts.
    pub(super) fn texts(mut self, field: u8, texts: &[&str]) -> Self {
        self.list(field, BINARY, texts.len());
        for text in texts {
            self.bytes_of(text);
        }
        self
    }

    /// A list of structures.
    pub(super) fn structures(mut self, field: u8, inner: Vec<Self>) -> Self {
        self.list(field, STRUCT, inner.len());
        for one in inner {
            self.bytes.extend(one.finish());
        }
        self
    }

    /// Its bytes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    /// All numbers here are less than 16 apart.
    fn begin(&mut self, field: u8, kind: u8) {
        self.bytes.push((field - self.last) << 4 | kind);
        self.last = field;
    }

    fn list(&mut self, field: u8, kind: u8, length: usize) {
        self.begin(field, LIST);
        if length < 15 {
            self.bytes.push((length as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            varint(length as u64, &mut self.bytes);
        }
    }

    fn bytes_of(&mut self, text: &str) {
        varint(text.len() as u64, &mut self.bytes);
        self.bytes.extend(text.as_bytes());
    }

    /// Even numbers are positive ones, odd ones would be negative.
    fn number(&mut self, value: u64) {
        varint(value << 1, &mut self.bytes);
    }
}

/// Seven bits a byte, the lowest first.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
