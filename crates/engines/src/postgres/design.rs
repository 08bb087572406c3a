//! A variant as a table: column type, operators, index and names, resolved against a server.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use annvil_core::engine::{EngineError, Result, Schema};
use annvil_core::label::{Column, Labels};
use annvil_core::metric::Metric;
use annvil_core::scenario::{Extension, Index, PostgresSpec, PostgresVariant, Storage, Variant};
use tokio_postgres::types::Type;

use super::codec::Codec;
use super::columns::LabelColumns;
use super::operators::Operators;
use super::quote;
use super::server::ServerFacts;
use super::{check, filter};

/// What the comment of every table of ours begins with. Only tables that carry it are dropped.
pub(super) const MARK: &str = "made by annvil";

/// Most partitions of a table; each has files, an index and a place in every plan.
const MOST_PARTITIONS: usize = 1_000;

/// A variant as a table.
#[derive(Debug)]
pub(super) struct Design {
    /// Whose types and access methods are used.
    pub(super) extension: Extension,
    /// The type of the column.
    pub(super) codec: Codec,
    /// The type of query parameters.
    pub(super) parameter: Type,
    /// Operators of the metric.
    pub(super) operators: Operators,
    /// The data set's metric.
    pub(super) metric: Metric,
    /// Dimensions.
    pub(super) dim: usize,
    /// Columns of labels.
    pub(super) columns: LabelColumns,
    /// The variant.
    pub(super) variant: Variant,
    /// What the variant has in Postgres only.
    pub(super) postgres: PostgresVariant,
    /// The engine's settings.
    pub(super) spec: PostgresSpec,
    /// Conditions of partial indexes in SQL, in the order in which they were asked for.
    pub(super) partial: Vec<String>,
    /// Rows that will be loaded.
    pub(super) rows: usize,
    /// Bare name of the table.
    name: String,
    /// Schema and name, quoted.
    table: String,
    /// Length of the longest row, as the bits of an `f64`; see [`Design::note`].
    pub(super) longest_row: AtomicU64,
    /// Length of the longest query, as the bits of an `f64`.
    pub(super) longest_query: AtomicU64,
    /// Highest cost of a plan that was asked for, as the bits of an `f64`.
    pub(super) highest_cost: AtomicU64,
    /// Whether the planner left an index aside that fits.
    pub(super) refused_by_planner: AtomicBool,
    /// Whether a plan used a partial index.
    pub(super) used_partial: AtomicBool,
    /// Tables that plans of the user's statement touch, quoted with their schemas.
    pub(super) relations: Mutex<BTreeSet<String>>,
}

/// The extension that a variant needs, whatever is installed.
pub(super) fn extension(variant: &Variant) -> Option<Extension> {
    let asked = variant.postgres.as_ref().and_then(|postgres| postgres.extension);
    asked.or(matches!(variant.index, Index::Diskann(_)).then_some(Extension::Vectorscale))
}

impl Design {
    /// Resolves a variant. `table` is the table's bare name, already of this engine alone.
    pub(super) fn new(
        spec: &PostgresSpec,
        variant: &Variant,
        schema: &Schema,
        server: &ServerFacts,
        table: &str,
    ) -> Result<Self> {
        check::variant(spec, variant, schema.metric)?;
        let extension = server.choose(extension(variant));
        let codec = match (extension, variant.storage) {
            (Extension::Ruvector, _) => Codec::Ruvector,
            (_, Storage::F16) => Codec::Halfvec,
            (_, Storage::B1) => Codec::Bit,
            (_, Storage::Sparsevec) => Codec::Sparsevec,
            (_, Storage::F32 | Storage::I8) => Codec::Vector,
        };
        check::on_server(variant, schema, server, extension, codec)?;
        let columns = if spec.is_existing() {
            LabelColumns::existing(&schema.labels)
        } else {
            LabelColumns::new(&schema.labels)?
        };
        let postgres = variant.postgres.clone().unwrap_or_default();
        check::labels(&postgres, &columns)?;
        let partial =
            postgres.partial.iter().map(|part| filter::sql(part, &columns)).collect::<Result<_>>()?;
        let name = quote::short(table, "");
        Ok(Self {
            extension,
            codec,
            parameter: server.parameter(codec)?,
            operators: Operators::new(schema.metric),
            metric: schema.metric,
            dim: schema.dim,
            columns,
            variant: variant.clone(),
            postgres,
            // The design is printed in tests and debugging: it keeps no credentials.
            spec: PostgresSpec { url: None, pooler_console: None, ..spec.clone() },
            partial,
            rows: schema.rows,
            table: format!("{}.{}", quote::name(&spec.schema), quote::name(&name)),
            name,
            longest_row: AtomicU64::new(0),
            longest_query: AtomicU64::new(0),
            highest_cost: AtomicU64::new(0),
            refused_by_planner: AtomicBool::new(false),
            used_partial: AtomicBool::new(false),
            relations: Mutex::default(),
        })
    }

