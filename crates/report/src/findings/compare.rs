//! Two variants of one search, compared in words that claim no more than the figures.

use crate::view::VariantView;
use crate::view::figures::Figures;
use crate::view::label;

/// Speeds of single runs that differ by less are about the same: runs of one binary differ by as much.
const SAME_SPEED: f64 = 1.05;

/// Sizes that differ by less are not worth a word.
const SAME_SIZE: f64 = 0.02;

/// A variant at its reported point.
pub(super) struct Side<'a, 'v> {
    pub(super) variant: &'v VariantView<'a>,
    pub(super) figures: Figures,
    /// Higher is faster.
    pub(super) speed: f64,
    /// The least and the greatest speed of its blocks.
    pub(super) range: Option<(f64, f64)>,
    /// Bytes of its index, with its table where rows lie in one.
    pub(super) memory: Option<f64>,
    /// What these bytes are called.
    pub(super) held: &'static str,
}

impl Side<'_, '_> {
    pub(super) fn name(&self) -> String {
        self.variant.label()
    }

    /// Whether the recall of both may be the same.
    pub(super) fn as_right(&self, other: &Self) -> bool {
        match (&self.figures.recall, &other.figures.recall) {
            (Some(a), Some(b)) => a.k == b.k && a.overlaps(b),
            _ => false,
        }
    }

    /// Whether it is clearly faster: by more than single runs differ, and in every block if there are several.
    pub(super) fn is_faster(&self, than: &Self) -> bool {
        let apart = match (self.range, than.range) {
            (Some((low, _)), Some((_, high))) => low > high,
            _ => true,
        };
        self.speed >= SAME_SPEED * than.speed && apart
    }

    /// Whether its index is clearly smaller.
    pub(super) fn is_smaller(&self, than: &Self) -> bool {
        self.memory.zip(than.memory).is_some_and(|(a, b)| a < b * (1.0 - SAME_SIZE))
    }

    /// A sentence: how it stands to another.
    pub(super) fn against(&self, other: &Self) -> String {
        format!("{} is {}.", self.name(), self.compared_with(other))
    }

    /// The same without its name and the full stop.
    pub(super) fn compared_with(&self, other: &Self) -> String {
        let mut text = self.speed(other);
        if let Some((good, right)) = self.rightness(other) {
            // More speed for less recall is a bargain with a "but"; all good or all bad news is joined by "and".
            let word =
                if self.is_faster(other) && !good || other.is_faster(self) && good { "but" } else { "and" };
            text = format!("{text} {word} {right}");
        }
        match self.size(other) {
            Some(size) => format!("{text}, and {size}"),
            None => text,
        }
    }

    fn speed(&self, other: &Self) -> String {
        let name = other.name();
        if self.is_faster(other) {
            format!("{} faster than {name}", times(self.speed / other.speed))
        } else if other.is_faster(self) {
            format!("{} slower than {name}", times(other.speed / self.speed))
        } else {
            format!("about as fast as {name}")
        }
    }

    /// How right it is beside another, and whether that is good news.
    fn rightness(&self, other: &Self) -> Option<(bool, String)> {
        let (own, others) = (self.figures.recall?, other.figures.recall?);
        if own.k != others.k {
            return None;
        }
        let against =
            format!("(recall {} against {})", label::recall(Some(&own)), label::recall(Some(&others)));
        Some(if own.overlaps(&others) {
            (true, format!("as right {against}"))
        } else if own.mean < others.mean {
            (false, format!("loses {} of recall {against}", points(others.mean - own.mean)))
        } else {
            (true, format!("gains {} of recall {against}", points(own.mean - others.mean)))
        })
    }

    fn size(&self, other: &Self) -> Option<String> {
        let (own, others) = self.memory.zip(other.memory)?;
        if own <= 0.0 || others <= 0.0 {
            return None;
        }
        if self.is_smaller(other) {
            Some(format!("takes {:.0} % less {}", (1.0 - own / others) * 100.0, self.held))
        } else if other.is_smaller(self) {
            Some(match own / others {
                r if r >= 2.0 => format!("takes {} × the {}", label::ratio(Some(r)), self.held),
                r => format!("takes {:.0} % more {}", (r - 1.0) * 100.0, self.held),
            })
        } else {
            None
        }
    }
}

/// `8 %` for small ratios, `1.3 ×` for others.
fn times(ratio: f64) -> String {
    if ratio < 1.2 {
        format!("{:.0} %", (ratio - 1.0) * 100.0)
    } else {
        format!("{} ×", label::ratio(Some(ratio)))
    }
}

/// Hundredths of recall: `3.1 points`.
fn points(difference: f64) -> String {
    let points = difference * 100.0;
    let text = if points < 0.095 { format!("{points:.2}") } else { format!("{points:.1}") };
    if text == "1.0" { "1 point".to_owned() } else { format!("{text} points") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_points_are_said_plainly() {
        assert_eq!([times(1.08), times(1.34), times(17.2)], ["8 %", "1.3 ×", "17 ×"]);
        assert_eq!([points(0.0308), points(0.01), points(0.0005)], ["3.1 points", "1 point", "0.05 points"]);
    }
}
