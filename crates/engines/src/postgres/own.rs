//! A statement of the user's own: `$query`, `$k`, `$filter` and `$table` are put in.

use annvil_core::engine::{EngineError, Result};

/// The statement with its variables replaced, and whether it takes the query as `$1`.
///
/// A variable ends where its word ends (`$kind` is not `$k`). Texts in quotes are left alone, and so are names and
/// comments. A condition that has no place in the statement is refused: it must not be dropped.
pub(super) fn substitute(
    text: &str,
    table: &str,
    k: usize,
    condition: Option<&str>,
) -> Result<(String, bool)> {
    let (mut sql, mut takes_query, mut takes_filter) = (String::with_capacity(text.len()), false, false);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let verbatim = skipped(rest);
        if verbatim > 0 {
            sql.push_str(&rest[..verbatim]);
            rest = &rest[verbatim..];
            continue;
        }
        let word = if next == '$' { word(&rest[1..]) } else { "" };
        match word {
            "query" => {
                takes_query = true;
                sql.push_str("$1");
            }
            "k" => sql.push_str(&k.to_string()),
            "table" => sql.push_str(table),
            "filter" => {
                takes_filter = true;
                sql.push_str(&condition.map_or("true".to_owned(), |condition| format!("({condition})")));
            }
            _ => {
                sql.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            }
        }
        rest = &rest[1 + word.len()..];
    }
    if condition.is_some() && !takes_filter {
        return Err(EngineError::Configuration {
            what: "`sql` has no place for the filter of a form, so every row would be answered".to_owned(),
            help: "write `where $filter` into it, or leave the filter out".to_owned(),
        });
    }
    Ok((sql, takes_query))
}

/// Bytes at the start that are a text, a name in quotes or a comment; 0 if there is none. What does not end goes on to
/// the end: the server will say so.
fn skipped(text: &str) -> usize {
    let until = |start: usize, end: &str| {
        text.get(start..).and_then(|rest| rest.find(end)).map_or(text.len(), |at| start + at + end.len())
    };
    if text.starts_with('\'') {
        until(1, "'")
    } else if text.starts_with('"') {
        until(1, "\"")
    } else if text.starts_with("--") {
        until(2, "\n")
    } else if text.starts_with("/*") {
        until(2, "*/")
    } else {
        0
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_end_where_their_word_ends() {
        let text =
            "select id, '$k' from $table where $filter and kind = $kind order by v <=> $query limit $k";
        let (sql, takes_query) = substitute(text, "\"s\".\"t\"", 10, Some("a = 1 OR b = 2")).unwrap();
        assert_eq!(
            sql,
            "select id, '$k' from \"s\".\"t\" where (a = 1 OR b = 2) and kind = $kind order by v <=> $1 limit 10"
        );
        assert!(takes_query);
    }

    #[test]
    fn a_filter_without_a_place_is_refused() {
        let text = "select id from items -- where $filter\norder by v <=> $query limit $k";
        let error = substitute(text, "t", 10, Some("a = 1")).unwrap_err().to_string();
        assert!(error.contains("no place for the filter"), "{error}");
        assert_eq!(
            substitute("select 1 where $filter", "t", 10, None).unwrap(),
            ("select 1 where true".to_owned(), false)
        );
    }
}
