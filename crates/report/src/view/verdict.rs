//! What became of the objectives, each on one line.

use annvil_core::objective::{Grade, Objective, Selector};
use annvil_core::quantity::{Quantity, format_value};
use annvil_core::record::{Judged, ObjectiveResult, RunRecord};

use super::validity::Validity;
use super::{View, label};
use crate::text::{ABSENT, one_line};

/// An objective and its worst figure.
pub(crate) struct Verdict {
    pub(crate) grade: Grade,
    /// The objective, in signs that people read.
    pub(crate) text: String,
    /// The worst figure and whose it is.
    pub(crate) worst: String,
    /// Who else misses it, and of whom nothing is known.
    pub(crate) others: Option<String>,
    /// Whom it does not bind, or only binds, and why.
    pub(crate) exceptions: Vec<String>,
}

impl Verdict {
    pub(crate) fn all(view: &View<'_>) -> Vec<Self> {
        let broken = Validity::of(view).broken_phases();
        view.record.objectives.iter().map(|result| Self::of(result, view.record, &broken)).collect()
    }

    /// `broken` are the phases that keep anything from being judged.
    fn of(result: &ObjectiveResult, record: &RunRecord, broken: &str) -> Self {
        let objective = &result.objective.objective;
        let worst = result.judged.iter().max_by(|a, b| severity(a).cmp(&severity(b)).then(tightness(a, b)));
        let sure = |name: &str, reason: &str, word: &str| one_line(&format!("{word} {name}: {reason}"));
        let excepted = result.objective.except.iter().map(|(name, reason)| sure(name, reason, "except"));
        let only = result.objective.only.iter().map(|(name, reason)| sure(name, reason, "only"));
        Self {
            grade: worst.map_or(Grade::Unknown, |judged| judged.grade),
            text: pretty(objective),
            worst: worst
                .map_or_else(|| "binds no variant".to_owned(), |worst| figure(worst, objective, record)),
            others: worst.and_then(|worst| others(worst, &result.judged, broken)),
            exceptions: excepted.chain(only).collect(),
        }
    }
}

/// Met or near.
pub(crate) const fn is_met(grade: Grade) -> bool {
    matches!(grade, Grade::Met | Grade::Near)
}

/// The grade in a word: nothing depends on colour or sign.
pub(crate) const fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Met => "met",
        Grade::Near => "near",
        Grade::Missed => "missed",
        Grade::Critical => "critical",
        Grade::Unknown => "unknown",
    }
}

/// Missed is worse than unknown here: what is known to be bad is said first.
const fn severity(judged: &Judged) -> u8 {
    match judged.grade {
        Grade::Met => 0,
        Grade::Near => 1,
        Grade::Unknown => 2,
        Grade::Missed => 3,
        Grade::Critical => 4,
    }
}

/// Of two of one grade the one nearer to its target, or farther beyond it, is the worse.
fn tightness(a: &Judged, b: &Judged) -> std::cmp::Ordering {
    let margin = |judged: &Judged| judged.margin.unwrap_or(f64::INFINITY);
    // Margins may be absent (a target of zero): then the values decide.
    margin(b).total_cmp(&margin(a)).then_with(|| {
        let value = |judged: &Judged| judged.value.unwrap_or(0.0);
        value(a).total_cmp(&value(b))
    })
}

/// The objective with `≥`, `≤` and `×`, which its grammar reads too.
pub(crate) fn pretty(objective: &Objective) -> String {
    one_line(&objective.to_string().replace(">=", "≥").replace("<=", "≤").replace(" x ", " × "))
}

fn figure(worst: &Judged, objective: &Objective, record: &RunRecord) -> String {
    let Some(value) = worst.value else {
        return format!("not measured ({})", place(worst, objective, record));
    };
    let place = place(worst, objective, record);
    let mut text = format!("worst {} ({place})", print(worst, value));
    if objective.target.reference().is_some() {
        let target = worst.target.map_or_else(|| ABSENT.to_owned(), |target| print(worst, target));
        text.push_str(&format!(", target {target}"));
    }
    text
}

fn print(judged: &Judged, value: f64) -> String {
    match judged.key.quantity {
        Quantity::Compression => format!("{} ×", label::ratio(Some(value))),
        quantity => format_value(quantity, value),
    }
}

/// The variant; also the phase where the objective leaves it open.
fn place(judged: &Judged, objective: &Objective, record: &RunRecord) -> String {
    let mut place = one_line(&judged.key.variant);
    let phases = record.plan.phases.len();
    if objective.phase == Selector::Any && phases > 1 && judged.value.is_some() {
        place.push_str(&format!(", {}", one_line(&judged.key.phase)));
    }
    place
}

/// Other variants that miss it, and those of which nothing is known; in an invalid run what keeps it from being judged.
fn others(worst: &Judged, judged: &[Judged], broken: &str) -> Option<String> {
    // In an invalid run there are figures, and none of them is judged.
    if worst.grade == Grade::Unknown && worst.value.is_some() && !broken.is_empty() {
        return Some(format!("not judged: the measurement of {broken} is invalid"));
    }
    let names = |keep: &dyn Fn(Grade) -> bool| {
        let mut names: Vec<String> = Vec::new();
        for other in judged.iter().filter(|other| keep(other.grade) && other.key.variant != worst.key.variant)
        {
            let name = one_line(&other.key.variant);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let missed = names(&|grade| matches!(grade, Grade::Missed | Grade::Critical));
    let unknown = names(&|grade| grade == Grade::Unknown);
    let mut words = Vec::new();
    if !missed.is_empty() {
        words.push(format!("also missed by {}", missed.join(", ")));
    }
    if !unknown.is_empty() {
        let any_value = judged.iter().any(|one| one.grade == Grade::Unknown && one.value.is_some());
        let what = if any_value { "not judged" } else { "not measured" };
        words.push(format!("{what}: {}", unknown.join(", ")));
    }
    (!words.is_empty()).then(|| words.join("; "))
}
