//! Requests to S3 and to servers that speak its protocol, signed by AWS Signature Version 4.
//!
//! Source of the formula: AWS, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
//! Chunk". Buckets are part of the path, not of the host name: so a bucket with a dot in its name works over TLS, and
//! so do servers without host names for buckets.

use std::fmt;

#[cfg(feature = "http")]
use hmac::{Hmac, KeyInit, Mac};
#[cfg(feature = "http")]
use sha2::{Digest, Sha256};

#[cfg(feature = "http")]
use super::wanted::hex;

/// SHA-256 of nothing: a request for a file has no content.
#[cfg(feature = "http")]
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// By which account, and where, buckets are read. `Debug` shows no secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Key and secret; without them requests are anonymous.
    pub keys: Option<Keys>,
    /// The region; `us-east-1` unless given.
    pub region: Option<String>,
    /// The server, such as `http://127.0.0.1:9000`; AWS unless given.
    pub endpoint: Option<String>,
}

/// What proves who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The token of a temporary account.
    pub token: Option<String>,
}

impl Account {
    /// The account of the `AWS_…` variables.
    pub fn from_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let keys = set("AWS_ACCESS_KEY_ID").zip(set("AWS_SECRET_ACCESS_KEY"));
        Self {
            keys: keys.map(|(id, secret)| Keys { id, secret, token: set("AWS_SESSION_TOKEN") }),
            region: set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")),
            endpoint: set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL")),
        }
    }
}

#[cfg(feature = "http")]
impl Account {
    fn region(&self) -> &str {
        self.region.as_deref().unwrap_or("us-east-1")
    }

    /// The web address of an object.
    pub(super) fn address(&self, bucket: &str, key: &str) -> String {
        let server = match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://s3.{}.amazonaws.com", self.region()),
        };
        format!("{server}/{}/{}", escaped(bucket), escaped(key))
    }

    /// The headers that sign a request for an address without a query; none for an anonymous one.
    ///
    /// `time` is in UTC, as `20130524T000000Z`. `range` is the value of the header `range`, which is signed too.
    pub(super) fn headers(
        &self,
        address: &str,
        range: Option<&str>,
        time: &str,
    ) -> Vec<(&'static str, String)> {
        let Some(keys) = &self.keys else { return vec![] };
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // Sorted by name, as the signature wants it.
        let mut signed = vec![("host", host.to_owned())];
        signed.extend(range.map(|range| ("range", range.to_owned())));
        signed.push(("x-amz-content-sha256", EMPTY.to_owned()));
        signed.push(("x-amz-date", time.to_owned()));
        signed.extend(keys.token.as_ref().map(|token| ("x-amz-security-token", token.clone())));

        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: Vec<_> = signed.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        let lines = lines.join(
            "
",
        );
        let request = format!("GET\n{path}\n\n{lines}\n\n{names}\n{EMPTY}");
        let date = time.get(..8).unwrap_or(time);
        let scope = format!("{date}/{}/s3/aws4_request", self.region());
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
        let key = [date, self.region(), "s3", "aws4_request"]
            .into_iter()
            .fold(format!("AWS4{}", keys.secret).into_bytes(), |key, part| mac(&key, part));
        let signature = hex(&mac(&key, &to_sign));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
            keys.id
        );
        // The client sends host and range by itself.
        let mut headers: Vec<_> = signed.into_iter().filter(|(name, _)| name.starts_with("x-amz-")).collect();
        headers.push(("authorization", authorization));
        headers
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.as_ref().map(|_| "…");
        f.debug_struct("Account")
            .field("keys", &keys)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish()
    }
}

#[cfg(feature = "http")]
fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return vec![] };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Percent-encoding of a path, as the signature wants it.
#[cfg(feature = "http")]
fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/');
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use super::*;

    fn example() -> Account {
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            token: None,
        };
        Account { keys: Some(keys), ..Account::default() }
    }

    /// The example "GET Object" of the AWS documentation, with the signature printed there.
    #[test]
    fn the_published_example_has_the_published_signature() {
        let address = "https://examplebucket.s3.amazonaws.com/test.txt";
        let headers = example().headers(address, Some("bytes=0-9"), "20130524T000000Z");
        let (_, authorization) = headers.iter().find(|(name, _)| *name == "authorization").unwrap();
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn without_keys_nothing_is_signed() {
        assert_eq!(Account::default().headers("http://host/b/k", None, "20130524T000000Z"), []);
    }

    #[test]
    fn the_token_of_a_temporary_account_is_sent_and_signed() {
        let mut account = example();
        account.keys.as_mut().unwrap().token = Some("token".into());
        let headers = account.headers("http://host/b/k", None, "20130524T000000Z");
        assert!(headers.contains(&("x-amz-security-token", "token".into())));
        assert!(headers.iter().any(|(_, value)| value.contains("x-amz-date;x-amz-security-token,")));
    }

    #[test]
    fn buckets_are_part_of_the_path() {
        let mut account = Account::default();
        assert_eq!(account.address("a.b", "c/d e"), "https://s3.us-east-1.amazonaws.com/a.b/c/d%20e");
        account.endpoint = Some("http://127.0.0.1:9000/".into());
        assert_eq!(account.address("bucket", "ü"), "http://127.0.0.1:9000/bucket/%C3%BC");
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", example());
        assert!(!shown.contains("wJalr") && !shown.contains("AKIA"), "{shown}");
    }
}
