//! What makes a side: changes of the scenario, or another binary that measures it.

use std::path::PathBuf;

use annvil_core::dataset::Dataset;
use annvil_core::document::nearest;
use annvil_core::objective::Target;
use annvil_core::plan::Plan;
use annvil_core::secret::{Secret, mask};
use serde_json::Value;
use std::sync::Arc;

use super::{AbError, Which};
use crate::prepare::{Overrides, Prepared, freeze, overridden};

/// Where the URL of a server stands in a scenario.
pub(super) const URL: &str = "engine.postgres.url";

/// What one side changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// Only this variant.
    pub variant: Option<String>,
    /// Only this server.
    pub url: Option<Secret>,
    /// Paths and values, as in `--set`.
    pub set: Vec<(String, String)>,
    /// Another Annvil that measures it.
    pub program: Option<PathBuf>,
}

impl Side {
    /// Reads what was written: each text is the URL of a server, a change `KEY=VALUE`, or the name of a variant.
    ///
    /// ```
    /// use annvil_conduct::ab::Side;
    ///
    /// let side = Side::read(&["hnsw f16".into(), "phases.search.sessions=2".into()], None)?;
    /// assert_eq!(side.variant.as_deref(), Some("hnsw f16"));
    /// assert_eq!(side.name(), "hnsw f16, phases.search.sessions=2");
    /// # Ok::<(), annvil_conduct::ab::AbError>(())
    /// ```
    pub fn read(texts: &[String], program: Option<PathBuf>) -> Result<Self, AbError> {
        let mut side = Self { program, ..Self::default() };
        for text in texts.iter().map(|text| text.trim()) {
            if is_url(text) {
                if side.url.replace(Secret::new(text)).is_some() {
                    return Err(AbError::Twice { what: "server" });
                }
            } else if let Some((path, value)) = text.split_once('=') {
                side.set.push((path.trim().to_owned(), value.trim().to_owned()));
            } else if side.variant.replace(text.to_owned()).is_some() {
                return Err(AbError::Twice { what: "variant" });
            }
        }
        if side.variant.is_some() && side.program.is_some() {
            return Err(AbError::VariantOfProgram);
        }
        Ok(side)
    }

    /// Whether it is the scenario as it is written.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// What it is called: what was written, without passwords.
    pub fn name(&self) -> String {
        let program = self.program.as_ref().map(|path| path.display().to_string());
        let url = self.url.as_ref().map(Secret::redacted);
        let set = self.set.iter().map(|(path, value)| mask(&format!("{path}={value}")));
        let words: Vec<String> =
            program.into_iter().chain(self.variant.clone()).chain(url).chain(set).collect();
        if words.is_empty() { "as written".to_owned() } else { words.join(", ") }
    }

    /// The changes that everybody makes, and its own after them.
    pub(super) fn overrides(&self, common: &Overrides) -> Overrides {
        let mut all = common.clone();
        all.set.extend(self.set.iter().cloned());
        all.set.extend(self.url.iter().map(|url| (URL.to_owned(), url.reveal().to_owned())));
        all
    }

    /// An error if it is a server and the engine, as the scenario and the side's own changes say it, is none.
    pub(super) fn check_server(
        &self,
        side: Which,
        file: &str,
        text: &str,
        common: &Overrides,
    ) -> Result<(), AbError> {
        let Some(url) = &self.url else { return Ok(()) };
        let without = Self { url: None, ..self.clone() };
        let document = overridden(file, text, &without.overrides(common))?;
        let engine = match document.value_at(&["engine"]) {
            Some(Value::String(name)) => Some(name.clone()),
            Some(Value::Object(engine)) => engine.keys().next().cloned(),
            _ => None,
        };
        match engine.filter(|name| name != "postgres") {
            Some(engine) => Err(AbError::NoServer { side: side.letter(), url: url.redacted(), engine }),
            None => Ok(()),
        }
    }

    /// The plan with its changes.
    pub(super) fn freeze(
        &self,
        file: &str,
        text: &str,
        common: &Overrides,
        cores: usize,
    ) -> Result<Prepared, AbError> {
        Ok(freeze(&overridden(file, text, &self.overrides(common))?, cores)?)
    }

    /// The plan of one block of it: one build of everything, or of its variant alone, and its measurements.
    pub(super) fn prepare(
        &self,
        file: &str,
        text: &str,
        common: &Overrides,
        cores: usize,
    ) -> Result<Prepared, AbError> {
        let mut prepared = self.freeze(file, text, common, cores)?;
        if let Some(variant) = &self.variant {
            only(&mut prepared.plan, std::slice::from_ref(variant))?;
        }
        one_block(&mut prepared.plan);
        Ok(prepared)
    }
}

