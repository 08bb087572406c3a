//! A table that is there: its columns, which of them hold vectors, and what its indexes say of their metric.

use annvil_core::engine::{EngineError, Result};
use annvil_core::metric::Metric;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::super::address::Address;
use super::super::codec::Codec;
use super::super::operators::Operators;
use super::super::quote;
use super::super::report::failed;

/// A configuration that can't work.
pub(super) fn wrong(what: impl Into<String>, help: impl Into<String>) -> EngineError {
    EngineError::Configuration { what: what.into(), help: help.into() }
}

/// A table, a view, or what else has rows.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) oid: String,
    /// Schema and name as SQL takes them.
    pub(super) shown: String,
    /// Whether a share of its rows can be drawn by the server.
    pub(super) can_be_sampled: bool,
    columns: Vec<ColumnFacts>,
    /// Columns that hold vectors.
    vectors: Vec<VectorColumn>,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct ColumnFacts {
    /// Its name.
    pub(super) name: String,
    /// The name as SQL takes it.
    pub(super) quoted: String,
    /// The type's name in the catalogue, such as `int8`.
    pub(super) kind: String,
    /// The type as it is written, such as `vector(384)`.
    pub(super) written: String,
    pub(super) number: String,
    /// Whether it is the whole primary key.
    is_key: bool,
}

/// A column of vectors.
#[derive(Debug, Clone)]
pub(super) struct VectorColumn {
    pub(super) column: ColumnFacts,
    pub(super) codec: Codec,
    /// The schema that the type's functions are in, quoted.
    schema: String,
}

impl VectorColumn {
    /// The vector as the client reads it. What a function of its type sends is of a type that every client knows.
    pub(super) fn sent(&self) -> String {
        format!("{}.{}({})", self.schema, self.codec.send(), self.column.quoted)
    }
}

const WITH_VECTORS: &str = "
select format('%I.%I', n.nspname, c.relname), quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
where typname in ('vector', 'halfvec', 'sparsevec', 'ruvector') and relkind in ('r', 'p', 'v', 'm', 'f') and not attisdropped
and not relispartition order by 1, a.attnum limit 20";

/// The tables that have a column of vectors, each with it.
pub(super) async fn with_vectors(client: &Client) -> Result<Vec<String>> {
    let rows = rows(client, WITH_VECTORS, "look for tables with vectors").await?;
    Ok(rows.iter().map(|row| format!("{} ({} {})", text(row, 0), text(row, 1), text(row, 2))).collect())
}

impl Relation {
    /// Finds a table by its name as SQL takes it.
    pub(super) async fn find(client: &Client, address: &Address, name: &str) -> Result<Self> {
        let doing = format!("look for the table {name}");
        let literal = quote::text(name)
            .ok_or_else(|| wrong(format!("{name:?} is no name of a table"), "name one that is there"))?;
        let sql = format!(
            "select c.oid::text, format('%I.%I', nspname, relname), relkind::text, pg_table_is_visible(c.oid)::text, quote_ident(relname) \
             from pg_class c join pg_namespace n on n.oid = relnamespace where c.oid = to_regclass({literal})"
        );
        let found = rows(client, &sql, &doing).await?;
        let Some(row) = found.first() else {
            let others = with_vectors(client).await?;
            let help = if others.is_empty() {
                "no table that this user sees has a column of vectors: check database and user".to_owned()
            } else {
                format!(
                    "tables with vectors are {}; a schema goes before the name, as in sales.items",
                    others.join(", ")
                )
            };
            return Err(wrong(format!("there is no table `{name}` in {}", address.place), help));
        };
        let (oid, kind) = (text(row, 0), text(row, 2));
        // On the search path the bare name is what the user would write.
        let shown = if text(row, 3) == "true" { text(row, 4) } else { text(row, 1) };
        let mut table = Self {
            can_be_sampled: matches!(kind.as_str(), "r" | "p" | "m"),
            oid,
            shown,
            columns: Vec::new(),
            vectors: Vec::new(),
        };
        table.read_columns(client, &doing).await?;
        Ok(table)
    }

    async fn read_columns(&mut self, client: &Client, doing: &str) -> Result<()> {
        let sql = format!(
            "select attname, quote_ident(attname), typname, format_type(atttypid, atttypmod), attnum::text, quote_ident(nspname), \
             exists (select from pg_index where indrelid = attrelid and indisprimary and indkey::text = attnum::text)::text \
             from pg_attribute a join pg_type t on t.oid = atttypid join pg_namespace n on n.oid = typnamespace \
             where attrelid = {}::oid and attnum > 0 and not attisdropped order by attnum",
            self.oid
        );
        for row in rows(client, &sql, doing).await? {
            let column = ColumnFacts {
                name: text(&row, 0),
                quoted: text(&row, 1),
                kind: text(&row, 2),
                written: text(&row, 3),
                number: text(&row, 4),
                is_key: text(&row, 6) == "true",
            };
            let codecs = [Codec::Vector, Codec::Halfvec, Codec::Sparsevec, Codec::Bit, Codec::Ruvector];
            if let Some(codec) = codecs.into_iter().find(|codec| codec.name() == column.kind) {
                self.vectors.push(VectorColumn { column: column.clone(), codec, schema: text(&row, 5) });
            }
            self.columns.push(column);
        }
        Ok(())
    }

