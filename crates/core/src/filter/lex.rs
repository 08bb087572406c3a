//! Filter texts cut into tokens.

use super::{Comparison, FilterError, Value};

/// A piece of a filter text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A bare word: a field or a keyword, as its place decides.
    Word(String),
    /// A name in double quotes: always a field.
    Quoted(String),
    /// A text or a number.
    Literal(Value),
    /// A comparison sign.
    Sign(Comparison),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

/// A token and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
    pub(super) len: usize,
}

const KEYWORDS: [&str; 9] = ["and", "or", "not", "in", "between", "contains", "exists", "true", "false"];

/// Whether the word has a meaning of its own in the grammar, in any case.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Whether the name may stand without quotes.
pub(super) fn is_bare_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(starts_name) && bytes.all(continues_name)
}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn continues_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

/// Cuts a text into tokens.
pub(super) fn lex(text: &str) -> Result<Vec<Placed>, FilterError> {
    let mut tokens = vec![];
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, len) = token(text, at, first)?;
        tokens.push(Placed { token, at, len });
        at += len;
    }
    Ok(tokens)
}

fn token(text: &str, at: usize, first: char) -> Result<(Token, usize), FilterError> {
    let rest = &text[at..];
    let sign = |comparison, len| Ok((Token::Sign(comparison), len));
    match first {
        '(' => Ok((Token::Open, 1)),
        ')' => Ok((Token::Close, 1)),
        ',' => Ok((Token::Comma, 1)),
        '!' if rest.starts_with("!=") => sign(Comparison::NotEqual, 2),
        '<' if rest.starts_with("<>") => Err(wrong(at, 2, "`<>` is not an operator here", "write `!=`")),
        '<' if rest.starts_with("<=") => sign(Comparison::LessOrEqual, 2),
        '<' => sign(Comparison::Less, 1),
        '>' if rest.starts_with(">=") => sign(Comparison::GreaterOrEqual, 2),
        '>' => sign(Comparison::Greater, 1),
        '=' if rest.starts_with("==") => Err(wrong(at, 2, "`==` is not an operator here", "write `=`")),
        '=' => sign(Comparison::Equal, 1),
        '!' => Err(wrong(at, 1, "`!` is not an operator here", "write `not`, or `!=` for a comparison")),
        '&' => Err(wrong(at, 1, "`&` is not an operator here", "write `and`")),
        '|' => Err(wrong(at, 1, "`|` is not an operator here", "write `or`")),
        '\'' => quoted(rest, at, '\'').map(|(content, len)| (Token::Literal(Value::Text(content)), len)),
        '"' => quoted(rest, at, '"').map(|(content, len)| (Token::Quoted(content), len)),
        '0'..='9' | '-' | '+' | '.' => number(rest, at),
        _ if first.is_ascii() && starts_name(first as u8) => {
            let len = rest.bytes().position(|byte| !continues_name(byte)).unwrap_or(rest.len());
            Ok((Token::Word(rest[..len].to_owned()), len))
        }
        _ => Err(wrong(
            at,
            first.len_utf8(),
            &format!("unexpected character `{first}`"),
            "put texts in 'single quotes' and unusual field names in \"double quotes\"",
        )),
    }
}

/// The content of a quoted piece that starts `rest`, doubled quotes undone, and its length with quotes.
fn quoted(rest: &str, at: usize, quote: char) -> Result<(String, usize), FilterError> {
    let mut content = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((i, c)) = chars.next() {
        if c != quote {
            content.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Ok((content, i + 1));
        }
    }
    Err(wrong(
        at,
        rest.len(),
        &format!("no closing {quote}"),
        &format!("close it with {quote}; inside, write {quote}{quote}"),
    ))
}

/// A number takes everything up to the next character that cannot belong to one, so that `1x` is one wrong number
/// instead of a number and a word.
fn number(rest: &str, at: usize) -> Result<(Token, usize), FilterError> {
    let bytes = rest.as_bytes();
    let mut len = 1;
    while let Some(byte) = bytes.get(len) {
        let exponent_sign = matches!(byte, b'+' | b'-') && bytes[len - 1].eq_ignore_ascii_case(&b'e');
        if !continues_name(*byte) && !exponent_sign {
            break;
        }
        len += 1;
    }
    let written = &rest[..len];
    let whole = written.strip_prefix(['-', '+']).unwrap_or(written);
    let value = if !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()) {
        written.parse().map(Value::Int).map_err(|_| {
            let help = "write it with a point or an exponent to compare as a floating-point number";
            wrong(at, len, &format!("the whole number {written} exceeds 64 bits"), help)
        })?
    } else {
        // f64's own parser also takes `inf` and `nan`; the first character after the sign rules them out.
        let starts_well = whole.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        match written.parse::<f64>() {
            Ok(x) if starts_well && x.is_finite() => Value::Float(x),
            Ok(_) if starts_well => {
                return Err(wrong(
                    at,
                    len,
                    &format!("the number {written} is too large"),
                    "use one below 1.8e308",
                ));
            }
            _ => {
                return Err(wrong(
                    at,
                    len,
                    &format!("`{written}` is not a number"),
                    "write numbers like 12, -3.5 or 1e6",
                ));
            }
        }
    };
    Ok((Token::Literal(value), len))
}

pub(super) fn wrong(at: usize, len: usize, message: &str, help: &str) -> FilterError {
    FilterError { at, len, message: message.to_owned(), help: help.to_owned() }
}
