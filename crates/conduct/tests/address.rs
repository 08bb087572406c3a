//! Where a server is said to be, and what follows for what is watched and hashed. No server is asked anything.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

use annvil_conduct::{Overrides, prepare};
use annvil_core::plan::Plan;
use annvil_core::scenario::{EngineSpec, Watched};
use annvil_core::secret::Secret;

const PLAIN: &str = "\
data: {name: wordnet-10k, rows: 300}
engine: postgres
variants: {flat: {}}
phases: [search]
";

const HERE: &str = "postgres://me:hunter2@127.0.0.1:6543/db";
const THERE: &str = "postgres://me:hunter2@db.example.com/db";

fn planned(text: &str, variable: Option<&str>, set: &[(&str, &str)]) -> Result<Plan, String> {
    let set = set.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let overrides = Overrides { set, database_url: variable.map(Secret::new), ..Overrides::default() };
    prepare("s.yaml", text, &overrides, 1).map(|prepared| prepared.plan).map_err(|error| error.to_string())
}

fn url(plan: &Plan) -> &str {
    match &plan.engine {
        EngineSpec::Postgres(spec) => spec.url.as_ref().unwrap().reveal(),
        _ => "",
    }
}

#[test]
fn the_variable_is_taken_where_the_scenario_says_nothing() {
    for engine in ["postgres", "{postgres: {}}", "{postgres: {pool: 3}}"] {
        let text = PLAIN.replace("engine: postgres", &format!("engine: {engine}"));
        assert_eq!(url(&planned(&text, Some(THERE), &[]).unwrap()), THERE, "{engine}");
        let set = [("engine.postgres.url", HERE)];
        assert_eq!(url(&planned(&text, Some(THERE), &set).unwrap()), HERE, "{engine}");
        for unset in [None, Some("")] {
            let error = planned(&text, unset, &[]).unwrap_err();
            assert!(error.starts_with("engine.postgres.url is not set in s.yaml:2:9"), "{error}");
            assert!(
                error.contains("--set engine.postgres.url=postgres://") && error.contains("DATABASE_URL")
            );
        }
    }
    let embedded = PLAIN.replace("engine: postgres", "engine: stub");
    assert_eq!(planned(&embedded, Some(HERE), &[]).unwrap().engine.name(), "stub");
}

#[test]
fn a_server_on_this_machine_is_watched() {
    let watched = |text: &str, url: &str| {
        let plan = planned(text, Some(url), &[]).unwrap();
        plan.watch.iter().map(|watch| (watch.name(), watch.watched.clone())).collect::<Vec<_>>()
    };
    assert_eq!(watched(PLAIN, HERE), [("postgres".to_owned(), Watched::Port(6543))]);
    assert_eq!(watched(PLAIN, THERE), []);
    let pooled = PLAIN.replace("engine: postgres", "engine: {postgres: {pooler: transaction}}");
    assert_eq!(watched(&pooled, HERE), [("pooler".to_owned(), Watched::Port(6543))]);
    let by_hand = format!("{PLAIN}watch: [{{port: 6543, as: mine}}, {{pid: 7}}]\n");
    assert_eq!(
        watched(&by_hand, HERE),
        [("mine".to_owned(), Watched::Port(6543)), ("pid 7".to_owned(), Watched::Pid(7))]
    );
}

#[test]
fn places_are_not_hashed_and_passwords_are_not_written() {
    let one = planned(PLAIN, Some(HERE), &[]).unwrap();
    let other = planned(PLAIN, Some(THERE), &[("engine.postgres.schema", "bench")]).unwrap();
    let slower = planned(PLAIN, Some(HERE), &[("engine.postgres.statement_timeout", "1s")]).unwrap();
    assert_eq!(one.hash(), other.hash());
    assert_ne!(one.hash(), slower.hash());
    for text in [serde_json::to_string(&one).unwrap(), format!("{one:?}")] {
        assert!(text.contains("127.0.0.1:6543") && !text.contains("hunter2"), "{text}");
    }
    let error = planned(PLAIN, Some(HERE), &[("engine.postgres.uri", HERE)]).unwrap_err();
    assert!(error.contains("unknown key `uri`") && !error.contains("hunter2"), "{error}");
}
