//! Figures of label columns.

use std::collections::BTreeMap;

use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use serde::Serialize;

/// A column of labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelFigures {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: LabelType,
    /// Share of the rows that have it.
    pub present: f64,
    /// Different values, or different texts of lists.
    pub distinct: usize,
    /// The most frequent value, as a filter writes it.
    pub most_frequent: Option<String>,
    /// Share of the rows that have that value: the selectivity of a filter on it.
    pub share: f64,
    /// The smallest and the largest number.
    pub range: Option<[f64; 2]>,
}

/// Every column, in order of name.
pub(super) fn figures(labels: &Labels) -> Vec<LabelFigures> {
    labels.columns().map(|(name, column)| figures_of(name, column, labels.rows())).collect()
}

fn figures_of(name: &str, column: &Column, rows: usize) -> LabelFigures {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut present = 0;
    let mut range: Option<[f64; 2]> = None;
    for row in 0..rows {
        let Some(value) = column.value(row) else { continue };
        present += 1;
        let number = match &value {
            LabelValue::Int(x) => Some(*x as f64),
            LabelValue::Float(x) => Some(*x),
            _ => None,
        };
        if let Some(x) = number {
            let [low, high] = range.unwrap_or([x, x]);
            range = Some([low.min(x), high.max(x)]);
        }
        for text in shown(&value) {
            *counts.entry(text).or_default() += 1;
        }
    }
    let most = counts.iter().max_by_key(|(text, count)| (**count, std::cmp::Reverse((*text).clone())));
    let of_all = |count: usize| if rows == 0 { 0.0 } else { count as f64 / rows as f64 };
    LabelFigures {
        name: name.to_owned(),
        kind: column.kind(),
        present: of_all(present),
        distinct: counts.len(),
        share: most.map_or(0.0, |(_, count)| of_all(*count)),
        most_frequent: most.map(|(text, _)| text.clone()),
        range,
    }
}

fn shown(value: &LabelValue) -> Vec<String> {
    match value {
        LabelValue::Text(text) => vec![format!("'{text}'")],
        LabelValue::Int(x) => vec![x.to_string()],
        LabelValue::Float(x) => vec![x.to_string()],
        LabelValue::Bool(x) => vec![x.to_string()],
        LabelValue::TextList(texts) => texts.iter().map(|text| format!("'{text}'")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonl;

    #[test]
    fn columns_are_summed_up() {
        let text = b"{\"n\": 1, \"t\": [\"a\", \"b\"]}\n{\"n\": 3, \"t\": [\"b\"]}\n{\"n\": 3}\n{}\n";
        let found = figures(&jsonl::labels(text, None).unwrap().content);
        let [n, t] = &found[..] else { panic!("two columns") };
        assert_eq!((n.present, n.distinct, n.range, n.share), (0.75, 2, Some([1.0, 3.0]), 0.5));
        assert_eq!((t.present, t.distinct, t.most_frequent.as_deref()), (0.5, 2, Some("'b'")));
    }
}
