//! Reading an objective, with the place of every error.

use std::str::FromStr;

use super::{Objective, ObjectiveError, Op, Selector, Target, value};
use crate::quantity::{Quantity, QuantityError, Stat};

const EXAMPLE: &str = "write it like `search.response.p95 < 10ms`";

/// A part of the text that knows where it stands.
#[derive(Clone, Copy)]
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    offset: usize,
}

impl Piece<'_> {
    pub(super) fn trim(self) -> Self {
        let begun = self.text.trim_start();
        Self { text: begun.trim_end(), offset: self.offset + self.text.len() - begun.len() }
    }

    /// Cut at `at`, the beginning of a character.
    pub(super) fn split(self, at: usize) -> (Self, Self) {
        let (left, right) = self.text.split_at(at);
        (Self { text: left, ..self }, Self { text: right, offset: self.offset + at })
    }

    /// What follows `prefix`, if it is there.
    pub(super) fn strip(self, prefix: &str) -> Option<Self> {
        let text = self.text.strip_prefix(prefix)?;
        Some(Self { text, offset: self.offset + prefix.len() })
    }

    pub(super) fn error(self, message: impl Into<String>) -> ObjectiveError {
        ObjectiveError { offset: self.offset, length: self.text.len(), message: message.into(), help: None }
    }
}

