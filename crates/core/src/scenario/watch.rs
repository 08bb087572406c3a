//! What is watched beside the load: the `watch:` list of a scenario.
//!
//! ```yaml
//! watch:
//!   - {port: 5432, as: database}                     # who listens there, and all descendants
//!   - {pid: 1234}
//!   - {name: qdrant}
//!   - {cgroup: system.slice/postgresql.service}
//! ```

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A part of the system under test whose use of processor, memory, disk and network is recorded. It only says where to
/// look; it is not part of the plan's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Watch {
    /// Where to look.
    pub watched: Watched,
    /// What the result calls it; a short text such as `port 5432` unless set.
    pub label: Option<String>,
}

/// How processes are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// The process of this number and its descendants.
    Pid(u32),
    /// The processes that listen on this TCP port, and their descendants. For a port that a container publishes this is
    /// the proxy in front of it: watch the container's cgroup instead.
    Port(u16),
    /// All processes of a cgroup (version 2), by its path from the root of the hierarchy.
    Cgroup(String),
    /// All processes of this name, and their descendants. The kernel keeps 15 bytes of a name.
    Name(String),
}

impl Watch {
    /// A watch without a label.
    pub const fn new(watched: Watched) -> Self {
        Self { watched, label: None }
    }

    /// The name in the result.
    pub fn name(&self) -> String {
        self.label.clone().unwrap_or_else(|| self.watched.to_string())
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pid(pid) => write!(f, "pid {pid}"),
            Self::Port(port) => write!(f, "port {port}"),
            Self::Cgroup(path) => write!(f, "cgroup {path}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A watch as it stands in the file. A struct of its own keeps line, column and nearest name of a wrong key.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cgroup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

impl TryFrom<Written> for Watch {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { pid, port, cgroup, name, label } = written;
        let watched = match (pid, port, cgroup, name) {
            (Some(0), None, None, None) => return Err("a process has a number of at least 1".to_owned()),
            (None, Some(0), None, None) => return Err("a port has a number of at least 1".to_owned()),
            (Some(pid), None, None, None) => Watched::Pid(pid),
            (None, Some(port), None, None) => Watched::Port(port),
            (None, None, Some(path), None) if path.trim_matches('/').is_empty() => {
                return Err("the root cgroup is the whole host, which is recorded anyway".to_owned());
            }
            (None, None, Some(path), None) => Watched::Cgroup(path),
            (None, None, None, Some(name)) if name.is_empty() => {
                return Err("`name` must not be empty".to_owned());
            }
            (None, None, None, Some(name)) => Watched::Name(name),
            _ => return Err("write exactly one of `pid`, `port`, `cgroup` and `name`".to_owned()),
        };
        match label.as_deref() {
            Some("") => Err("`as` must not be empty".to_owned()),
            Some(taken @ ("client" | "host")) => {
                Err(format!("`{taken}` is a subject of its own; choose another name"))
            }
            _ => Ok(Self { watched, label }),
        }
    }
}

impl From<Watch> for Written {
    fn from(watch: Watch) -> Self {
        let mut written = Self { label: watch.label, ..Self::default() };
        match watch.watched {
            Watched::Pid(pid) => written.pid = Some(pid),
            Watched::Port(port) => written.port = Some(port),
            Watched::Cgroup(path) => written.cgroup = Some(path),
            Watched::Name(name) => written.name = Some(name),
        }
        written
    }
}

impl JsonSchema for Watch {
    fn schema_name() -> Cow<'static, str> {
        "Watch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |key: &str, value: Schema| {
            json_schema!({
                "type": "object",
                "properties": {key: value, "as": {"type": "string", "minLength": 1}},
                "required": [key],
                "additionalProperties": false
            })
        };
        let text = || json_schema!({"type": "string", "minLength": 1});
        json_schema!({
            "description": "A part of the system under test whose resources are recorded: by process number, listening port, cgroup or process name.",
            "oneOf": [
                one("pid", json_schema!({"type": "integer", "minimum": 1})),
                one("port", json_schema!({"type": "integer", "minimum": 1, "maximum": u16::MAX})),
                one("cgroup", text()),
                one("name", text())
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Result<Watch, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_travels_both_ways() {
        for (text, watched, name, json) in [
            ("{pid: 1234}", Watched::Pid(1234), "pid 1234", r#"{"pid":1234}"#),
            (
                "{port: 5432, as: database}",
                Watched::Port(5432),
                "database",
                r#"{"port":5432,"as":"database"}"#,
            ),
            ("{name: postgres}", Watched::Name("postgres".into()), "postgres", r#"{"name":"postgres"}"#),
            ("{cgroup: a/b}", Watched::Cgroup("a/b".into()), "cgroup a/b", r#"{"cgroup":"a/b"}"#),
        ] {
            let watch = yaml(text).unwrap();
            assert_eq!((&watch.watched, watch.name().as_str()), (&watched, name));
            assert_eq!(serde_json::to_string(&watch).unwrap(), json);
            assert_eq!(serde_json::from_str::<Watch>(json).unwrap(), watch);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("{}", "exactly one of"),
            ("{as: database}", "exactly one of"),
            ("{pid: 1, port: 5432}", "exactly one of"),
            ("{pid: 0}", "at least 1"),
            ("{port: 0}", "at least 1"),
            ("{port: 70000}", "u16"),
            ("{cgroup: /}", "the whole host"),
            ("{name: ''}", "`name` must not be empty"),
            ("{port: 1, as: ''}", "`as` must not be empty"),
            ("{port: 1, as: host}", "subject of its own"),
            ("{prot: 5432}", "prot"),
        ] {
            let message = yaml(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
