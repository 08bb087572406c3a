//! Tables as data: the terminal, Markdown and HTML print the same cells.

mod searches;
mod sweep;
mod work;

pub(crate) use searches::{search, search_notes};
pub(crate) use sweep::{asked_recall, equal_recall, sweep};
pub(crate) use work::{sizes, work};

/// A table.
pub(crate) struct Sheet {
    /// What it is, in a word or two.
    pub(crate) title: String,
    /// What the columns mean where their titles don't say it.
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// A column. The first one holds names.
pub(crate) struct Column {
    pub(crate) title: String,
    /// Whether it is aligned to the right.
    pub(crate) right: bool,
    /// Which column goes first where room is short: the one with the highest number. 0 always stays.
    pub(crate) spare: u8,
}

/// A row.
#[derive(Default)]
pub(crate) struct Row {
    /// Number of the variant.
    pub(crate) variant: Option<usize>,
    /// One a column; only the name where nothing was measured.
    pub(crate) cells: Vec<String>,
    /// What is to be said of it: why nothing was measured.
    pub(crate) note: Option<String>,
    /// Whether a new group begins.
    pub(crate) gap: bool,
    /// Whether it stands out.
    pub(crate) strong: bool,
}

impl Column {
    pub(crate) fn name(title: &str) -> Self {
        Self { title: title.to_owned(), right: false, spare: 0 }
    }

    pub(crate) fn figure(title: &str, spare: u8) -> Self {
        Self { title: title.to_owned(), right: true, spare }
    }

    pub(crate) fn words(title: &str, spare: u8) -> Self {
        Self { title: title.to_owned(), right: false, spare }
    }
}

impl Sheet {
    /// Leaves out columns of figures in which nothing was measured.
    fn without_empty_columns(mut self) -> Self {
        let empty = |at: usize| {
            at > 0
                && self.rows.iter().all(|row| {
                    row.cells.get(at).is_none_or(|cell| cell.is_empty() || cell == crate::text::ABSENT)
                })
        };
        let keep: Vec<bool> = (0..self.columns.len()).map(|at| !empty(at)).collect();
        let kept = |at: &mut usize| {
            *at += 1;
            keep.get(*at - 1).copied().unwrap_or(true)
        };
        let mut at = 0;
        self.columns.retain(|_| kept(&mut at));
        for row in &mut self.rows {
            let mut at = 0;
            row.cells.retain(|_| kept(&mut at));
        }
        self
    }
}
