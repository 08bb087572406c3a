//! What is installed on a server: its version, extensions, types, access methods and operator classes.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::engine::{EngineError, Result};
use annvil_core::scenario::Extension;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::codec::Codec;
use super::report::failed;

/// What is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServerFacts {
    /// The server's version as a number, such as 180006.
    pub(super) version_number: u32,
    /// The same as it is written, such as `18.6`.
    pub(super) version: String,
    /// The database that was read.
    pub(super) database: String,
    /// Extensions of the database with their versions.
    pub(super) installed: BTreeMap<String, String>,
    /// Versions of the extensions for vectors that the server could create.
    pub(super) available: BTreeMap<String, String>,
    /// Types for vectors.
    pub(super) types: BTreeMap<String, TypeFacts>,
    /// Access methods of indexes.
    pub(super) methods: BTreeSet<String>,
    /// Operator classes, as method and name.
    pub(super) classes: BTreeSet<(String, String)>,
}

/// A type of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeFacts {
    /// Its number, which is another one in every database.
    pub(super) oid: u32,
    /// The schema that it is in.
    pub(super) schema: String,
    /// Whether it can be sent and received in binary form.
    pub(super) binary: bool,
}

/// All facts in one go, as rows of kind, name and three texts. The simple protocol leaves no prepared statement behind, so that it
/// works behind every pooler.
const FACTS: &str = "
select 'version', current_setting('server_version_num'), current_setting('server_version'), current_database(), ''
union all
select 'installed', extname, extversion, '', '' from pg_extension
union all
select 'available', name, default_version, '', '' from pg_available_extensions
where name in ('vector', 'vectorscale', 'ruvector', 'pg_buffercache')
union all
select 'type', typname, t.oid::text, nspname, (typreceive <> 0 and typsend <> 0)::text
from pg_type t join pg_namespace n on n.oid = typnamespace
where typname in ('vector', 'halfvec', 'sparsevec', 'bit', 'ruvector') and pg_type_is_visible(t.oid)
union all
select 'method', amname, '', '', '' from pg_am where amtype = 'i'
union all
select 'class', opcname, amname, '', '' from pg_opclass join pg_am a on a.oid = opcmethod
where amname in ('hnsw', 'ivfflat', 'diskann', 'ruhnsw', 'ruivfflat')";

impl ServerFacts {
    /// Asks the server.
    pub(super) async fn read(client: &Client) -> Result<Self> {
        let doing = "read what the server has installed";
        let answers = client.simple_query(FACTS).await.map_err(|error| failed(doing, &error))?;
        let mut facts = Self::default();
        for answer in answers {
            let SimpleQueryMessage::Row(row) = answer else { continue };
            let text = |i| row.get(i).unwrap_or_default().to_owned();
            facts.enter(&text(0), text(1), text(2), text(3), &text(4));
        }
        Ok(facts)
    }

    fn enter(&mut self, kind: &str, name: String, first: String, second: String, third: &str) {
        match kind {
            "version" => {
                self.version_number = name.parse().unwrap_or(0);
                (self.version, self.database) = (first, second);
            }
            "installed" => drop(self.installed.insert(name, first)),
            "available" => drop(self.available.insert(name, first)),
            "type" => {
                let facts =
                    TypeFacts { oid: first.parse().unwrap_or(0), schema: second, binary: third == "true" };
                self.types.insert(name, facts);
            }
            "method" => drop(self.methods.insert(name)),
            _ => drop(self.classes.insert((first, name))),
        }
    }

    /// Asks the server, and creates what the variant needs and the server could have, if that is allowed.
    pub(super) async fn ensure(
        client: &Client,
        extension: Option<Extension>,
        may_create: bool,
    ) -> Result<Self> {
        let facts = Self::read(client).await?;
        let wanted = facts.choose(extension);
        if facts.has(wanted) {
            return Ok(facts);
        }
        let name = wanted.name();
        if !may_create || !facts.available.contains_key(name) {
            return Err(facts.lacks(wanted));
        }
        let create = format!("create extension if not exists {name} cascade");
        let doing = format!("create the extension `{name}` in the database {}", facts.database);
        let created = client.batch_execute(&create).await;
        // Another session may have been first.
        let facts = Self::read(client).await?;
        if !facts.has(wanted) {
            created.map_err(|error| failed(&doing, &error))?;
        }
        Ok(facts)
    }

    /// The extension that was asked for, else the one that the server has: pgvector before `RuVector`.
    pub(super) fn choose(&self, asked: Option<Extension>) -> Extension {
        let has = |map: &BTreeMap<String, String>, extension: Extension| map.contains_key(extension.name());
        asked.unwrap_or_else(|| {
            let (vector, ruvector) = (Extension::Pgvector, Extension::Ruvector);
            if has(&self.installed, vector) {
                vector
            } else if has(&self.installed, ruvector)
                || (!has(&self.available, vector) && has(&self.available, ruvector))
            {
                ruvector
            } else {
                vector
            }
        })
    }

    fn has(&self, extension: Extension) -> bool {
        self.installed.contains_key(extension.name())
            && (extension != Extension::Vectorscale || self.installed.contains_key("vector"))
    }

    fn lacks(&self, extension: Extension) -> EngineError {
        let name = extension.name();
        let help = if self.available.contains_key(name) {
            format!("`create extension {name} cascade` in that database, by a role that may")
        } else {
            format!("the server does not have it either: use one that has `{name}`, or another `extension`")
        };
        EngineError::Configuration {
            what: format!("the database {} has no extension `{name}`", self.database),
            help,
        }
    }

    /// The type of a column, as the client needs it for parameters.
    pub(super) fn parameter(&self, codec: Codec) -> Result<Type> {
        if codec == Codec::Bit {
            return Ok(Type::BIT);
        }
        let name = codec.name();
        let facts = self.types.get(name).ok_or_else(|| EngineError::Configuration {
            what: format!("the database {} has no type `{name}` on its search path", self.database),
            help: "update the extension (`alter extension vector update`), or set `search_path`".to_owned(),
        })?;
        if !facts.binary {
            return Err(EngineError::Configuration {
                what: format!("the type `{name}` of the database {} has no binary form", self.database),
                help: "use a newer version of its extension".to_owned(),
            });
        }
        Ok(Type::new(name.to_owned(), facts.oid, Kind::Simple, facts.schema.clone()))
    }

    /// Whether the installed version of an extension is at least this one.
    pub(super) fn is_at_least(&self, extension: Extension, wanted: [u32; 2]) -> bool {
        let Some(version) = self.installed.get(extension.name()) else { return false };
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        [parts.next().unwrap_or(0), parts.next().unwrap_or(0)] >= wanted
    }

    /// Extensions for vectors and their versions, such as `vector 0.8.6`.
    pub(super) fn extensions(&self) -> Vec<String> {
        let vectors = ["vector", "vectorscale", "ruvector"];
        let installed = vectors.iter().filter_map(|name| Some((name, self.installed.get(*name)?)));
        installed.map(|(name, version)| format!("{name} {version}")).collect()
    }
}
