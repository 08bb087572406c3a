//! `annvil limit`: a scenario's searches become a search for the highest load that they bear.

use std::process::ExitCode;

use annvil_conduct::prepare::{freeze, overridden};
use annvil_conduct::{RunError, machine};
use annvil_core::document::{Document, nearest};
use annvil_core::objective::{Objective, ObjectiveEntry, Selector};
use annvil_core::quantity::Quantity;
use annvil_core::scenario::{LimitPhase, Phase, Scenario, Walk, read, written_name};
use anyhow::{anyhow, bail};
use serde_json::{Map, Value, json};

use crate::flags::{LimitFlags, RunFlags};
use crate::{run, scenarios, tui};

/// Name of the phase where the scenario has none.
const NAME: &str = "limit";

/// Measures the limit of a scenario.
pub fn limit(flags: &LimitFlags) -> anyhow::Result<ExitCode> {
    tui::check(&flags.run)?;
    let (file, text) = scenarios::find(&flags.run.scenario)?;
    let mut document = overridden(&file, &text, &run::overrides(&flags.run)?)?;
    only_limit(&mut document, flags)?;
    let kept = RunFlags { keep: flags.keep.clone(), ..flags.run.clone() };
    run::answer(freeze(&document, machine::usable_cores())?, &kept)
}

/// Puts one phase in the place of everything that is measured.
fn only_limit(document: &mut Document, flags: &LimitFlags) -> anyhow::Result<()> {
    let scenario = read(document).map_err(RunError::from)?;
    let written = scenario.phases.iter().find_map(|phase| match phase {
        Phase::Limit(limit) => Some(limit),
        _ => None,
    });
    let name = written.and_then(|limit| limit.name.clone()).unwrap_or_else(|| NAME.to_owned());
    choose_variants(document, &scenario, &flags.variant)?;

    let mut keys = raw_limit(document);
    if written.is_none() {
        keys.insert("k".to_owned(), json!(flags.k.or_else(|| first_k(&scenario)).unwrap_or(10)));
        if flags.run.quick || flags.run.preset.as_deref() == Some("quick") {
            keys.extend([("for".to_owned(), json!("500ms")), ("repeats".to_owned(), json!(1))]);
            keys.insert("tolerance".to_owned(), json!(0.1));
        }
    }
    let mut phases = kept(document);
    let number = phases.len();
    phases.push(json!({NAME: keys}));
    put(document, "objectives", &judged_objectives(&scenario, flags, &name)?, "annvil limit")?;
    put(document, "phases", &Value::Array(phases), "annvil limit")?;
    for (key, value, origin) in changes(flags)? {
        put(document, &format!("phases.{number}.{NAME}.{key}"), &value, &origin)?;
    }
    hold(document, &scenario, flags, number, &name)
}

/// Says what must hold, if that is given or not written yet.
fn hold(
    document: &mut Document,
    scenario: &Scenario,
    flags: &LimitFlags,
    number: usize,
    name: &str,
) -> anyhow::Result<()> {
    let number = number.to_string();
    let path = format!("phases.{number}.{NAME}.hold");
    if !flags.hold.is_empty() {
        let held: Vec<String> = flags.hold.iter().map(|text| full(text, name)).collect();
        return put(document, &path, &json!(held), &format!("--hold {}", flags.hold.join(" --hold ")));
    }
    if document.value_at(&["phases", &number, NAME, "hold"]).is_some() {
        return Ok(());
    }
    // What the other keys say is read by the document, whose errors name the flag.
    put(document, &path, &json!(["*.success >= 0%"]), "annvil limit")?;
    let planned = read(document).map_err(RunError::from)?;
    let Some(Phase::Limit(keys)) = planned.phases.iter().find(|phase| phase.kind() == NAME) else {
        bail!("the scenario has no phase `{NAME}`");
    };
    let mut held: Vec<ObjectiveEntry> = Vec::new();
    for entry in &scenario.objectives {
        if let Some(entry) = taken(entry, scenario, keys, flags, name)
            && !held.contains(&entry)
        {
            held.push(entry);
        }
    }
    // Shares of answers alone hold at any load, if they are only waited for long enough.
    if !held.iter().any(|entry| entry.objective.quantity.is_latency()) {
        bail!(
            "no objective of the scenario's searches says how long one may take, so there is no limit to find\n  \
             Say what must hold: --hold \"response.p95 < 10ms\" --hold \"success >= 99.9%\"."
        );
    }
    put(document, &path, &serde_json::to_value(&held)?, "annvil limit")
}

