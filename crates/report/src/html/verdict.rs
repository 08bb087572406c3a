//! What is read first: may these figures be judged, and what do they come to.

use std::fmt::Write as _;

use annvil_core::objective::Grade;

use super::escape::esc;
use crate::terminal::status_text;
use crate::view::validity::{Validity, Worth};
use crate::view::verdict::{Verdict, is_met, word};
use crate::view::{View, label};

/// The panel at the top: validity first, then objectives, verification, findings.
pub(super) fn panel(view: &View<'_>) -> String {
    let validity = Validity::of(view);
    let verdicts = Verdict::all(view);
    let mut out = String::new();
    if let Some(status) = status_text(view) {
        let _ = write!(out, "<p class=\"notice\">{}</p>", esc(&status));
    }
    if validity.is_invalid() {
        out.push_str(
            "<div class=\"notice invalid\"><strong>Invalid: this run cannot be judged.</strong><ul>",
        );
        for broken in validity.broken.iter().take(12) {
            let _ = write!(
                out,
                "<li>{} {} <span class=\"mute\">{}</span></li>",
                esc(&broken.name),
                esc(&broken.figure),
                esc(&broken.place)
            );
        }
        if validity.broken.len() > 12 {
            let _ = write!(out, "<li>and {} more, below</li>", validity.broken.len() - 12);
        }
        out.push_str("</ul></div>");
    }
    out.push_str("<ul class=\"chips\">");
    out.push_str(&validity_chip(&validity));
    out.push_str(&objectives_chip(&verdicts));
    out.push_str(&verification_chip(view));
    out.push_str("</ul><ol class=\"findings\">");
    for finding in crate::findings::of(view) {
        let _ = write!(out, "<li>{}</li>", esc(&finding));
    }
    out.push_str("</ol>");
    out
}

fn chip(tone: &str, sign: &str, head: &str, more: &str) -> String {
    format!(
        "<li class=\"chip {tone}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span><span><b>{}</b><small>{}</small></span></li>",
        esc(head),
        esc(more)
    )
}

fn validity_chip(validity: &Validity) -> String {
    let figures = validity.figures.join(", ");
    let short = || format!("too short to tell: {}", validity.short_phases());
    match validity.worth() {
        Worth::Good => chip("good", "✓", "measured well", &figures),
        Worth::PartlyShort => chip("good", "✓", "measured well", &format!("{figures}; {}", short())),
        Worth::Short => {
            chip("dull", "?", "too short to tell", "how well it was measured: every phase was over too soon")
        }
        Worth::Invalid => {
            let broken = label::plural(validity.broken.len() as u64, "check");
            chip("bad", "✗", "invalid", &format!("{broken} did not hold"))
        }
        Worth::Unknown => chip("dull", "?", "validity unknown", "nothing was checked"),
    }
}

fn objectives_chip(verdicts: &[Verdict]) -> String {
    let met = verdicts.iter().filter(|verdict| is_met(verdict.grade)).count();
    let count = |keep: &[Grade]| verdicts.iter().filter(|verdict| keep.contains(&verdict.grade)).count();
    let (missed, critical) = (count(&[Grade::Missed, Grade::Critical]), count(&[Grade::Critical]));
    let (near, unknown) = (count(&[Grade::Near]), count(&[Grade::Unknown]));
    let parts: Vec<String> =
        [(missed - critical, "missed"), (critical, "critical"), (near, "near"), (unknown, "unknown")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}"))
            .collect();
    let head = format!("{met} of {} met", label::plural(verdicts.len() as u64, "objective"));
    match (verdicts.len(), missed, unknown, near) {
        (0, ..) => chip("dull", "–", "no objectives", "nothing was asked of this run"),
        (_, 1.., ..) => chip("bad", "✗", &head, &parts.join(", ")),
        (_, 0, 1.., _) => chip("dull", "?", &head, &parts.join(", ")),
        (_, 0, 0, 1..) => chip("near", "~", &head, &parts.join(", ")),
        _ => chip("good", "✓", &head, "with room to spare"),
    }
}

fn verification_chip(view: &View<'_>) -> String {
    let all = view.variants.len();
    let wrong = view.variants.iter().filter(|variant| variant.is_wrong()).count();
    let checks: usize = view.variants.iter().map(|variant| super::details::checks(variant).len()).sum();
    let right =
        view.variants.iter().filter(|v| !v.is_wrong() && !super::details::checks(v).is_empty()).count();
    let checked = label::plural(checks as u64, "check");
    match (wrong, right) {
        (1.., _) => chip(
            "bad",
            "✗",
            &format!("{wrong} of {} failed verification", label::plural(all as u64, "variant")),
            "they have no speed",
        ),
        (0, 0) => chip("dull", "?", "not verified", "no answers were checked"),
        (0, right) if right < all => chip(
            "near",
            "~",
            &format!("{right} of {} verified", label::plural(all as u64, "variant")),
            &checked,
        ),
        _ => chip("good", "✓", "answers verified", &format!("{checked}, all hold")),
    }
}

/// The table of objectives; empty without any.
pub(super) fn objectives(view: &View<'_>) -> String {
    let verdicts = Verdict::all(view);
    if verdicts.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<div class=\"wide aims\"><table><thead><tr><th scope=\"col\"></th><th scope=\"col\">objective</th><th scope=\"col\">worst figure</th><th scope=\"col\"></th></tr></thead><tbody>",
    );
    for verdict in verdicts {
        let (tone, sign) = tone(verdict.grade);
        let more: Vec<String> =
            verdict.others.iter().chain(&verdict.exceptions).map(|text| esc(text)).collect();
        let _ = write!(
            out,
            "<tr><td class=\"grade {tone}\"><span aria-hidden=\"true\">{sign}</span> {}</td><th scope=\"row\">{}</th><td>{}</td><td class=\"mute\">{}</td></tr>",
            word(verdict.grade),
            esc(&verdict.text),
            esc(&verdict.worst),
            more.join("<br>")
        );
    }
    out.push_str("</tbody></table></div>");
    out
}

const fn tone(grade: Grade) -> (&'static str, &'static str) {
    match grade {
        Grade::Met => ("good", "✓"),
        Grade::Near => ("near", "~"),
        Grade::Missed | Grade::Critical => ("bad", "✗"),
        Grade::Unknown => ("dull", "?"),
    }
}
