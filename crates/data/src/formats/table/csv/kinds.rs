//! The type of a column of text, found from all its values.

use annvil_core::label::{Column, LabelValue};

use crate::formats::table::Sides;

/// What all values of a column so far can be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No value yet.
    Nothing,
    Int,
    Float,
    Bool,
    /// A list of texts in JSON's notation.
    TextList,
    Text,
}

impl Kind {
    /// The type with one value more. Whole numbers and others are numbers; every other mixture is text.
    pub(super) fn with(self, value: &str) -> Self {
        let other = of(value);
        match (self, other) {
            (_, Self::Nothing) => self,
            (Self::Nothing, _) => other,
            (Self::Int | Self::Float, Self::Int | Self::Float) if self != other => Self::Float,
            _ if self == other => self,
            _ => Self::Text,
        }
    }

    /// The value as this type; `None` if it is missing.
    pub(super) fn value(self, text: &str) -> Option<LabelValue> {
        if text.is_empty() {
            return None;
        }
        match self {
            Self::Nothing => None,
            Self::Int => text.parse().ok().map(LabelValue::Int),
            Self::Float => text.parse().ok().map(LabelValue::Float),
            Self::Bool => Some(LabelValue::Bool(text.eq_ignore_ascii_case("true"))),
            Self::TextList => serde_json::from_str(text).ok().map(LabelValue::TextList),
            Self::Text => Some(LabelValue::Text(text.to_owned())),
        }
    }
}

fn of(text: &str) -> Kind {
    if text.is_empty() {
        return Kind::Nothing;
    }
    // Numbers that would not be written like this are names: postal codes, versions.
    if text.parse::<i64>().is_ok_and(|number| number.to_string() == text) {
        return Kind::Int;
    }
    let digits = text.trim_start_matches('-');
    let name =
        digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.") && !digits.starts_with("0e");
    if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && !name
        && text.parse::<f64>().is_ok_and(f64::is_finite)
    {
        return Kind::Float;
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Kind::Bool;
    }
    if text.starts_with('[') && serde_json::from_str::<Vec<String>>(text).is_ok() {
        return Kind::TextList;
    }
    Kind::Text
}

/// What of labels and texts is another when it is read back from CSV, and why.
pub(crate) fn changed(sides: &Sides) -> Vec<String> {
    const KEPT: &str = "; JSONL and folders keep them as they are";
    let mut changed = vec![];
    for (name, column) in sides.columns() {
        // The others are written as what they are: lists in JSON's notation.
        let Column::Text { dictionary, .. } = column else { continue };
        let texts = dictionary.texts();
        let kind = texts.iter().fold(Kind::Nothing, |kind, text| kind.with(text.trim()));
        let seen = match kind {
            Kind::Nothing | Kind::Text => None,
            Kind::Int | Kind::Float => Some("numbers"),
            Kind::Bool => Some("booleans"),
            Kind::TextList => Some("lists"),
        };
        if let Some(seen) = seen {
            changed.push(format!(
                "type of label `{name}`: its texts look like {seen}, and CSV has no types{KEPT}"
            ));
        }
        if texts.iter().any(|text| text.trim().is_empty()) {
            changed.push(format!("empty texts of label `{name}`: an empty field is a missing value{KEPT}"));
        }
        if texts.iter().any(|text| !text.trim().is_empty() && text.trim() != text) {
            changed.push(format!("blanks around texts of label `{name}`{KEPT}"));
        }
    }
    if sides.texts.iter().flatten().any(|text| text.trim() != text) {
        changed.push(format!("blanks around texts{KEPT}"));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_all_values() {
        for (values, kind) in [
            (&["1", "", "-2"][..], Kind::Int),
            (&["1", "2.5"], Kind::Float),
            (&["0.5", "1e3", "-0"], Kind::Float),
            (&["007"], Kind::Text),
            (&["1", "x"], Kind::Text),
            (&["nan"], Kind::Text),
            (&["TRUE", "false"], Kind::Bool),
            (&["[]", "[\"a\"]"], Kind::TextList),
            (&["[1]"], Kind::Text),
            (&["", ""], Kind::Nothing),
        ] {
            assert_eq!(values.iter().fold(Kind::Nothing, |kind, value| kind.with(value)), kind, "{values:?}");
        }
        assert_eq!(Kind::Float.value("1"), Some(LabelValue::Float(1.0)));
        assert_eq!(Kind::Text.value(""), None);
    }
}
