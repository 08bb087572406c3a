//! A collection to disk and back.

use std::io;
use std::path::Path;

use annvil_core::engine::{Result, Schema};
use annvil_core::units::Bytes;
use annvil_data::distance::Kernel;

use super::Settings;
use super::build::Staged;
use super::collection::Collection;
use super::graph::Graph;
use super::originals::Originals;
use crate::flat::schema_of;
use crate::payload::Payload;
use crate::snapshot::{Description, Draft, Snapshot, broken};

impl Collection {
    /// Writes everything to a folder; it is on the disk afterwards. Returns the bytes written.
    pub(super) fn persist(&mut self, folder: &Path) -> std::result::Result<Bytes, String> {
        if !self.staged.ids.is_empty() {
            return Err("rows were loaded and not settled; settle first".to_owned());
        }
        self.compact()?;
        let text = |error: io::Error| error.to_string();
        let rows = self.payload.rows();
        let originals = self.originals.as_ref().map(|originals| originals.persist(folder, rows));
        let originals = originals.transpose().map_err(text)?;
        let description = Description {
            made_by: format!("annvil {} with usearch {}", env!("CARGO_PKG_VERSION"), usearch::version()),
            variant: self.settings.describe(),
            rows,
            dim: self.schema.dim,
            metric: self.schema.metric,
            labels: self.schema.labels.iter().map(|(name, kind)| (name.clone(), *kind)).collect(),
            longest_row: self.longest,
            originals,
        };
        let (ids, table) = self.payload.store()?;
        let rest = ids.bytes.len() + table.bytes.len();
        let mut draft = Draft::new(&description, self.graph.saved_length(), rest).map_err(text)?;
        self.graph.save(draft.index())?;
        let length = draft.write(folder, &ids.bytes, &table.bytes).map_err(text)?;
        Ok(Bytes(length + originals.map_or(0, |(length, _)| length)))
    }

    /// Opens what was persisted in a folder. The graph answers from the file until the first write; labels and texts
    /// are read when somebody asks for them. The checksum of every byte is compared now.
    pub(super) fn restore(
        settings: &Settings,
        folder: &Path,
        scratch: &Path,
        ef_search: usize,
        before: Option<&Schema>,
    ) -> Result<Self> {
        let snapshot = Snapshot::open("embedded", folder)?;
        let bad = |why: String| broken("embedded", &snapshot.path, why);
        let description = &snapshot.description;
        if description.variant != settings.describe() {
            return Err(bad(format!(
                "it holds {}, and the variant is {}; restore it with the variant that persisted it",
                description.variant,
                settings.describe()
            )));
        }
        let schema = schema_of(description, before);
        let saved = (&snapshot.map, snapshot.index.clone());
        let graph = Graph::view(settings, schema.metric, schema.dim, ef_search, saved)
            .map_err(|why| bad(format!("{why} ({})", description.made_by)))?;
        let payload =
            Payload::restore(&snapshot.map, snapshot.ids.clone(), snapshot.table.clone(), description.rows);
        let payload = payload.filter(|payload| payload.rows() == graph.rows());
        let payload = payload
            .ok_or_else(|| bad("its ids don't fit its graph; persist the collection again".to_owned()))?;
        let originals = match (settings.rerank, description.originals) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(bad("it came without originals; persist the collection again".to_owned()));
            }
            (Some(_), Some(seal)) => Some(
                Originals::restore(folder, scratch, schema.dim, seal)
                    .map_err(|(path, why)| broken("embedded", &path, why))?,
            ),
        };
        let mut collection = Self {
            settings: settings.clone(),
            kernel: Kernel::new(schema.metric),
            schema,
            graph,
            payload,
            originals,
            longest: description.longest_row,
            staged: Staged::default(),
        };
        let threads = collection.threads();
        collection.graph.reserve(0, threads).map_err(bad)?;
        Ok(collection)
    }
}
