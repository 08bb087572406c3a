//! Names of benchmarks as names of phases.

use std::collections::BTreeMap;

/// The names that phases get, so that objectives, rules and tables can name them: every run of characters other than
/// letters, digits and `-` becomes one `_`, and a name begins with a letter.
///
/// `ann/search 128` is `ann_search_128`. Names that would become the same keep a few digits of their own.
pub(super) fn phases<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    let mut phases: BTreeMap<String, String> =
        names.into_iter().map(|name| (name.to_owned(), plain(name))).collect();
    let mut takers: BTreeMap<String, usize> = BTreeMap::new();
    for phase in phases.values() {
        *takers.entry(phase.clone()).or_default() += 1;
    }
    for (name, phase) in &mut phases {
        if takers.get(phase).is_some_and(|takers| *takers > 1) {
            *phase = format!("{phase}_{}", &super::result::digest(name.as_bytes())[..4]);
        }
    }
    phases
}

fn plain(name: &str) -> String {
    let mut plain = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || letter == '-' {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
    }
    let plain = plain.trim_end_matches(['_', '-']).trim_start_matches('-');
    if plain.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        plain.to_owned()
    } else {
        format!("bench_{plain}").trim_end_matches('_').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_grammar_of_objectives() {
        let cases = [
            ("ann/search/128", "ann_search_128"),
            ("GET /search?k=10", "GET_search_k_10"),
            ("sleep 0.1", "sleep_0_1"),
            ("-n 4", "n_4"),
            ("128", "bench_128"),
            ("Größe", "Gr_e"),
            ("日本", "bench"),
        ];
        for (name, phase) in cases {
            assert_eq!(phases([name])[name], phase);
            let objective = format!("{phase}.service.p95 < 10ms");
            assert!(objective.parse::<annvil_core::objective::Objective>().is_ok(), "{objective}");
        }
    }

    #[test]
    fn names_that_would_be_the_same_stay_apart() {
        let both = phases(["a b", "a/b", "c"]);
        assert_ne!(both["a b"], both["a/b"]);
        assert!(both["a b"].starts_with("a_b_") && both["c"] == "c");
    }
}
