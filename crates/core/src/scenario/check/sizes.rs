//! Sizes of the data set, and the one baseline that each has.

use std::collections::BTreeSet;

use super::Check;
use crate::document::DocumentError;
use crate::scenario::Scenario;

impl Check<'_> {
    /// Numbers of rows that can be told apart.
    pub(super) fn sizes(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let mut seen = BTreeSet::new();
        for (index, rows) in scenario.sizes.iter().enumerate() {
            let number = index.to_string();
            let at = ["sizes", number.as_str()];
            if rows.0 == 0 {
                return Err(self.wrong(&at, "a size must be at least 1 row", ""));
            }
            if !seen.insert(rows.0) {
                return Err(self.wrong(
                    &at,
                    format!("{} is listed twice", rows.0),
                    "each size is measured once",
                ));
            }
        }
        for (name, variant) in &scenario.variants {
            self.at_least_one(variant.rows.map_or(1, |rows| rows.0 as u64), &["variants", name, "rows"])?;
        }
        Ok(())
    }

    /// What is wrong if a variant of one size is called like another one.
    pub(super) fn twice(&self, name: &str) -> DocumentError {
        self.wrong_key(
            &["variants", name],
            format!("`{name}` is also the name of another variant at one of the `sizes`"),
            "choose another name",
        )
    }

    /// Variants of a size are compared with one baseline.
    pub(super) fn baselines(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        let baselines: Vec<_> = scenario.variants.iter().filter(|(_, variant)| variant.baseline).collect();
        for (at, (name, variant)) in baselines.iter().enumerate() {
            let Some((other, _)) = baselines[..at].iter().find(|(_, other)| other.rows == variant.rows)
            else {
                continue;
            };
            let message = format!("`{name}` and `{other}` are both the baseline");
            let written = self.as_written(name, scenario);
            let help = if scenario.sizes.is_empty() {
                "there is one baseline"
            } else {
                "there is one baseline a size"
            };
            return Err(self.wrong(&["variants", written, "baseline"], message, help));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::scenario::{Scenario, read};

    const SIZED: &str = "\
data: wordnet-10k
engine: embedded
sizes: [1000, 10k]
variants:
  flat: {baseline: true}
  hnsw: {index: {hnsw: {}}}
phases:
  - search: {k: 10}
objectives:
  - search.recall@10.mean >= 0.95: {only: {hnsw: reason}}
";

    fn parsed(text: &str) -> Result<Scenario, String> {
        let document = Document::parse("s.yaml", text).map_err(|error| error.to_string())?;
        read(&document).map_err(|error| error.to_string())
    }

    fn with(from: &str, to: &str) -> Result<Scenario, String> {
        assert!(SIZED.contains(from), "{from}");
        parsed(&SIZED.replace(from, to))
    }

    #[test]
    fn every_variant_is_there_once_a_size() {
        let scenario = with("", "").unwrap();
        let names: Vec<&str> = scenario.variants.keys().map(String::as_str).collect();
        assert_eq!(names, ["flat 1k", "hnsw 1k", "flat 10k", "hnsw 10k"]);
        assert_eq!(scenario.variants["hnsw 10k"].rows.unwrap().0, 10_000);
        assert!(scenario.variants["flat 1k"].baseline && scenario.variants["flat 10k"].baseline);
        let only: Vec<&str> = scenario.objectives[0].only.keys().map(String::as_str).collect();
        assert_eq!(only, ["hnsw 10k", "hnsw 1k"]);
    }

    #[test]
    fn objectives_name_variants_as_written_or_at_one_size() {
        let one = with("{only: {hnsw: reason}}", "{except: {hnsw 1k: reason}}").unwrap();
        assert!(!one.objectives[0].binds("hnsw 1k") && one.objectives[0].binds("hnsw 10k"));
        // A preset may have left out the size.
        let gone = with("{only: {hnsw: reason}}", "{except: {hnsw 5k: reason}}").unwrap();
        assert!(gone.objectives[0].except.is_empty());
        assert!(with("{only: {hnsw: reason}}", "{only: {hnsw 5k: reason}}").unwrap().objectives.is_empty());
        let error = with("{only: {hnsw: reason}}", "{except: {hnsw 5x: reason}}").unwrap_err();
        assert!(error.starts_with("there is no variant `hnsw 5x`"), "{error}");
        let baseline = with("mean >= 0.95", "mean >= 0.9 x baseline").unwrap();
        assert!(baseline.objectives[0].binds("hnsw 1k"));
        assert!(with("mean >= 0.95", "mean >= 0.9 x 'flat'").is_ok());
        assert!(with("mean >= 0.95", "mean >= 0.9 x 'flat 10k'").is_ok());
    }

    #[test]
    fn a_variant_with_rows_of_its_own_stays_as_it_is() {
        let scenario = with("  hnsw:", "  small: {rows: 100}\n  hnsw:").unwrap();
        let names: Vec<&str> = scenario.variants.keys().map(String::as_str).collect();
        assert_eq!(names, ["flat 1k", "hnsw 1k", "flat 10k", "hnsw 10k", "small"]);
    }

    #[test]
    fn what_cannot_work_is_said_with_its_place() {
        for (from, to, start) in [
            ("[1000, 10k]", "[1000, 1k]", "1000 is listed twice in s.yaml:3:15"),
            ("[1000, 10k]", "[0]", "a size must be at least 1 row in s.yaml:3:9"),
            ("[1000, 10k]", "[many]", "`many` is no number of rows"),
            (
                "hnsw: {index",
                "hnsw: {baseline: true, index",
                "`hnsw 1k` and `flat 1k` are both the baseline in s.yaml:6:",
            ),
            ("  hnsw:", "  flat 1k: {rows: 5}\n  hnsw:", "`flat 1k` is also the name of another variant"),
            (
                "  hnsw:",
                "  small: {rows: 1000, baseline: true}\n  hnsw:",
                "`small` and `flat 1k` are both the baseline in s.yaml:6:",
            ),
            ("  hnsw:", "  small: {rows: 0}\n  hnsw:", "`rows` must be at least 1 in s.yaml:6:"),
        ] {
            let error = with(from, to).unwrap_err();
            assert!(error.starts_with(start), "{to}: {error}");
        }
        let text = SIZED
            .replace("  hnsw:", "  small: {rows: 100}\n  hnsw:")
            .replace("mean >= 0.95: {only: {hnsw: reason}}", "mean >= 1 x baseline");
        let error = parsed(&text).unwrap_err();
        assert!(
            error.starts_with("`small` has no baseline of its own number of rows in s.yaml:11:"),
            "{error}"
        );
    }
}