/// An objective of `--hold`; its phase may be left out, since there is one.
fn full(text: &str, name: &str) -> String {
    if text.parse::<Objective>().is_ok() {
        return text.to_owned();
    }
    let named = format!("{name}.{}", text.trim_start());
    if named.parse::<Objective>().is_ok() { named } else { text.to_owned() }
}

/// An objective of the scenario's searches, as one of this phase; `None` if it says nothing of a load. Throughput does
/// not: it grows with the load.
fn taken(
    entry: &ObjectiveEntry,
    scenario: &Scenario,
    keys: &LimitPhase,
    flags: &LimitFlags,
    name: &str,
) -> Option<ObjectiveEntry> {
    let objective = &entry.objective;
    let searches = |phase: &&Phase| {
        matches!(phase, Phase::Search(search) if search.filter == keys.filter)
            || matches!(phase, Phase::Limit(_) | Phase::Migration(_))
    };
    let selected = scenario.phases.iter().filter(|phase| objective.phase.matches(phase.name()));
    let of_searches = selected.into_iter().any(|phase| searches(&phase));
    let of_one_form = matches!(&objective.form, Some(Selector::Name(form)) if form != "search");
    if !of_searches || of_one_form || objective.quantity == Quantity::Throughput {
        return None;
    }
    let mut objective = Objective { phase: Selector::Name(name.to_owned()), form: None, ..objective.clone() };
    // The service time of searches that come by a schedule stays as it is, however long they wait for it.
    if objective.quantity == Quantity::Service && matches!(keys.walk, Walk::Rate(_)) {
        objective.quantity = Quantity::Response;
    }
    if keys.cannot_judge(&objective).is_some() {
        return None;
    }
    let written = |name: &str| Some(written_name(name, scenario.variants.get(name)?)?.to_owned());
    let among = |variant: &String| {
        let asked = |name: &String| flags.variant.contains(name);
        flags.variant.is_empty() || asked(variant) || written(variant).is_some_and(|name| asked(&name))
    };
    let mut entry = ObjectiveEntry { objective, abort: false, ..entry.clone() };
    let bound_some = !entry.only.is_empty();
    entry.only.retain(|variant, _| among(variant));
    entry.except.retain(|variant, _| among(variant));
    (!bound_some || !entry.only.is_empty()).then_some(entry)
}

/// The scenario's objectives on what is still measured and on variants that are still there.
fn judged_objectives(scenario: &Scenario, flags: &LimitFlags, name: &str) -> anyhow::Result<Value> {
    let stays = |entry: &&ObjectiveEntry| {
        let phase = match &entry.objective.phase {
            Selector::Any => false,
            Selector::Name(phase) => {
                phase == name && scenario.phases.iter().any(|phase| matches!(phase, Phase::Limit(_)))
                    || scenario.phases.iter().any(|other| other.name() == phase && is_kept(other.kind()))
            }
        };
        phase && flags.variant.is_empty()
    };
    Ok(serde_json::to_value(scenario.objectives.iter().filter(stays).collect::<Vec<_>>())?)
}

fn is_kept(kind: &str) -> bool {
    matches!(kind, "load" | "settle" | "verify")
}

/// The phases before anything is measured, as they are written.
fn kept(document: &Document) -> Vec<Value> {
    let Some(Value::Array(phases)) = document.value_at(&["phases"]) else { return Vec::new() };
    phases.into_iter().filter(|phase| kind(phase).is_some_and(is_kept)).collect()
}

fn kind(phase: &Value) -> Option<&str> {
    match phase {
        Value::String(kind) => Some(kind),
        Value::Object(map) => map.keys().next().map(String::as_str),
        _ => None,
    }
}

