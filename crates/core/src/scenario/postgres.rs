//! Settings of the Postgres family: where the server is, how it is reached, and what of it is used.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::statement::{Part, parts};
use crate::filter::Filter;
use crate::secret::Secret;
use crate::units::HumanDuration;

/// A PostgreSQL server with pgvector, pgvectorscale or `RuVector`, and how it is reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresSpec {
    /// `postgres://user:password@host:port/database?sslmode=require`; the variable `DATABASE_URL` unless set. `sslmode` is
    /// as in libpq: `disable`, `prefer` (the default), `require` (encrypted, the certificate is not checked),
    /// `verify-ca` and `verify-full`, with `sslrootcert=FILE` for an authority of one's own. Never part of the plan's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    /// Schema in which tables are made. Only tables that carry Annvil's mark in their comment are ever dropped.
    pub schema: String,
    /// Name of the table; one of its own for each variant unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Connections that copy rows in at the same time.
    pub load_connections: usize,
    /// Connections that searches share: sessions beyond that wait for a free one, and the wait is measured. They are dealt
    /// out to the client's threads, at least one each, so fewer than there are threads become one a thread. As many as
    /// there are sessions unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<usize>,
    /// What stands between client and server.
    pub pooler: Pooler,
    /// Whether statements are prepared once a connection. Unless set: yes, but not behind a pooler in transaction mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepared: Option<bool>,
    /// pgbouncer's console, such as `postgres://user:password@host:6432/pgbouncer`: its `SHOW POOLS` is read once a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooler_console: Option<Secret>,
    /// A statement of one's own, so that an existing table can be measured as it is. It answers the id, and the distance
    /// beside it if it has one; `$query` is the query vector, `$k` the number of answers, `$filter` the condition of
    /// the form. With `$table` it runs on the table that Annvil made; without, nothing is made and nothing is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// The label that holds the ids that `sql` answers, where they are not the numbers of the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_label: Option<String>,
    /// Refuse every phase that writes; each session runs `default_transaction_read_only = on`.
    pub read_only: bool,
    /// The server ends a search or a write that takes longer. Building is bounded by the run's time limit.
    pub statement_timeout: HumanDuration,
    /// The server ends a statement that waits longer than this for a lock.
    pub lock_timeout: HumanDuration,
    /// Settings of every session that searches, such as `jit: off`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Setting>,
    /// Settings of the session that builds the index, such as `maintenance_work_mem: 1GB`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub build_set: BTreeMap<String, Setting>,
    /// Give the session that builds the index enough `maintenance_work_mem` and parallel workers by itself.
    pub tune: bool,
}

impl Default for PostgresSpec {
    fn default() -> Self {
        Self {
            url: None,
            schema: "annvil".to_owned(),
            table: None,
            load_connections: 2,
            pool: None,
            pooler: Pooler::None,
            prepared: None,
            pooler_console: None,
            sql: None,
            id_label: None,
            read_only: false,
            statement_timeout: HumanDuration::from_secs(60),
            lock_timeout: HumanDuration::from_secs(10),
            set: BTreeMap::new(),
            build_set: BTreeMap::new(),
            tune: false,
        }
    }
}

impl PostgresSpec {
    /// Whether the collection is there already: a statement of the user's own on tables of his own.
    pub fn is_existing(&self) -> bool {
        self.sql.as_ref().is_some_and(|sql| !parts(sql).contains(&Part::Variable("table")))
    }

    /// Whether statements are prepared once a connection.
    pub fn is_prepared(&self) -> bool {
        self.prepared.unwrap_or(self.pooler != Pooler::Transaction)
    }
}

/// What stands between client and server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pooler {
    /// Nothing, or something that keeps a connection for a session.
    #[default]
    None,
    /// A pooler that hands out a connection for a transaction, such as pgbouncer's transaction mode: settings go with each
    /// transaction.
    Transaction,
}

/// The value of a setting of the server, as its `SET` takes it: a text, a number, or `on` and `off`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting(pub String);

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;

        impl Visitor<'_> for Scalar {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false")
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Setting, E> {
                Ok(Setting(value.to_owned()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Setting, E> {
                Ok(Setting(value.to_string()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Setting, E> {
                Ok(Setting(if value { "on" } else { "off" }.to_owned()))
            }
        }

        deserializer.deserialize_any(Scalar)
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The value of a setting of the server.",
            "type": ["string", "number", "boolean"]
        })
    }
}

/// What a variant has in Postgres only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresVariant {
    /// Whose types and access methods are used; found out from what is installed and what the index needs unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// Labels that have an index of their own: B-tree, GIN for lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_indexes: Vec<String>,
    /// A text label by whose values the table is partitioned, such as the tenant; every partition has its own vector index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_by: Option<String>,
    /// Conditions that have a vector index of their own over the rows that they select.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partial: Vec<Filter>,
}

/// An extension of PostgreSQL for vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extension {
    /// pgvector: `hnsw`, `ivfflat`.
    Pgvector,
    /// pgvectorscale, on pgvector's types: `diskann`.
    Vectorscale,
    /// `RuVector`, with a type of its own: `hnsw`, `ivfflat`.
    Ruvector,
}

impl Extension {
    /// The name in `CREATE EXTENSION`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pgvector => "vector",
            Self::Vectorscale => "vectorscale",
            Self::Ruvector => "ruvector",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_may_be_scalars_of_any_kind() {
        let spec: PostgresSpec =
            serde_json::from_str(r#"{"set": {"jit": false, "work_mem": "64MB", "a.b": 7, "c": 1.5}}"#)
                .unwrap();
        let set: Vec<&str> = spec.set.values().map(|value| value.0.as_str()).collect();
        assert_eq!(set, ["7", "1.5", "off", "64MB"]);
    }

    #[test]
    fn a_statement_without_table_is_of_the_users_own() {
        let mut spec = PostgresSpec::default();
        assert!(!spec.is_existing() && spec.is_prepared());
        spec.sql = Some("select id from $table order by v <-> $query limit $k".to_owned());
        spec.pooler = Pooler::Transaction;
        assert!(!spec.is_existing() && !spec.is_prepared());
        for sql in ["select id from items", "select id from items -- not $table", "select '$table', $tables"]
        {
            spec.sql = Some(sql.to_owned());
            assert!(spec.is_existing(), "{sql}");
        }
    }
}
