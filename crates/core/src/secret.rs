//! Texts that must not be seen: passwords, tokens, URLs that carry either.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

mod url;

pub use url::Parts;

/// A text whose secret part never leaves the process by accident.
///
/// `Debug`, `Display` and serialization show it redacted: a URL keeps everything but its password and the values of
/// query parameters that look like credentials; any other text becomes `***`. Only [`Secret::reveal`] gives it whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Call it where the text is handed to the system that needs it, nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text with its secret parts replaced by `***`.
    pub fn redacted(&self) -> String {
        redact(&self.0)
    }
}

/// Parameters of a URL whose values are credentials.
const CREDENTIALS: [&str; 8] =
    ["password", "passwd", "token", "secret", "api_key", "apikey", "api-key", "sslpassword"];

fn redact(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return "***".to_owned() };
    let parts = Parts::of(rest);
    let user = match (parts.user, parts.password) {
        (Some(user), Some(_)) => format!("{user}:***@"),
        (Some(user), None) => format!("{user}@"),
        (None, _) => String::new(),
    };
    let (place, query) = parts.place.split_once('?').map_or((parts.place, None), |(p, q)| (p, Some(q)));
    let query = query.map_or(String::new(), |query| {
        let parts: Vec<String> = query.split('&').map(redact_parameter).collect();
        format!("?{}", parts.join("&"))
    });
    format!("{scheme}://{user}{place}{query}")
}

fn redact_parameter(part: &str) -> String {
    match part.split_once('=') {
        Some((name, _)) if is_credential(name) => format!("{name}=***"),
        _ => part.to_owned(),
    }
}

/// A text with the passwords and tokens of every URL in it replaced by asterisks, one for each character: for messages
/// that show what a user wrote, with carets under it.
pub fn mask(text: &str) -> String {
    let mut masked: Vec<char> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        masked.extend(before.chars());
        // A quote within the word may be the password's; at its end it closes what the message quotes.
        let word = url.split(char::is_whitespace).next().unwrap_or(url);
        let (url, after) = url.split_at(word.trim_end_matches(['\'', '"', '`']).len());
        masked.extend(mask_url(url));
        rest = after;
    }
    masked.extend(rest.chars());
    masked.into_iter().collect()
}

/// The same for what follows `://`.
fn mask_url(url: &str) -> Vec<char> {
    let hide = |text: &str| "*".repeat(text.chars().count());
    let parts = Parts::of(url);
    let (place, query) = parts.place.split_once('?').map_or((parts.place, None), |(p, q)| (p, Some(q)));
    let mut masked = match (parts.user, parts.password) {
        (Some(user), Some(password)) => format!("{user}:{}@{place}", hide(password)),
        (Some(user), None) => format!("{user}@{place}"),
        (None, _) => place.to_owned(),
    };
    if let Some(query) = query {
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, value)) if is_credential(name) => format!("{name}={}", hide(value)),
                _ => part.to_owned(),
            })
            .collect();
        masked = format!("{masked}?{}", parts.join("&"));
    }
    masked.chars().collect()
}

fn is_credential(name: &str) -> bool {
    CREDENTIALS.contains(&name.to_ascii_lowercase().as_str())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.redacted())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use proptest::prelude::*;

    #[test]
    fn urls_keep_what_is_not_secret() {
        for (given, shown) in [
            (
                "postgres://me:pa@ss@host:5432/db?sslmode=require",
                "postgres://me:***@host:5432/db?sslmode=require",
            ),
            ("http://host:6333?api_key=xyz&x=1", "http://host:6333?api_key=***&x=1"),
            ("postgres://me@host/db", "postgres://me@host/db"),
            ("postgres://me:pa/ss@host/db", "postgres://me:***@host/db"),
            ("postgres://me:pa?ss#'\"`@host", "postgres://me:***@host"),
            ("postgres://host:5432/db?password=a@b", "postgres://host:5432/db?password=***"),
            ("hunter2", "***"),
        ] {
            assert_eq!(Secret::new(given).to_string(), shown);
        }
    }

    #[test]
    fn messages_are_masked_in_their_own_length() {
        let text =
            "unknown name `postgres://me:hunter2@h/db?token=abc&x=1` in --set engine=postgres://me:hunter2@h";
        let masked = super::mask(text);
        assert_eq!(
            masked,
            "unknown name `postgres://me:*******@h/db?token=***&x=1` in --set engine=postgres://me:*******@h"
        );
        for (given, shown) in [
            ("no url: a@b", "no url: a@b"),
            ("`postgres://me:pa/ss@h/db`, a@b", "`postgres://me:*****@h/db`, a@b"),
            ("'postgres://me:p'\"`s@h' x", "'postgres://me:*****@h' x"),
            ("{\"url\":\"http://h:1/x?token=abc\"} x", "{\"url\":\"http://h:1/x?token=***** x"),
        ] {
            assert_eq!(super::mask(given), shown);
        }
    }

    proptest! {
        #[test]
        fn masking_keeps_the_length(text: String) {
            proptest::prop_assert_eq!(super::mask(&text).chars().count(), text.chars().count());
        }

        #[test]
        fn a_password_is_never_shown(password in "[a-zA-Z0-9@:!/?#'\"`]{9,24}") {
            let secret = Secret::new(format!("postgres://u:{password}@h/db?x=1&password={password}"));
            let shown = "postgres://u:***@h/db?x=1&password=***";
            prop_assert_eq!(secret.to_string(), shown);
            prop_assert_eq!(format!("{secret:?}"), format!("Secret({shown})"));
            prop_assert_eq!(serde_json::to_string(&secret).unwrap(), format!("\"{shown}\""));
            let hidden = "*".repeat(password.len());
            let message = |hidden: &str| format!("where `postgres://u:{hidden}@h/db`: a@b");
            prop_assert_eq!(super::mask(&message(&password)), message(&hidden));
            let query = |hidden: &str| format!("--set url=http://u:{hidden}@h/db?password={hidden}&x=1'");
            prop_assert_eq!(super::mask(&query(&password)), query(&hidden));
        }
    }
}
