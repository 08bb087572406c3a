//! What a `limit` phase asks of its own keys: levels that can be walked, objectives that a trial can judge.

use super::Check;
use crate::document::{DocumentError, nearest};
use crate::objective::Selector;
use crate::scenario::{LimitPhase, Scenario, Walk};
use crate::units::HumanRate;

impl Check<'_> {
    pub(super) fn limit(
        &self,
        number: &str,
        name: &str,
        keys: &LimitPhase,
        scenario: &Scenario,
    ) -> Result<(), DocumentError> {
        let path = |key: &'static str| ["phases", number, "limit", key];
        if keys.hold.is_empty() {
            return Err(self.wrong_key(
                &["phases", number, "limit"],
                "this phase doesn't say what must hold",
                format!("write `hold: [\"{name}.response.p95 < 10ms\"]`"),
            ));
        }
        if !(0.001..=0.5).contains(&keys.tolerance) {
            return Err(self.wrong(&path("tolerance"), "`tolerance` is a share from 0.001 to 0.5", ""));
        }
        if keys.repeats.is_multiple_of(2) {
            return Err(self.wrong(
                &path("repeats"),
                format!("`repeats` is {}: the majority decides, so it must be odd", keys.repeats),
                "1 is quickest, 3 is usual",
            ));
        }
        self.walk(number, &keys.walk)?;
        for index in 0..keys.hold.len() {
            self.held(number, index, name, keys, scenario)?;
        }
        Ok(())
    }

    fn walk(&self, number: &str, walk: &Walk) -> Result<(), DocumentError> {
        let (key, from, to) = match walk {
            Walk::Rate(range) => ("rate", range.from.per_second(), range.to.map(HumanRate::per_second)),
            Walk::Sessions(range) => ("sessions", f64::from(range.from), range.to.map(f64::from)),
        };
        let path = |end: &'static str| ["phases", number, "limit", "walk", key, end];
        if from <= 0.0 {
            return Err(self.wrong(&path("from"), "the first level must be above 0", ""));
        }
        match to {
            Some(to) if to < from => Err(self.wrong(&path("to"), "`to` is below `from`", "it goes upwards")),
            _ => Ok(()),
        }
    }

    fn held(
        &self,
        number: &str,
        index: usize,
        name: &str,
        keys: &LimitPhase,
        scenario: &Scenario,
    ) -> Result<(), DocumentError> {
        let index_text = index.to_string();
        let at = ["phases", number, "limit", "hold", index_text.as_str()];
        let entry = &keys.hold[index];
        let objective = &entry.objective;
        if !objective.phase.matches(name) {
            return Err(self.wrong(
                &at,
                format!("`{}` is not this phase", objective.phase),
                format!("write `{name}.` or `*.` in front: only its own figures can be held"),
            ));
        }
        let form = if keys.filter.is_some() { "filtered" } else { "search" };
        if let Some(Selector::Name(wanted)) = &objective.form
            && wanted != form
        {
            return Err(self.wrong(&at, format!("this phase has no form `{wanted}`"), "leave it out"));
        }
        if let Some((why, help)) = keys.cannot_judge(objective) {
            return Err(self.wrong(&at, format!("`{objective}` can't be held: {why}"), help));
        }
        let unknown =
            entry.only.keys().chain(entry.except.keys()).find(|name| !scenario.variants.contains_key(*name));
        match unknown {
            Some(unknown) => {
                let help = match nearest(unknown, scenario.variants.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => String::new(),
                };
                Err(self.wrong(&at, format!("there is no variant `{unknown}`"), help))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::scenario::read;

    fn limit(keys: &str) -> Result<(), String> {
        let text = format!(
            "data: wordnet-10k\nengine: embedded\nvariants: {{a: {{}}, b: {{}}}}\nphases:\n  - limit: {{{keys}}}\n"
        );
        let document = Document::parse("s.yaml", &text).map_err(|error| error.to_string())?;
        read(&document).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_trial_can_judge_may_be_held() {
        limit("hold: ['limit.response.p95 < 10ms', '*.success >= 99.9%', 'limit.recall@10.mean >= 0.9']")
            .unwrap();
        limit("k: 5, hold: ['limit.ndcg@5 >= 0.9', 'limit.search.service.p50 < 1ms': {only: {a: slow}}]")
            .unwrap();
        limit("walk: {sessions: {from: 2, to: 64}}, hold: ['limit.service.p99 < 10ms'], repeats: 1").unwrap();
    }

    #[test]
    fn what_cannot_be_held_is_said_with_its_place() {
        let good = "'limit.service.p99 < 10ms'";
        for (keys, start, text) in [
            ("k: 10".to_owned(), "this phase doesn't say what must hold in s.yaml:5:5", "limit.response.p95"),
            (
                format!("repeats: 2, hold: [{good}]"),
                "`repeats` is 2: the majority decides, so it must be odd in s.yaml:5:22",
                "3 is usual",
            ),
            (
                "hold: ['search.service.p99 < 10ms']".to_owned(),
                "`search` is not this phase in s.yaml:5:20",
                "write `limit.` or `*.` in front",
            ),
            (
                "hold: ['limit.memory < 10MB']".to_owned(),
                "`limit.memory < 10MB` can't be held: a trial has no memory in s.yaml:5:20",
                "are judged",
            ),
            (
                format!("hold: [{good}, 'limit.recall@5 >= 0.9']"),
                "`limit.recall@5.mean >= 0.9` can't be held: the searches of this phase have k 10 in s.yaml:5:",
                "",
            ),
            (
                "hold: ['limit.response.p95 < 2 x ''a''']".to_owned(),
                "`limit.response.p95 < 2 x 'a'` can't be held: the limit of one variant",
                "write a value",
            ),
            (
                "walk: {sessions: {}}, hold: ['limit.response.p95 < 2ms']".to_owned(),
                "`limit.response.p95 < 2ms` can't be held: there is no response where sessions are raised",
                "ask for service",
            ),
            (
                "hold: ['limit.upsert.service.p95 < 2ms']".to_owned(),
                "this phase has no form `upsert` in s.yaml:5:20",
                "leave it out",
            ),
            (
                "hold: ['limit.service.p95 < 2ms': {only: {c: reason}}]".to_owned(),
                "there is no variant `c` in s.yaml:5:",
                "",
            ),
            (
                format!("walk: {{rate: {{from: 100/s, to: 50/s}}}}, hold: [{good}]"),
                "`to` is below `from` in s.yaml:5:44",
                "upwards",
            ),
            (
                format!("walk: {{sessions: {{from: 0}}}}, hold: [{good}]"),
                "the first level must be above 0 in s.yaml:5:",
                "",
            ),
            (format!("tolerance: 0.9, hold: [{good}]"), "`tolerance` is a share from 0.001 to 0.5", ""),
        ] {
            let error = limit(&keys).unwrap_err();
            assert!(error.starts_with(start) && error.contains(text), "{keys}: {error}");
        }
    }
}
