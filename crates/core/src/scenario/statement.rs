//! A statement of the user's own, taken apart: variables such as `$query`, and everything else.

/// A part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// What stays as it is, texts in quotes and comments included.
    Text(&'a str),
    /// A variable, without its `$`.
    Variable(&'a str),
}

/// The parts of a statement in their order; together they are the statement.
///
/// A variable is `$` and a word that begins with a letter, outside of texts (`'…'`, `E'…'`, `$$…$$`), names in quotes and
/// comments. What does not end goes on to the end: the server will say so.
pub fn parts(sql: &str) -> Vec<Part<'_>> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = sql[at..].chars().next() {
        let rest = &sql[at..];
        if next == '$' {
            if let Some(length) = dollar_quoted(rest) {
                at += length;
                continue;
            }
            let name = word(&rest[1..]);
            if name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                if from < at {
                    parts.push(Part::Text(&sql[from..at]));
                }
                parts.push(Part::Variable(name));
                at += 1 + name.len();
                from = at;
            } else {
                at += 1 + name.len();
            }
        } else {
            at += skipped(rest, next);
        }
    }
    if from < sql.len() {
        parts.push(Part::Text(&sql[from..]));
    }
    parts
}

/// Bytes at the start that belong together: a text, a name, a comment, or else one character.
fn skipped(rest: &str, next: char) -> usize {
    let until = |start: usize, end: &str| {
        rest.get(start..).and_then(|rest| rest.find(end)).map_or(rest.len(), |at| start + at + end.len())
    };
    match next {
        '\'' => until(1, "'"),
        '"' => until(1, "\""),
        '-' if rest.starts_with("--") => until(2, "\n"),
        '/' if rest.starts_with("/*") => comment(rest),
        'e' | 'E' if rest[1..].starts_with('\'') => escaped(rest),
        c if c.is_alphabetic() || c == '_' => {
            // The `$` of a name such as `a$b` is no variable's.
            rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len())
        }
        c => c.len_utf8(),
    }
}

/// The length of `E'…'`, in which a backslash takes the next character along.
fn escaped(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(2);
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '\'' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a comment that may hold others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of `$tag$…$tag$`, if that is what begins here and it ends.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag = word(&rest[1..]);
    if tag.starts_with(|c: char| c.is_ascii_digit()) || !rest[1 + tag.len()..].starts_with('$') {
        return None;
    }
    let mark = &rest[..tag.len() + 2];
    rest[mark.len()..].find(mark).map(|at| at + 2 * mark.len())
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variables(sql: &str) -> Vec<&str> {
        parts(sql)
            .into_iter()
            .filter_map(|part| match part {
                Part::Variable(name) => Some(name),
                Part::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn variables_are_found_where_the_server_reads_them() {
        for (sql, expected) in [
            ("select $query, $k", vec!["query", "k"]),
            ("$kind $1 a$k $k", vec!["kind", "k"]),
            ("'$k' \"$k\" 'it''s $k' $k", vec!["k"]),
            (r"E'it\'s $table' $k e'\\' $query", vec!["k", "query"]),
            ("$$ it's $k $$ $k $a$ $$ $k $a$ $query", vec!["k", "query"]),
            ("/* /* $k */ $k */ $query -- $k\n$filter", vec!["query", "filter"]),
            ("type'$k' $k", vec!["k"]),
            ("$k 'open $k", vec!["k"]),
        ] {
            assert_eq!(variables(sql), expected, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_the_whole(sql in "[$'\"a-eEkπ/*\\\\\\n -]{0,30}") {
            let whole: String = parts(&sql)
                .iter()
                .map(|part| match part {
                    Part::Text(text) => (*text).to_owned(),
                    Part::Variable(name) => format!("${name}"),
                })
                .collect();
            prop_assert_eq!(whole, sql);
        }
    }
}
