//! What presets make of a scenario, and that errors of shapes name their place.

#![allow(clippy::unwrap_used)]

use annvil_conduct::{Overrides, Prepared, prepare};
use annvil_core::scenario::Phase;
use annvil_core::secret::Secret;
use annvil_core::units::Nanos;

const SHAPES: &str = "\
data: {name: wordnet-10k, rows: 300}
engine: embedded
variants: {flat: {}}
phases:
  - latency
  - concurrency-sweep: {for: 2s}
";

fn planned(text: &str, preset: Option<&str>) -> Result<Prepared, String> {
    let overrides = Overrides {
        preset: preset.map(str::to_owned),
        database_url: Some(Secret::new("postgres://me@localhost/db")),
        ..Overrides::default()
    };
    prepare("s.yaml", text, &overrides, 1).map_err(|error| error.to_string())
}

fn searches(text: &str, preset: Option<&str>) -> Vec<(String, Option<u64>, Option<String>)> {
    let prepared = planned(text, preset).unwrap();
    let searches = prepared.plan.phases.iter().filter_map(|phase| match phase {
        Phase::Search(search) => Some((
            phase.name().to_owned(),
            search.queries,
            search.duration.map(|duration| duration.to_string()),
        )),
        _ => None,
    });
    searches.collect()
}

#[test]
fn shapes_follow_the_scale_and_keep_what_is_written() {
    let full = searches(SHAPES, None);
    assert_eq!(full, searches(SHAPES, Some("full")));
    assert_eq!((full.len(), full[0].1), (7, Some(1000)));
    let quick = searches(SHAPES, Some("quick"));
    assert_eq!((quick.len(), quick[0].1), (5, Some(200)));
    assert_eq!(quick[1].2.as_deref(), Some("2s"));
}

#[test]
fn a_preset_goes_before_the_scale_and_without_either_quick_is_refused() {
    let preset = format!("{SHAPES}presets: {{quick: {{phases.latency.queries: 7}}}}\n");
    assert_eq!(searches(&preset, Some("quick"))[0].1, Some(7));
    let back = format!("{SHAPES}presets: {{quick: {{scale: full}}}}\n");
    assert_eq!(searches(&back, Some("quick"))[0].1, Some(1000));
    let plain =
        SHAPES.replace("  - latency\n", "  - search\n").replace("  - concurrency-sweep: {for: 2s}\n", "");
    let error = planned(&plain, Some("quick")).err().unwrap();
    assert!(error.starts_with("the scenario has no preset `quick` in s.yaml"), "{error}");
}

#[test]
fn presets_have_names_of_their_own() {
    let text = format!(
        "{SHAPES}presets: {{small: {{phases.latency.queries: 7}}, strict: {{seed: 5}}, none: {{}}}}\n"
    );
    assert_eq!(searches(&text, Some("small"))[0].1, Some(7));
    // Only quick and full choose a scale.
    assert_eq!(searches(&text, Some("small")).len(), searches(&text, None).len());
    assert_eq!(planned(&text, Some("strict")).unwrap().plan.seed, 5);
    assert_eq!(searches(&text, Some("none")), searches(&text, None));
    for (name, help) in [("smal", "did you mean `small`?"), ("large", "there are none, small, strict")] {
        let error = planned(&text, Some(name)).err().unwrap();
        assert!(error.starts_with(&format!("the scenario has no preset `{name}` in s.yaml")), "{error}");
        assert!(error.contains(help), "{error}");
    }
    let error = planned(SHAPES, Some("small")).err().unwrap();
    assert!(error.contains("it has none"), "{error}");
}

#[test]
fn data_and_dataset_are_one_key() {
    let text = SHAPES.replace("data:", "dataset:");
    for key in ["data", "dataset"] {
        let set = vec![(format!("{key}.rows"), "200".to_owned())];
        let prepared = prepare("s.yaml", &text, &Overrides { set, ..Overrides::default() }, 1).unwrap();
        assert_eq!(prepared.plan.dataset.rows, 200, "{key}");
    }
}

#[test]
fn all_variants_may_be_replaced_at_once() {
    let set = [("engine", "stub"), ("variants", "{other: {}}")];
    let set = set.map(|(path, value)| (path.to_owned(), value.to_owned())).to_vec();
    let overrides = Overrides { set, ..Overrides::default() };
    let prepared = prepare("s.yaml", SHAPES, &overrides, 1).map_err(|error| error.to_string()).unwrap();
    assert_eq!(prepared.plan.variants[0].name, "other");
}

#[test]
fn what_does_not_fit_the_data_is_said_where_it_is_written() {
    let swept = |keys: &str| SHAPES.replace("{for: 2s}", keys);
    for (text, start) in [
        (swept("{k: 301}"), "k is 301, but the data set has 300 rows in s.yaml:6:28"),
        (swept("{name: other, k: 301}"), "k is 301, but the data set has 300 rows in s.yaml:6:41"),
        (
            swept("{where: \"pos = 'x'\"}"),
            "the filter selects none of the 300 rows of the data set in s.yaml:6:32",
        ),
        (
            SHAPES.replace("latency", "mixed: {k: 301, mix: {search: 1}, for: 1s}"),
            "k is 301, but the data set has 300 rows in s.yaml:5:16",
        ),
    ] {
        let error = planned(&text, None).err().unwrap();
        assert!(error.starts_with(start), "{text}: {error}");
    }
}

/// How long the phases of a plan last that end by time, for one variant.
fn timed(prepared: &Prepared) -> Nanos {
    let lengths = prepared.plan.phases.iter().filter_map(Phase::traffic).map(|traffic| {
        let curve = traffic.rate.as_ref().and_then(|rate| rate.curve(traffic.duration).ok());
        curve.map(|curve| curve.duration()).or(traffic.duration).unwrap_or_default()
    });
    lengths.fold(Nanos::ZERO, Nanos::saturating_add)
}

#[test]
fn every_shipped_scenario_plans_and_is_quick_where_it_is_to_be() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().unwrap() == "suites" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let full = planned(&text, None).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seen += 1;
        if full.plan.engine.is_remote() {
            // How long it takes is the server's business.
            continue;
        }
        let quick = planned(&text, Some("quick"));
        let quick = quick.unwrap_or_else(|error| panic!("{} --quick: {error}", path.display()));
        assert!(timed(&quick) <= Nanos::from_secs(10), "{}: {}", path.display(), timed(&quick));
        assert_ne!(full.plan.hash(), quick.plan.hash(), "{}", path.display());
        assert!(timed(&full).as_secs_f64() < full.plan.time_limit.as_duration().as_secs_f64());
        for phase in &full.plan.phases {
            // More is refused by engines in this process.
            assert!(phase.traffic().is_none_or(|traffic| traffic.sessions <= 256), "{}", path.display());
        }
    }
    assert_eq!(seen, 16);
}
