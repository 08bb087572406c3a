//! Lists of numbers as text.

/// Appends the numbers of a list to `out` and returns how many there are. Understood are `[0.1, 0.2]`, `{0.1,0.2}` as
/// Postgres writes arrays, `(0.1, 0.2)`, and the same without brackets or with blanks for commas.
///
/// Each is rounded once, to the nearest 32-bit float, so that what was written with enough digits comes back as it was.
/// The error says which value is wrong.
pub(crate) fn numbers(text: &str, out: &mut Vec<f32>) -> Result<usize, String> {
    let body = body(text)?;
    if body.is_empty() {
        return Err("is an empty list".to_owned());
    }
    let before = out.len();
    let mut push = |token: &str| {
        out.push(number(token).map_err(|problem| format!("has {problem} at place {}", out.len() - before))?);
        Ok::<(), String>(())
    };
    if body.contains(',') {
        body.split(',').try_for_each(|token| push(token.trim()))?;
    } else {
        body.split_whitespace().try_for_each(push)?;
    }
    Ok(out.len() - before)
}

/// Whether a text is meant as a list of numbers: brackets, or more than one number.
pub(super) fn is_list(text: &str) -> bool {
    let text = text.trim();
    let brackets = text.starts_with(['[', '{', '(']);
    (brackets || text.contains([',', ' '])) && numbers(text, &mut vec![]).is_ok()
}

/// What stands between the brackets.
fn body(text: &str) -> Result<&str, String> {
    let text = text.trim();
    for (open, close) in [('[', ']'), ('{', '}'), ('(', ')')] {
        if let Some(rest) = text.strip_prefix(open) {
            return match rest.strip_suffix(close) {
                Some(body) => Ok(body.trim()),
                None => Err(format!("begins with `{open}` and does not end with `{close}`")),
            };
        }
    }
    Ok(text)
}

/// A finite number.
pub(super) fn number(token: &str) -> Result<f32, String> {
    match token.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) if token.contains(|c: char| c.is_ascii_digit()) => {
            Err(format!("the number `{}`, which is beyond 32-bit floats,", short(token)))
        }
        Ok(_) => Err(format!("`{}`, which is no finite number,", short(token))),
        Err(_) if token.is_empty() => Err("nothing".to_owned()),
        Err(_) if token.contains("...") => {
            Err("`...`, so the list was shortened when it was printed,".to_owned())
        }
        Err(_) => Err(format!("`{}`, which is no number,", short(token))),
    }
}

/// At most some twenty characters.
pub(super) fn short(text: &str) -> String {
    let mut start: String = text.chars().take(20).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<f32>, String> {
        let mut out = vec![];
        numbers(text, &mut out).map(|_| out)
    }

    #[test]
    fn lists_in_all_their_brackets() {
        for text in
            ["[0.5, -2]", "{0.5,-2}", "(0.5,-2.0)", "0.5 -2", " 0.5,\t-2 ", "[0.5 -2]", "[\n0.5\n-2e0]"]
        {
            assert_eq!(read(text).unwrap(), [0.5, -2.0], "{text}");
        }
        for (text, part) in [
            ("[]", "empty list"),
            ("[1, 2", "does not end with `]`"),
            ("[1, nan]", "`nan`, which is no finite number, at place 1"),
            ("[1e99]", "beyond 32-bit floats, at place 0"),
            ("[1,,2]", "nothing at place 1"),
            ("[1 2 ... 9]", "shortened"),
            ("[a]", "`a`, which is no number, at place 0"),
        ] {
            assert!(read(text).unwrap_err().contains(part), "{text}: {:?}", read(text));
        }
        assert!(is_list("1 2") && is_list("[3]") && !is_list("3") && !is_list("a b") && !is_list("1, x"));
    }

    proptest! {
        #[test]
        fn shortest_digits_come_back(bits in any::<u32>()) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(read(&format!("[{value:?}]")).unwrap()[0].to_bits(), bits);
        }
    }
}
