//! Where a server is: a URL taken apart. The password goes to the client library and nowhere else.

use std::time::Duration;

use annvil_core::engine::{EngineError, Result};
use annvil_core::secret::{Parts, Secret};
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
        let rest = whole.strip_prefix("postgres://").or_else(|| whole.strip_prefix("postgresql://"));
        let Some(rest) = rest else { return Err(wrong("that is no URL of PostgreSQL".to_owned())) };
        let Parts { user, password, place: rest } = Parts::of(rest);
        let (bare, ours) = split(rest);
        // The client library takes the first `@` for the end of the credentials; it gets to see none.
        let bare = format!("postgres://{}", bare.replace('@', "%40"));
        let mut config: Config = bare.parse().map_err(|error: tokio_postgres::Error| {
            // The cause names what it could not read, never the password.
            wrong(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        if let Some(user) = user.filter(|user| !user.is_empty() && config.get_user().is_none()) {
            let user = String::from_utf8(bytes(user));
            config.user(user.map_err(|_| wrong("the name of the user is not UTF-8".to_owned()))?);
        }
        if let Some(password) = password.filter(|_| config.get_password().is_none()) {
            config.password(bytes(password));
        }
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

/// A URL, or what is left of it, without them.
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

/// A part of a URL without its percent signs. One that two hexadecimal digits do not follow stands for itself.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = match after {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        let code = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&bytes(text)).into_owned()
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
    fn a_password_may_hold_what_ends_other_parts() {
        for (written, password) in
            [("p@ssword", "p@ssword"), ("pa/ss?w#o:r'd", "pa/ss?w#o:r'd"), ("p%40ss%+f%zz%", "p@ss%+f%zz%")]
        {
            let url = format!("postgres://m%65:{written}@h:1/d?application_name=a@b&options=-c%20x=y");
            let there = address(&url).unwrap();
            assert_eq!(there.place, "h:1/d");
            assert_eq!(there.config.get_user(), Some("me"));
            assert_eq!(there.config.get_password(), Some(password.as_bytes()));
            assert_eq!(there.config.get_application_name(), Some("a@b"));
            assert_eq!(there.config.get_options(), Some("-c x=y"));
        }
        let there = address("postgres://h/d?user=me@corp&password=p@ss").unwrap();
        assert_eq!((there.place.as_str(), there.config.get_user()), ("h:5432/d", Some("me@corp")));
        assert_eq!(there.config.get_password(), Some(&b"p@ss"[..]));
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_is_not() {
        for (url, why) in [
            ("postgres://me:hunter2@h/d?sslmode=often", "no sslmode `often`"),
            ("postgres://me:hunter2@h/d?colour=blue", "unknown option `colour`"),
            ("postgres://me:hunter2@h:port/d", "port"),
            ("postgres://me:pa@hunter2@h:port/d", "port"),
            ("postgres://me:pa/?hunter2@h/d?colour=blue", "unknown option `colour`"),
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
