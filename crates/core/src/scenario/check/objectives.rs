//! Objectives that name what is not there, or ask for what nothing measures.

use super::Check;
use crate::document::{DocumentError, nearest};
use crate::objective::{ObjectiveEntry, Reference, Selector, Target};
use crate::scenario::measures::unmeasured;
use crate::scenario::{Phase, Scenario};

impl Check<'_> {
    pub(super) fn objectives(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let variants: Vec<&str> = scenario.variants.keys().map(String::as_str).collect();
        let known = |name: &String| variants.contains(&name.as_str()) || self.written.contains(name);
        for (index, entry) in scenario.objectives.iter().enumerate() {
            let number = index.to_string();
            let at = ["objectives", number.as_str()];
            let unknown = |what: &str, name: &str, known: &[&str]| {
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", known.join(", ")),
                };
                self.wrong(&at, format!("there is no {what} `{name}`"), help)
            };
            if let Selector::Name(name) = &entry.objective.phase {
                let phases: Vec<&str> = scenario.phases.iter().map(Phase::name).collect();
                if !phases.contains(&name.as_str()) {
                    return Err(unknown("phase", name, &phases));
                }
            }
            let bound =
                scenario.variants.iter().any(|(name, variant)| !variant.baseline && entry.binds(name));
            if !bound {
                let help =
                    "objectives bind every variant but the baseline, unless only: or except: say otherwise";
                return Err(self.wrong(&at, "this objective binds no variant", help));
            }
            if let Some(why) = unmeasured(scenario, &entry.objective) {
                return Err(self.wrong(
                    &at,
                    format!("no phase measures {} that this asks for", why.0),
                    why.1,
                ));
            }
            for name in entry.only.keys().chain(entry.except.keys()) {
                if !variants.contains(&name.as_str()) {
                    return Err(unknown("variant", name, &variants));
                }
            }
            let targets = std::iter::once(&entry.objective.target).chain(&entry.objective.critical);
            for target in targets {
                match target {
                    Target::Relative { to: Reference::Variant(name), .. } if !known(name) => {
                        return Err(unknown("variant", name, &variants));
                    }
                    Target::Relative { to: Reference::Baseline, .. } => {
                        self.compared(&at, entry, scenario)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
    /// Every variant that an objective binds has a baseline of its own size.
    fn compared(
        &self,
        at: &[&str],
        entry: &ObjectiveEntry,
        scenario: &Scenario,
    ) -> Result<(), DocumentError> {
        let baselines = || scenario.variants.values().filter(|variant| variant.baseline);
        if baselines().next().is_none() {
            return Err(self.wrong(
                at,
                "no variant is the baseline",
                "write `baseline: true` in one of them",
            ));
        }
        let mut bound =
            scenario.variants.iter().filter(|(name, variant)| !variant.baseline && entry.binds(name));
        match bound.find(|(_, variant)| baselines().all(|baseline| baseline.rows != variant.rows)) {
            None => Ok(()),
            Some((name, _)) => Err(self.wrong(
                at,
                format!("`{name}` has no baseline of its own number of rows"),
                "name it under `except:`, or give it a baseline with the same `rows`",
            )),
        }
    }
}
