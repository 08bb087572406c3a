//! Where a store is: a file of SQLite, or a database of PostgreSQL.

use std::path::{Path, PathBuf};

use annvil_core::secret::{Parts, Secret};

use super::error::{DatabaseError, Result};
use super::{Access, Kind};

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    File(PathBuf),
    /// A database on a server.
    Server(Secret),
}

impl Place {
    /// Reads an address: `postgres://…`, `sqlite://PATH`, `sqlite:PATH` or a path.
    pub(crate) fn of(address: &str) -> Result<Self> {
        let no = |reason: &str| {
            let place =
                if address.contains("://") { Secret::new(address).redacted() } else { address.to_owned() };
            Err(DatabaseError::Address { place, reason: reason.to_owned() })
        };
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            if cfg!(feature = "postgres") {
                return Ok(Self::Server(Secret::new(address)));
            }
            return no("this annvil was built without PostgreSQL");
        }
        let file = ["sqlite://", "sqlite:"].iter().find_map(|start| address.strip_prefix(start));
        match file.unwrap_or(address) {
            "" => no("it is empty"),
            other if other.contains("://") => no("only sqlite:// and postgres:// are known"),
            // It would be gone with this process.
            ":memory:" => no("a store in memory keeps nothing"),
            file => Ok(Self::File(file.into())),
        }
    }

    /// Which database it is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::Sqlite,
            Self::Server(_) => Kind::Postgres,
        }
    }

    /// How it is called in messages, without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server(url) => url.redacted(),
        }
    }

    /// Its file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }

    /// The folder of its file.
    pub(crate) fn folder(&self) -> Option<&Path> {
        // A bare name lies in the working directory.
        self.file()?.parent().map(|folder| if folder == "" { Path::new(".") } else { folder })
    }

    /// Whether it is a file that holds all that was written: nothing lies in a log beside it.
    pub(crate) fn is_whole(&self) -> bool {
        let Some(file) = self.file() else { return false };
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(log).map_or(true, |log| log.len() == 0)
    }

    /// The address as the driver takes it.
    pub(crate) fn url(&self, access: Access) -> Result<Secret> {
        match self {
            Self::File(path) => {
                let Some(text) = path.to_str() else {
                    let reason = "its name is no text".to_owned();
                    return Err(DatabaseError::Address { place: self.shown(), reason });
                };
                // The driver takes these for the end of the path.
                let text = text.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                let how = match access {
                    Access::Write => "mode=rwc",
                    Access::Read => "mode=ro",
                    Access::Still => "mode=ro&immutable=true",
                };
                Ok(Secret::new(format!("sqlite://{text}?{how}")))
            }
            Self::Server(url) => Ok(Secret::new(encoded(url.reveal()))),
        }
    }
}

/// A URL with user and password encoded: people write them as they are. What is encoded already stays.
fn encoded(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let parts = Parts::of(rest);
    let Some(user) = parts.user else { return url.to_owned() };
    let password = parts.password.map_or_else(String::new, |password| format!(":{}", encode(password)));
    format!("{scheme}://{}{password}@{}", encode(user), parts.place)
}

fn encode(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_code =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let mut encoded = String::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || (*byte == b'%' && is_code(at)) {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_files_or_servers() {
        for given in ["runs/history.db", "sqlite:runs/history.db", "sqlite://runs/history.db"] {
            assert_eq!(Place::of(given).unwrap(), Place::File("runs/history.db".into()));
        }
        assert_eq!(
            Place::of("a b%?#.db").unwrap().url(Access::Write).unwrap().reveal(),
            "sqlite://a b%25%3F%23.db?mode=rwc"
        );
        for wrong in ["", "mysql://h/d", "sqlite::memory:"] {
            assert!(Place::of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    #[cfg(feature = "postgres")]
    fn passwords_are_taken_as_people_write_them_and_never_shown() {
        let place = Place::of("postgres://me:p/a@s%s%41@host:5432/db?sslmode=require").unwrap();
        assert_eq!(
            place.url(Access::Write).unwrap().reveal(),
            "postgres://me:p%2Fa%40s%25s%41@host:5432/db?sslmode=require"
        );
        assert_eq!(place.shown(), "postgres://me:***@host:5432/db?sslmode=require");
        let error = Place::of("mysql://me:hunter2@h/d").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
