//! Names of variants that can't be told apart, and keys of theirs that have no meaning.

use super::Check;
use crate::document::DocumentError;
use crate::scenario::{Index, Scenario, Variant, point_name};

impl Check<'_> {
    pub(super) fn variants(&self, scenario: &Scenario) -> Result<(), DocumentError> {
        if scenario.variants.is_empty() {
            return Err(self.wrong_key(
                &["variants"],
                "there are no variants",
                "write at least one, such as `flat: {index: none}`",
            ));
        }
        for (name, variant) in &scenario.variants {
            if name.is_empty() || name.contains('\'') || name.chars().any(char::is_control) {
                return Err(self.wrong_key(
                    &["variants", name],
                    "this can't be the name of a variant",
                    "use letters, digits, spaces and dashes",
                ));
            }
            if name == "baseline" {
                return Err(self.wrong_key(
                    &["variants", name],
                    "`baseline` can't be the name of a variant",
                    "objectives mean the variant with `baseline: true` by it",
                ));
            }
            self.variant(name, variant)?;
        }
        Ok(())
    }

    fn variant(&self, name: &str, variant: &Variant) -> Result<(), DocumentError> {
        let path = |rest: &[&'static str]| [&["variants", name], rest].concat();
        if let Index::Hnsw(hnsw) = &variant.index {
            if !(2..=512).contains(&hnsw.m) {
                return Err(self.wrong(
                    &path(&["index", "hnsw", "m"]),
                    "`m` must be from 2 to 512",
                    "16 is usual",
                ));
            }
            self.at_least_one(hnsw.ef_construction as u64, &path(&["index", "hnsw", "ef_construction"]))?;
        }
        if let Index::Ivfflat(lists) = &variant.index {
            self.at_least_one(lists.lists as u64, &path(&["index", "ivfflat", "lists"]))?;
        }
        let own = variant.index.parameters();
        for (key, values) in variant.search.swept() {
            if values.is_some() && !own.contains(&key) {
                let (what, example) = match key {
                    "ef_search" => ("an HNSW", "hnsw"),
                    "probes" => ("an ivfflat", "ivfflat"),
                    _ => ("a diskann", "diskann"),
                };
                return Err(self.wrong_key(
                    &path(&["search", key]),
                    format!("`{key}` has no meaning without {what} index"),
                    format!("write `index: {{{example}: {{}}}}`, or leave it out"),
                ));
            }
        }
        if own.is_empty() {
            if variant.search.profile.is_some() {
                return Err(self.wrong_key(
                    &path(&["search", "profile"]),
                    "`profile` has no meaning without an index",
                    "a scan has nothing to tune",
                ));
            }
            if variant.rerank.is_some() {
                return Err(self.wrong_key(
                    &path(&["rerank"]),
                    "`rerank` has no meaning without an index",
                    "a scan is exact already",
                ));
            }
        }
        if let Some(rerank) = &variant.rerank {
            self.at_least_one(rerank.candidates as u64, &path(&["rerank", "candidates"]))?;
        }
        let points = variant.points();
        if !variant.report_at.is_empty() && !points.contains(&variant.report_at) {
            let known: Vec<String> = points.iter().map(point_name).collect();
            let help = format!("the points are {}", known.join(", "));
            return Err(self.wrong(&path(&["report_at"]), "`report_at` is not a point of the sweep", help));
        }
        Ok(())
    }
}
