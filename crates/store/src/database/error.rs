//! What can go wrong with the store of runs.

use annvil_core::secret::mask;

/// SQLite's number of an error that means the file is not whole.
const CORRUPT: u32 = 11;
/// The same of a file that is none of SQLite's.
const NOT_A_DATABASE: u32 = 26;
/// The same of a file or folder that must not be written.
const READ_ONLY: u32 = 8;
/// The same of a file that can't be opened.
const CANNOT_OPEN: u32 = 14;
/// The same of a file that another process holds.
const BUSY: u32 = 5;
/// The same of a disk without room.
const FULL: u32 = 13;
/// The same of a disk that fails.
const IO: u32 = 10;

/// Why the store of runs could not be read or written. Places are shown without passwords.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address is none.
    #[error(
        "`{place}` is no store: {reason}\n  Give a file, such as runs/history.db, or postgres://user@host/database."
    )]
    Address {
        /// As given.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not whole, or not SQLite's.
    #[error(
        "{place} is damaged or not a store: {reason}\n  Move it away; `annvil history import runs/` makes its index anew, for the folders \
         of runs are the truth. Baselines and A/A figures lie in the store alone: bring them back from a copy, or save them again."
    )]
    Damaged {
        /// Where it is.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// A file of SQLite that something else wrote.
    #[error(
        "{place} is a database of something else: it has the table `{table}` and none of Annvil's\n  Give another place with --store."
    )]
    Foreign {
        /// Where it is.
        place: String,
        /// One of its tables.
        table: String,
    },
    /// Written by a newer Annvil.
    #[error(
        "{place} was written by a newer annvil: its schema is {found}, this one knows {known}\n  Use that version, or give another place with --store."
    )]
    Newer {
        /// Where it is.
        place: String,
        /// Its schema.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// It can't be written.
    #[error("cannot write to {place}: {reason}\n  Make it writable, or give another place with --store.")]
    ReadOnly {
        /// Where it is.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// The disk is full.
    #[error(
        "no room is left for {place}: {reason}\n  Free some space; `annvil history prune` removes old runs. What was stored before is kept."
    )]
    Full {
        /// Where it is.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// Another process holds it for too long.
    #[error("{place} is in use by another process: {reason}\n  Try again when that has ended.")]
    Busy {
        /// Where it is.
        place: String,
        /// What the database said.
        reason: String,
    },
    /// The server or the file does not answer.
    #[error(
        "cannot reach the store at {place}: {reason}\n  Look whether the address is right, the server runs and lets you in."
    )]
    Unreachable {
        /// Where it is.
        place: String,
        /// What went wrong.
        reason: String,
    },
    /// There is no such run, baseline or version.
    #[error("{what}\n  {help}")]
    Missing {
        /// What is not there.
        what: String,
        /// What to try.
        help: String,
    },
    /// What was asked for would make no sense.
    #[error("refused: {reason}\n  {help}")]
    Refused {
        /// Why.
        reason: String,
        /// What to try.
        help: String,
    },
    /// Anything else that the database says.
    #[error("the store at {place} failed: {reason}")]
    Failed {
        /// Where it is.
        place: String,
        /// What the database said.
        reason: String,
    },
}

/// Results of the store.
pub(crate) type Result<T> = std::result::Result<T, DatabaseError>;

impl DatabaseError {
    /// Whether it lies in what the user wrote rather than in the store or the machine.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Address { .. }
                | Self::Foreign { .. }
                | Self::Newer { .. }
                | Self::Missing { .. }
                | Self::Refused { .. }
        )
    }

    /// What a database's error means to a user.
    pub(crate) fn of(place: &str, error: &sqlx::Error) -> Self {
        let place = place.to_owned();
        let reason = mask(&error.to_string());
        let sqlite = match error {
            // PostgreSQL's codes have five places.
            sqlx::Error::Database(error) => {
                error.code().filter(|code| code.len() < 5).and_then(|code| code.parse::<u32>().ok())
            }
            _ => None,
        };
        // The upper bytes say more than we tell apart.
        match sqlite.map(|code| code & 0xff) {
            Some(CORRUPT | NOT_A_DATABASE) => Self::Damaged { place, reason },
            Some(READ_ONLY) => Self::ReadOnly { place, reason },
            Some(CANNOT_OPEN) => Self::Unreachable { place, reason },
            Some(BUSY) => Self::Busy { place, reason },
            Some(FULL | IO) => Self::Full { place, reason },
            _ => match error {
                sqlx::Error::Database(error) => match error.code().as_deref() {
                    Some("53100") => Self::Full { place, reason },
                    Some("25006" | "42501") => Self::ReadOnly { place, reason },
                    Some("28000" | "28P01" | "3D000") => Self::Unreachable { place, reason },
                    _ => Self::Failed { place, reason },
                },
                sqlx::Error::Configuration(_) => Self::Address { place, reason },
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut => {
                    Self::Unreachable { place, reason }
                }
                _ => Self::Failed { place, reason },
            },
        }
    }
}
