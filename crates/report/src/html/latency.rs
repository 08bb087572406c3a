//! How long a search takes: the shape of the distribution, and its tail.

use annvil_core::histogram::{BEYOND, Histogram};
use annvil_core::quantity::Stat::{P50, P95, P99};
use annvil_core::units::{Nanos, time_text};

use super::draw;
use super::scale::{Scale, Spread};
use crate::text::cut_name;
use crate::view::figures::{latency, merged};
use crate::view::{Measure, VariantView, View, label};

const WIDTH: f64 = 560.0;

/// Variants from which drawings are coarser: the file should not grow with the square of everything.
const MANY: usize = 8;

/// Room for names and figures beside hills.
const HILL_LEFT: f64 = 126.0;
const HILL_RIGHT: f64 = 118.0;

/// The samples of all blocks of a variant at its reported point.
struct Shape<'a, 'v> {
    variant: &'v VariantView<'a>,
    samples: Histogram,
    /// In open load the time from sending, which the response time holds.
    service: Option<Histogram>,
}

fn shapes<'a, 'v>(view: &'v View<'a>, measure: &Measure<'_>) -> Vec<Shape<'a, 'v>> {
    let all = view.variants.iter().filter_map(|variant| {
        let forms = variant.forms(measure, Some(&variant.planned.report_at));
        let samples = merged(forms.iter().map(|form| latency(form)))?;
        let open = forms.iter().filter(|form| form.response.is_some());
        let service = merged(open.map(|form| &form.service));
        (samples.count() > 0).then_some(Shape { variant, samples, service })
    });
    all.collect()
}

fn range(shapes: &[Shape<'_, '_>], low: f64, high: f64) -> (f64, f64) {
    let all = || shapes.iter().flat_map(|shape| [&shape.samples].into_iter().chain(&shape.service));
    let least = all().map(|samples| samples.quantile(low).0).min().unwrap_or(1);
    let most = all().map(|samples| samples.quantile(high).0).max().unwrap_or(1);
    ((least.max(1) as f64) / 1.06, most.max(1) as f64 * 1.12)
}

/// A hill for each variant, one above the other on one axis; `None` without samples.
pub(super) fn hills(view: &View<'_>, measure: &Measure<'_>) -> Option<String> {
    let shapes = shapes(view, measure);
    if shapes.is_empty() {
        return None;
    }
    let (left, right) = (HILL_LEFT, HILL_RIGHT);
    // Two outlines of one variant are coarser than one.
    let (step, count) = match (shapes.len() > MANY, shapes.iter().any(|shape| shape.service.is_some())) {
        (true, _) => (26.0, 80),
        (false, true) => (44.0, 100),
        _ => (44.0, 150),
    };
    let (top, bottom) = (28.0, 30.0);
    let height = top + step * shapes.len() as f64 + bottom;
    let (low, high) = range(&shapes, 0.001, 0.999);
    let x = Scale::new(low, high, left, WIDTH - right, Spread::Log);
    let mut body = draw::x_axis(&x, &x.ticks(62.0), top - 6.0, height - bottom, time_text);
    body.push_str(&draw::text(WIDTH - right + 52.0, 14.0, "t end", "p50"));
    body.push_str(&draw::text(WIDTH - 4.0, 14.0, "t end", "p99"));
    for (nth, shape) in shapes.iter().enumerate() {
        let ground = top + step * (nth + 1) as f64 - 4.0;
        body.push_str(&hill(shape, &x, ground, step - 10.0, count));
    }
    let about = "How long searches took, one distribution a variant. The first table holds the percentiles.";
    Some(draw::svg(WIDTH, height, about, &body))
}

/// The outline of a distribution.
fn outline(samples: &Histogram, x: &Scale, ground: f64, high: f64, count: usize) -> String {
    let (from, to) = (HILL_LEFT, WIDTH - HILL_RIGHT);
    let part = (to - from) / count as f64;
    let mut parts = vec![0.0; count];
    for (value, n) in samples.buckets() {
        let at = ((x.at(value.0 as f64) - from) / part).floor();
        if at >= 0.0 && at < count as f64 {
            parts[at as usize] += n as f64;
        }
    }
    let smooth = smooth(&parts);
    let most = smooth.iter().copied().fold(0.0, f64::max).max(1.0);
    let first = smooth.iter().position(|n| *n > 0.0).unwrap_or(0);
    let last = smooth.iter().rposition(|n| *n > 0.0).unwrap_or(0);
    let mut path = format!("M{:.1} {ground:.1}", from + first as f64 * part);
    for (nth, n) in smooth.iter().enumerate().take(last + 1).skip(first) {
        path.push_str(&format!("L{:.1} {:.1}", from + (nth as f64 + 0.5) * part, ground - n / most * high));
    }
    path.push_str(&format!("L{:.1} {ground:.1}Z", from + (last as f64 + 1.0) * part));
    path
}

