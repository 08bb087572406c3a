//! The values of objectives: with the quantity's unit, or relative to another variant.

use super::parse::Piece;
use super::{Factor, ObjectiveError, Reference, Target};
use crate::quantity::{Quantity, Unit};
use crate::units::{BYTES, RATE, TIME, UnitError, is_number};

/// `target` as it is written; reads back equal.
pub(super) fn text(quantity: Quantity, target: &Target) -> String {
    match target {
        Target::Relative { factor, to } => format!("{factor} x {to}"),
        Target::Absolute(value) => match quantity.unit() {
            Unit::Time => TIME.exact(*value),
            Unit::PerSecond => RATE.exact(*value),
            Unit::Bytes => BYTES.exact(*value),
            Unit::Share if quantity.is_percentage() => percent(*value),
            Unit::Share | Unit::Ratio | Unit::Count => value.to_string(),
        },
    }
}

/// As a percentage where that is exact, since success is read as one.
fn percent(share: f64) -> String {
    let number = (share * 100.0).to_string();
    if percent_of(&number) == Some(share) { format!("{number}%") } else { share.to_string() }
}

/// The share, rounded once: 99.9 / 100 is not the double nearest to 0.999.
fn percent_of(number: &str) -> Option<f64> {
    format!("{number}e-2").parse().ok()
}

/// Reads a value of `quantity`.
pub(super) fn parse(piece: Piece<'_>, quantity: Quantity) -> Result<Target, ObjectiveError> {
    let piece = piece.trim();
    if piece.text.is_empty() {
        return Err(piece.error("the value is missing").help(expected(quantity, "")));
    }
    let (number, rest) = leading_number(piece);
    if !is_number(number.text) {
        return Err(piece
            .error(format!("`{}` does not begin with a number", piece.text))
            .help(expected(quantity, "")));
    }
    let (below, rest) = match rest.trim().strip("/").map(leading_number) {
        Some((below, rest)) if is_number(below.text) => (Some(below), rest),
        _ => (None, rest),
    };
    let reference = rest.trim().strip("x").or_else(|| rest.trim().strip("×")).map(Piece::trim);
    match (reference.filter(|reference| !reference.text.is_empty()), below) {
        (Some(reference), below) => {
            let numerator = positive(number)?;
            let denominator = below.map_or(Ok(1.0), positive)?;
            Ok(Target::Relative {
                factor: Factor { numerator, denominator },
                to: self::reference(reference)?,
            })
        }
        (None, Some(_)) => {
            let help = format!("write {} x baseline, or name a variant in quotes", piece.text);
            Err(piece.error("a fraction is a fraction of something").help(help))
        }
        (None, None) => absolute(piece, quantity).map(Target::Absolute),
    }
}

fn leading_number(piece: Piece<'_>) -> (Piece<'_>, Piece<'_>) {
    let piece = piece.trim();
    piece.split(piece.text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(piece.text.len()))
}

fn positive(number: Piece<'_>) -> Result<f64, ObjectiveError> {
    let value: Option<f64> = number.text.parse().ok();
    value
        .filter(|value| value.is_finite() && *value > 0.0)
        .ok_or_else(|| number.error("a factor is above zero and finite"))
}

fn reference(piece: Piece<'_>) -> Result<Reference, ObjectiveError> {
    if piece.text == "baseline" {
        return Ok(Reference::Baseline);
    }
    let quoted = piece.text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match quoted {
        // Within the quotes a quote is doubled, as in YAML.
        Some(name) if !name.is_empty() && !name.replace("''", "").contains('\'') => {
            Ok(Reference::Variant(name.replace("''", "'")))
        }
        _ => {
            let bare = piece.text.trim_matches(['\'', '"']);
            let help =
                format!("write `baseline`, or the variant's name in quotes: '{}'", bare.replace('\'', "''"));
            Err(piece.error(format!("`{}` is no variant", piece.text)).help(help))
        }
    }
}

fn absolute(piece: Piece<'_>, quantity: Quantity) -> Result<f64, ObjectiveError> {
    let bare = |text: &str| is_number(text).then(|| text.parse::<f64>().ok()).flatten();
    let (value, help) = match quantity.unit() {
        Unit::Time => with_unit(TIME.number(piece.text)),
        Unit::PerSecond => with_unit(RATE.number(piece.text)),
        Unit::Bytes => with_unit(BYTES.number(piece.text)),
        Unit::Share => {
            let percent = piece.text.strip_suffix('%').map(str::trim_end).filter(|number| is_number(number));
            let share = percent.map_or_else(|| bare(piece.text), percent_of);
            (share.filter(|share| *share <= 1.0), None)
        }
        Unit::Ratio => (bare(piece.text.trim_end_matches(['x', '×']).trim_end()), None),
        Unit::Count => (bare(piece.text), None),
    };
    value.filter(|value| value.is_finite()).ok_or_else(|| {
        let error = piece.error(format!("{}, not {}", expected(quantity, piece.text), piece.text));
        help.map_or(error.clone(), |help| error.help(help))
    })
}

/// The value, or the words of the error. A missing unit needs no more words than [`expected`] has.
fn with_unit(read: Result<f64, UnitError>) -> (Option<f64>, Option<String>) {
    match read {
        Ok(value) => (Some(value), None),
        Err(UnitError::NoUnit { .. }) => (None, None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// What a value of `quantity` looks like; taken from `text` where that only lacks its unit.
fn expected(quantity: Quantity, text: &str) -> String {
    let number = |otherwise| if is_number(text) { text } else { otherwise };
    match quantity.unit() {
        Unit::Time => format!("{quantity} is a time: write {}ms", number("10")),
        Unit::PerSecond => format!("{quantity} is a rate: write {}/s", number("1000")),
        Unit::Bytes if matches!(quantity, Quantity::DiskPerRow | Quantity::CodesPerRow) => {
            format!("{quantity} is a size: write {}B", number("790"))
        }
        Unit::Bytes => format!("{quantity} is a size: write {}MB", number("14")),
        Unit::Share => format!("{quantity} is a share of 1: write 0.95 or 95%"),
        Unit::Ratio => format!("{quantity} is a ratio: write 1.5"),
        Unit::Count => format!("{quantity} is a count: write 3"),
    }
}
