//! Tables as data: the terminal, Markdown and HTML print the same cells.

use crate::view::limit::limits;
use crate::view::sessions::sweeps;
use crate::view::{Part, View};

mod limit;
mod migration;
mod mixed;
mod open;
mod resources;
mod runbook;
mod searches;
mod server;
mod sessions;
mod sweep;
mod work;

pub(crate) use limit::{levels, trials};
pub(crate) use migration::migrations;
pub(crate) use mixed::{checkpoints, freshness, mixed};
pub(crate) use open::open;
pub(crate) use resources::resources;
pub(crate) use runbook::runbooks;
pub(crate) use searches::search;
pub(crate) use server::server;
pub(crate) use sessions::sessions;
pub(crate) use sweep::{asked_recall, equal_recall, sweep};
pub(crate) use work::{sizes, work};

/// A table.
#[derive(Default)]
pub(crate) struct Sheet {
    /// What it is, in a word or two; nothing for one that goes on with the table before it.
    pub(crate) title: String,
    /// How its load came: `open load` or `closed load`.
    pub(crate) tag: Option<&'static str>,
    /// What it comes to, said before the figures.
    pub(crate) lead: Vec<String>,
    /// What the figures don't show and the reader must know.
    pub(crate) notes: Vec<String>,
    /// What the columns mean where their titles don't say it.
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// Every table that a report of text has, in order.
pub(crate) fn all(view: &View<'_>) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for (nth, measure) in view.searches().enumerate() {
        sheets.push(search(view, measure, nth == 0));
        sheets.extend(open(view, measure));
        if nth == 0 {
            sheets.extend(sweep(view, measure));
            sheets.extend(equal_recall(view, measure));
        }
    }
    sheets.extend(limits(view).iter().map(levels));
    sheets.extend(sweeps(view).iter().map(sessions));
    sheets.extend(migrations(view));
    for measure in view.phases(Part::Mixed) {
        sheets.push(mixed(view, measure));
        sheets.extend(open(view, measure));
        sheets.extend(checkpoints(view, measure));
        sheets.extend(freshness(view, measure));
    }
    sheets.extend(runbooks(view));
    sheets.extend(work(view));
    sheets.extend(sizes(view));
    sheets.extend(server(view));
    sheets
}

/// A column. The first one holds names.
pub(crate) struct Column {
    pub(crate) title: String,
    /// Whether it is aligned to the right.
    pub(crate) right: bool,
    /// Which column goes first where room is short: the one with the highest number. 0 always stays.
    pub(crate) spare: u8,
    /// Whether it takes what room is left, and is cut where that is not enough.
    pub(crate) rest: bool,
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
        Self { title: title.to_owned(), right: false, spare: 0, rest: false }
    }

    pub(crate) fn figure(title: &str, spare: u8) -> Self {
        Self { title: title.to_owned(), right: true, spare, rest: false }
    }

    pub(crate) fn words(title: &str, spare: u8) -> Self {
        Self { title: title.to_owned(), right: false, spare, rest: false }
    }
}

impl Column {
    /// Words that take what room is left.
    pub(crate) fn rest(title: &str, spare: u8) -> Self {
        Self { rest: true, ..Self::words(title, spare) }
    }
}

impl Row {
    /// A row of a variant.
    pub(crate) fn of(variant: usize, cells: Vec<String>) -> Self {
        Self { variant: Some(variant), cells, ..Self::default() }
    }
}

impl Sheet {
    /// Begins a group: the name is said once, or the eye has nothing to rest on.
    fn group(&mut self, rows: impl IntoIterator<Item = Row>) {
        for (nth, mut row) in rows.into_iter().enumerate() {
            row.gap = nth == 0 && !self.rows.is_empty();
            if nth > 0
                && let Some(name) = row.cells.first_mut()
            {
                name.clear();
            }
            self.rows.push(row);
        }
    }

    /// Leaves out columns of figures in which nothing was measured.
    fn without_empty_columns(mut self) -> Self {
        let empty = |at: usize| {
            at > 0
                && self.rows.iter().all(|row| {
                    row.cells.get(at).is_none_or(|cell| cell.is_empty() || cell == crate::text::ABSENT)
                })
        };
        let empty: Vec<bool> = (0..self.columns.len()).map(empty).collect();
        self.leave_out(|at| empty.get(at).copied().unwrap_or(false));
        self
    }

    fn leave_out(&mut self, gone: impl Fn(usize) -> bool) {
        fn keep<T>(all: &mut Vec<T>, gone: &impl Fn(usize) -> bool) {
            let mut at = 0;
            all.retain(|_| {
                at += 1;
                !gone(at - 1)
            });
        }
        keep(&mut self.columns, &gone);
        for row in &mut self.rows {
            keep(&mut row.cells, &gone);
        }
    }
}