/// The keys of the scenario's own limit phase, as they are written.
fn raw_limit(document: &Document) -> Map<String, Value> {
    let phases = document.value_at(&["phases"]);
    let phases = phases.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let written = phases.iter().find_map(|phase| phase.get(NAME));
    written.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Answers wanted by the first searches of a scenario.
fn first_k(scenario: &Scenario) -> Option<usize> {
    scenario.phases.iter().find_map(|phase| match phase {
        Phase::Search(search) => Some(search.k),
        Phase::Mixed(mixed) => Some(mixed.k),
        Phase::Migration(migration) => Some(migration.k),
        Phase::Runbook(book) => Some(book.k),
        _ => None,
    })
}

/// Leaves out every variant that is not asked for.
fn choose_variants(document: &mut Document, scenario: &Scenario, names: &[String]) -> anyhow::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let raw = |name: &str| document.value_at(&["variants", name]);
    let known = |name: &String| scenario.variants.contains_key(name) || raw(name).is_some();
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let known = scenario.variants.keys().map(String::as_str);
        let help = match nearest(unknown, known.clone()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("There are {}.", known.collect::<Vec<_>>().join(", ")),
        };
        bail!("there is no variant `{unknown}`\n  {help}");
    }
    // One of several sizes of a variant is that variant with its own number of rows.
    let sized = |name: &String| {
        let variant = scenario.variants.get(name)?;
        let mut value = raw(written_name(name, variant)?)?;
        if value.is_null() {
            value = json!({});
        }
        value.as_object_mut()?.insert("rows".to_owned(), json!(variant.rows));
        Some(value)
    };
    let value = |name: &String| Some((name.clone(), raw(name).or_else(|| sized(name))?));
    let chosen: Map<String, Value> = names.iter().filter_map(value).collect();
    put(document, "variants", &Value::Object(chosen), "--variant")
}

/// Keys of the phase that flags give.
fn changes(flags: &LimitFlags) -> anyhow::Result<Vec<(&'static str, Value, String)>> {
    let mut changes = Vec::new();
    if let Some(text) = &flags.rate {
        let (from, to) = range(text);
        changes.push((
            "walk",
            json!({"rate": ends(json!(from), to.map(|to| json!(to)))}),
            format!("--rate {text}"),
        ));
    }
    if let Some(text) = &flags.sessions {
        let number = |end: &str| {
            end.parse::<u32>().map_err(|_| {
                anyhow!(
                    "`--sessions {text}`: `{end}` is no number of sessions\n  Write it as 1..64, or 1 alone."
                )
            })
        };
        let (from, to) = range(text);
        let to = to.map(number).transpose()?.map(|to| json!(to));
        let walk = json!({"sessions": ends(json!(number(from)?), to)});
        changes.push(("walk", walk, format!("--sessions {text}")));
    }
    let mut put = |key, value: Option<Value>, flag: &str| {
        if let Some(value) = value {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            changes.push((key, value, format!("--{flag} {shown}")));
        }
    };
    put("for", flags.duration.as_ref().map(|time| json!(time)), "for");
    put("repeats", flags.repeats.map(|repeats| json!(repeats)), "repeats");
    put("tolerance", flags.tolerance.map(|tolerance| json!(tolerance)), "tolerance");
    put("k", flags.k.map(|k| json!(k)), "k");
    Ok(changes)
}

fn range(text: &str) -> (&str, Option<&str>) {
    match text.split_once("..") {
        Some((from, to)) => (from.trim(), Some(to.trim()).filter(|to| !to.is_empty())),
        None => (text.trim(), None),
    }
}

fn ends(from: Value, to: Option<Value>) -> Value {
    let mut ends = Map::from_iter([("from".to_owned(), from)]);
    ends.extend(to.map(|to| ("to".to_owned(), to)));
    Value::Object(ends)
}

fn put(document: &mut Document, path: &str, value: &Value, origin: &str) -> anyhow::Result<()> {
    Ok(document.set_json(path, value, origin).map_err(RunError::from)?)
}
