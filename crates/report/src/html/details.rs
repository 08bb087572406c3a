//! What is there for those who want to see it all: checks, validity, engines, environment, plan.

use std::fmt::Write as _;

use annvil_core::record::{Check, PhaseResult};

use super::draw::swatch;
use super::escape::esc;
use super::table::facts;
use crate::view::{VariantView, View, facts as collect, label, server};

/// Checks that hold are listed up to this many over all variants; failed ones always are.
const LISTED: usize = 2500;

/// Every check of a variant, in all its blocks.
pub(super) fn checks<'a>(variant: &VariantView<'a>) -> Vec<&'a Check> {
    let results = variant.phases().filter_map(|phase| match &phase.result {
        PhaseResult::Verify { checks, .. } => Some(checks),
        _ => None,
    });
    results.flatten().collect()
}

fn plain_table(titles: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let heads: Vec<String> =
        titles.iter().map(|title| format!("<th scope=\"col\">{}</th>", esc(title))).collect();
    let heads = heads.concat();
    let mut out = format!("<div class=\"wide loose\"><table><thead><tr>{heads}</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{cell}</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

fn holds(holds: Option<bool>) -> String {
    match holds {
        Some(true) => "<span class=\"good\">✓ holds</span>",
        Some(false) => "<span class=\"bad\">✗ does not hold</span>",
        None => "<span class=\"dull\">? unknown</span>",
    }
    .to_owned()
}

/// Verification, a fold a variant; open where something failed.
pub(super) fn verification(view: &View<'_>) -> String {
    let most = (LISTED / view.variants.len().max(1)).max(20);
    let mut out = String::new();
    for variant in &view.variants {
        let checks = checks(variant);
        let failed = checks.iter().filter(|check| !check.passed).count();
        let trouble = variant.failure().map(label::failure);
        let head = match (checks.len(), failed, &trouble) {
            (0, _, Some(trouble)) => trouble.clone(),
            (0, ..) => "not verified".to_owned(),
            (n, 0, _) => format!("{}, all hold", label::plural(n as u64, "check")),
            (n, failed, _) => format!("{failed} of {} failed", label::plural(n as u64, "check")),
        };
        let (open, tone) = if failed > 0 || trouble.is_some() { (" open", "bad") } else { ("", "mute") };
        let _ = write!(
            out,
            "<details{open}><summary data-v=\"{}\">{}{} <span class=\"{tone}\">{}</span></summary>",
            variant.number,
            swatch(variant),
            esc(&variant.plain_name()),
            esc(&head)
        );
        if let Some(trouble) = trouble {
            let _ = write!(out, "<p class=\"bad\">{}</p>", esc(&trouble));
        }
        let mut listed: Vec<&Check> = checks.iter().copied().filter(|check| !check.passed).collect();
        listed.extend(checks.iter().copied().filter(|check| check.passed).take(most));
        if !listed.is_empty() {
            let rows = listed.iter().map(|check| {
                vec![holds(Some(check.passed)), esc(&check.form), esc(&check.name), esc(&check.detail)]
            });
            out.push_str(&plain_table(&["", "form", "check", "found"], rows));
        }
        if listed.len() < checks.len() {
            let _ = write!(
                out,
                "<p class=\"mute\">and {} more that hold; run.json lists them all</p>",
                checks.len() - listed.len()
            );
        }
        out.push_str("</details>");
    }
    out
}

/// The plans of each variant's queries, in the server's words; open where one was refused.
pub(super) fn plans(view: &View<'_>) -> String {
    let mut out = String::new();
    for variant in &view.variants {
        let plans = server::plans(variant);
        if plans.is_empty() {
            continue;
        }
        let refused = variant.failure().map(label::failure).filter(|why| why.starts_with(label::REFUSED));
        let (open, more) = match &refused {
            Some(_) => (" open", " <span class=\"bad\">refused</span>"),
            None => ("", ""),
        };
        let _ = write!(
            out,
            "<details id=\"{}\"{open}><summary data-v=\"{}\">{}{}{more}</summary>",
            esc(&server::plan_anchor(variant.name())),
            variant.number,
            swatch(variant),
            esc(&variant.plain_name())
        );
        if let Some(refused) = refused {
            let _ = write!(out, "<p class=\"bad\">{}</p>", esc(&refused));
        }
        // Every point of a sweep is explained; those that are answered alike stand together.
        let mut groups: Vec<(Vec<&str>, &str)> = Vec::new();
        for plan in plans {
            match groups.iter_mut().find(|(_, known)| *known == plan.plan) {
                Some((forms, _)) => forms.push(&plan.form),
                None => groups.push((vec![&plan.form], &plan.plan)),
            }
        }
        for (forms, plan) in groups {
            let _ = write!(out, "<h3>{}</h3><pre>{}</pre>", esc(&forms.join(", ")), esc(plan));
        }
        out.push_str("</details>");
    }
    out
}

/// Settings that are worth a look, and the variants that say so.
pub(super) fn advice(view: &View<'_>) -> String {
    let rows: Vec<Vec<String>> = server::advice(view)
        .into_iter()
        .map(|(advice, names)| {
            [&advice.setting, &advice.value, &advice.because, &advice.try_this, &names.join(", ")]
                .map(|text| esc(text))
                .to_vec()
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    plain_table(&["setting", "is", "because", "try", "seen with"], rows.into_iter())
}

/// Every check of whether a measurement means anything, broken ones first.
pub(super) fn validity(view: &View<'_>) -> String {
    let mut rows: Vec<(bool, Vec<String>)> = Vec::new();
    for variant in &view.variants {
        for phase in variant.phases() {
            for check in &phase.validity {
                let place = label::at(variant.name(), &phase.point);
                let row = vec![
                    holds(check.valid),
                    esc(&place),
                    esc(&phase.name),
                    esc(&check.name),
                    esc(&check.figure),
                ];
                rows.push((check.valid != Some(false), row));
            }
        }
    }
    rows.sort_by_key(|(fine, _)| *fine);
    let all = rows.len();
    if all == 0 {
        return "<p class=\"mute\">No measurement was checked.</p>".to_owned();
    }
    rows.truncate(LISTED / 5);
    let more = all - rows.len();
    let mut out = plain_table(
        &["", "variant", "phase", "check", "figure and limit"],
        rows.into_iter().map(|(_, row)| row),
    );
    if more > 0 {
        let _ = write!(out, "<p class=\"mute\">and {more} more; run.json lists them all</p>");
    }
    out
}

/// Every phase and its parts.
pub(super) fn parts(rows: Vec<[String; 6]>) -> String {
    let rows = rows.into_iter().take(LISTED).map(|row| row.iter().map(|cell| esc(cell)).collect());
    plain_table(&["variant", "phase", "point", "time", "warm-up", "of which"], rows)
}

/// What each engine says of itself.
pub(super) fn engines(view: &View<'_>) -> String {
    collect::engines(view).iter().fold(String::new(), |mut out, (names, known)| {
        let _ = write!(out, "<h3>{}</h3>{}", esc(&names.join(", ")), facts(known));
        out
    })
}

/// The plan as it is hashed and stored.
pub(super) fn plan(view: &View<'_>) -> String {
    let json = serde_json::to_string_pretty(&view.record.plan).unwrap_or_else(|error| error.to_string());
    format!("<pre>{}</pre>", esc(&json))
}
