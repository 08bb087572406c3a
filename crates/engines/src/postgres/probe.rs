//! A server looked at: what it is and what it can do, and a schema of one's own in it that leaves nothing behind.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use annvil_core::engine::Result;
use annvil_core::metric::Metric;
use annvil_core::scenario::{
    Diskann, Extension, Hnsw, Index, Ivfflat, PostgresVariant, SearchParams, Setting, Sweep, Variant,
};
use annvil_core::secret::Secret;
use serde::Serialize;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::address::Address;
use super::connect::Control;
use super::operators::Operators;
use super::quote;
use super::report::failed;
use super::server::ServerFacts;

/// What the name of every schema begins with that is made to look at a server.
pub const SCHEMA: &str = "annvil_check_";

/// Extensions of vectors, by the names that `create extension` takes.
const EXTENSIONS: [&str; 3] = ["vector", "vectorscale", "ruvector"];

/// What a server is and can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Host, port and database.
    pub place: String,
    /// The server's version, such as `18.6`.
    pub version: String,
    /// The database.
    pub database: String,
    /// Extensions of the database that matter here, with their versions.
    pub installed: BTreeMap<String, String>,
    /// Those that the server could create in it, with their versions.
    pub available: BTreeMap<String, String>,
    /// Types for vectors.
    pub types: Vec<String>,
    /// Access methods of indexes over vectors, and the types that each takes.
    pub indexes: BTreeMap<String, Vec<String>>,
    /// Metrics that have operators.
    pub metrics: Vec<Metric>,
    /// Whether something between client and server hands out its connections for a transaction each.
    pub pooled: bool,
}

impl Found {
    /// Whether the database has an extension for vectors.
    pub fn has_vectors(&self) -> bool {
        self.installed.contains_key("vector") || self.installed.contains_key("ruvector")
    }

    /// What the database would have to have for vectors, and how it gets it; none if it has.
    pub fn lacking(&self) -> Option<String> {
        if self.has_vectors() {
            return None;
        }
        let could = EXTENSIONS.iter().find(|name| self.available.contains_key(**name));
        let help = match could {
            Some(name) => format!("`create extension {name}` in it, by a role that may"),
            None => {
                "the server does not have one either: install pgvector on it, or use a server that has it"
                    .to_owned()
            }
        };
        Some(format!("the database {} has no extension for vectors\n  {help}", self.database))
    }

    /// A variant for a scan, and one for each kind of index that the database has, by name.
    pub fn variants(&self) -> Vec<(String, Variant)> {
        let ruvector = !self.installed.contains_key("vector");
        let kinds = self.indexes.keys().filter_map(|method| {
            Some(match method.as_str() {
                "hnsw" => {
                    (Index::Hnsw(Hnsw { m: 16, ef_construction: 64, ..Hnsw::default() }), "ef_search", 100)
                }
                "ivfflat" | "ruivfflat" => {
                    (Index::Ivfflat(Ivfflat { lists: 10, ..Ivfflat::default() }), "probes", 10)
                }
                "diskann" => (Index::Diskann(Diskann::default()), "search_list_size", 100),
                _ => return None,
            })
        });
        let of = |index: Index, search: SearchParams| Variant {
            index,
            search,
            postgres: ruvector.then(|| PostgresVariant {
                extension: Some(Extension::Ruvector),
                ..PostgresVariant::default()
            }),
            ..Variant::default()
        };
        let indexed = kinds.map(|(index, parameter, value)| {
            let sweep = |name: &str| (name == parameter).then(|| Sweep(vec![value]));
            // A thousand rows are read as fast without index: the planner must not choose.
            let set = BTreeMap::from([("enable_seqscan".to_owned(), Setting("off".to_owned()))]);
            let search = SearchParams {
                ef_search: sweep("ef_search"),
                probes: sweep("probes"),
                search_list_size: sweep("search_list_size"),
                set,
                ..SearchParams::default()
            };
            (index.name().to_owned(), of(index, search))
        });
        std::iter::once(("scan".to_owned(), of(Index::None, SearchParams::default())))
            .chain(indexed)
            .collect()
    }

