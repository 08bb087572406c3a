//! Names and texts in SQL.

/// A name in double quotes.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text literal. Backslashes go into the escaped form, so that it means the same whatever
/// `standard_conforming_strings` is. `None` for a text with a NUL, which the server can't hold.
pub(super) fn text(text: &str) -> Option<String> {
    if text.contains('\0') {
        return None;
    }
    let quoted = text.replace('\'', "''");
    Some(if text.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    })
}

/// A name of at most 63 bytes, which is what the server keeps: `stem` is shortened, `end` stays whole.
pub(super) fn short(stem: &str, end: &str) -> String {
    let room = 63_usize.saturating_sub(end.len());
    let cut = (0..=room.min(stem.len())).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{end}", &stem[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(name("a\"b"), "\"a\"\"b\"");
        assert_eq!(text("it's").unwrap(), "'it''s'");
        assert_eq!(text("a\\'b").unwrap(), "E'a\\\\''b'");
        assert_eq!(text("a\0b"), None);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let name = short(&"é".repeat(40), "_embedding");
        assert_eq!((name.len(), name.ends_with("é_embedding")), (62, true));
    }
}
