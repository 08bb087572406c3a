//! Text in XML.

/// Text that means only itself, between tags and in quoted attributes. Characters that XML 1.0 cannot hold are replaced.
pub(super) fn attribute(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::attribute;

    #[test]
    fn nothing_of_a_name_is_markup() {
        assert_eq!(
            attribute("a<b> & \"c\"\n\u{1b}[31m\u{0}\u{ffff}"),
            "a&lt;b&gt; &amp; &quot;c&quot;&#10;\u{fffd}[31m\u{fffd}\u{fffd}"
        );
    }
}
