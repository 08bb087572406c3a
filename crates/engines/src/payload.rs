//! What a collection keeps beside its vectors: ids, labels and texts, by slot.
//!
//! A row gets the next slot when it is written; a replaced or removed row leaves its slot dead until
//! [`Payload::compact`]. So labels and texts are only ever appended to.

mod columns;
mod slots;
mod texts;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use annvil_core::engine::Schema;
use annvil_core::filter::Predicate;
use annvil_core::label::{Column, Labels};
use annvil_core::operation::Batch;
use annvil_core::vector::RowId;

use crate::check::NO_ID;
use crate::map::Map;
use crate::snapshot::wire::{Reader, Writer};
use slots::Slots;
use texts::Texts;

/// Ids, labels and texts of a collection.
#[derive(Debug)]
pub(crate) struct Payload {
    slots: Slots,
    /// By slot; [`NO_ID`] where it is dead.
    ids: Vec<RowId>,
    table: OnceLock<Table>,
    /// Where the table is still to be read from after a restore: most phases that follow never look at it.
    stored: Option<(Arc<Map>, Range<usize>)>,
    /// Tells this payload from every other that predicates may have been compiled for.
    number: u64,
}

#[derive(Debug, Default)]
struct Table {
    labels: Labels,
    texts: Texts,
    /// Distinct texts of all label columns: while it stays the same, compiled predicates stay right.
    vocabulary: usize,
}

/// Identifies what a predicate was compiled for.
pub(crate) type Stamp = (u64, usize);

