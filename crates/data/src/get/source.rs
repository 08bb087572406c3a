//! Where bytes come from: a file of this machine, or a server.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::error::GetError;
#[cfg(feature = "http")]
use super::http::Web;
use super::place::{Limits, Place};
use super::wanted::{Address, shown};

/// What is asked of a source.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    /// The first byte wanted.
    pub(super) from: u64,
    /// The byte after the last one wanted; all unless given.
    pub(super) until: Option<u64>,
    /// The content that the bytes before `from` belong to; another one is sent from its beginning.
    pub(super) validator: Option<String>,
}

/// What a source says about the bytes it is about to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The first byte that is sent: `from`, or 0.
    pub(super) start: u64,
    /// Bytes of the whole file, if known.
    pub(super) total: Option<u64>,
    /// What tells this content from another one.
    pub(super) validator: Option<String>,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Another attempt may help.
    Passing {
        what: String,
        /// The pause that the server asks for.
        after: Option<Duration>,
    },
    /// What is there belongs to other content: start anew.
    Changed,
    /// Another attempt won't help.
    Final(GetError),
}

impl From<GetError> for Fault {
    fn from(error: GetError) -> Self {
        Self::Final(error)
    }
}

impl Fault {
    pub(super) fn passing(what: impl Into<String>) -> Self {
        Self::Passing { what: what.into(), after: None }
    }
}

/// A source, for one attempt.
#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    #[cfg(feature = "http")]
    Web(Web),
}

impl Source {
    #[cfg_attr(not(feature = "http"), allow(unused_variables, reason = "servers need them"))]
    pub(super) fn new(address: &str, place: &Place, limits: &Limits) -> Result<Self, GetError> {
        match Address::parse(address)? {
            Address::File(path) => Ok(Self::File(path)),
            #[cfg(feature = "http")]
            Address::Web(address) => Ok(Self::Web(Web::new(address, None, limits)?)),
            #[cfg(feature = "http")]
            Address::S3 { bucket, key } => {
                let shown = format!("s3://{bucket}/{key}");
                let address = place.account.address(&bucket, &key);
                Ok(Self::Web(Web::new(address, Some((place.account.clone(), shown)), limits)?))
            }
            #[cfg(not(feature = "http"))]
            _ => Err(GetError::Address {
                address: shown(address).to_string(),
                why: "this build fetches nothing from servers; build with the feature `http`, or fetch it with \
another tool and give the file"
                    .to_owned(),
            }),
        }
    }

    /// What stands for the source in messages.
    pub(super) fn shown(address: &str) -> String {
        shown(address).to_string()
    }

    pub(super) fn open(&self, ask: &Ask) -> Result<(Answer, Box<dyn Read + Send>), Fault> {
        match self {
            Self::File(path) => open_file(path, ask).map_err(|source| {
                GetError::File { what: "read", file: path.display().to_string(), source }.into()
            }),
            #[cfg(feature = "http")]
            Self::Web(web) => web.open(ask),
        }
    }

    /// Ends whatever is waited for, so that no thread stays behind.
    pub(super) fn stop(self) {
        match self {
            Self::File(_) => {}
            #[cfg(feature = "http")]
            Self::Web(web) => web.stop(),
        }
    }
}

fn open_file(path: &Path, ask: &Ask) -> io::Result<(Answer, Box<dyn Read + Send>)> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let age = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let validator = format!("{}-{}", meta.len(), age.as_nanos());
    let start = if ask.validator.as_ref() == Some(&validator) { ask.from } else { 0 };
    file.seek(SeekFrom::Start(start))?;
    Ok((Answer { start, total: Some(meta.len()), validator: Some(validator) }, Box::new(file)))
}
