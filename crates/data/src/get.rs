//! Data sets from elsewhere: fetched once, by name or by address, and kept in a folder of this user.
//!
//! A file is fetched into `NAME.part` and renamed when it is complete and its checksum agrees. An attempt that breaks
//! off goes on where it stopped, also in another process, unless the file has changed meanwhile. Names are those of the
//! [catalogue]; addresses are `http:`, `https:`, `s3:` and `file:`, with `#sha256=…` if it is known.
//!
//! ```
//! use std::ops::ControlFlow;
//! use annvil_data::get::{self, Limits, Place, Wanted};
//!
//! # let folder = tempfile::tempdir()?;
//! # let original = folder.path().join("vectors.npy");
//! # std::fs::write(&original, b"12345")?;
//! let place = Place::at(folder.path().join("data"));
//! let wanted = Wanted::new(&format!("file://{}", original.display()))?;
//! let fetched = get::fetch(&wanted, &place, &Limits::default(), &mut |_| ControlFlow::Continue(()))?;
//! assert_eq!((fetched.bytes, fetched.was_there), (5, false));
//! assert_eq!(get::local_in(&place, &wanted.address), Some(fetched.path));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
#[cfg(feature = "http")]
mod http;
mod part;
mod place;
mod progress;
mod s3;
mod source;
mod stream;
mod transfer;
mod unpack;
mod wanted;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::error::GetError;
use self::error::file;
pub use self::place::{Limits, Place};
use self::progress::Report;
pub use self::progress::{Listener, Progress, Step};
pub use self::s3::{Account, Keys};
pub use self::transfer::Fetched;
use self::transfer::transfer;
use self::unpack::{Packed, unpack};
pub use self::wanted::{Head, Wanted};
use crate::catalogue;

/// A data set on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// What to open: a file, or the folder of a set that has several.
    pub path: PathBuf,
    /// The files it was fetched as; archives are unpacked and not kept.
    pub files: Vec<Fetched>,
}

/// What a folder of fetched data holds, kept in it as `.set.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// What to open, relative to the folder.
    path: String,
    files: Vec<ManifestFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ManifestFile {
    name: String,
    #[serde(flatten)]
    record: part::Record,
}

/// What is to be fetched into one folder.
struct Set {
    folder: String,
    files: Vec<(String, Wanted)>,
}

impl Set {
    fn of(what: &str) -> Result<Self, GetError> {
        if what.contains("://") {
            let wanted = Wanted::new(what)?;
            return Ok(Self { folder: wanted.folder(), files: vec![(wanted.file_name(), wanted)] });
        }
        let entry = catalogue::find(what)?;
        let files = entry.files.iter().map(|file| (file.name(), file.wanted(entry))).collect();
        Ok(Self { folder: entry.name.clone(), files })
    }

    fn length(&self) -> Option<u64> {
        self.files.iter().map(|(_, wanted)| wanted.length()).sum()
    }

    /// What is there already, if all of it is.
    fn there(&self, folder: &Path) -> Option<Local> {
        let manifest: Manifest = serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()?;
        let path = folder.join(&manifest.path);
        let same = manifest.files.len() == self.files.len()
            && manifest.files.iter().zip(&self.files).all(|(there, (_, wanted))| there.record.is(wanted));
        if !same || !path.exists() {
            return None;
        }
        let files = manifest.files.into_iter().map(|there| Fetched {
            path: folder.join(there.name),
            bytes: there.record.bytes,
            sha256: there.record.sha256,
            resumed_from: None,
            was_there: true,
        });
        Some(Local { path, files: files.collect() })
    }
}

const MANIFEST: &str = ".set.json";