    /// The table, with its schema, in quotes.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// The table's bare name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the rows are in a table of the user's own.
    pub(super) fn is_existing(&self) -> bool {
        self.spec.is_existing()
    }

    /// The column of the label by whose values the table is partitioned.
    pub(super) fn partition_column(&self) -> Option<&str> {
        let label = self.postgres.partition_by.as_deref()?;
        self.columns.get(label).map(|column| column.column.as_str())
    }

    /// The type of the vector column with its dimensions, such as `vector(384)`.
    pub(super) fn column_type(&self) -> String {
        format!("{}({})", self.codec.name(), self.dim)
    }

    /// Statements that make the schema and the table, marked as ours. The table and its mark are one transaction, so that there is never
    /// a table without it.
    pub(super) fn create(&self) -> Vec<String> {
        let schema = quote::name(&self.spec.schema);
        // `create schema if not exists` wants the right to create one even where it is there.
        // Two sessions may make it at the same time.
        let body = format!(
            "begin if not exists (select from pg_namespace where nspname = '{}') then create schema {schema}; end if; \
             exception when duplicate_schema or unique_violation then null; end",
            self.spec.schema.replace('\'', "''")
        );
        let mut columns = match self.partition_column() {
            None => "id bigint PRIMARY KEY".to_owned(),
            Some(_) => "id bigint NOT NULL".to_owned(),
        };
        let _ = write!(columns, ", embedding {} NOT NULL, body text", self.column_type());
        for column in self.columns.iter() {
            let _ = write!(columns, ", {} {}", column.column, column.sql_type());
        }
        let mut end = String::new();
        if let Some(column) = self.partition_column() {
            // Not a primary key: rows that lack the label are in the partition for the rest, with NULL.
            let _ = write!(columns, ", UNIQUE (id, {column})");
            let _ = write!(end, " PARTITION BY LIST ({column})");
        }
        let mut table = format!("CREATE TABLE {} ({columns}){end}", self.table);
        if self.partition_column().is_some() {
            let rest = self.beside("_rest");
            let _ = write!(table, "; CREATE TABLE {rest} PARTITION OF {} DEFAULT", self.table);
        }
        let _ = write!(table, "; COMMENT ON TABLE {} IS '{MARK}'", self.table);
        vec![format!("DO {}", dollars(&body)), table]
    }

    /// Statements that make a partition for every value of the label; none if the table has no partitions.
    pub(super) fn partitions(&self, labels: &Labels) -> Result<Vec<String>> {
        let Some(label) = self.postgres.partition_by.as_deref() else { return Ok(Vec::new()) };
        let Some(Column::Text { dictionary, .. }) = labels.column(label) else { return Ok(Vec::new()) };
        let values = dictionary.texts();
        if values.len() > MOST_PARTITIONS {
            return Err(EngineError::Configuration {
                what: format!(
                    "the label `{label}` has {} values, too many for a partition each",
                    values.len()
                ),
                help: format!("partition by a label of at most {MOST_PARTITIONS} values, or by none"),
            });
        }
        let partition = |(at, value): (usize, &String)| {
            let literal = quote::text(value).ok_or_else(|| EngineError::Configuration {
                what: format!("the value {value:?} of the label `{label}` holds a NUL"),
                help: "PostgreSQL has no texts with NUL".to_owned(),
            })?;
            let name = self.beside(&format!("_p{at}"));
            Ok(format!("CREATE TABLE {name} PARTITION OF {} FOR VALUES IN ({literal})", self.table))
        };
        values.iter().enumerate().map(partition).collect()
    }

    /// A name beside the table's, in the same schema, in quotes.
    fn beside(&self, end: &str) -> String {
        format!("{}.{}", quote::name(&self.spec.schema), quote::name(&quote::short(&self.name, end)))
    }

    /// The largest magnitude that the storage holds.
    pub(super) fn largest(&self) -> f32 {
        self.codec.largest()
    }

    /// The binary form of vectors in queries and rows.
    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    /// Remembers the length of a vector, where the promise of scores depends on it.
    pub(super) fn note(&self, longest: &AtomicU64, vector: &[f32]) {
        if !self.is_half() || self.metric == Metric::Cosine {
            return;
        }
        let length = match self.metric {
            Metric::L1 => vector.iter().map(|x| f64::from(x.abs())).sum(),
            _ => vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt(),
        };
        // Bits of positive floats are ordered as the floats are.
        longest.fetch_max(length.to_bits(), Ordering::Relaxed);
    }
}

/// A body in dollar quotes that do not occur in it.
fn dollars(body: &str) -> String {
    let mut tag = "$annvil$".to_owned();
    while body.contains(&tag) {
        tag.insert(1, '_');
    }
    format!("{tag}{body}{tag}")
}
