//! The texts of rows, one behind the other.

/// Texts by slot. A row without a text has an empty one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    all: String,
    ends: Vec<u64>,
}

impl Texts {
    /// Appends the text of the next slot.
    pub(crate) fn push(&mut self, text: &str) {
        self.all.push_str(text);
        self.ends.push(self.all.len() as u64);
    }

    /// The text of a slot.
    pub(crate) fn get(&self, slot: usize) -> &str {
        let start = slot.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        &self.all[start..self.ends[slot] as usize]
    }

    /// Number of slots.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The length of each text in bytes.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = u64> + Clone + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.ends.iter().zip(starts).map(|(end, start)| end - start)
    }

    /// All texts, one behind the other.
    pub(crate) fn all(&self) -> &str {
        &self.all
    }

    /// Cuts one long text into pieces of these lengths; `None` if they don't add up, or cut a character.
    pub(crate) fn cut(all: &str, lengths: impl Iterator<Item = u64>) -> Option<Self> {
        let mut texts = Self { all: all.to_owned(), ends: vec![] };
        let mut end = 0_u64;
        for length in lengths {
            end = end.checked_add(length)?;
            if !all.is_char_boundary(usize::try_from(end).ok()?) {
                return None;
            }
            texts.ends.push(end);
        }
        (end == all.len() as u64).then_some(texts)
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.all.capacity() + size_of::<u64>() * self.ends.capacity()
    }
}