/// Both sides measure the same variant where only one names it.
pub(super) fn same_variant(a: &mut Side, b: &mut Side) {
    let variant = a.variant.clone().or_else(|| b.variant.clone());
    for side in [a, b] {
        if side.program.is_none() && side.variant.is_none() {
            side.variant.clone_from(&variant);
        }
    }
}

/// Leaves only some variants in a plan, and the objectives that can be judged without the others.
pub(crate) fn only(plan: &mut Plan, names: &[String]) -> Result<(), AbError> {
    if let Some(unknown) = names.iter().find(|name| plan.variant(name).is_none()) {
        let known: Vec<&str> = plan.variants.iter().map(|variant| variant.name.as_str()).collect();
        let help = match nearest(unknown, known.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("There are {}; a change is written KEY=VALUE.", known.join(", ")),
        };
        return Err(AbError::NoVariant { name: unknown.clone(), help });
    }
    if names.len() < plan.variants.len() {
        plan.variants.retain(|variant| names.contains(&variant.name));
        plan.order.iter_mut().for_each(|block| block.retain(|name| names.contains(name)));
        plan.objectives.retain(|entry| {
            let relative = |target: &Target| matches!(target, Target::Relative { .. });
            !relative(&entry.objective.target) && !entry.objective.critical.as_ref().is_some_and(relative)
        });
    }
    Ok(())
}

/// One block a run: variants in the order in which they are written, so that both sides have the same.
pub(crate) fn one_block(plan: &mut Plan) {
    plan.order = vec![plan.variants.iter().map(|variant| variant.name.clone()).collect()];
}

/// The data set of the first side for both, where it is the same.
pub(super) fn share(a: &Prepared, b: &mut Prepared) {
    if a.plan.data == b.plan.data && a.plan.dataset == b.plan.dataset {
        let shared: Arc<dyn Dataset> = Arc::clone(&a.dataset);
        b.dataset = shared;
    }
}

fn is_url(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 50, queries_limit: 5}
engine: {stub: {}}
variants: {base: {baseline: true}, other: {}}
phases: [search: {name: single, queries: 5}]
objectives: [single.service.p50 < 1s, single.service.p50 <= 2 x baseline]
blocks: 3
";

    fn side(texts: &[&str]) -> Side {
        Side::read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>(), None).unwrap()
    }

    fn prepared(side: &Side) -> Result<Prepared, AbError> {
        side.prepare("x.yaml", SCENARIO, &Overrides::default(), 1)
    }

    #[test]
    fn a_variant_alone_keeps_what_can_be_judged() {
        let plan = prepared(&side(&["other"])).unwrap().plan;
        assert_eq!((plan.order, plan.objectives.len()), (vec![vec!["other".to_owned()]], 1));
        let plan = prepared(&side(&[])).unwrap().plan;
        assert_eq!((plan.order.len(), plan.variants.len(), plan.objectives.len()), (1, 2, 2));
    }

    #[test]
    fn a_slip_in_a_variant_is_named() {
        let error = prepared(&side(&["othr"])).err().unwrap().to_string();
        assert!(error.contains("`othr`") && error.contains("Did you mean `other`?"), "{error}");
    }

    #[test]
    fn parameters_of_phases_can_be_changed_too() {
        let plan = prepared(&side(&["phases.single.k=3"])).unwrap().plan;
        assert_eq!(crate::inputs::search_forms(&plan.phases)[0].k, 3);
        let error = prepared(&side(&["phases.single.kk=3"])).err().unwrap().to_string();
        assert!(error.contains("kk"), "{error}");
    }

    #[test]
    fn passwords_are_in_no_name() {
        let side = side(&[
            "postgres://me:hunter2@host/db",
            "engine.postgres.pooler_console=postgres://x:hunter2@y/z",
        ]);
        let told = format!("{} {side:?}", side.name());
        assert!(!side.name().contains("hunter2") && side.name().contains("me:***@host"), "{told}");
        assert_eq!(side.overrides(&Overrides::default()).set[1].1, "postgres://me:hunter2@host/db");
    }

    #[test]
    fn what_can_only_be_one_is_given_once() {
        let read = |texts: &[&str], program: Option<&str>| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            Side::read(&texts, program.map(PathBuf::from)).is_ok()
        };
        assert!(!read(&["one", "two"], None) && !read(&["postgres://a/b", "postgres://a/c"], None));
        assert!(!read(&["one"], Some("annvil")) && read(&["a=1", "b=2"], Some("annvil")));
    }
}