/// Fetches a data set, unless it is there: a name of the catalogue, or an address. Archives are unpacked.
///
/// `sha256` is the checksum of the only file of the set.
pub fn get(
    what: &str,
    sha256: Option<&str>,
    place: &Place,
    limits: &Limits,
    listener: &mut Listener<'_>,
) -> Result<Local, GetError> {
    let mut set = Set::of(what)?;
    if let Some(sum) = sha256 {
        let [(_, wanted)] = set.files.as_mut_slice() else {
            let why = "a checksum is of one file, and this set has several; leave it out".to_owned();
            return Err(GetError::Address { address: what.to_owned(), why });
        };
        *wanted = wanted.clone().with_sha256(sum)?;
    }
    let folder = place.root.join(&set.folder);
    if let Some(local) = set.there(&folder) {
        return Ok(local);
    }
    let mut report = Report::new(listener, &folder, set.length());
    let _lock = place::hold(&folder, limits, &mut report)?;
    // Another process may have fetched it while we waited.
    if let Some(local) = set.there(&folder) {
        return Ok(local);
    }
    if let Some(length) = set.length() {
        place.check_room(&folder, length.saturating_sub(size_of(&folder)), limits)?;
    }
    let (mut files, mut paths) = (vec![], vec![]);
    for (name, wanted) in &set.files {
        let fetched = transfer(wanted, &folder.join(name), place, limits, &mut report)?;
        paths.push(unpack(&fetched.path, &Packed::of(name), place, limits, &mut report)?);
        files.push(fetched);
    }
    let path = what_to_open(&folder, &paths);
    let manifest = Manifest {
        path: path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned(),
        files: set
            .files
            .iter()
            .zip(&files)
            .map(|((name, wanted), file)| manifest(name, wanted, file))
            .collect(),
    };
    let json = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    place::write_whole(&folder.join(MANIFEST), &json)?;
    for (fetched, path) in files.iter().zip(&paths).filter(|(fetched, path)| fetched.path != **path) {
        fs::remove_file(&fetched.path).map_err(file("remove", path))?;
    }
    Ok(Local { path, files })
}

fn manifest(name: &str, wanted: &Wanted, file: &Fetched) -> ManifestFile {
    let address = wanted::shown(&wanted.address).to_string();
    let head = wanted.head.map(|head| head.rows);
    let record = part::Record { address, bytes: file.bytes, sha256: file.sha256.clone(), head };
    ManifestFile { name: name.to_owned(), record }
}

/// The only file, or the folder; a folder with nothing in it but one folder stands for that.
fn what_to_open(folder: &Path, paths: &[PathBuf]) -> PathBuf {
    let [path] = paths else { return folder.to_owned() };
    let mut path = path.clone();
    // Archives are rarely deeper.
    for _ in 0..8 {
        let Ok(entries) = fs::read_dir(&path) else { break };
        let entries: Vec<_> = entries.flatten().take(2).map(|entry| entry.path()).collect();
        match entries.as_slice() {
            [only] if only.is_dir() => path.clone_from(only),
            _ => break,
        }
    }
    path
}

/// Bytes of the files directly in a folder: parts of an earlier attempt.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|meta| meta.len())
        .sum()
}

/// Fetches one file, unless it is there, as it is: archives are not unpacked.
pub fn fetch(
    wanted: &Wanted,
    place: &Place,
    limits: &Limits,
    listener: &mut Listener<'_>,
) -> Result<Fetched, GetError> {
    let folder = place.root.join(wanted.folder());
    let mut report = Report::new(listener, &folder, wanted.length());
    let _lock = place::hold(&folder, limits, &mut report)?;
    transfer(wanted, &folder.join(wanted.file_name()), place, limits, &mut report)
}

/// What a name of the catalogue or an address stands for on this machine, if it was fetched into the usual folder.
pub fn local(what: &str) -> Option<PathBuf> {
    local_in(&Place::usual().ok()?, what)
}

/// As [`local`], in another folder.
pub fn local_in(place: &Place, what: &str) -> Option<PathBuf> {
    let set = Set::of(what).ok()?;
    let folder = place.root.join(&set.folder);
    if let Some(local) = set.there(&folder) {
        return Some(local.path);
    }
    let [(name, wanted)] = set.files.as_slice() else { return None };
    let path = folder.join(name);
    (Packed::of(name) == Packed::Not && part::Record::of(&path, wanted).is_some()).then_some(path)
}
