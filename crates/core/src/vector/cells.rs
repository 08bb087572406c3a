//! Values in a row: in memory of their own, or in memory that something else owns, such as a mapped file.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::Pod;

/// Memory that something else owns, such as a mapped file.
pub trait Owner: Send + Sync {
    /// All of it. Always the same bytes at the same place.
    fn bytes(&self) -> &[u8];

    /// Says that these bytes are not needed soon: an owner that can read them again may give their memory back.
    fn release(&self, bytes: Range<usize>) {
        let _ = bytes;
    }
}

/// A slice of numbers, owned or borrowed from an [`Owner`]. A clone of borrowed ones copies no numbers.
#[derive(Clone)]
pub struct Cells<T>(Held<T>);

#[derive(Clone)]
enum Held<T> {
    Own(Vec<T>),
    Shared { owner: Arc<dyn Owner>, bytes: Range<usize> },
}

impl<T: Pod> Cells<T> {
    /// `count` numbers that begin at byte `start` of `owner`, little-endian as they lie there.
    ///
    /// `None` if they are not all there, or do not begin where such numbers may.
    pub fn shared(owner: Arc<dyn Owner>, start: usize, count: usize) -> Option<Self> {
        let end = count.checked_mul(size_of::<T>())?.checked_add(start)?;
        let bytes = owner.bytes().get(start..end)?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self(Held::Shared { owner, bytes: start..end }))
    }

    /// The numbers `range` are not needed soon: see [`Owner::release`].
    pub fn release(&self, range: Range<usize>) {
        if let Held::Shared { owner, bytes } = &self.0 {
            let at = |cell: usize| (bytes.start + cell * size_of::<T>()).min(bytes.end);
            owner.release(at(range.start)..at(range.end));
        }
    }

    /// Whether the numbers are in memory of their own.
    pub fn is_owned(&self) -> bool {
        matches!(self.0, Held::Own(_))
    }
}

impl<T: Pod> Deref for Cells<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Held::Own(values) => values,
            // Whole and aligned: `shared` has looked, and owners keep their bytes in place.
            Held::Shared { owner, bytes } => bytemuck::cast_slice(&owner.bytes()[bytes.clone()]),
        }
    }
}

impl<T> From<Vec<T>> for Cells<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Held::Own(values))
    }
}

impl<T: Pod + PartialEq> PartialEq for Cells<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Pod> fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_owned() { "owned" } else { "shared" };
        write!(f, "{} {kind} values", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words(Vec<u64>);

    impl Owner for Words {
        fn bytes(&self) -> &[u8] {
            bytemuck::cast_slice(&self.0)
        }
    }

    #[test]
    fn borrowed_numbers_are_whole_and_aligned() {
        let owner = || Arc::new(Words(vec![0x0002_0001, 0x0004_0003]));
        let cells = Cells::<u16>::shared(owner(), 8, 2).unwrap();
        assert_eq!((&*cells, cells.is_owned()), (&[3, 4][..], false));
        assert_eq!(cells, Cells::from(vec![3, 4]));
        assert!(Cells::<u16>::shared(owner(), 1, 2).is_none(), "not aligned");
        assert!(Cells::<u16>::shared(owner(), 14, 2).is_none(), "not there");
        assert!(Cells::<u16>::shared(owner(), usize::MAX, usize::MAX).is_none());
    }
}
