//! The small change of the file format: variable-length numbers, lengths before bytes, packed columns of numbers.
//!
//! All numbers are little-endian. Reading never panics: what does not fit is `None`, and the file is refused.

/// Most values of a column; more than that can't come from us.
const MOST: usize = u32::MAX as usize;

/// Bytes being written.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    /// Seven bits a byte, the last byte below 128.
    pub(crate) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// Bytes after their length.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Numbers as differences from the smallest, each in as few whole bytes as the largest difference needs.
    pub(crate) fn packed(&mut self, numbers: impl Iterator<Item = u64> + Clone) {
        let low = numbers.clone().min().unwrap_or(0);
        let span = numbers.clone().max().unwrap_or(0) - low;
        let width = match span {
            0 => 0,
            1..=0xFF => 1,
            0x100..=0xFFFF => 2,
            0x1_0000..=0xFFFF_FFFF => 4,
            _ => 8,
        };
        self.varint(low);
        self.bytes.push(width as u8);
        match width {
            0 => {}
            1 => self.bytes.extend(numbers.map(|x| (x - low) as u8)),
            _ => numbers.for_each(|x| self.bytes.extend_from_slice(&(x - low).to_le_bytes()[..width])),
        }
    }
}

/// Bytes being read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the first byte.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    /// What [`Writer::varint`] wrote.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number of things that are about to be read.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= MOST)
    }

    /// What [`Writer::bytes`] wrote.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }

    /// `count` numbers that [`Writer::packed`] wrote.
    pub(crate) fn packed(&mut self, count: usize) -> Option<Vec<u64>> {
        let low = self.varint()?;
        let width = usize::from(self.byte()?);
        if !matches!(width, 0 | 1 | 2 | 4 | 8) || count > MOST {
            return None;
        }
        let bytes = self.take(count.checked_mul(width)?)?;
        Some(match width {
            0 => vec![low; count],
            1 => bytes.iter().map(|x| low.wrapping_add(u64::from(*x))).collect(),
            _ => bytes
                .chunks_exact(width)
                .map(|chunk| {
                    let mut whole = [0; 8];
                    whole[..width].copy_from_slice(chunk);
                    low.wrapping_add(u64::from_le_bytes(whole))
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for numbers in
            [vec![], vec![7; 5], vec![1, 256], vec![300, 1 << 20], vec![0, u64::MAX], vec![5, 70_000, 9]]
        {
            let mut writer = Writer::default();
            writer.packed(numbers.iter().copied());
            writer.varint(u64::MAX);
            let mut reader = Reader::new(&writer.bytes);
            assert_eq!(reader.packed(numbers.len()), Some(numbers));
            assert_eq!((reader.varint(), reader.byte()), (Some(u64::MAX), None));
        }
    }

    #[test]
    fn cut_off_numbers_are_refused() {
        let mut writer = Writer::default();
        writer.packed([1, 1000].into_iter());
        writer.bytes(b"abc");
        for length in 0..writer.bytes.len() {
            let mut reader = Reader::new(&writer.bytes[..length]);
            assert!(reader.packed(2).and_then(|_| reader.bytes()).is_none());
        }
    }
}