impl Payload {
    /// Nothing yet, with the label columns of a schema.
    pub(crate) fn new(schema: &Schema) -> Self {
        let table = Table { labels: Labels::with_schema(&schema.labels), ..Table::default() };
        Self {
            slots: Slots::default(),
            ids: vec![],
            table: OnceLock::from(table),
            stored: None,
            number: next_number(),
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.slots.len()
    }

    /// Number of slots whose row is gone.
    pub(crate) fn dead(&self) -> usize {
        self.ids.len() - self.slots.len()
    }

    /// The slot of a row.
    #[inline]
    pub(crate) fn slot(&self, id: RowId) -> Option<usize> {
        self.slots.get(id).map(|slot| slot as usize)
    }

    /// The row in a slot; [`NO_ID`] if it is gone.
    #[inline]
    pub(crate) fn id(&self, slot: usize) -> RowId {
        self.ids[slot]
    }

    /// Stores what belongs to row `i` of a batch (which has been checked), and returns its slot. A row of the same id is replaced.
    pub(crate) fn push(&mut self, rows: &Batch<'_>, i: usize) -> Result<usize, String> {
        self.push_as(rows.ids[i], rows.labels, rows.label_rows.get(i).copied(), rows.texts.get(i).copied())
    }

    fn push_as(
        &mut self,
        id: RowId,
        from: &Labels,
        row: Option<usize>,
        text: Option<&str>,
    ) -> Result<usize, String> {
        let slot = u32::try_from(self.ids.len()).ok().filter(|slot| *slot != u32::MAX);
        let slot = slot.ok_or("more than 4,294,967,294 rows were written")?;
        let table = self.table_mut()?;
        // Without a row of their own, labels are all missing: a row past the end of an empty table.
        let nothing = Labels::default();
        let (from, row) = row.map_or((&nothing, 0), |row| (from, row));
        table
            .labels
            .push_row(from, row)
            .map_err(|name| format!("label `{name}` has another type than before"))?;
        table.texts.push(text.unwrap_or_default());
        table.vocabulary = vocabulary(&table.labels);
        if let Some(before) = self.slots.insert(id, slot) {
            self.ids[before as usize] = NO_ID;
        }
        self.ids.push(id);
        Ok(slot as usize)
    }

    /// Forgets a row; its labels and text stay in a dead slot. Returns the slot.
    pub(crate) fn remove(&mut self, id: RowId) -> Option<usize> {
        let slot = self.slots.remove(id)? as usize;
        self.ids[slot] = NO_ID;
        Some(slot)
    }

    /// Moves rows together over dead slots. Returns the slots that were kept, in order, or `None` if all were.
    pub(crate) fn compact(&mut self) -> Result<Option<Vec<usize>>, String> {
        if self.dead() == 0 {
            return Ok(None);
        }
        let kept: Vec<usize> = (0..self.ids.len()).filter(|slot| self.ids[*slot] != NO_ID).collect();
        let old = self.table()?;
        let empty = Table { labels: Labels::with_schema(&old.labels.schema()), ..Table::default() };
        let mut new = Self {
            slots: Slots::default(),
            ids: Vec::with_capacity(kept.len()),
            table: OnceLock::from(empty),
            stored: None,
            number: next_number(),
        };
        for slot in &kept {
            new.push_as(self.ids[*slot], &old.labels, Some(*slot), Some(old.texts.get(*slot)))?;
        }
        *self = new;
        Ok(Some(kept))
    }

    /// The labels, by slot.
    pub(crate) fn labels(&self) -> Result<&Labels, String> {
        Ok(&self.table()?.labels)
    }

    /// Changes whenever a predicate has to be compiled again.
    #[inline]
    pub(crate) fn stamp(&self) -> Result<Stamp, String> {
        Ok((self.number, self.table()?.vocabulary))
    }

    /// Whether the row in a slot satisfies a predicate that was compiled for [`Payload::labels`].
    #[inline]
    pub(crate) fn matches(&self, predicate: &Predicate, slot: usize) -> bool {
        self.table.get().is_some_and(|table| predicate.matches(&table.labels, slot))
    }

    /// Bytes in memory; of a table that nobody has asked for since it was restored, its bytes in the file.
    pub(crate) fn bytes(&self) -> usize {
        let table = match (self.table.get(), &self.stored) {
            (Some(table), _) => columns::bytes(&table.labels) + table.texts.bytes(),
            (None, stored) => stored.as_ref().map_or(0, |(_, range)| range.len()),
        };
        self.slots.bytes() + size_of::<RowId>() * self.ids.capacity() + table
    }

    /// Writes ids, and apart from them labels and texts. There must be no dead slots.
    pub(crate) fn store(&self) -> Result<(Writer, Writer), String> {
        let mut ids = Writer::default();
        if self.ids.iter().enumerate().all(|(slot, id)| *id == slot as u64) {
            // Rows numbered from 0, as in every data set: nothing needs to be written.
            ids.varint(0);
        } else {
            ids.varint(1);
            ids.packed(self.ids.iter().copied());
        }
        ids.varint(self.ids.len() as u64);
        let (table, mut out) = (self.table()?, Writer::default());
        columns::write(&table.labels, &mut out);
        out.varint(table.texts.len() as u64);
        out.packed(table.texts.lengths());
        out.bytes(table.texts.all().as_bytes());
        Ok((ids, out))
    }

    /// Reads ids at once, and notes where labels and texts are.
    pub(crate) fn restore(
        map: &Arc<Map>,
        ids: Range<usize>,
        table: Range<usize>,
        rows: usize,
    ) -> Option<Self> {
        let mut reader = Reader::new(map.get(ids)?);
        let ids: Vec<RowId> = match reader.varint()? {
            0 => (0..rows as u64).collect(),
            1 => reader.packed(rows)?,
            _ => return None,
        };
        let mut slots = Slots::default();
        for (slot, id) in ids.iter().enumerate() {
            slots.insert(*id, u32::try_from(slot).ok()?);
        }
        let whole = slots.len() == rows && reader.varint()? == rows as u64;
        let stored = Some((Arc::clone(map), table));
        whole.then(|| Self { slots, ids, table: OnceLock::new(), stored, number: next_number() })
    }

    fn table(&self) -> Result<&Table, String> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let read =
            self.stored.as_ref().and_then(|(map, range)| read_table(map.get(range.clone())?, self.ids.len()));
        let read =
            read.ok_or("the persisted labels and texts can't be read; persist the collection again")?;
        Ok(self.table.get_or_init(|| read))
    }

    fn table_mut(&mut self) -> Result<&mut Table, String> {
        self.table()?;
        self.table.get_mut().ok_or_else(|| "the labels are gone".to_owned())
    }
}

fn read_table(bytes: &[u8], rows: usize) -> Option<Table> {
    let mut reader = Reader::new(bytes);
    let labels = columns::read(&mut reader, rows)?;
    let texts = usize::try_from(reader.varint()?).ok()?;
    let lengths = reader.packed(texts)?;
    let texts = Texts::cut(std::str::from_utf8(reader.bytes()?).ok()?, lengths.into_iter())?;
    (texts.len() == rows).then(|| Table { vocabulary: vocabulary(&labels), labels, texts })
}

fn vocabulary(labels: &Labels) -> usize {
    let texts = |column: &Column| match column {
        Column::Text { dictionary, .. } | Column::TextList { dictionary, .. } => dictionary.texts().len(),
        Column::Int(_) | Column::Float(_) | Column::Bool(_) => 0,
    };
    labels.columns().map(|(_, column)| texts(column)).sum()
}

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
