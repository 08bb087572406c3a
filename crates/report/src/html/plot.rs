//! A drawing with two axes, and lines and marks between them.

use super::draw;
use super::scale::{Scale, Spread};

pub(super) const WIDTH: f64 = 560.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 40.0;

/// Ratio of the highest value to the lowest from which a scale of orders of magnitude is used.
const WIDE: f64 = 4.0;

/// A pair of values.
pub(super) type Pair = (f64, f64);

/// An axis: its ends, how values are spread and printed, where ticks are.
pub(super) struct Axis<'f> {
    low: f64,
    high: f64,
    spread: Spread,
    title: &'f str,
    print: &'f dyn Fn(f64) -> String,
    ticks: Option<Vec<f64>>,
}

impl<'f> Axis<'f> {
    /// An axis for some values, with room about them. Values that are close are told apart on an even scale, those of
    /// different orders on one of orders.
    pub(super) fn fit(
        values: impl IntoIterator<Item = f64>,
        title: &'f str,
        print: &'f dyn Fn(f64) -> String,
    ) -> Option<Self> {
        let known: Vec<f64> = values.into_iter().filter(|value| value.is_finite() && *value > 0.0).collect();
        let low = known.iter().copied().reduce(f64::min)? / 1.15;
        let high = known.iter().copied().fold(0.0, f64::max) * 1.15;
        let spread = if high > WIDE * low { Spread::Log } else { Spread::Even };
        Some(Self { low, high, spread, title, print, ticks: None })
    }

    /// An even axis from one value to another.
    pub(super) fn between(low: f64, high: f64, title: &'f str, print: &'f dyn Fn(f64) -> String) -> Self {
        Self { low, high, spread: Spread::Even, title, print, ticks: None }
    }

    /// An even axis from nothing to `high`.
    pub(super) fn from_zero(high: f64, title: &'f str, print: &'f dyn Fn(f64) -> String) -> Self {
        Self { low: 0.0, high, spread: Spread::Even, title, print, ticks: None }
    }

    /// By order of magnitude, whatever the values.
    pub(super) fn by_order(self) -> Self {
        Self { spread: Spread::Log, ..self }
    }

    /// Ticks at these values alone.
    pub(super) fn ticks(self, ticks: Vec<f64>) -> Self {
        Self { ticks: Some(ticks), ..self }
    }

    /// A share from `low` to all.
    pub(super) fn share(low: f64, title: &'f str, print: &'f dyn Fn(f64) -> String) -> Self {
        Self { low, high: 1.0, spread: Spread::Even, title, print, ticks: None }
    }

    fn scale(&self, from: f64, to: f64) -> Scale {
        Scale::new(self.low, self.high, from, to, self.spread)
    }

    /// Round values, or those that were asked for, as far as there is room.
    fn values(&self, scale: &Scale, apart: f64) -> Vec<f64> {
        let Some(ticks) = &self.ticks else { return scale.ticks(apart) };
        let mut shown: Vec<f64> = Vec::new();
        for tick in ticks {
            if shown.iter().all(|other| (scale.at(*other) - scale.at(*tick)).abs() >= apart / 2.0) {
                shown.push(*tick);
            }
        }
        shown
    }
}

/// The drawing.
pub(super) struct Plot {
    height: f64,
    x: Scale,
    y: Scale,
    body: String,
}

impl Plot {
    /// Axes with their grid. The title of the vertical one stands above.
    pub(super) fn new(height: f64, x: &Axis<'_>, y: &Axis<'_>) -> Self {
        let across = x.scale(LEFT, WIDTH - RIGHT);
        let up = y.scale(height - BOTTOM, TOP);
        let mut body = draw::x_axis(&across, &x.values(&across, 60.0), TOP, height - BOTTOM, x.print);
        body.push_str(&draw::y_axis(&up, &y.values(&up, 30.0), LEFT, WIDTH - RIGHT, y.print));
        body.push_str(&draw::text(8.0, 14.0, "t", y.title));
        if !x.title.is_empty() {
            body.push_str(&draw::text(WIDTH - RIGHT, height - 6.0, "t end", x.title));
        }
        Self { height, x: across, y: up, body }
    }

    /// Where a pair of values lies.
    pub(super) fn at(&self, (x, y): Pair) -> Pair {
        (self.x.at(x), self.y.at(y))
    }

    /// The lowest place within the axes.
    pub(super) fn ground(&self) -> f64 {
        self.height - BOTTOM
    }

    /// A line through pairs of values; `None` breaks it.
    pub(super) fn line(&self, pairs: &[Option<Pair>], class: &str) -> String {
        let places: Vec<_> = pairs.iter().map(|pair| pair.map(|pair| self.at(pair))).collect();
        draw::line(&places, class)
    }

    /// Puts something on it.
    pub(super) fn add(&mut self, part: &str) {
        self.body.push_str(part);
    }

    /// An upright line with what it means, at its foot.
    pub(super) fn upright(&self, x: f64, class: &str, says: &str, tip: &str) -> String {
        let at = self.x.at(x);
        // On the side of the line where there is room.
        let (from, anchor) = if at > WIDTH - 120.0 { (at - 5.0, "t end") } else { (at + 5.0, "t") };
        format!(
            "<g>{}<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>{}</g>",
            draw::tip(tip),
            self.ground(),
            draw::text(from, self.ground() - 6.0, anchor, says)
        )
    }

    /// A level line with what it means.
    pub(super) fn level(&self, y: f64, says: &str) -> String {
        let at = self.y.at(y);
        format!(
            "<g>{}<line class=\"aim\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>{}</g>",
            draw::tip(says),
            WIDTH - RIGHT,
            draw::text(LEFT + 6.0, at - 5.0, "t", says)
        )
    }

    /// A band from one value to another.
    pub(super) fn band(&self, from: f64, to: f64) -> String {
        let (from, to) = (self.x.at(from), self.x.at(to));
        format!(
            "<rect class=\"band\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            (to - from).max(1.5),
            self.ground() - TOP
        )
    }

    /// The whole, with what it shows in words.
    pub(super) fn done(self, about: &str) -> String {
        draw::svg(WIDTH, self.height, about, &self.body)
    }
}
