//! Indexes of chunks as arrays: of fixed length, and extensible along one dimension. Files of libhdf5's later formats
//! (`libver='latest'`) have them.

use super::container::Container;
use super::cursor::Cursor;
use crate::error::FormatError;

/// A chunk as an array names it.
pub(super) struct Entry {
    pub(super) address: u64,
    /// Bytes in the file.
    pub(super) size: u64,
    /// Filters that were left out, a bit each.
    pub(super) left_out: u32,
}

type Take<'a> = &'a mut dyn FnMut(u64, Entry) -> Result<(), FormatError>;

/// The shape of an element.
#[derive(Clone, Copy)]
struct Element {
    /// Bytes of it.
    size: usize,
    /// With size and filters, or an address alone.
    filtered: bool,
    /// Bytes of a chunk without filters.
    chunk: u64,
}

impl Element {
    fn read(self, cursor: &mut Cursor<'_>) -> Result<Option<Entry>, FormatError> {
        let address = cursor.address()?;
        let (size, left_out) = if self.filtered {
            let width = self.size.saturating_sub(cursor.widths().offset + 4);
            if width > 8 {
                return Err(cursor.damaged());
            }
            (cursor.number(width)?, cursor.word()? as u32)
        } else {
            (self.chunk, 0)
        };
        Ok(address.map(|address| Entry { address, size, left_out }))
    }

    /// Reads `count` elements, numbered from `first`.
    fn run(self, cursor: &mut Cursor<'_>, first: u64, count: u64, take: Take<'_>) -> Result<(), FormatError> {
        for number in first..first.saturating_add(count) {
            if let Some(entry) = self.read(cursor)? {
                take(number, entry)?;
            }
        }
        Ok(())
    }
}

/// Reads an array of fixed length. `chunk`: bytes of an unpacked chunk.
pub(super) fn fixed(file: &Container, address: u64, chunk: u64, take: Take<'_>) -> Result<(), FormatError> {
    const WHAT: &str = "a fixed array of chunks";
    let mut head = file.cursor(address, WHAT)?;
    head.signature(*b"FAHD")?;
    head.skip(1)?;
    let filtered = head.byte()? == 1;
    let element = Element { size: head.byte()?.into(), filtered, chunk };
    let page_bits = head.byte()?;
    let count = head.length()?;
    let Some(block) = head.address()? else { return Ok(()) };
    let mut block = file.cursor(block, WHAT)?;
    block.signature(*b"FADB")?;
    block.skip(2)?;
    block.address()?;
    let page = 1_u64.checked_shl(page_bits.into()).ok_or_else(|| block.damaged())?;
    if count <= page {
        return element.run(&mut block, 0, count, take);
    }
    let pages = count.div_ceil(page);
    let used = block.take(usize::try_from(pages.div_ceil(8)).map_err(|_| head.damaged())?)?;
    block.skip(4)?; // checksum
    for number in 0..pages {
        let here = page.min(count - number * page);
        if bit(used, number) {
            element.run(&mut block, number * page, here, take)?;
            block.skip(4)?;
        } else {
            let bytes = here.saturating_mul(element.size as u64).saturating_add(4);
            block.skip(usize::try_from(bytes).map_err(|_| head.damaged())?)?;
        }
    }
    Ok(())
}

/// Bit `number`, the most significant of each byte first.
fn bit(bytes: &[u8], number: u64) -> bool {
    bytes.get((number / 8) as usize).is_some_and(|byte| byte & 0x80 >> (number % 8) != 0)
}

