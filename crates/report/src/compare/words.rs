//! How changes are written: with their sign, their interval and the unit they are counted in.

use annvil_core::comparison::{Change, MetricComparison, Scale, Verdict};
use annvil_core::quantity::{Better, Quantity, format_value};

/// A number with its sign, a true minus; none where it rounds to nothing.
fn signed(value: f64, places: usize) -> String {
    let text = grouped(value.abs(), places);
    if text.chars().all(|c| matches!(c, '0' | '.')) {
        text
    } else {
        format!("{}{text}", if value < 0.0 { '−' } else { '+' })
    }
}

/// A number of so many decimal places, with thousands marks.
fn grouped(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), ""), |(whole, rest)| (whole, rest));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), annvil_core::units::count);
    if decimals.is_empty() { whole } else { format!("{whole}.{decimals}") }
}

/// One place, more for changes that it would hide, none for those of hundreds of percent.
fn places(values: &[f64]) -> usize {
    let most = values.iter().map(|value| value.abs() * 100.0).fold(0.0, f64::max);
    match most {
        100.0.. => 0,
        _ if most >= 0.1 || most == 0.0 => 1,
        _ if most >= 0.01 => 2,
        _ => 3,
    }
}

fn unit(scale: Scale) -> &'static str {
    match scale {
        Scale::Ratio => "%",
        Scale::Difference => "pt",
    }
}

/// A change without its interval: `+11.2 %`, `−0.1 pt`.
pub(crate) fn estimate(scale: Scale, change: &Change) -> String {
    let places = places(&[change.estimate, change.low, change.high]);
    if change.estimate.is_finite() {
        format!("{} {}", signed(change.estimate * 100.0, places), unit(scale))
    } else {
        "unknown".to_owned()
    }
}

/// The interval alone: `[+8.9, +13.6]`.
pub(crate) fn interval(change: &Change) -> String {
    let places = places(&[change.estimate, change.low, change.high]);
    let end = |value: f64, without: &str| {
        if value.is_finite() { signed(value * 100.0, places) } else { without.to_owned() }
    };
    format!("[{}, {}]", end(change.low, "−∞"), end(change.high, "∞"))
}

/// A change with its interval: `+11.2 % [+8.9, +13.6]`.
pub(crate) fn change(scale: Scale, change: &Change) -> String {
    format!("{} {}", estimate(scale, change), interval(change))
}

/// A change that has no interval: `+11.2 %`.
pub(crate) fn plain_change(scale: Scale, value: f64) -> String {
    estimate(scale, &Change { estimate: value, low: value, high: value, confidence: 1.0 })
}

/// An amount of change without a sign: `5 %`, `0.5 pt`.
pub(crate) fn amount(scale: Scale, value: f64) -> String {
    // A change by more than ten times is no figure to plan with.
    if scale == Scale::Ratio && value > 10.0 {
        return "more than 1,000 %".to_owned();
    }
    let number = format!("{:.2}", value * 100.0);
    format!("{} {}", number.trim_end_matches('0').trim_end_matches('.'), unit(scale))
}

/// Two values of a quantity; their unit is said once where it is the same: `8.1 → 9.0 ms`.
pub(crate) fn values(quantity: Quantity, a: f64, b: f64) -> String {
    let (a, b) = (format_value(quantity, a), format_value(quantity, b));
    let suffix = |text: &str| {
        let at = text.rfind(|c: char| c.is_ascii_digit()).map_or(text.len(), |at| at + 1);
        text[at..].to_owned()
    };
    // Minutes and seconds are parts of one value.
    let short = a.strip_suffix(&suffix(&b)).filter(|short| suffix(&a) == suffix(&b) && !short.contains(' '));
    format!("{} → {b}", short.unwrap_or(&a))
}

/// `1 more run`, `6 more runs`.
pub(crate) fn more_runs(runs: u32) -> String {
    format!("needs about {}", annvil_core::units::counted(u64::from(runs), "more run"))
}

/// Whether a change of a quantity is for the worse, in a word: `worse`, `better`.
pub(crate) fn direction(quantity: Quantity, change: f64) -> &'static str {
    match (quantity.better(), change > 0.0) {
        (Better::Lower, true) | (Better::Higher, false) => "worse",
        _ => "better",
    }
}

/// What a reader should know of a figure's verdict: what would decide it, or what it would take to see a change.
pub(crate) fn undecided(metric: &MetricComparison) -> Option<String> {
    (metric.verdict == Verdict::Inconclusive).then(|| match (metric.more_runs, metric.detectable) {
        (Some(runs), _) => more_runs(runs),
        (None, Some(detectable)) => format!("sees {} at best", amount(metric.scale, detectable)),
        (None, None) => "too few samples".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(estimate: f64, low: f64, high: f64) -> Change {
        Change { estimate, low, high, confidence: 0.95 }
    }

    #[test]
    fn changes_have_a_sign_and_one_unit() {
        let cases = [
            (Scale::Ratio, of(0.112, 0.089, 0.136), "+11.2 % [+8.9, +13.6]"),
            (Scale::Difference, of(-0.001, -0.003, 0.001), "−0.1 pt [−0.3, +0.1]"),
            (Scale::Ratio, of(0.0, -0.012, 0.012), "0.0 % [−1.2, +1.2]"),
            (Scale::Difference, of(-0.0002, -0.0004, 0.0), "−0.02 pt [−0.04, 0.00]"),
            (Scale::Ratio, of(2.124, 1.98, 2.27), "+212 % [+198, +227]"),
            (Scale::Ratio, of(14.5, 12.0, f64::INFINITY), "+1,450 % [+1,200, ∞]"),
            (Scale::Ratio, of(f64::NAN, f64::NAN, f64::NAN), "unknown [−∞, ∞]"),
        ];
        for (scale, value, text) in cases {
            assert_eq!(change(scale, &value), text);
        }
        assert_eq!(amount(Scale::Ratio, 0.05), "5 %");
        assert_eq!(amount(Scale::Difference, 0.005), "0.5 pt");
        assert_eq!(amount(Scale::Ratio, 0.0244), "2.44 %");
        assert_eq!(amount(Scale::Ratio, 1.0), "100 %");
    }

    #[test]
    fn a_unit_is_said_once() {
        let cases = [
            (Quantity::Response, 8.1e6, 9.2e6, "8.1 → 9.2 ms"),
            (Quantity::Response, 990e3, 1.1e6, "990 µs → 1.1 ms"),
            (Quantity::Throughput, 14_312.0, 13_120.0, "14,300 → 13,100/s"),
            (Quantity::Recall { k: 10 }, 0.962, 0.961, "0.9620 → 0.9610"),
            (Quantity::Success, 0.999, 0.98, "99.9 → 98.0 %"),
            (Quantity::Memory, 14.64e6, 212e6, "14.6 → 212 MB"),
            (Quantity::Response, f64::NAN, 9.2e6, "unknown → 9.2 ms"),
        ];
        for (quantity, a, b, text) in cases {
            assert_eq!(values(quantity, a, b), text);
        }
    }
}
