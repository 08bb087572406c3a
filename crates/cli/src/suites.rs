//! Suites: lists of shipped scenarios, as `scenarios/suites.yaml` says.

use std::collections::BTreeMap;

use annvil_conduct::RunError;
use annvil_core::document::Document;
use annvil_core::scenario::read;
use serde::{Deserialize, Serialize};

use crate::scenarios;

/// The file, which travels inside the binary.
const SUITES: &str = include_str!("../../../scenarios/suites.yaml");

/// A list of scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// What it is for, in a sentence.
    #[serde(default)]
    pub why: String,
    /// The preset that every scenario is run with.
    #[serde(default)]
    pub preset: Option<String>,
    /// Files, or names of shipped scenarios.
    pub scenarios: Vec<String>,
}

/// A scenario of a suite and the question that it answers.
#[derive(Debug, Serialize)]
pub struct Held {
    /// Its name.
    pub scenario: String,
    /// Its question.
    pub why: String,
}

impl Suite {
    /// Its scenarios and their questions.
    pub fn held(&self) -> Result<Vec<Held>, RunError> {
        let held = |name: &String| {
            let (file, text) = scenarios::find(name)?;
            let scenario = read(&Document::parse(&file, &text)?)?;
            Ok(Held { scenario: name.clone(), why: scenario.why })
        };
        self.scenarios.iter().map(held).collect()
    }
}

/// All suites by name.
pub fn all() -> Result<BTreeMap<String, Suite>, RunError> {
    Ok(Document::parse("suites.yaml", SUITES)?.read()?)
}

/// The suite that is meant by some names, and what it is called: one of ours if its name stands alone, else the
/// scenarios of these names. Several names are scenarios even where a suite is called like one of them.
pub fn chosen(names: &[String]) -> Result<(String, Suite), RunError> {
    let mut all = all()?;
    let alone = match names {
        [] => Some("quick"),
        [name] => Some(name.as_str()),
        _ => None,
    };
    if let Some((name, suite)) = alone.and_then(|name| all.remove_entry(name)) {
        return Ok((name, suite));
    }
    let suite = Suite { why: String::new(), preset: None, scenarios: names.to_vec() };
    Ok(("scenarios".to_owned(), suite))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_hold_shipped_scenarios() {
        let all = all().unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["full", "quick", "stress"]);
        for (name, suite) in &all {
            assert!(!suite.why.is_empty(), "{name}");
            for held in suite.held().unwrap() {
                let shipped = scenarios::SHIPPED.iter().any(|(shipped, _)| *shipped == held.scenario);
                assert!(shipped && !held.why.is_empty(), "{name}: {}", held.scenario);
            }
        }
        assert_eq!(all["quick"].preset.as_deref(), Some("quick"));
        assert_eq!((all["quick"].scenarios.len(), all["full"].preset.as_deref()), (11, None));
    }

    #[test]
    fn one_name_may_be_a_suite_several_are_scenarios() {
        let chosen = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let (name, suite) = chosen(&names).unwrap();
            (name, suite.scenarios.len())
        };
        assert_eq!(chosen(&[]), ("quick".to_owned(), 11));
        assert_eq!(chosen(&["stress"]), ("stress".to_owned(), 4));
        assert_eq!(chosen(&["stress", "mine.yaml"]), ("scenarios".to_owned(), 2));
        assert_eq!(chosen(&["mine.yaml"]), ("scenarios".to_owned(), 1));
    }
}
