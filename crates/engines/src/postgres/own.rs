//! A statement of the user's own: `$query`, `$k`, `$filter` and `$table` are put in.

use annvil_core::engine::{EngineError, Result};
use annvil_core::scenario::statement::{Part, parts};

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
    for part in parts(text) {
        match part {
            Part::Text(text) => sql.push_str(text),
            Part::Variable("query") => {
                takes_query = true;
                sql.push_str("$1");
            }
            Part::Variable("k") => sql.push_str(&k.to_string()),
            Part::Variable("table") => sql.push_str(table),
            Part::Variable("filter") => {
                takes_filter = true;
                sql.push_str(&condition.map_or("true".to_owned(), |condition| format!("({condition})")));
            }
            Part::Variable(other) => {
                sql.push('$');
                sql.push_str(other);
            }
        }
    }
    if condition.is_some() && !takes_filter {
        return Err(EngineError::Configuration {
            what: "`sql` has no place for the filter of a form, so every row would be answered".to_owned(),
            help: "write `where $filter` into it, or leave the filter out".to_owned(),
        });
    }
    Ok((sql, takes_query))
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
