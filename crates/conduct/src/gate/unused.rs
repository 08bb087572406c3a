//! Rules and limits of a gate that name nothing that was measured. A misspelt one would be off for ever, so it is said.

use std::collections::BTreeSet;

use annvil_core::document::nearest;
use annvil_core::figures::Group;
use annvil_core::gate::{GateSpec, MetricPattern};
use annvil_core::key::MetricKey;

/// Words of the names of all figures of both sides.
pub(super) struct Names {
    keys: BTreeSet<MetricKey>,
    words: BTreeSet<String>,
}

impl Names {
    pub(super) fn of(candidate: &Group, baseline: Option<&Group>) -> Self {
        let groups = [Some(candidate), baseline];
        let figures = groups.iter().flatten().flat_map(|group| &group.figures);
        let keys: BTreeSet<MetricKey> = figures.flat_map(|figures| figures.values.keys().cloned()).collect();
        let words = keys.iter().flat_map(MetricPattern::words_of).collect();
        Self { keys, words }
    }

    /// What is said of the rules of `metrics` that match nothing.
    pub(super) fn unused(&self, spec: &GateSpec) -> Vec<String> {
        let unused = spec.metrics.keys().filter(|pattern| !self.keys.iter().any(|key| pattern.matches(key)));
        unused
            .map(|pattern| {
                let meant = pattern.unknown_word(&self.words).and_then(|word| self.meant(word));
                format!("the rule for `{pattern}` names no figure that was measured{}", asked(meant))
            })
            .collect()
    }

    /// The name that a word of a limit probably means, if it is nobody's: `, did you mean …?`.
    pub(super) fn hint(&self, word: &str) -> String {
        asked((!self.words.contains(word)).then(|| self.meant(word)).flatten())
    }

    fn meant(&self, word: &str) -> Option<&str> {
        nearest(word, self.words.iter().map(String::as_str))
    }
}

fn asked(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}
