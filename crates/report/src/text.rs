//! Plain text that lines up: widths as a terminal shows them, padding, cutting, wrapping, and ASCII where that is all.

use unicode_width::UnicodeWidthStr;

pub(crate) mod grid;

/// What stands for a figure that is not there.
pub(crate) const ABSENT: &str = "–";

/// Columns that a terminal needs for `text`.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` filled up with spaces to `to` columns.
pub(crate) fn pad(text: &str, to: usize, right: bool) -> String {
    let gap = " ".repeat(to.saturating_sub(width(text)));
    if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

/// `text` in at most `to` columns, its end replaced by an ellipsis if it is longer.
pub(crate) fn cut(text: &str, to: usize) -> String {
    if width(text) <= to {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        short.push(c);
        if width(&short) + 1 > to {
            short.pop();
            break;
        }
    }
    format!("{}…", short.trim_end())
}

/// A name in at most `to` columns: its middle goes, because names of a family differ at their ends.
pub(crate) fn cut_name(name: &str, to: usize) -> String {
    if width(name) <= to || to < 8 {
        return cut(name, to);
    }
    let front = cut(name, to.div_ceil(2));
    let room = to - width(&front);
    let mut back: Vec<char> = Vec::new();
    for c in name.chars().rev() {
        back.push(c);
        if width(&back.iter().collect::<String>()) > room {
            back.pop();
            break;
        }
    }
    front + back.into_iter().rev().collect::<String>().trim_start()
}

/// Lines of at most `to` columns, broken between words. A word that is longer has a line of its own.
pub(crate) fn wrap(text: &str, to: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= to {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The same in ASCII, as far as our own signs go; names are the user's and stay.
pub(crate) fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '–' | '—' | '−' | '·' => plain.push('-'),
            '×' => plain.push('x'),
            'µ' => plain.push('u'),
            '±' => plain.push_str("+-"),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            '…' => plain.push_str(".."),
            '→' => plain.push_str("->"),
            '∞' => plain.push_str("inf"),
            c => plain.push(c),
        }
    }
    plain
}

/// A text that begins a sentence.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// A text without control characters: an engine's message must not move the cursor, or break a table's row.
pub(crate) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_a_terminal() {
        assert_eq!(pad("µs", 4, true), "  µs");
        assert_eq!(pad("日本", 5, false), "日本 ");
        assert_eq!(cut("hnsw f16", 8), "hnsw f16");
        assert_eq!(cut("hnsw f16 with more", 9), "hnsw f16…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_name("hnsw f16 m 16 number 7", 12), "hnsw…umber 7");
        assert_eq!(width(&cut_name("日本語日本語日本語", 10)), 9);
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensibly long", 5), ["incomprehensibly", "long"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn messages_stay_on_their_line() {
        assert_eq!(one_line("a\n\u{1b}[31mb\t c"), "a [31mb c");
    }
}
