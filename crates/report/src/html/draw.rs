//! Pieces of drawings: marks, swatches, axes. Every variant has a colour and a shape; nothing depends on colour alone.

use std::fmt::Write as _;

use super::escape::esc;
use super::scale::Scale;
use crate::view::VariantView;

/// Colours before they repeat.
const COLOURS: usize = 8;

/// Shapes before they repeat; no divisor in common with the colours, so that 56 variants look different.
const SHAPES: usize = 7;

/// The attributes of a group that belongs to a variant.
pub(super) fn of(variant: &VariantView<'_>) -> String {
    format!("class=\"s\" data-v=\"{}\" style=\"--c:{}\"", variant.number, colour(variant))
}

/// The baseline is grey; the others take colours in order.
pub(super) fn colour(variant: &VariantView<'_>) -> String {
    if variant.is_baseline() {
        "var(--base)".to_owned()
    } else {
        format!("var(--c{})", variant.number % COLOURS)
    }
}

/// A mark of the variant's shape.
pub(super) fn mark(variant: &VariantView<'_>, x: f64, y: f64, r: f64) -> String {
    let points = |points: &[(f64, f64)]| {
        let list: Vec<String> =
            points.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx * r, y + dy * r)).collect();
        format!("<polygon class=\"m\" points=\"{}\"/>", list.join(" "))
    };
    match variant.number % SHAPES {
        0 => format!("<circle class=\"m\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\"/>"),
        1 => points(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        2 => points(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
        3 => points(&[(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]),
        4 => points(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
        5 => points(&[(-1.1, -0.55), (0.0, -1.2), (1.1, -0.55), (1.1, 0.55), (0.0, 1.2), (-1.1, 0.55)]),
        _ => points(&[
            (-0.4, -1.2),
            (0.4, -1.2),
            (0.4, -0.4),
            (1.2, -0.4),
            (1.2, 0.4),
            (0.4, 0.4),
            (0.4, 1.2),
            (-0.4, 1.2),
            (-0.4, 0.4),
            (-1.2, 0.4),
            (-1.2, -0.4),
            (-0.4, -0.4),
        ]),
    }
}

/// The mark beside a name in tables and legends.
pub(super) fn swatch(variant: &VariantView<'_>) -> String {
    format!(
        "<svg class=\"sw\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><g {}>{}</g></svg>",
        of(variant),
        mark(variant, 6.0, 6.0, 4.0)
    )
}

/// A drawing. `about` says in words what it shows, for those who don't see it.
pub(super) fn svg(width: f64, height: f64, about: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">{body}</svg>",
        esc(about)
    )
}

/// A text.
pub(super) fn text(x: f64, y: f64, class: &str, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", esc(text))
}

/// What is shown when pointed at; a screen without script shows it too.
pub(super) fn tip(text: &str) -> String {
    format!("<title>{}</title>", esc(text))
}

/// Vertical lines of the grid with figures below.
pub(super) fn x_axis(
    scale: &Scale,
    ticks: &[f64],
    top: f64,
    bottom: f64,
    print: impl Fn(f64) -> String,
) -> String {
    let (mut grid, mut figures) = (String::new(), String::new());
    for tick in ticks {
        let x = scale.at(*tick);
        let _ = write!(grid, "M{x:.1} {top:.1}V{bottom:.1}");
        figures.push_str(&text(x, bottom + 15.0, "t mid", &print(*tick)));
    }
    format!("<path class=\"grid\" d=\"{grid}\"/>{figures}")
}

/// Horizontal lines of the grid with figures on their left.
pub(super) fn y_axis(
    scale: &Scale,
    ticks: &[f64],
    left: f64,
    right: f64,
    print: impl Fn(f64) -> String,
) -> String {
    let (mut grid, mut figures) = (String::new(), String::new());
    for tick in ticks {
        let y = scale.at(*tick);
        let _ = write!(grid, "M{left:.1} {y:.1}H{right:.1}");
        figures.push_str(&text(left - 7.0, y + 4.0, "t end", &print(*tick)));
    }
    format!("<path class=\"grid\" d=\"{grid}\"/>{figures}")
}

/// The path of a cross.
pub(super) fn cross(x: f64, y: f64) -> String {
    format!("M{:.1} {:.1}l6 6m0 -6l-6 6", x - 3.0, y - 3.0)
}

/// A line through points; `None` breaks it. A point that stands alone is drawn as a dot.
pub(super) fn line(points: &[Option<(f64, f64)>], class: &str) -> String {
    let mut path = String::new();
    for part in points.split(Option::is_none) {
        for (nth, (x, y)) in part.iter().flatten().enumerate() {
            let _ = write!(path, "{}{x:.1} {y:.1}", if nth == 0 { 'M' } else { 'L' });
        }
        if part.len() == 1 {
            path.push_str("h.1");
        }
    }
    if path.is_empty() { path } else { format!("<path class=\"{class}\" d=\"{path}\"/>") }
}