fn hill(shape: &Shape<'_, '_>, x: &Scale, ground: f64, high: f64, count: usize) -> String {
    let (variant, samples) = (shape.variant, &shape.samples);
    let (from, to) = (HILL_LEFT, WIDTH - HILL_RIGHT);
    let path = outline(samples, x, ground, high, count);
    let stat = |stat| samples.stat(stat);
    let name = label::at(variant.name(), &variant.planned.report_at);
    let tip = format!(
        "{name}\np50 {}, p95 {}, p99 {}\n{} samples",
        label::time(stat(P50)),
        label::time(stat(P95)),
        label::time(stat(P99)),
        annvil_core::units::count(samples.count())
    );
    let mut out = format!("<g {}>{}", draw::of(variant), draw::tip(&tip));
    out.push_str(&format!(
        "<line class=\"grid\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{ground:.1}\" y2=\"{ground:.1}\"/>"
    ));
    out.push_str(&format!("<path class=\"hill\" d=\"{path}\"/>"));
    if let Some(service) = &shape.service {
        let path = outline(service, x, ground, high, count);
        out.push_str(&format!("<path class=\"l dash\" d=\"{path}\"/>"));
    }
    for (percentile, up) in [(P50, high * 0.55), (P99, high * 0.55)] {
        if let Some(value) = stat(percentile) {
            let at = x.at(value);
            let class = if percentile == P50 { "tick" } else { "tick thin" };
            out.push_str(&format!(
                "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{ground:.1}\" y2=\"{:.1}\"/>",
                ground - up
            ));
        }
    }
    out.push_str(&draw::mark(variant, 8.0, ground - 6.0, 4.0));
    out.push_str(&draw::text(18.0, ground - 2.0, "t name", &cut_name(&variant.plain_name(), 14)));
    out.push_str(&draw::text(WIDTH - 66.0, ground - 2.0, "t end", &label::time(stat(P50))));
    out.push_str(&draw::text(WIDTH - 4.0, ground - 2.0, "t end", &label::time(stat(P99))));
    out.push_str("</g>");
    out
}

/// A triangle as wide as a few parts: the eye should see the shape, not the buckets.
fn smooth(parts: &[f64]) -> Vec<f64> {
    const WEIGHTS: [f64; 5] = [1.0, 2.0, 3.0, 2.0, 1.0];
    let side = WEIGHTS.len() / 2;
    let padded: Vec<f64> = [vec![0.0; side], parts.to_vec(), vec![0.0; side]].concat();
    padded
        .windows(WEIGHTS.len())
        .map(|near| near.iter().zip(WEIGHTS).map(|(n, weight)| n * weight).sum::<f64>() / 9.0)
        .collect()
}

/// A line for each variant: which share of the searches took at most how long. The rare slow ones have most room.
pub(super) fn tail(view: &View<'_>, measure: &Measure<'_>) -> Option<String> {
    let shapes = shapes(view, measure);
    if shapes.is_empty() {
        return None;
    }
    let (height, left, right, top, bottom) = (300.0, 52.0, 16.0, 26.0, 44.0);
    // A percentile is shown only with enough samples beyond it.
    let known = |shape: &Shape<'_, '_>| 1.0 - (BEYOND / shape.samples.count() as f64).min(0.5);
    let most = shapes.iter().map(known).fold(0.5, f64::max);
    let (low, _) = range(&shapes, 0.001, 0.5);
    let (_, high) = range(&shapes, 0.5, most);
    let x = Scale::new(low, high, left, WIDTH - right, Spread::Log);
    let y = Scale::new(0.0, most, height - bottom, top, Spread::Nines(0.0));
    let percent = |share: f64| format!("{} %", crate::html::trim(share * 100.0));
    let mut body = draw::x_axis(&x, &x.ticks(62.0), top, height - bottom, time_text);
    body.push_str(&draw::y_axis(&y, &y.ticks(15.0), left, WIDTH - right, percent));
    body.push_str(&draw::text(WIDTH - right, height - 8.0, "t end", "took at most →"));
    body.push_str(&draw::text(8.0, 14.0, "t", "↑ share of searches, spread towards 100 %"));
    for shape in &shapes {
        let end = known(shape);
        let steps = if shapes.len() > MANY || shape.service.is_some() { 36 } else { 70 };
        let nines = -(1.0 - end).log10();
        let quantiles = (0..=steps).map(|n| 1.0 - 10f64.powf(-nines * f64::from(n) / f64::from(steps)));
        let place = |q: f64| (x.at(shape.samples.quantile(q).0 as f64), y.at(q));
        // The very fastest are an accident of a few; the line begins where there is a crowd.
        let quantiles: Vec<f64> = quantiles.filter(|q| *q >= 0.02).collect();
        let places: Vec<_> = quantiles.iter().map(|q| Some(place(*q))).collect();
        let name = shape.variant.label();
        body.push_str(&format!(
            "<g {}>{}{}",
            draw::of(shape.variant),
            draw::tip(&name),
            draw::line(&places, "l")
        ));
        if let Some(service) = &shape.service {
            let places: Vec<_> =
                quantiles.iter().map(|q| Some((x.at(service.quantile(*q).0 as f64), y.at(*q)))).collect();
            body.push_str(&draw::line(&places, "l dash"));
        }
        for q in [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999].into_iter().filter(|q| *q <= end) {
            let (at, up) = place(q);
            let value: Nanos = shape.samples.quantile(q);
            let tip = format!("{name}\n{} took at most {value}", percent(q));
            body.push_str(&format!(
                "<g class=\"p\">{}{}<circle class=\"hit\" cx=\"{at:.1}\" cy=\"{up:.1}\" r=\"9\"/></g>",
                draw::tip(&tip),
                draw::mark(shape.variant, at, up, 2.8)
            ));
        }
        body.push_str("</g>");
    }
    Some(draw::svg(WIDTH, height, "Percentiles of the time that searches took, a line a variant.", &body))
}
