//! Where a server is: from the scenario, else from the variable `DATABASE_URL`; and whether that is this machine, so that
//! the server's processes can be watched.

use annvil_core::document::{Document, DocumentError};
use annvil_core::scenario::{EngineSpec, Pooler, Scenario, Watch, Watched};
use annvil_core::secret::{Parts, Secret};
use serde_json::Value;

/// The variable of the environment that says where a database is where the scenario does not.
pub const DATABASE_URL: &str = "DATABASE_URL";

/// Port of PostgreSQL where none is written.
const PORT: u16 = 5432;

/// Fills in the address from the variable, unless the scenario has one.
pub(crate) fn fill(document: &mut Document, url: Option<&Secret>) -> Result<(), DocumentError> {
    let Some(url) = url.filter(|url| !url.reveal().is_empty()) else { return Ok(()) };
    let postgres = match document.value_at(&["engine"]) {
        Some(Value::String(name)) => name == "postgres",
        Some(Value::Object(engine)) => engine.contains_key("postgres"),
        _ => false,
    };
    let written = document.value_at(&["engine", "postgres", "url"]).filter(|url| !url.is_null());
    if postgres && written.is_none() {
        document.set_json("engine.postgres.url", &url.reveal().into(), DATABASE_URL)?;
    }
    Ok(())
}

/// An error if the engine is a server and nobody said where it is.
pub(crate) fn check(document: &Document, engine: &EngineSpec) -> Result<(), DocumentError> {
    match engine {
        EngineSpec::Postgres(spec) if spec.url.is_none() => {
            let error = document.error(document.place(&["engine"]), "engine.postgres.url is not set");
            Err(error.with_help(
                "say where the server is: --set engine.postgres.url=postgres://USER:PASSWORD@HOST:PORT/DATABASE, or the variable DATABASE_URL",
            ))
        }
        _ => Ok(()),
    }
}

/// Watches a server on this machine, unless the scenario does so by itself.
pub(crate) fn watch(scenario: &mut Scenario) {
    let EngineSpec::Postgres(spec) = &scenario.engine else { return };
    let Some(port) = spec.url.as_ref().and_then(|url| local_port(url.reveal())) else { return };
    if scenario.watch.iter().all(|watch| watch.watched != Watched::Port(port)) {
        // Behind the pooler's port are the processes of the pooler.
        let label = if spec.pooler == Pooler::None { "postgres" } else { "pooler" };
        scenario.watch.push(Watch { watched: Watched::Port(port), label: Some(label.to_owned()) });
    }
}

/// The port of a server on this machine: by a name or an address of the loopback interface, or a socket in the file system.
fn local_port(url: &str) -> Option<u16> {
    let (_, rest) = url.split_once("://")?;
    let place = Parts::of(rest).place;
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let authority = place.split('/').next().unwrap_or(place);
    // Of several servers the first is asked first.
    let first = authority.split(',').next().unwrap_or(authority);
    let (host, port) = match first.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, after)) => (host, after.strip_prefix(':')),
        None => first.split_once(':').map_or((first, None), |(host, port)| (host, Some(port))),
    };
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
    };
    let host = parameter("hostaddr").or_else(|| parameter("host")).unwrap_or(host);
    let port = parameter("port").or(port).filter(|port| !port.is_empty());
    let socket = host.is_empty() || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    let loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    (socket || loopback).then(|| port.map_or(Some(PORT), |port| port.parse().ok())).flatten()
}

#[cfg(test)]
mod tests {
    use super::local_port;

    #[test]
    fn servers_on_this_machine_are_known_by_their_address() {
        for (url, port) in [
            ("postgres://me:pw@localhost/db", Some(5432)),
            ("postgres://me:p@ss/w@127.0.0.1:6000/db?sslmode=disable", Some(6000)),
            ("postgres://me:p?s@localhost:6001/db?application_name=a@b", Some(6001)),
            ("postgresql://[::1]:7000", Some(7000)),
            ("postgres:///db?host=/var/run/postgresql&port=5433", Some(5433)),
            ("postgres://%2Ftmp:5434/db", Some(5434)),
            ("postgres:///db", Some(5432)),
            ("postgres://me@db.example.com/db", None),
            ("postgres://me@10.0.0.7:5432/localhost", None),
            ("postgres://localhost:5432/db?host=db.example.com", None),
            ("postgres://localhost:port/db", None),
            ("hunter2", None),
        ] {
            assert_eq!(local_port(url), port, "{url}");
        }
    }
}
