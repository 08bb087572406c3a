//! What the client, the system under test and the host used.

use annvil_core::record::{ResourceFigures, SubjectRecord};

use super::{VariantView, View, label};
use crate::text::one_line;

/// Name of the subject that is the whole machine.
pub(crate) const HOST: &str = "host";

/// A subject in a phase.
pub(crate) struct Use<'a, 'v> {
    pub(crate) variant: &'v VariantView<'a>,
    pub(crate) place: String,
    /// Length of the phase in seconds.
    pub(crate) seconds: f64,
    pub(crate) subject: &'a SubjectRecord,
}

/// Every subject of every phase in which anything is known or said of it.
pub(crate) fn uses<'a, 'v>(view: &'v View<'a>) -> Vec<Use<'a, 'v>> {
    let mut all = Vec::new();
    for variant in &view.variants {
        for phase in variant.phases() {
            let Some(resources) = &phase.resources else { continue };
            let point = label::short_point(&phase.point);
            let swept = variant.planned.points.len() > 1 && !point.is_empty();
            let place = if swept { format!("{} {point}", phase.name) } else { phase.name.clone() };
            for subject in &resources.subjects {
                if !subject.mean.is_empty() || subject.why.is_some() {
                    let (place, seconds) = (one_line(&place), phase.time.as_secs_f64());
                    all.push(Use { variant, place, seconds, subject });
                }
            }
        }
    }
    all
}

/// One line: the client and what is watched, over all phases. `None` if nothing is known.
pub(crate) fn summary(view: &View<'_>) -> Option<String> {
    let uses = uses(view);
    let mut names: Vec<&str> = Vec::new();
    for one in &uses {
        if one.subject.name != HOST && !names.contains(&one.subject.name.as_str()) {
            names.push(&one.subject.name);
        }
    }
    let parts: Vec<String> = names.iter().filter_map(|name| one(&uses, name)).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn one(uses: &[Use<'_, '_>], name: &str) -> Option<String> {
    let own = || uses.iter().filter(|one| one.subject.name == name);
    let most = |figure: fn(&ResourceFigures) -> Option<f64>| {
        own().filter_map(|one| figure(&one.subject.peak)).reduce(f64::max)
    };
    let known: Vec<(f64, f64)> = own().filter_map(|one| Some((one.subject.mean.cpu?, one.seconds))).collect();
    let time: f64 = known.iter().map(|(_, seconds)| seconds).sum();
    let mean = (time > 0.0).then(|| known.iter().map(|(cpu, seconds)| cpu * seconds).sum::<f64>() / time);
    let mut parts = Vec::new();
    parts.extend(
        mean.zip(most(|peak| peak.cpu)).map(|(mean, peak)| format!("{mean:.2} cores, {peak:.2} at most")),
    );
    parts
        .extend(most(|peak| peak.resident.map(|bytes| bytes.0 as f64)).map(|bytes| label::size(Some(bytes))));
    (!parts.is_empty()).then(|| format!("{} {}", one_line(name), parts.join(", ")))
}
