//! What is fetched, and from where.

use std::fmt;

use sha2::{Digest, Sha256};

use super::error::GetError;

/// One file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is: `http:`, `https:`, `file:` or `s3:`.
    pub address: String,
    /// Its SHA-256 in lower-case hex digits, if known.
    pub sha256: Option<String>,
    /// Its length in bytes, if known.
    pub size: Option<u64>,
    /// Only its beginning is wanted.
    pub head: Option<Head>,
}

/// The first rows of a file whose header starts with the number of rows, as `.fbin`, `.u8bin` and `.i8bin` do
/// (little-endian `u32`). The header of the copy says how many rows the copy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Bytes to fetch, header included.
    pub bytes: u64,
    /// Rows in these bytes.
    pub rows: u32,
}

impl Wanted {
    /// A file by its address, which may end in `#sha256=` and 64 hex digits.
    pub fn new(address: &str) -> Result<Self, GetError> {
        let (address, sum) = match address.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment)),
            None => (address, None),
        };
        let mut wanted = Self { address: address.to_owned(), sha256: None, size: None, head: None };
        if let Some(fragment) = sum {
            let Some(sum) = fragment.strip_prefix("sha256=") else {
                let why = format!("nothing is known of `#{fragment}`; a checksum is given as `#sha256=…`");
                return Err(GetError::Address { address: shown(address).to_string(), why });
            };
            wanted = wanted.with_sha256(sum)?;
        }
        Address::parse(&wanted.address)?;
        Ok(wanted)
    }

    /// Asks for content with this SHA-256.
    pub fn with_sha256(mut self, sum: &str) -> Result<Self, GetError> {
        let sum = sum.to_ascii_lowercase();
        if sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let why = format!("`{sum}` is no SHA-256; give its 64 hex digits");
            return Err(GetError::Address { address: shown(&self.address).to_string(), why });
        }
        if let Some(other) = self.sha256.filter(|other| *other != sum) {
            let why = format!("two different checksums are asked for, {other} and {sum}; give one");
            return Err(GetError::Address { address: shown(&self.address).to_string(), why });
        }
        self.sha256 = Some(sum);
        Ok(self)
    }

    /// The bytes of the copy, if known.
    pub(super) fn length(&self) -> Option<u64> {
        self.head.map(|head| head.bytes).or(self.size)
    }

    /// A name for the copy: the last part of the path, with nothing in it that a file system could misread.
    pub fn file_name(&self) -> String {
        let path = self.address.split(['?', '#']).next().unwrap_or_default();
        let path = path.split_once("://").map_or(path, |(_, rest)| rest);
        let last = path.split_once('/').map_or("", |(_, path)| path).rsplit('/').next().unwrap_or_default();
        let name: String = last
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
            .collect();
        let name = name.trim_start_matches('.');
        if name.is_empty() { "data".to_owned() } else { name.chars().take(120).collect() }
    }

    /// The folder of what is fetched by address, not by name: the same address, the same folder.
    pub(super) fn folder(&self) -> String {
        format!("by-address/{}", &hex(&Sha256::digest(self.address.as_bytes()))[..12])
    }
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// On this machine.
    File(std::path::PathBuf),
    /// Behind a web server: the address as it is.
    Web(String),
    /// In an S3 bucket.
    S3 { bucket: String, key: String },
}

impl Address {
    pub(super) fn parse(address: &str) -> Result<Self, GetError> {
        let wrong =
            |why: &str| GetError::Address { address: shown(address).to_string(), why: why.to_owned() };
        let Some((scheme, rest)) = address.split_once("://") else {
            return Err(wrong("it has no scheme; addresses start with http://, https://, s3:// or file://"));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" if !rest.is_empty() && !rest.starts_with('/') => {
                Ok(Self::Web(address.to_owned()))
            }
            "http" | "https" => Err(wrong("it names no host")),
            "file" if rest.starts_with('/') => Ok(Self::File(rest.into())),
            "file" => Err(wrong("paths in it start at the root: file:///folder/file")),
            "s3" => match rest.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
                }
                _ => Err(wrong("give a bucket and a key: s3://bucket/key")),
            },
            _ => Err(wrong("only http, https, s3 and file are fetched; use another tool, and give the file")),
        }
    }
}

/// An address as it may be printed: without user, password and query, which may hold secrets.
pub(super) fn shown(address: &str) -> impl fmt::Display + use<'_> {
    let plain = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("://").unwrap_or(("", plain));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    let colon = if scheme.is_empty() { "" } else { "://" };
    let query = if plain.len() < address.len() && address.contains('?') { "?…" } else { "" };
    format!("{scheme}{colon}{host}{path}{query}")
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "987b526d24e749082ba27ee8068003836eb17a61b34f09b4db865750f8a43487";

    #[test]
    fn a_fragment_is_a_checksum() {
        let wanted = Wanted::new(&format!("http://host/a/b.npy#sha256={}", SUM.to_uppercase())).unwrap();
        assert_eq!((wanted.address.as_str(), wanted.sha256.as_deref()), ("http://host/a/b.npy", Some(SUM)));
        let error = Wanted::new("http://host/b#sha1=12").unwrap_err().to_string();
        assert!(error.contains("`#sha256=…`"), "{error}");
        assert!(Wanted::new("http://host/b#sha256=12").unwrap_err().to_string().contains("64 hex digits"));
        let other = wanted.with_sha256(&"0".repeat(64)).unwrap_err().to_string();
        assert!(other.contains("two different checksums"), "{other}");
    }

    #[test]
    fn addresses_that_are_none_say_so() {
        for (address, says) in [
            ("sift", "no scheme"),
            ("http:///x", "no host"),
            ("file://relative", "start at the root"),
            ("s3://bucket", "a bucket and a key"),
            ("ftp://host/x", "only http, https, s3 and file"),
        ] {
            let error = Wanted::new(address).unwrap_err().to_string();
            assert!(error.contains(says), "{address}: {error}");
        }
    }

    #[test]
    fn names_of_copies_stay_inside_their_folder() {
        let name = |address: &str| Wanted::new(address).unwrap().file_name();
        assert_eq!(name("http://host/a/sift.hdf5?versionId=7"), "sift.hdf5");
        assert_eq!(name("http://host/a/.."), "data");
        assert_eq!(name("http://host"), "data");
        assert_eq!(name("http://host/a/.%2e%2Fx y"), "_2e_2Fx_y");
    }

    #[test]
    fn secrets_of_an_address_are_not_shown() {
        let shown = shown("https://me:secret@host:1/a@b/c?X-Amz-Signature=secret#x").to_string();
        assert_eq!(shown, "https://host:1/a@b/c?…");
    }
}
