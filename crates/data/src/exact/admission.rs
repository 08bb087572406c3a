//! Which rows count for which queries.

/// Whether a row (second) counts for a query (first): filters, and what was in a collection at a certain moment.
pub type Admit<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// The rows that count.
#[derive(Clone, Copy)]
pub enum Admission<'a> {
    /// All rows.
    All,
    /// The same rows for every query. Others are not even read.
    Rows(&'a Bitmap),
    /// A set of rows for each query. Rows that no query admits are not read.
    PerQuery(&'a [Bitmap]),
    /// Whatever the predicate says; it is asked once for every query and row.
    Predicate(Admit<'a>),
}

impl Admission<'_> {
    /// Whether a row counts for a query.
    pub(super) fn admits(&self, query: usize, row: usize) -> bool {
        match self {
            Self::All => true,
            Self::Rows(rows) => rows.contains(row),
            Self::PerQuery(sets) => sets[query].contains(row),
            Self::Predicate(admit) => admit(query, row),
        }
    }

    /// Whether the answer depends on the query.
    pub(super) fn differs_by_query(&self) -> bool {
        matches!(self, Self::PerQuery(_) | Self::Predicate(_))
    }
}

/// A set of rows, one bit a row.
///
/// ```
/// use annvil_data::exact::Bitmap;
///
/// let even = Bitmap::new(100, |row| row % 2 == 0);
/// assert!(even.contains(42) && !even.contains(43) && !even.contains(100));
/// assert_eq!(even.count(), 50);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// Those of the first `rows` rows that the predicate selects.
    pub fn new(rows: usize, mut selects: impl FnMut(usize) -> bool) -> Self {
        let word = |first: usize, selects: &mut dyn FnMut(usize) -> bool| {
            (first..rows.min(first + 64))
                .fold(0, |word, row| word | (u64::from(selects(row)) << (row - first)))
        };
        Self { words: (0..rows).step_by(64).map(|first| word(first, &mut selects)).collect() }
    }

    /// Whether a row belongs to the set; rows past the end do not.
    #[inline]
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Number of rows in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }
}
