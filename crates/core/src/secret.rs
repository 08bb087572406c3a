//! Texts that must not be seen: passwords, tokens, URLs that carry either.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

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
    let (before_query, query) = rest.split_once('?').map_or((rest, None), |(b, q)| (b, Some(q)));
    let (authority, path) = before_query.find('/').map_or((before_query, ""), |at| before_query.split_at(at));
    // The last `@` ends the user part: passwords may hold one unescaped.
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => format!("{user}@{host}"),
        },
        None => authority.to_owned(),
    };
    let query = query.map_or(String::new(), |query| {
        let parts: Vec<String> = query.split('&').map(redact_parameter).collect();
        format!("?{}", parts.join("&"))
    });
    format!("{scheme}://{authority}{path}{query}")
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
        let end = url.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`')).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        masked.extend(mask_url(url));
        rest = after;
    }
    masked.extend(rest.chars());
    masked.into_iter().collect()
}

/// The same for what follows `://`.
fn mask_url(url: &str) -> Vec<char> {
    let hide = |text: &str| "*".repeat(text.chars().count());
    let (before_query, query) =
        url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let mut masked = match before_query.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, password)) => format!("{name}:{}@{host}", hide(password)),
            None => before_query.to_owned(),
        },
        None => before_query.to_owned(),
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
        assert_eq!(super::mask("no url: a@b"), "no url: a@b");
    }

    proptest! {
        #[test]
        fn masking_keeps_the_length(text: String) {
            proptest::prop_assert_eq!(super::mask(&text).chars().count(), text.chars().count());
        }

        #[test]
        fn a_password_is_never_shown(password in "[a-zA-Z0-9@:!]{9,24}") {
            let secret = Secret::new(format!("postgres://u:{password}@h/db?password={password}"));
            for shown in [secret.to_string(), format!("{secret:?}"), serde_json::to_string(&secret).unwrap()] {
                prop_assert!(!shown.contains(&password));
            }
        }
    }
}