    fn new(facts: &ServerFacts, place: &str, pooled: bool) -> Self {
        let vectors = |name: &str| EXTENSIONS.contains(&name);
        let installed: BTreeMap<String, String> = facts
            .installed
            .iter()
            .filter(|(name, _)| vectors(name))
            .map(|(name, version)| (name.clone(), version.clone()))
            .collect();
        let available =
            facts.available.iter().filter(|(name, _)| vectors(name) && !installed.contains_key(*name));
        let mut found = Self {
            place: place.to_owned(),
            version: facts.version.clone(),
            database: facts.database.clone(),
            available: available.map(|(name, version)| (name.clone(), version.clone())).collect(),
            installed,
            types: Vec::new(),
            indexes: BTreeMap::new(),
            metrics: Vec::new(),
            pooled,
        };
        if !found.has_vectors() {
            return found;
        }
        found.types = ["vector", "halfvec", "sparsevec", "bit", "ruvector"]
            .into_iter()
            .filter(|name| {
                facts.types.contains_key(*name) && (*name != "bit" || found.installed.contains_key("vector"))
            })
            .map(str::to_owned)
            .collect();
        for (method, class) in &facts.classes {
            let of = found.types.iter().find(|name| class.split('_').next() == Some(name));
            if let (Some(of), true) = (of, facts.methods.contains(method)) {
                let types = found.indexes.entry(method.clone()).or_default();
                if !types.contains(of) {
                    types.push(of.clone());
                }
            }
        }
        found
            .indexes
            .values_mut()
            .for_each(|types| types.sort_by_key(|name| found.types.iter().position(|known| known == name)));
        found.metrics = Metric::ALL.into_iter().filter(|metric| has_metric(facts, *metric)).collect();
        found
    }
}

/// Whether the database has the operator that the engine uses for a metric.
fn has_metric(facts: &ServerFacts, metric: Metric) -> bool {
    if !facts.installed.contains_key("vector") {
        // The other metrics of `RuVector` are refused by the engine.
        return matches!(metric, Metric::Cosine | Metric::L2);
    }
    match metric {
        Metric::Cosine | Metric::L2 | Metric::InnerProduct => true,
        Metric::L1 | Metric::Hamming | Metric::Jaccard => {
            let class = format!("_{}_ops", Operators::new(metric).class());
            facts.classes.iter().any(|(_, name)| name.ends_with(&class))
        }
    }
}

/// A connection to a server that is looked at.
pub struct Probe {
    address: Address,
    control: Control,
    found: Found,
}

impl Probe {
    /// Connects and looks. `key` names the URL in errors.
    pub async fn open(url: &Secret, key: &str) -> Result<Self> {
        let address = Address::new(url, key)?;
        let control = Control::open(&address).await?;
        let facts = ServerFacts::read(&control.client).await?;
        let pooled = is_shared(&control.client, &address).await;
        let found = Found::new(&facts, &address.place, pooled);
        Ok(Self { address, control, found })
    }

    /// What it found.
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// Makes a schema under a name that nobody has.
    pub async fn claim(&self) -> Result<OwnSchema> {
        let name = format!("{SCHEMA}{:016x}", RandomState::new().hash_one(std::process::id()));
        let quoted = quote::name(&name);
        let doing = format!("make the schema {name} in {}", self.address.place);
        let made = self.control.client.batch_execute(&format!("create schema {quoted}")).await;
        made.map_err(|error| failed(&doing, &error))?;
        // The engine looks at the server's buffers, and creates the extension for that where it is not. Here it goes with
        // the schema. Who may not create it only lacks a figure.
        let buffers = format!("create extension if not exists pg_buffercache schema {quoted}");
        drop(self.control.client.batch_execute(&buffers).await);
        Ok(OwnSchema(name))
    }

    /// Removes the schema and all that is in it, by a connection of its own: the first may have been lost.
    pub async fn release(&self, schema: OwnSchema) -> Result<()> {
        let OwnSchema(name) = schema;
        let statement = format!("drop schema {} cascade", quote::name(&name));
        let doing = format!("remove the schema {name} in {}: do it by `{statement}`; it", self.address.place);
        let control = Control::open(&self.address).await?;
        // Whoever still reads a table of ours was told to stop.
        let whole = format!(
            "begin; set local lock_timeout = '10s'; set local client_min_messages = warning; {statement}; commit"
        );
        control.client.batch_execute(&whole).await.map_err(|error| failed(&doing, &error))
    }
}

/// A schema that was made here. Nothing else is ever dropped.
#[derive(Debug)]
pub struct OwnSchema(String);

impl OwnSchema {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Whether two connections that are open at the same time are one on the server: only a pooler makes that of them. One
/// that was busy in that moment may go unseen.
async fn is_shared(client: &Client, address: &Address) -> bool {
    let Ok(other) = Control::open(address).await else { return false };
    let (Some(one), Some(two)) = (backend(client).await, backend(&other.client).await) else { return false };
    // Asked again, so that the first has not ended meanwhile.
    one == two && backend(client).await.is_some()
}

/// The number of the server's process that answers.
async fn backend(client: &Client) -> Option<String> {
    let answers = client.simple_query("select pg_backend_pid()").await.ok()?;
    answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}
