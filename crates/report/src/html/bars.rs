//! Bars: how large things are, and where the time went.

use annvil_core::record::PhaseRecord;
use annvil_core::units::{Nanos, size_text, time_text};

use super::draw;
use super::escape::esc;
use super::scale::{Scale, Spread};
use crate::text::cut_name;
use crate::view::timed::warmed;
use crate::view::{VariantView, View, label};

const WIDTH: f64 = 1140.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 84.0;

/// Colours of phases before they repeat.
const TONES: usize = 10;

/// Index, resident (of tables: table and index) and file beside each other; `None` if nothing is known.
pub(super) fn sizes(view: &View<'_>) -> Option<String> {
    let tables = view.has_tables();
    let kinds = if tables { TABLES } else { KINDS };
    let known: Vec<(&VariantView<'_>, [Option<f64>; 3])> = view
        .variants
        .iter()
        .map(|variant| {
            let middle = if tables { variant.stored_bytes() } else { variant.resident_bytes() };
            (variant, [variant.index_bytes(), middle, variant.file_bytes()])
        })
        .filter(|(_, sizes)| sizes.iter().any(Option::is_some))
        .collect();
    let raw = view.raw_bytes();
    let most = known.iter().flat_map(|(_, sizes)| sizes).flatten().copied().reduce(f64::max)?;
    let (top, row) = (34.0, 46.0);
    let height = top + row * known.len() as f64 + 24.0;
    let x = Scale::new(0.0, most.max(raw) * 1.02, LEFT, WIDTH - RIGHT, Spread::Even);
    let mut body = draw::x_axis(&x, &x.ticks(90.0), top - 6.0, height - 22.0, |size| {
        if size > 0.0 { size_text(size) } else { "0".to_owned() }
    });
    let at = x.at(raw);
    body.push_str(&format!(
        "<g>{}<line class=\"aim\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>{}</g>",
        draw::tip(&format!("the vectors alone as 32-bit floats: {}", size_text(raw))),
        top - 6.0,
        height - 22.0,
        draw::text(at - 4.0, top - 11.0, "t end", "vectors as f32")
    ));
    for (nth, (variant, sizes)) in known.iter().enumerate() {
        let y = top + row * nth as f64;
        let name = cut_name(&variant.plain_name(), 18);
        body.push_str(&format!("<g {}>", draw::of(variant)));
        body.push_str(&draw::mark(variant, 8.0, y + 17.0, 4.5));
        body.push_str(&draw::text(20.0, y + 21.0, "t name", &name));
        for (n, (size, (what, class))) in sizes.iter().zip(kinds).enumerate() {
            let Some(size) = size else { continue };
            let up = y + 12.0 * n as f64;
            let to = x.at(*size);
            let tip = format!("{}\n{what}: {}", variant.plain_name(), size_text(*size));
            body.push_str(&format!(
                "<g>{}<rect class=\"{class}\" x=\"{LEFT}\" y=\"{up:.1}\" width=\"{:.1}\" height=\"9\" rx=\"1.5\"/>{}</g>",
                draw::tip(&tip),
                (to - LEFT).max(1.0),
                draw::text(to + 6.0, up + 8.5, "t tiny", &format!("{} {}", size_text(*size), what.split(',').next().unwrap_or(what)))
            ));
        }
        body.push_str("</g>");
    }
    Some(draw::svg(
        WIDTH,
        height,
        if tables {
            "Bytes of the index, of table and index, and on the disk, a group a variant."
        } else {
            "Bytes of the index, of the grown process and of the file, a group a variant."
        },
        &body,
    ))
}

const KINDS: [(&str, &str); 3] = [
    ("index, as the engine counts it", "bar"),
    ("resident, growth of its process", "bar hollow"),
    ("file, as persisted", "bar light"),
];

const TABLES: [(&str, &str); 3] = [
    ("index, as the server counts it", "bar"),
    ("stored, table and index", "bar hollow"),
    ("disk, everything included", "bar light"),
];

/// A phase of a variant with all its points, added up over blocks.
struct Spent {
    name: String,
    time: f64,
}

/// Where each variant's time went, phase by phase; `None` if no time was taken.
pub(super) fn time(view: &View<'_>) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let mut all: Vec<(&VariantView<'_>, Vec<Spent>)> = Vec::new();
    for variant in &view.variants {
        let mut spent: Vec<Spent> = Vec::new();
        for phase in variant.phases() {
            if !names.contains(&phase.name) {
                names.push(phase.name.clone());
            }
            let time = phase.time.0 as f64;
            match spent.iter_mut().find(|known| known.name == phase.name) {
                Some(known) => known.time += time,
                None => spent.push(Spent { name: phase.name.clone(), time }),
            }
        }
        if !spent.is_empty() {
            all.push((variant, spent));
        }
    }
    let total = |spent: &[Spent]| spent.iter().map(|phase| phase.time).sum::<f64>();
    let most = all.iter().map(|(_, spent)| total(spent)).reduce(f64::max).filter(|most| *most > 0.0)?;
    let (top, row) = (10.0, 34.0);
    let height = top + row * all.len() as f64 + 24.0;
    let x = Scale::new(0.0, most, LEFT, WIDTH - RIGHT, Spread::Even);
    let mut body = draw::x_axis(&x, &x.ticks(90.0), top, height - 22.0, |time| {
        if time > 0.0 { time_text(time) } else { "0".to_owned() }
    });
    for (nth, (variant, spent)) in all.iter().enumerate() {
        let y = top + row * nth as f64 + 4.0;
        let name = variant.plain_name();
        body.push_str(&format!(
            "<g {}>{}{}</g>",
            draw::of(variant),
            draw::mark(variant, 8.0, y + 11.0, 4.5),
            draw::text(20.0, y + 15.0, "t name", &cut_name(&name, 18))
        ));
        let mut from = 0.0;
        for phase in spent {
            let (left, right) = (x.at(from), x.at(from + phase.time));
            from += phase.time;
            let tone = names.iter().position(|name| *name == phase.name).unwrap_or(0) % TONES;
            let tip = format!("{name}\n{}: {}", phase.name, time_text(phase.time));
            let width = right - left;
            body.push_str(&format!(
                "<g>{}<rect class=\"part t{tone}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"22\"/>",
                draw::tip(&tip),
                (width - 1.0).max(0.6)
            ));
            if width > 7.0 * phase.name.len() as f64 + 8.0 {
                body.push_str(&draw::text(left + 6.0, y + 15.0, "t on", &phase.name));
            }
            body.push_str("</g>");
        }
        body.push_str(&draw::text(x.at(from) + 7.0, y + 15.0, "t", &time_text(from)));
    }
    let about = "Where the time of each variant went, phase by phase.";
    Some(key(&names) + &draw::svg(WIDTH, height, about, &body))
}

/// What the tones mean, in the order of the phases.
fn key(names: &[String]) -> String {
    let parts = names.iter().enumerate().map(|(nth, name)| {
        let tone = nth % TONES;
        format!("<li><span class=\"tone\" style=\"background:var(--t{tone})\"></span>{}</li>", esc(name))
    });
    format!("<ul class=\"key\">{}</ul>", parts.collect::<String>())
}

/// Rows for the table of every phase's parts: variant, phase, point, time, warm-up, parts.
pub(super) fn parts(view: &View<'_>) -> Vec<[String; 6]> {
    let row = |variant: &VariantView<'_>, phase: &PhaseRecord| {
        let shares: Vec<String> = phase
            .breakdown
            .iter()
            .filter(|share| share.time > Nanos::ZERO)
            .map(|share| format!("{} {}", share.what, share.time))
            .collect();
        [
            variant.plain_name(),
            crate::text::one_line(&phase.name),
            label::short_point(&phase.point),
            phase.time.to_string(),
            crate::text::one_line(&warmed(phase).unwrap_or_default()),
            crate::text::one_line(&shares.join(", ")),
        ]
    };
    view.variants.iter().flat_map(|variant| variant.phases().map(move |phase| row(variant, phase))).collect()
}
