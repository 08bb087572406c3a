//! The statements that make a table's indexes.

use annvil_core::engine::{EngineError, Result};
use annvil_core::label::LabelType;
use annvil_core::scenario::{Diskann, Extension, Hnsw, Index, Ivfflat, Quantize, StorageLayout};

use super::design::Design;
use super::quote;
use super::server::ServerFacts;

/// An index to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexStatement {
    /// Its bare name. On a partitioned table the partitions' indexes have names of the server's choice.
    pub(super) name: String,
    /// The statement.
    pub(super) sql: String,
    /// Whether it is over vectors, and not over a label.
    pub(super) is_vector: bool,
}

impl Design {
    /// The access method of the vector index; `None` without index.
    pub(super) fn method(&self) -> Option<&'static str> {
        match (&self.variant.index, self.extension) {
            (Index::None, _) => None,
            (Index::Hnsw(_), _) => Some("hnsw"),
            (Index::Ivfflat(_), Extension::Ruvector) => Some("ruivfflat"),
            (Index::Ivfflat(_), _) => Some("ivfflat"),
            (Index::Diskann(_), _) => Some("diskann"),
        }
    }

    /// The operator class of the data set's metric, such as `vector_cosine_ops`.
    pub(super) fn class(&self) -> String {
        match self.variant.index.quantize() {
            Some(Quantize::Bit) => "bit_hamming_ops".to_owned(),
            Some(Quantize::Halfvec) => format!("halfvec_{}_ops", self.operators.class()),
            None => format!("{}_{}_ops", self.codec.name(), self.operators.class()),
        }
    }

    /// Refuses an operator class that the server does not have, and lists those that it has.
    pub(super) fn check_class(&self, server: &ServerFacts) -> Result<()> {
        let Some(method) = self.method() else { return Ok(()) };
        let class = self.variant.index.ops().map_or_else(|| self.class(), str::to_owned);
        if server.classes.contains(&(method.to_owned(), class.clone())) {
            return Ok(());
        }
        let of_method = server.classes.iter().filter(|(of, _)| of == method);
        let known: Vec<&str> = of_method.map(|(_, class)| class.as_str()).collect();
        let help = if known.is_empty() {
            format!("the database {} has no access method {method}; use another index", server.database)
        } else {
            format!("it has {}", known.join(", "))
        };
        Err(EngineError::Configuration {
            what: format!("{method} has no operator class `{class}` on this server"),
            help,
        })
    }

    /// Every index that the variant asks for, vector indexes first.
    pub(super) fn indexes(&self) -> Vec<IndexStatement> {
        let mut indexes = Vec::new();
        if let Some(method) = self.method() {
            let make = |end: &str, condition: Option<&String>| {
                let name = quote::short(self.name(), end);
                let class = self.variant.index.ops().map_or_else(|| self.class(), str::to_owned);
                let sql = format!(
                    "CREATE INDEX {} ON {} USING {method} ({} {}){}{}",
                    quote::name(&name),
                    self.table(),
                    self.indexed(),
                    quote::name(&class),
                    options(&self.variant.index),
                    condition.map(|condition| format!(" WHERE {condition}")).unwrap_or_default(),
                );
                IndexStatement { name, sql, is_vector: true }
            };
            if self.partial.is_empty() {
                indexes.push(make("_embedding", None));
            }
            for (at, condition) in self.partial.iter().enumerate() {
                indexes.push(make(&format!("_embedding_{at}"), Some(condition)));
            }
        }
        for (at, label) in self.postgres.label_indexes.iter().enumerate() {
            let Some(column) = self.columns.get(label) else { continue };
            let method = if column.kind == LabelType::TextList { "gin" } else { "btree" };
            let name = quote::short(self.name(), &format!("_label_{at}"));
            let sql = format!(
                "CREATE INDEX {} ON {} USING {method} ({})",
                quote::name(&name),
                self.table(),
                column.column
            );
            indexes.push(IndexStatement { name, sql, is_vector: false });
        }
        indexes
    }

    /// What is indexed: the column, or an expression of it.
    fn indexed(&self) -> String {
        match self.variant.index.quantize() {
            None => "embedding".to_owned(),
            Some(Quantize::Halfvec) => format!("(embedding::halfvec({}))", self.dim),
            Some(Quantize::Bit) => format!("(binary_quantize(embedding)::bit({}))", self.dim),
        }
    }
}

/// ` WITH (…)`, or nothing where there is nothing to say.
fn options(index: &Index) -> String {
    let mut options: Vec<String> = Vec::new();
    match index {
        Index::None => {}
        Index::Hnsw(Hnsw { m, ef_construction, .. }) => {
            options.push(format!("m = {m}"));
            options.push(format!("ef_construction = {ef_construction}"));
        }
        Index::Ivfflat(Ivfflat { lists, .. }) => options.push(format!("lists = {lists}")),
        Index::Diskann(diskann) => options = diskann_options(diskann),
    }
    if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) }
}

fn diskann_options(diskann: &Diskann) -> Vec<String> {
    let layout = diskann.storage_layout.map(|layout| match layout {
        StorageLayout::MemoryOptimized => "storage_layout = memory_optimized".to_owned(),
        StorageLayout::Plain => "storage_layout = plain".to_owned(),
    });
    let number = |name: &str, value: Option<usize>| value.map(|value| format!("{name} = {value}"));
    [
        layout,
        number("num_neighbors", diskann.num_neighbors),
        number("search_list_size", diskann.search_list_size),
        diskann.max_alpha.map(|alpha| format!("max_alpha = {alpha}")),
        number("num_dimensions", diskann.num_dimensions),
        number("num_bits_per_dimension", diskann.num_bits_per_dimension),
    ]
    .into_iter()
    .flatten()
    .collect()
}
