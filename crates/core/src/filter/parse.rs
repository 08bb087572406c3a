//! Filter texts parsed by recursive descent, with bounded depth.

use super::lex::{Placed, Token, is_keyword, lex, wrong};
use super::{Filter, FilterError, MAX_DEPTH, Value};

/// Parses a whole text.
pub(super) fn parse(text: &str) -> Result<Filter, FilterError> {
    let mut parser = Parser { tokens: lex(text)?, next: 0, end: text.len(), open: 0 };
    let filter = parser.either()?;
    match parser.tokens.get(parser.next) {
        None if filter.depth() > MAX_DEPTH => Err(too_deep(0, text.len())),
        None => Ok(filter),
        Some(Placed { token: Token::Close, at, len }) => {
            Err(wrong(*at, *len, "this `)` closes nothing", "remove it, or open a `(` before"))
        }
        Some(_) => Err(parser.unexpected("`and`, `or` or the end", "join conditions with `and` or `or`")),
    }
}

fn too_deep(at: usize, len: usize) -> FilterError {
    wrong(
        at,
        len,
        &format!("nested deeper than {MAX_DEPTH}"),
        "take parentheses away, or use `in (…)` for many values",
    )
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    /// Length of the text: where an error at its end points.
    end: usize,
    /// Parentheses and negations that are open, which bound the recursion.
    open: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.next + ahead), Some(Placed { token: Token::Word(w), .. }) if w.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.next += usize::from(found);
        found
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn unexpected(&self, expected: &str, help: &str) -> FilterError {
        match self.tokens.get(self.next) {
            None => wrong(self.end, 0, &format!("the filter ends where {expected} should follow"), help),
            Some(Placed { token, at, len }) => {
                wrong(*at, *len, &format!("expected {expected}, found {}", describe(token)), help)
            }
        }
    }

    fn either(&mut self) -> Result<Filter, FilterError> {
        self.joined("or", Self::both, Filter::Or)
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        self.joined("and", Self::negated, Filter::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Filter, FilterError>,
        join: fn(Vec<Filter>) -> Filter,
    ) -> Result<Filter, FilterError> {
        let first = part(self)?;
        if !self.is_word(0, word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_word(word) {
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn negated(&mut self) -> Result<Filter, FilterError> {
        let start = self.next;
        let (negation, opening) = (self.take_word("not"), self.take(&Token::Open));
        if !negation && !opening {
            return self.test();
        }
        self.open += 1;
        // Each level of a filter takes at most two steps here, one of them for its parentheses.
        if self.open > 2 * MAX_DEPTH {
            let Placed { at, len, .. } = self.tokens[start];
            return Err(too_deep(at, len));
        }
        let inner = if opening {
            let inner = self.either()?;
            if !self.take(&Token::Close) {
                return Err(
                    self.unexpected("`)`", "close the parenthesis, or join conditions with `and` or `or`")
                );
            }
            inner
        } else {
            self.negated()?
        };
        self.open -= 1;
        Ok(if negation { Filter::Not(Box::new(inner)) } else { inner })
    }

    fn test(&mut self) -> Result<Filter, FilterError> {
        let field = self.field()?;
        if let Some(Token::Sign(comparison)) = self.peek() {
            let comparison = *comparison;
            self.next += 1;
            return Ok(Filter::Compare { field, comparison, value: self.value()? });
        }
        if self.is_word(0, "not") && self.is_word(1, "in") {
            self.next += 2;
            return Ok(Filter::NotIn { field, values: self.values()? });
        }
        if self.take_word("in") {
            return Ok(Filter::In { field, values: self.values()? });
        }
        if self.take_word("between") {
            let low = self.value()?;
            if !self.take_word("and") {
                return Err(self.unexpected("`and`", "write `between low and high`"));
            }
            return Ok(Filter::Between { field, low, high: self.value()? });
        }
        if self.take_word("contains") {
            let Some(Token::Literal(Value::Text(text))) = self.peek() else {
                return Err(self.unexpected("a text", "write the member of the list in 'single quotes'"));
            };
            let text = text.clone();
            self.next += 1;
            return Ok(Filter::Contains { field, text });
        }
        if self.take_word("exists") {
            return Ok(Filter::Exists { field });
        }
        Err(self.unexpected(
            "an operator",
            "after a field write =, !=, <, <=, >, >=, in, not in, between, contains or exists",
        ))
    }

    fn field(&mut self) -> Result<String, FilterError> {
        let name = match self.peek() {
            Some(Token::Word(word)) if !is_keyword(word) => word.clone(),
            Some(Token::Quoted(name)) => name.clone(),
            Some(Token::Word(word)) => {
                let help = format!("a field of that name is written \"{word}\"");
                return Err(self.unexpected("a field", &help));
            }
            Some(Token::Literal(_)) => {
                return Err(
                    self.unexpected("a field", "the field comes first: `field = value`; quote names with \"")
                );
            }
            _ => return Err(self.unexpected("a field", "write a condition such as `field = 'value'`")),
        };
        self.next += 1;
        Ok(name)
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        let value = match self.peek() {
            Some(Token::Literal(value)) => value.clone(),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Value::Bool(true),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Value::Bool(false),
            Some(Token::Word(word)) => {
                let help = format!(
                    "a text is written '{word}', in single quotes; fields are not compared with each other"
                );
                return Err(self.unexpected("a value", &help));
            }
            Some(Token::Quoted(_)) => {
                return Err(self.unexpected(
                    "a value",
                    "texts are written in 'single quotes'; double quotes mark fields",
                ));
            }
            _ => return Err(self.unexpected("a value", "write a 'text', a number, true or false")),
        };
        self.next += 1;
        Ok(value)
    }

    fn values(&mut self) -> Result<Vec<Value>, FilterError> {
        if !self.take(&Token::Open) {
            return Err(self.unexpected("`(`", "write the values as `in ('a', 'b')`"));
        }
        let mut values = vec![self.value()?];
        while self.take(&Token::Comma) {
            values.push(self.value()?);
        }
        if !self.take(&Token::Close) {
            return Err(self.unexpected("`,` or `)`", "separate values by commas and close the parenthesis"));
        }
        Ok(values)
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{word}`"),
        Token::Quoted(name) => format!("the field \"{name}\""),
        Token::Literal(value) => format!("the value {value}"),
        Token::Sign(comparison) => format!("`{}`", comparison.symbol()),
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::Comma => "`,`".to_owned(),
    }
}
