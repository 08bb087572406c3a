//! Where a server is: a URL taken apart. The password goes to the client library and nowhere else.

use std::time::Duration;

use annvil_core::engine::{EngineError, Result};
use annvil_core::secret::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, Mode};

/// How long a connection may take to open, unless the URL says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server, a database and a user. Neither `Debug` nor `Display`: it holds a password.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    /// Host, port and database, for messages.
    pub(super) place: String,
    /// Whether the server is on this machine.
    pub(super) is_local: bool,
}

impl Address {
    /// Takes a URL apart. `key` names it in errors.
    pub(super) fn new(url: &Secret, key: &str) -> Result<Self> {
        let wrong = |why: String| EngineError::Configuration {
            what: format!("{key} is {url}: {why}"),
            help: "write postgres://user:password@host:port/database?sslmode=require".to_owned(),
        };
        let whole = url.reveal();
        if !whole.starts_with("postgres://") && !whole.starts_with("postgresql://") {
            return Err(wrong("that is no URL of PostgreSQL".to_owned()));
        }
        let (bare, ours) = split(whole);
        let mut config: Config = bare.parse().map_err(|error: tokio_postgres::Error| {
            // The cause names what it could not read, never the password.
            wrong(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        let mode = match ours.mode {
            None => Mode::Prefer,
            Some(name) => Mode::named(name).ok_or_else(|| {
                wrong(format!(
                    "there is no sslmode `{name}`, only disable, prefer, require, verify-ca and verify-full"
                ))
            })?,
        };
        // As in libpq: who names an authority wants it asked.
        let mode = if mode == Mode::Require && ours.authorities.is_some() { Mode::VerifyCa } else { mode };
        config.ssl_mode(mode.ssl_mode());
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("annvil");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        let tls = tls::connector(mode, ours.authorities.as_deref())?;
        Ok(Self { tls, place: place(&config), is_local: is_local(&config), config })
    }
}

/// Parameters of the URL that are read here, because the client library has other names for them or none.
#[derive(Default)]
struct Ours<'a> {
    mode: Option<&'a str>,
    authorities: Option<String>,
}

/// The URL without them.
fn split(url: &str) -> (String, Ours<'_>) {
    let Some((bare, query)) = url.split_once('?') else { return (url.to_owned(), Ours::default()) };
    let mut ours = Ours::default();
    let mut left = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("sslmode", value)) => ours.mode = Some(value),
            Some(("sslrootcert", value)) => ours.authorities = Some(decoded(value)),
            _ => left.push(part),
        }
    }
    let bare = if left.is_empty() { bare.to_owned() } else { format!("{bare}?{}", left.join("&")) };
    (bare, ours)
}

/// A part of a URL without its percent signs.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        if let Some(byte) = code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn place(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        })
        .chain(config.get_hostaddrs().iter().map(ToString::to_string))
        .collect();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{}:{port}/{database}", hosts.join(","))
}

fn is_local(config: &Config) -> bool {
    let here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(here) && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Address> {
        Address::new(&Secret::new(url), "engine.postgres.url")
    }

    #[test]
    fn a_url_is_taken_apart() {
        let there =
            address("postgres://me:hunter2@db.example:6543/shop?sslmode=require&connect_timeout=3").unwrap();
        assert_eq!(there.place, "db.example:6543/shop");
        assert!(!there.is_local);
        assert_eq!(there.config.get_ssl_mode(), tokio_postgres::config::SslMode::Require);
        assert_eq!(there.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        for here in [
            "postgres://me@localhost/a",
            "postgres://me@127.0.0.1:1/a",
            "postgres:///a?host=/tmp",
            "postgres://",
        ] {
            assert!(address(here).unwrap().is_local, "{here}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_is_not() {
        for (url, why) in [
            ("postgres://me:hunter2@h/d?sslmode=often", "no sslmode `often`"),
            ("postgres://me:hunter2@h/d?colour=blue", "unknown option `colour`"),
            ("postgres://me:hunter2@h:port/d", "port"),
            ("mysql://me:hunter2@h/d", "no URL of PostgreSQL"),
            ("hunter2", "no URL of PostgreSQL"),
            ("postgres://me:hunter2@h/d?sslmode=verify-ca&sslrootcert=/nowhere%20at/all", "/nowhere at/all"),
        ] {
            let said = address(url).err().unwrap().to_string();
            assert!(said.contains(why), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