impl ObjectiveError {
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl FromStr for Objective {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, ObjectiveError> {
        let whole = Piece { text, offset: 0 };
        let Some(at) = text.find(['<', '>', '≤', '≥']) else {
            return Err(whole.trim().error("there is no comparison: <, <=, > or >=").help(EXAMPLE));
        };
        let (before, after) = whole.split(at);
        let (op, after) = operator(after);
        let (phase, form, quantity, stat) = path(before.trim())?;
        let (first, second) = levels(after)?;
        let target = value::parse(first, quantity)?;
        let critical = second.map(|second| critical(second, quantity, op, &target)).transpose()?;
        Ok(Self { phase, form, quantity, stat, op, target, critical })
    }
}

/// The operator at the beginning of `piece`, which begins with one, and what follows it.
fn operator(piece: Piece<'_>) -> (Op, Piece<'_>) {
    let spellings =
        [("<=", Op::AtMost), ("≤", Op::AtMost), (">=", Op::AtLeast), ("≥", Op::AtLeast), ("<", Op::Less)];
    let found = spellings.into_iter().find_map(|(spelling, op)| Some((op, piece.strip(spelling)?)));
    found.unwrap_or_else(|| (Op::Greater, piece.strip(">").unwrap_or(piece)))
}

/// Phase, form, quantity and statistic. Read from the right, because only the right end is fixed: the statistic is
/// one of ours or absent, the quantity stands before it, and what is left names phase and form.
fn path(path: Piece<'_>) -> Result<(Selector, Option<Selector>, Quantity, Stat), ObjectiveError> {
    let mut segments = segments(path);
    let Some(last) = segments.pop().filter(|_| !path.text.is_empty()) else {
        return Err(path.error("nothing stands before the comparison").help(EXAMPLE));
    };
    let (quantity, stat) = match last.text.parse::<Stat>() {
        Ok(stat) => {
            let Some(before) = segments.pop() else {
                return Err(last.error(format!("`{stat}` of what is not said")).help(EXAMPLE));
            };
            let quantity =
                before.text.parse::<Quantity>().map_err(|error| before.error(error.to_string()))?;
            (quantity, Some((stat, last)))
        }
        Err(stat_error) => match last.text.parse::<Quantity>() {
            Ok(quantity) => (quantity, None),
            Err(error) => return Err(last.error(unknown(&error, &stat_error, segments.last().copied()))),
        },
    };
    let stat = statistic(quantity, stat, last)?;
    let (phase, form) = match segments[..] {
        [phase] => (selector(phase, "phase")?, None),
        [phase, form] => (selector(phase, "phase")?, Some(selector(form, "form")?)),
        [] => {
            let help = format!("write search.{0}, or *.{0} for every phase that has it", path.text);
            return Err(path.error("the phase is missing").help(help));
        }
        [_, _, extra, ..] => {
            let message = format!("`{}` is one name too many before the quantity", extra.text);
            return Err(extra.error(message).help("phase, then form, then quantity"));
        }
    };
    Ok((phase, form, quantity, stat))
}

/// The names between the dots. No name begins with a digit, so the dot of `p99.9` separates nothing.
fn segments(path: Piece<'_>) -> Vec<Piece<'_>> {
    let mut segments: Vec<Piece<'_>> = Vec::new();
    let mut start = 0;
    for part in path.text.split('.') {
        let end = start + part.len();
        match segments.last_mut() {
            Some(before) if part.starts_with(|c: char| c.is_ascii_digit()) => {
                before.text = &path.text[before.offset - path.offset..end];
            }
            _ => segments.push(Piece { text: part, offset: path.offset + start }),
        }
        start = end + 1;
    }
    segments
}

/// What to say of a last segment that is neither statistic nor quantity.
fn unknown(quantity: &QuantityError, stat: &QuantityError, before: Option<Piece<'_>>) -> String {
    let after_quantity = before.is_some_and(|before| before.text.parse::<Quantity>().is_ok());
    let like_a_stat = matches!(stat, QuantityError::UnknownStat { nearest: Some(_), .. });
    let like_a_quantity = !matches!(quantity, QuantityError::UnknownQuantity { nearest: None, .. });
    let error = if !like_a_quantity && (after_quantity || like_a_stat) { stat } else { quantity };
    error.to_string()
}

/// The statistic as written or as understood.
fn statistic(
    quantity: Quantity,
    stat: Option<(Stat, Piece<'_>)>,
    last: Piece<'_>,
) -> Result<Stat, ObjectiveError> {
    let has = || quantity.stats().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match stat {
        Some((stat, _)) if quantity.allows(stat) => Ok(stat),
        Some((stat, piece)) => {
            Err(piece.error(format!("there is no {stat} of {quantity}")).help(format!("there is {}", has())))
        }
        None => quantity.default_stat().ok_or_else(|| {
            let help = format!("write {quantity}.p95, or another of {}", has());
            last.error(format!("which statistic of {quantity} is not said")).help(help)
        }),
    }
}

fn selector(piece: Piece<'_>, what: &str) -> Result<Selector, ObjectiveError> {
    let named = piece.text.starts_with(|c: char| c.is_ascii_alphabetic())
        && piece.text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match piece.text {
        "*" => Ok(Selector::Any),
        name if named => Ok(Selector::Name(name.to_owned())),
        other => Err(piece
            .error(format!("`{other}` is no name of a {what}"))
            .help("a name is letters, digits, _ and -, beginning with a letter; * means any")),
    }
}

/// The text of the value, and that of the critical one.
fn levels(after: Piece<'_>) -> Result<(Piece<'_>, Option<Piece<'_>>), ObjectiveError> {
    let Some(comma) = comma(after.text) else { return Ok((after, None)) };
    let (first, second) = after.split(comma);
    let rest = second.strip(",").unwrap_or(second).trim();
    let level = rest.strip("critical").filter(|level| level.text.starts_with(char::is_whitespace));
    let Some(level) = level else {
        let help = if rest.text.starts_with(|c: char| c.is_ascii_digit()) {
            "numbers have no thousands marks here: 14300/s or 14.3k/s"
        } else {
            "a second level is written `, critical 50ms`"
        };
        return Err(rest.error("after the comma stands `critical` and a value").help(help));
    };
    match self::comma(level.text) {
        Some(extra) => Err(level.split(extra).1.error("there are two levels at most")),
        None => Ok((first, Some(level))),
    }
}

/// The first comma outside quotes.
fn comma(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '\'';
        (c == ',' && !quoted).then_some(at)
    })
}

/// The critical level, which lies beyond the target where the two can be compared.
fn critical(piece: Piece<'_>, quantity: Quantity, op: Op, target: &Target) -> Result<Target, ObjectiveError> {
    let critical = value::parse(piece, quantity)?;
    let (near, far) = match (target, &critical) {
        (Target::Absolute(near), Target::Absolute(far)) => (*near, *far),
        (Target::Relative { factor: near, to }, Target::Relative { factor: far, to: same }) if to == same => {
            (near.value(), far.value())
        }
        _ => return Ok(critical),
    };
    if if op.is_upper_limit() { far > near } else { far < near } {
        return Ok(critical);
    }
    let side = if op.is_upper_limit() { "above" } else { "below" };
    let message = format!("the critical level is worse than the target, so it lies {side} it");
    Err(piece.trim().error(message).help(format!("the target is {}", value::text(quantity, target))))
}
