//! Exact answers kept in a folder, so that they are computed once.
//!
//! A file is named by what the answers depend on: the content of rows and queries, the metric and the filter. It is written
//! beside its place and moved there whole. A file that is damaged, or has too few neighbours, is computed again; one
//! that has more neighbours than are asked for serves as well.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use annvil_core::metric::Metric;
use annvil_core::truth::{ExactAnswer, Truth};
use sha2::{Digest, Sha256};

use crate::hash::hexadecimal;

/// First bytes of a file; the number is that of the layout.
const MAGIC: &[u8; 16] = b"annvil truth 01\n";

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 32;

/// What exact answers depend on, apart from how many are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key<'a> {
    /// Hash of rows, queries and labels, as in [`annvil_core::dataset::DatasetInfo::content_hash`].
    pub content_hash: &'a str,
    /// The metric.
    pub metric: Metric,
    /// The filter's text; empty for none.
    pub filter: &'a str,
}

impl Key<'_> {
    /// The file that holds the answers, in `folder`.
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("truth-{}.bin", hexadecimal(&self.hash()[..20])))
    }

    fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [self.content_hash, self.metric.name(), self.filter] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

/// The `k` nearest from the folder, or else computed and left there. `queries` is how many answers there must be.
///
/// A folder that cannot be written is no reason to fail: the answers are given all the same, with the error beside them.
pub fn through<E>(
    folder: &Path,
    key: &Key<'_>,
    k: usize,
    queries: usize,
    compute: impl FnOnce() -> Result<Truth, E>,
) -> Result<(Truth, io::Result<()>), E> {
    if let Some(truth) = load(folder, key, k).filter(|truth| truth.len() == queries) {
        return Ok((truth, Ok(())));
    }
    let truth = compute()?;
    let kept = store(folder, key, k, &truth);
    Ok((truth, kept))
}

/// The `k` nearest of each query, if the folder has them whole.
pub fn load(folder: &Path, key: &Key<'_>, k: usize) -> Option<Truth> {
    let bytes = fs::read(key.path(folder)).ok()?;
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if Sha256::digest(content)[..] != *checksum {
        return None;
    }
    let mut rest = content.strip_prefix(MAGIC)?.strip_prefix(&key.hash())?;
    let stored = number(&mut rest)?;
    if stored < k {
        return None;
    }
    let queries = number(&mut rest)?;
    let mut truth = vec![];
    for _ in 0..queries {
        let (matches, count) = (number(&mut rest)?, number(&mut rest)?);
        let (ids, after) = rest.split_at_checked(count.checked_mul(8)?)?;
        let (distances, after) = after.split_at_checked(count.checked_mul(8)?)?;
        rest = after;
        let kept = count.min(k);
        truth.push(ExactAnswer {
            ids: words(ids).take(kept).map(u64::from_le_bytes).collect(),
            distances: words(distances).take(kept).map(f64::from_le_bytes).collect(),
            matches,
        });
    }
    rest.is_empty().then_some(truth)
}

/// Leaves the `k` nearest of each query in the folder, which is made if it is not there.
pub fn store(folder: &Path, key: &Key<'_>, k: usize, truth: &Truth) -> io::Result<()> {
    let mut bytes = [&MAGIC[..], &key.hash()].concat();
    let put = |number: usize, bytes: &mut Vec<u8>| bytes.extend((number as u64).to_le_bytes());
    put(k, &mut bytes);
    put(truth.len(), &mut bytes);
    for answer in truth {
        put(answer.matches, &mut bytes);
        put(answer.ids.len(), &mut bytes);
        bytes.extend(answer.ids.iter().flat_map(|id| id.to_le_bytes()));
        bytes.extend(answer.distances.iter().flat_map(|distance| distance.to_le_bytes()));
    }
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    fs::create_dir_all(folder)?;
    let place = key.path(folder);
    // Two processes may write the same answers at once; either file is whole.
    let beside = place.with_extension(format!("{}.part", process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, &place)).inspect_err(|_| {
        let _ = fs::remove_file(&beside); // what is reported is why it was not written
    })
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    usize::try_from(u64::from_le_bytes(*number)).ok()
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    bytes.as_chunks().0.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key<'static> = Key { content_hash: "abc", metric: Metric::L2, filter: "pos = 'n'" };

    fn truth() -> Truth {
        vec![
            ExactAnswer { ids: vec![3, 1, 2], distances: vec![0.5, 0.5, f64::INFINITY], matches: 3 },
            ExactAnswer { ids: vec![], distances: vec![], matches: 0 },
        ]
    }

    #[test]
    fn answers_come_back_and_more_serve_for_fewer() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("new");
        assert_eq!(load(folder, &KEY, 1), None);
        store(folder, &KEY, 5, &truth()).unwrap();
        assert_eq!(load(folder, &KEY, 5), Some(truth()));
        let fewer = load(folder, &KEY, 2).unwrap();
        assert_eq!(
            (&fewer[0].ids[..], &fewer[0].distances[..], fewer[0].matches),
            (&[3, 1][..], &[0.5, 0.5][..], 3)
        );
        assert_eq!(load(folder, &KEY, 6), None);
        for other in
            [Key { filter: "", ..KEY }, Key { metric: Metric::L1, ..KEY }, Key { content_hash: "abd", ..KEY }]
        {
            assert_eq!(load(folder, &other, 1), None);
        }
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing is left beside the file");
    }

    #[test]
    fn a_damaged_file_is_computed_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        store(folder, &KEY, 3, &truth()).unwrap();
        let whole = fs::read(KEY.path(folder)).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            fs::write(KEY.path(folder), &bytes).unwrap();
            assert_eq!(load(folder, &KEY, 3), None, "byte {at}");
            fs::write(KEY.path(folder), &whole[..at]).unwrap();
            assert_eq!(load(folder, &KEY, 3), None, "cut at {at}");
        }
        let (found, kept) = through(folder, &KEY, 3, 2, || Ok::<_, ()>(truth())).unwrap();
        kept.unwrap();
        assert_eq!(found, truth());
        let again = through(folder, &KEY, 3, 2, || Err(()));
        assert_eq!(again.unwrap().0, truth());
        // Another number of queries is another question.
        assert!(through(folder, &KEY, 3, 7, || Err(())).is_err());
    }
}