    /// A column by its name.
    pub(super) fn column(&self, name: &str) -> Result<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            wrong(
                format!("{} has no column `{name}`", self.shown),
                format!("it has {}", written(self.columns.iter())),
            )
        })
    }

    /// The column of vectors that is meant.
    pub(super) fn vector(&self, name: Option<&str>) -> Result<&VectorColumn> {
        if let Some(name) = name {
            let column = self.column(name)?;
            return self.vectors.iter().find(|vector| vector.column.name == name).ok_or_else(|| {
                let what = format!(
                    "the column `{name}` of {} is of the type {}, which is no vector",
                    self.shown, column.written
                );
                wrong(what, self.those_there())
            });
        }
        // A few bits beside vectors are flags, more often than not.
        let numbers: Vec<&VectorColumn> =
            self.vectors.iter().filter(|vector| vector.codec != Codec::Bit).collect();
        let candidates = if numbers.is_empty() { self.vectors.iter().collect() } else { numbers };
        match candidates.as_slice() {
            [one] => Ok(one),
            [] => Err(wrong(format!("{} has no column of vectors", self.shown), self.those_there())),
            _ => Err(wrong(
                format!("{} has several columns of vectors", self.shown),
                format!(
                    "name one with --vector: {}",
                    written(candidates.iter().map(|vector| &vector.column))
                ),
            )),
        }
    }

    fn those_there(&self) -> String {
        if self.vectors.is_empty() {
            format!(
                "its columns are {}; vectors are vector, halfvec, sparsevec or bit",
                written(self.columns.iter())
            )
        } else {
            format!("columns of vectors are {}", written(self.vectors.iter().map(|vector| &vector.column)))
        }
    }

    /// The column that tells rows apart.
    pub(super) fn id(&self, name: Option<&str>) -> Result<&ColumnFacts> {
        match name {
            Some(name) => self.column(name),
            None => self.columns.iter().find(|column| column.is_key).ok_or_else(|| {
                wrong(
                    format!("{} has no primary key of one column", self.shown),
                    format!(
                        "name a column that tells rows apart with --id: {}",
                        written(self.columns.iter())
                    ),
                )
            }),
        }
    }

    /// The metric, and the index that says so unless it was given.
    pub(super) async fn metric(
        &self,
        client: &Client,
        vector: &VectorColumn,
        given: Option<Metric>,
    ) -> Result<(Metric, Option<String>)> {
        let of_bits = vector.codec == Codec::Bit;
        if let Some(metric) = given {
            if Operators::new(metric).is_of_bits() != of_bits {
                let metrics =
                    Metric::ALL.into_iter().filter(|metric| Operators::new(*metric).is_of_bits() == of_bits);
                let names: Vec<&str> = metrics.map(Metric::name).collect();
                return Err(wrong(
                    format!("the metric {metric} with a column of the type {}", vector.column.written),
                    format!("it has {}", names.join(", ")),
                ));
            }
            return Ok((metric, None));
        }
        let sql = format!(
            "select quote_ident(c.relname), opcname from pg_index i join pg_class c on c.oid = indexrelid join pg_opclass o on o.oid = indclass[0] \
             where indrelid = {}::oid and indkey[0] = {} order by 1",
            self.oid, vector.column.number
        );
        let mut said: Vec<(Metric, String)> = Vec::new();
        for row in rows(client, &sql, "look for indexes").await? {
            let class = text(&row, 1);
            let of = |metric: &Metric| class.ends_with(&format!("_{}_ops", Operators::new(*metric).class()));
            if let Some(metric) = Metric::ALL.into_iter().find(of)
                && said.iter().all(|(known, _)| *known != metric)
            {
                said.push((metric, text(&row, 0)));
            }
        }
        match said.as_slice() {
            [(metric, index)] => Ok((*metric, Some(index.clone()))),
            [] => Err(wrong(
                format!(
                    "no index over {}.{} says by which distance it is searched",
                    self.shown, vector.column.quoted
                ),
                if of_bits {
                    "add --metric hamming or jaccard"
                } else {
                    "add --metric cosine, inner_product, l2 or l1"
                },
            )),
            _ => {
                let each: Vec<String> =
                    said.iter().map(|(metric, index)| format!("{metric} ({index})")).collect();
                Err(wrong(
                    format!(
                        "{}.{} has indexes of several metrics: {}",
                        self.shown,
                        vector.column.quoted,
                        each.join(", ")
                    ),
                    "choose one with --metric",
                ))
            }
        }
    }

    /// A statement that searches the table as it is.
    pub(super) fn sql(&self, vector: &VectorColumn, id: &ColumnFacts, metric: Metric) -> String {
        let distance = format!("{} {} $query", vector.column.quoted, Operators::new(metric).symbol());
        let cast = if matches!(id.kind.as_str(), "int2" | "int4" | "int8" | "text" | "varchar") {
            ""
        } else {
            "::text"
        };
        format!(
            "select {}{cast}, {distance} from {} where $filter order by {distance} limit $k",
            id.quoted, self.shown
        )
    }
}

fn written<'a>(columns: impl Iterator<Item = &'a ColumnFacts>) -> String {
    columns.map(|column| format!("{} {}", column.quoted, column.written)).collect::<Vec<_>>().join(", ")
}

pub(super) async fn rows(client: &Client, sql: &str, doing: &str) -> Result<Vec<SimpleQueryRow>> {
    let answers = client.simple_query(sql).await.map_err(|error| failed(doing, &error))?;
    let row = |answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    Ok(answers.into_iter().filter_map(row).collect())
}

pub(super) fn text(row: &SimpleQueryRow, at: usize) -> String {
    row.get(at).unwrap_or_default().to_owned()
}
