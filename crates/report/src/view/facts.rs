//! Names and values for people: the machine, the harness, the engines.

use annvil_core::record::RunRecord;
use annvil_core::units::{count, time_text};

use super::View;
use crate::text::one_line;

/// A name and its value.
pub(crate) type Fact = (String, String);

/// Where the run took place. What could not be read says so.
pub(crate) fn environment(record: &RunRecord) -> Vec<Fact> {
    let machine = &record.environment;
    let unknown = || "unknown".to_owned();
    let text = |value: Option<String>| value.map_or_else(unknown, |value| one_line(&value));
    let mut facts = vec![
        (
            "annvil",
            format!(
                "{} ({}, {}, {})",
                record.build.version, record.build.commit, record.build.profile, record.build.compiler
            ),
        ),
        ("processor", text(machine.cpu.clone())),
        ("cores", format!("{}, may run on {}", machine.cores, machine.affinity.len())),
        (
            "instruction sets",
            if machine.cpu_flags.is_empty() { unknown() } else { machine.cpu_flags.join(" ") },
        ),
        ("governor", text(machine.governor.clone())),
        ("turbo", text(machine.turbo.map(|on| if on { "on" } else { "off" }.to_owned()))),
        ("memory", text(machine.memory.map(|bytes| bytes.to_string()))),
        (
            "swap",
            text(machine.swap.map(|bytes| if bytes.0 == 0 { "none".to_owned() } else { bytes.to_string() })),
        ),
        ("kernel", text(machine.kernel.clone())),
        ("virtualization", text(machine.virtualization.clone())),
        ("load before", text(machine.load_average.map(|load| format!("{load:.2}")))),
        ("stolen", text(machine.steal.map(|share| format!("{:.1} %", share * 100.0)))),
        ("fingerprint", machine.fingerprint.clone()),
    ];
    let limits: Vec<String> =
        machine.container_limits.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if !limits.is_empty() {
        facts.push(("container limits", limits.join(", ")));
    }
    if let Some(floor) = record.floor {
        let two =
            floor.two_sessions_ns.map_or_else(String::new, |ns| format!(", {} with two", time_text(ns)));
        let open = floor.open_ns.map_or_else(String::new, |ns| format!(", {} in open load", time_text(ns)));
        facts.push((
            "harness floor",
            format!("{} an operation with one session{two}{open}", time_text(floor.one_session_ns)),
        ));
        facts.extend(
            floor
                .lag_p50
                .zip(floor.lag_p99)
                .map(|(p50, p99)| ("pacing lag", format!("p50 {p50}, p99 {p99} at 5,000 arrivals a second"))),
        );
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), one_line(&value))).collect()
}

/// What was run, on which data.
pub(crate) fn run(record: &RunRecord) -> Vec<Fact> {
    let data = &record.plan.dataset;
    let mut facts = vec![
        ("run", record.id.clone()),
        ("started", record.started.clone()),
        ("took", time_text(record.seconds * 1e9)),
        (
            "data",
            format!(
                "{}, {} × {} {}, {}",
                data.name,
                count(data.rows as u64),
                data.dim,
                data.element,
                data.metric
            ),
        ),
        ("queries", count(data.queries as u64)),
        ("data hash", data.content_hash.clone()),
        ("engine", record.plan.engine.name().to_owned()),
        ("seed", record.plan.seed.to_string()),
        ("builds of each variant", record.plan.order.len().to_string()),
        ("build threads", record.plan.build_threads.to_string()),
        ("plan hash", record.plan_hash.clone()),
    ];
    let sizes = View::new(record).sizes();
    if sizes.len() > 1 {
        let sizes: Vec<String> = sizes.iter().map(|rows| count(*rows as u64)).collect();
        facts.push(("measured on", format!("{} rows", sizes.join(", "))));
    }
    if let Some(licence) = &data.licence {
        facts.push(("licence", licence.clone()));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), one_line(&value))).collect()
}

/// What each engine says of itself, those that say the same together.
pub(crate) fn engines(view: &View<'_>) -> Vec<(Vec<String>, Vec<Fact>)> {
    let mut groups: Vec<(Vec<String>, Vec<Fact>)> = Vec::new();
    for variant in &view.variants {
        let Some(info) = variant.blocks.iter().find_map(|block| block.engine.as_ref()) else { continue };
        let mut facts: Vec<Fact> = vec![
            ("engine".to_owned(), one_line(&format!("{} {}", info.name, info.version))),
            ("hidden threads".to_owned(), one_line(&info.hidden_threads)),
        ];
        facts.extend(info.configuration.iter().map(|(name, value)| (one_line(name), one_line(value))));
        let name = one_line(variant.name());
        match groups.iter_mut().find(|(_, known)| *known == facts) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], facts)),
        }
    }
    groups
}
