//! Where a URL ends its credentials. People write passwords as they are, with `@`, `/`, `?` and quotes in them.

/// What follows `://`, taken apart. The parts are as written, percent signs and all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Name of the user.
    pub user: Option<&'a str>,
    /// Its password.
    pub password: Option<&'a str>,
    /// Host, path and parameters.
    pub place: &'a str,
}

/// Parameters whose values may hold an `@` that ends no credentials. Of any other an `@` is taken for a password's: what is
/// hidden needlessly does no harm.
const NAMES: [&str; 6] = ["user", "dbname", "application_name", "options", "host", "sslrootcert"];

impl<'a> Parts<'a> {
    /// Takes apart what follows `://`: everything up to the last `@` is user and password, and the user has no colon.
    pub fn of(rest: &'a str) -> Self {
        let Some(at) = end_of_credentials(rest) else {
            return Self { user: None, password: None, place: rest };
        };
        let credentials = &rest[..at];
        let (user, password) = credentials
            .split_once(':')
            .map_or((credentials, None), |(user, password)| (user, Some(password)));
        Self { user: Some(user), password, place: &rest[at + 1..] }
    }
}

/// Place of the `@` that ends the credentials: the last one that stands in no parameter.
fn end_of_credentials(rest: &str) -> Option<usize> {
    let last = rest.rfind('@')?;
    let mut end = last;
    while let Some(parameter) = parameter(&rest[..end]) {
        match rest[..parameter].rfind('@') {
            Some(before) => end = before,
            // What can't be a host and a port is a user and a password with a question mark in it.
            None => return (!is_place(rest)).then_some(last),
        }
    }
    Some(end)
}

/// Where the parameter begins in whose value a text ends, if that is one whose name is known.
fn parameter(text: &str) -> Option<usize> {
    let known = |text: &str| text.split_once('=').is_some_and(|(name, _)| is_named(name));
    let first = text.find('?')?;
    let begin = text.rfind('&').filter(|at| *at > first);
    if begin.is_some_and(|at| known(&text[at + 1..])) {
        return begin;
    }
    let begin = begin.unwrap_or(first);
    text[begin..].match_indices('?').map(|(at, _)| begin + at).find(|at| known(&text[at + 1..]))
}

fn is_named(name: &str) -> bool {
    NAMES.contains(&name) || super::is_credential(name)
}

/// Whether a URL without credentials may begin like this: hosts, each with a number for a port.
fn is_place(rest: &str) -> bool {
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.split(',').all(|host| {
        let after =
            host.strip_prefix('[').and_then(|host| host.split_once(']')).map_or(host, |(_, after)| after);
        after.split_once(':').is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn credentials_end_at_the_last_at() {
        for (rest, user, password, place) in [
            ("h:1/db", None, None, "h:1/db"),
            ("me@h/db", Some("me"), None, "h/db"),
            ("me:p@ss@h/db", Some("me"), Some("p@ss"), "h/db"),
            ("me:p/a?s#s@h/db?x=1", Some("me"), Some("p/a?s#s"), "h/db?x=1"),
            ("me:a:b'\"`@h", Some("me"), Some("a:b'\"`"), "h"),
            ("me:pw@h/db?application_name=a@b&x=1", Some("me"), Some("pw"), "h/db?application_name=a@b&x=1"),
            ("me:pw@h/db?x=1&password=a?b@c@d", Some("me"), Some("pw"), "h/db?x=1&password=a?b@c@d"),
            ("h:5432/db?user=me@corp", None, None, "h:5432/db?user=me@corp"),
            ("[::1]:5432?password=a@b", None, None, "[::1]:5432?password=a@b"),
            ("me:pa?user=x@h/db", Some("me"), Some("pa?user=x"), "h/db"),
            (":pw@h", Some(""), Some("pw"), "h"),
            ("@@h", Some("@"), None, "h"),
        ] {
            let parts = Parts::of(rest);
            assert_eq!((parts.user, parts.password, parts.place), (user, password, place), "{rest}");
        }
    }
}