/// Reads an array that can grow. Its elements are in an index block, then in data blocks that double in size, the later
/// ones listed by super blocks. `chunk`: bytes of an unpacked chunk.
pub(super) fn extensible(
    file: &Container,
    address: u64,
    chunk: u64,
    take: Take<'_>,
) -> Result<(), FormatError> {
    const WHAT: &str = "an extensible array of chunks";
    let mut head = file.cursor(address, WHAT)?;
    head.signature(*b"EAHD")?;
    head.skip(1)?;
    let filtered = head.byte()? == 1;
    let element = Element { size: head.byte()?.into(), filtered, chunk };
    let bits = head.byte()?;
    let in_index = u64::from(head.byte()?);
    let least = u64::from(head.byte()?);
    let pointers = u64::from(head.byte()?);
    let page_bits = head.byte()?;
    if bits > 64 || !least.is_power_of_two() || !pointers.is_power_of_two() || page_bits >= 64 {
        return Err(head.damaged());
    }
    for _ in 0..4 {
        head.length()?; // counts and sizes of blocks
    }
    let end = head.length()?;
    head.length()?;
    let Some(index) = head.address()? else { return Ok(()) };
    let mut index = file.cursor(index, WHAT)?;
    index.signature(*b"EAIB")?;
    index.skip(2)?;
    index.address()?;
    let blocks = Blocks { file, element, offset_width: usize::from(bits).div_ceil(8), page: 1 << page_bits };
    element.run(&mut index, 0, in_index, take)?;
    let mut first = in_index;
    let supers = u64::from(bits).saturating_sub(least.ilog2().into()) + 1;
    let direct = 2 * u64::from(pointers.ilog2());
    for number in 0..supers {
        if first >= end {
            break;
        }
        let count = 1_u64 << (number / 2).min(62);
        let elements = least.saturating_mul(1 << number.div_ceil(2).min(62));
        if number < direct {
            for _ in 0..count {
                if let Some(block) = index.address()? {
                    blocks.data(
                        block,
                        first,
                        elements.min(end.saturating_sub(first)),
                        elements,
                        None,
                        take,
                    )?;
                }
                first = first.saturating_add(elements);
            }
        } else {
            if let Some(block) = index.address()? {
                blocks.second(block, first, count, elements, end, take)?;
            }
            first = first.saturating_add(count.saturating_mul(elements));
        }
    }
    Ok(())
}

/// The blocks of an extensible array.
struct Blocks<'a> {
    file: &'a Container,
    element: Element,
    /// Bytes of the place of a block in the array.
    offset_width: usize,
    /// Elements of a page; longer blocks are cut into pages.
    page: u64,
}

impl Blocks<'_> {
    /// A super block: addresses of `count` data blocks of `elements` elements each.
    fn second(
        &self,
        address: u64,
        first: u64,
        count: u64,
        elements: u64,
        end: u64,
        take: Take<'_>,
    ) -> Result<(), FormatError> {
        let mut cursor = self.file.cursor(address, "a block of an extensible array")?;
        cursor.signature(*b"EASB")?;
        cursor.skip(2)?;
        cursor.address()?;
        cursor.skip(self.offset_width)?;
        let map = if elements > self.page { (elements / self.page).div_ceil(8) } else { 0 };
        let map = usize::try_from(map).map_err(|_| cursor.damaged())?;
        let all = map.checked_mul(usize::try_from(count).unwrap_or(usize::MAX));
        let maps = cursor.take(all.ok_or_else(|| cursor.damaged())?)?;
        for number in 0..count {
            let first = first.saturating_add(number.saturating_mul(elements));
            if first >= end {
                break;
            }
            if let Some(block) = cursor.address()? {
                // Every block has bytes of its own for its pages, yet the bits are numbered through.
                let pages = (elements > self.page).then(|| (maps, number * (elements / self.page)));
                self.data(block, first, elements.min(end - first), elements, pages, take)?;
            }
        }
        Ok(())
    }

    /// A data block, of which the first `wanted` of its `elements` are used. `pages`: bits that say which pages are
    /// there, and the number of its first.
    fn data(
        &self,
        address: u64,
        first: u64,
        wanted: u64,
        elements: u64,
        pages: Option<(&[u8], u64)>,
        take: Take<'_>,
    ) -> Result<(), FormatError> {
        let mut cursor = self.file.cursor(address, "a block of an extensible array")?;
        cursor.signature(*b"EADB")?;
        cursor.skip(2)?;
        cursor.address()?;
        cursor.skip(self.offset_width)?;
        if elements <= self.page {
            return self.element.run(&mut cursor, first, wanted, take);
        }
        cursor.skip(4)?; // checksum
        let page_bytes = self.page.saturating_mul(self.element.size as u64).saturating_add(4);
        for page in 0..wanted.div_ceil(self.page) {
            let before = page * self.page;
            if pages.is_none_or(|(bits, first)| bit(bits, first.saturating_add(page))) {
                let mut cursor = cursor.clone();
                self.element.run(&mut cursor, first + before, self.page.min(wanted - before), take)?;
            }
            cursor.skip(usize::try_from(page_bytes).map_err(|_| cursor.damaged())?)?;
        }
        Ok(())
    }
}
