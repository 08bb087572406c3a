//! Amounts of change in words.

use annvil_core::comparison::Scale;

/// An amount of change as people read it: `11.2 %`, `0.5 points`.
pub(crate) fn amount(scale: Scale, share: f64) -> String {
    // A change by more than ten times is no figure to plan with.
    if scale == Scale::Ratio && share > 10.0 {
        return "more than 1,000 %".to_owned();
    }
    let percent = share * 100.0;
    let places = if percent.abs() < 0.095 { 2 } else { 1 };
    let text = format!("{percent:.places$}");
    let number = text.strip_suffix(".0").unwrap_or(&text);
    match scale {
        Scale::Ratio => format!("{number} %"),
        Scale::Difference => format!("{number} points"),
    }
}
