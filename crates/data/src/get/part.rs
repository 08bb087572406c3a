//! A file that is not complete yet: `NAME.part`, and beside it what is needed to go on with it another time.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{GetError, file};
use super::place::write_whole;
use super::progress::{Report, Step};
use super::source::Answer;
use super::wanted::{Wanted, hex, shown};

/// What a complete file is: kept beside it as `.NAME.source.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) address: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// Rows, if only the first ones were fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) head: Option<u32>,
}

impl Record {
    /// The record of a file that is there and is what is wanted.
    pub(super) fn of(target: &Path, wanted: &Wanted) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(beside(target, "source.json")).ok()?).ok()?;
        let there = fs::metadata(target).is_ok_and(|meta| meta.is_file() && meta.len() == record.bytes);
        (there && record.is(wanted)).then_some(record)
    }

    /// Whether this is what is wanted.
    pub(super) fn is(&self, wanted: &Wanted) -> bool {
        self.address == shown(&wanted.address).to_string()
            && self.head == wanted.head.map(|head| head.rows)
            && wanted.sha256.as_ref().is_none_or(|sum| *sum == self.sha256)
            && wanted.length().is_none_or(|length| length == self.bytes)
    }
}

/// What belongs to a part: kept beside it as `.NAME.part.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Side {
    address: String,
    head: Option<u64>,
    total: Option<u64>,
    validator: Option<String>,
}

/// A file that grows.
pub(super) struct Part {
    target: PathBuf,
    path: PathBuf,
    file: File,
    hasher: Sha256,
    done: u64,
    side: Side,
    /// Written over the first four bytes.
    rows: Option<[u8; 4]>,
}

impl Part {
    /// Goes on with what an earlier attempt left, or starts anew.
    pub(super) fn open(target: &Path, wanted: &Wanted, report: &mut Report<'_>) -> Result<Self, GetError> {
        let path = with_ending(target, ".part");
        let handle = File::options().create(true).read(true).write(true).truncate(false).open(&path);
        let side = Side {
            address: shown(&wanted.address).to_string(),
            head: wanted.head.map(|head| head.bytes),
            ..Side::default()
        };
        let mut part = Self {
            target: target.to_owned(),
            file: handle.map_err(file("open", &path))?,
            path,
            hasher: Sha256::new(),
            done: 0,
            side,
            rows: wanted.head.map(|head| head.rows.to_le_bytes()),
        };
        let earlier = fs::read(beside(target, "part.json")).ok();
        let earlier = earlier.and_then(|bytes| serde_json::from_slice::<Side>(&bytes).ok());
        match earlier {
            Some(side) if side.address == part.side.address && side.head == part.side.head => {
                part.side = side;
                part.hash_what_is_there(report)?;
            }
            _ => part.restart()?,
        }
        if part.length().is_some_and(|length| part.done > length) {
            part.restart()?;
        }
        Ok(part)
    }

    fn hash_what_is_there(&mut self, report: &mut Report<'_>) -> Result<(), GetError> {
        let mut block = vec![0; 1 << 20];
        loop {
            let read = self.file.read(&mut block).map_err(file("read", &self.path))?;
            if read == 0 {
                return Ok(());
            }
            self.hasher.update(block.get(..read).unwrap_or_default());
            self.done += read as u64;
            report.at(self.done, self.length());
            report.step(Step::Fetching)?;
        }
    }

    /// Bytes that are there.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Bytes that will be there in the end, if the server has said so.
    pub(super) fn length(&self) -> Option<u64> {
        self.side.head.or(self.side.total)
    }

    /// Bytes of the file on the server, as it said earlier.
    pub(super) fn total(&self) -> Option<u64> {
        self.side.total
    }

    /// What tells the content on the server from another one.
    pub(super) fn validator(&self) -> Option<String> {
        self.side.validator.clone()
    }

    /// Forgets what is there.
    pub(super) fn restart(&mut self) -> Result<(), GetError> {
        self.file.set_len(0).map_err(file("empty", &self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(file("empty", &self.path))?;
        self.hasher = Sha256::new();
        self.done = 0;
        (self.side.total, self.side.validator) = (None, None);
        Ok(())
    }

    /// Remembers what the server says, for the next attempt.
    pub(super) fn note(&mut self, answer: &Answer) -> Result<(), GetError> {
        let side = Side { total: answer.total, validator: answer.validator.clone(), ..self.side.clone() };
        if side != self.side || self.done == 0 {
            self.side = side;
            let json = serde_json::to_vec_pretty(&self.side).unwrap_or_default();
            write_whole(&beside(&self.target, "part.json"), &json)?;
        }
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &mut [u8]) -> Result<(), GetError> {
        if let Some(rows) = self.rows {
            for (place, byte) in (self.done..4).zip(bytes.iter_mut()) {
                *byte = rows.get(place as usize).copied().unwrap_or(*byte);
            }
        }
        self.file.write_all(bytes).map_err(file("write", &self.path))?;
        self.hasher.update(&*bytes);
        self.done += bytes.len() as u64;
        Ok(())
    }

    /// Removes what is there.
    pub(super) fn discard(self) {
        // What can't be removed is found, and started anew, by the next attempt.
        let _ = fs::remove_file(beside(&self.target, "part.json"));
        let _ = fs::remove_file(&self.path);
    }

    /// Checks the content and puts the file in its place.
    pub(super) fn finish(self, wanted: &Wanted) -> Result<Record, GetError> {
        self.file.sync_all().map_err(file("write", &self.path))?;
        let sha256 = hex(&self.hasher.clone().finalize());
        if let Some(sum) = wanted.sha256.as_ref().filter(|sum| **sum != sha256) {
            let address = shown(&wanted.address).to_string();
            let error = GetError::Sum { address, wanted: sum.clone(), got: sha256 };
            self.discard();
            return Err(error);
        }
        let head = wanted.head.map(|head| head.rows);
        let record = Record { address: self.side.address.clone(), bytes: self.done, sha256, head };
        // A record without its file is ignored, so it comes first.
        let json = serde_json::to_vec_pretty(&record).unwrap_or_default();
        write_whole(&beside(&self.target, "source.json"), &json)?;
        fs::rename(&self.path, &self.target).map_err(file("rename", &self.path))?;
        let _ = fs::remove_file(beside(&self.target, "part.json"));
        Ok(record)
    }
}

/// The hidden file beside a file: `.NAME.ENDING`.
pub(super) fn beside(target: &Path, ending: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{ending}"))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
