//! A filter made ready for one label table: columns by position, texts as codes, ranges as bounds.

use crate::label::{Column, Labels};

/// A compiled filter.
///
/// It owns what it needs and borrows nothing, so an engine may keep it beside a table of its own. It belongs to the
/// table that it was compiled for: positions of columns and codes of texts are that table's. Rows may be added to the
/// table later, but texts that are *new* to it are not known here: compile again. Against another table the answer
/// means nothing, but nothing breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    pub(super) root: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Test(Test),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
}

/// The row's value is there, and is in the set (or outside it).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) column: usize,
    pub(super) set: Set,
    pub(super) inside: bool,
}

/// What values are compared with; each kind is made for one type of column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Set {
    /// Every value that is there.
    Everything,
    /// One text; `None` if no row has it.
    Code(Option<u32>),
    /// Some texts, one bit a code.
    Codes(Box<[u64]>),
    /// Whole numbers from low to high, both included; empty if low is above high.
    Ints(i64, i64),
    /// Whole numbers, ascending.
    IntList(Box<[i64]>),
    /// Numbers from low to high, both included.
    Floats(f64, f64),
    /// Some numbers.
    FloatList(Box<[f64]>),
    /// Whether `false` and whether `true` belongs to it.
    Bools([bool; 2]),
    /// Lists that have the text as a member; `None` if no row has it.
    Member(Option<u32>),
}

impl Predicate {
    /// Whether the row satisfies the filter: no allocation and no comparison of texts, a few nanoseconds a test.
    ///
    /// A row past the end of the table has no labels.
    #[inline]
    pub fn matches(&self, labels: &Labels, row: usize) -> bool {
        self.root.holds(labels, row)
    }
}

impl Node {
    #[inline]
    fn holds(&self, labels: &Labels, row: usize) -> bool {
        match self {
            Self::Test(test) => test.holds(labels, row),
            Self::All(parts) => parts.iter().all(|part| part.holds(labels, row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(labels, row)),
            Self::Not(part) => !part.holds(labels, row),
        }
    }
}

impl Test {
    #[inline]
    fn holds(&self, labels: &Labels, row: usize) -> bool {
        let Some(column) = labels.column_at(self.column) else { return false };
        // `None` where the value is missing or the column has another type: then the test fails, inside or not.
        let found = match (&self.set, column) {
            (Set::Code(wanted), Column::Text { codes, .. }) => {
                at(codes, row).map(|code| Some(code) == *wanted)
            }
            (Set::Codes(bits), Column::Text { codes, .. }) => at(codes, row)
                .map(|code| bits.get(code as usize / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)),
            (Set::Ints(low, high), Column::Int(values)) => at(values, row).map(|x| *low <= x && x <= *high),
            (Set::IntList(list), Column::Int(values)) => {
                at(values, row).map(|x| list.binary_search(&x).is_ok())
            }
            (Set::Floats(low, high), Column::Float(values)) => {
                at(values, row).map(|x| *low <= x && x <= *high)
            }
            (Set::FloatList(list), Column::Float(values)) => at(values, row).map(|x| list.contains(&x)),
            (Set::Bools(which), Column::Bool(values)) => at(values, row).map(|x| which[usize::from(x)]),
            (Set::Member(wanted), Column::TextList { offsets, codes, present, .. }) => {
                present.get(row).copied().unwrap_or(false).then(|| {
                    let members = &codes[offsets[row] as usize..offsets[row + 1] as usize];
                    wanted.is_some_and(|code| members.contains(&code))
                })
            }
            (Set::Everything, column) => has_value(column, row).then_some(true),
            _ => None,
        };
        found.is_some_and(|found| found == self.inside)
    }
}

#[inline]
fn at<T: Copy>(values: &[Option<T>], row: usize) -> Option<T> {
    values.get(row).copied().flatten()
}

fn has_value(column: &Column, row: usize) -> bool {
    match column {
        Column::Text { codes, .. } => at(codes, row).is_some(),
        Column::Int(values) => at(values, row).is_some(),
        Column::Float(values) => at(values, row).is_some(),
        Column::Bool(values) => at(values, row).is_some(),
        Column::TextList { present, .. } => present.get(row).copied().unwrap_or(false),
    }
}
