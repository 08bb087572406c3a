//! Settings of the server: those that differ from their defaults, and those that speak against what was measured.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use annvil_core::engine::Result;
use annvil_core::scenario::{Extension, Index};
use annvil_core::server::Advice;
use annvil_core::units::Bytes;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::build::graph_bytes;
use super::design::Design;
use super::report::failed;

/// Set by somebody for this server, database or user. What may hold a password, a command line or a place on that machine
/// is left out.
const DIFFERENT: &str = "
select name, current_setting(name) from pg_settings
where setting is distinct from boot_val and source not in ('default', 'override', 'client', 'session', 'interactive', 'test')
and category not like 'File Locations%' and category not like 'Preset Options%'
and name !~ '(password|passphrase|conninfo|command|secret|_key|_file|_director|_path|librar)'
order by name";

/// Settings that [`judge`] looks at, in bytes and numbers.
const JUDGED: &str = "
select 'shared_buffers', pg_size_bytes(current_setting('shared_buffers'))::text union all
select 'effective_cache_size', pg_size_bytes(current_setting('effective_cache_size'))::text union all
select 'maintenance_work_mem', pg_size_bytes(current_setting('maintenance_work_mem'))::text union all
select name, setting from pg_settings
where name in ('max_parallel_maintenance_workers', 'jit', 'jit_above_cost', 'random_page_cost')";

/// What is judged against the settings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sizes<'a> {
    /// Bytes of the table and its vector indexes.
    pub(super) stored: Option<u64>,
    /// Whether the index was built here, and not found.
    pub(super) is_built: bool,
    /// Cores of the server, if it is on this machine.
    pub(super) cores: Option<usize>,
    /// What the server said while it built.
    pub(super) notices: &'a [String],
}

/// Settings that differ from the defaults, by name.
pub(super) async fn different(client: &Client) -> Result<BTreeMap<String, String>> {
    pairs(client, DIFFERENT, "read the server's settings").await
}

/// Settings that are worth a look, each with the figures that say so.
pub(super) async fn advise(client: &Client, design: &Design, sizes: Sizes<'_>) -> Result<Vec<Advice>> {
    let settings = pairs(client, JUDGED, "read the server's settings").await?;
    Ok(judge(&settings, design, sizes))
}

fn judge(settings: &BTreeMap<String, String>, design: &Design, sizes: Sizes<'_>) -> Vec<Advice> {
    let bytes = |name: &str| settings.get(name).and_then(|value| value.parse::<u64>().ok());
    let number = |name: &str| settings.get(name).and_then(|value| value.parse::<f64>().ok());
    let mut advice = Vec::new();
    if design.extension == Extension::Ruvector && matches!(design.variant.index, Index::Ivfflat(_)) {
        // Read in the source of 0.3.0 and seen on a server: a build tells of 100 lists, and probes change no answer.
        advice.push(Advice {
            setting: "ruvector.probes".to_owned(),
            value: "without effect".to_owned(),
            because: "RuVector 0.3 reads neither `lists` nor `ruvector.probes` in ruivfflat: there are 100 lists, whatever is set"
                .to_owned(),
            try_this: "index: {hnsw: {}}".to_owned(),
        });
    }
    let mut say = |setting: &str, value: String, because: String, try_this: String| {
        advice.push(Advice { setting: setting.to_owned(), value, because, try_this });
    };
    if let Some((stored, now)) = sizes.stored.zip(bytes("shared_buffers"))
        && now < stored
    {
        say(
            "shared_buffers",
            Bytes(now).to_string(),
            format!("shared_buffers is {}, table and index are {}", Bytes(now), Bytes(stored)),
            format!("{}MB or more; needs a restart of the server", rounded_up(stored * 5 / 4)),
        );
    }
    if let Some((stored, now)) = sizes.stored.zip(bytes("effective_cache_size"))
        && now < stored
    {
        say(
            "effective_cache_size",
            Bytes(now).to_string(),
            format!(
                "effective_cache_size is {}, table and index are {}: the planner takes index pages for pages on disk",
                Bytes(now),
                Bytes(stored)
            ),
            "three quarters of the machine's memory".to_owned(),
        );
    }
    memory(bytes("maintenance_work_mem"), design, sizes, &mut say);
    let workers = number("max_parallel_maintenance_workers");
    if let Some((cores, now)) = sizes.cores.zip(workers)
        && sizes.is_built
        && matches!(design.variant.index, Index::Hnsw(_) | Index::Ivfflat(_))
        && now + 1.0 < cores as f64
    {
        say(
            "max_parallel_maintenance_workers",
            now.to_string(),
            format!(
                "max_parallel_maintenance_workers is {now} and the machine has {cores} cores: an index is built by at most {} processes",
                now + 1.0
            ),
            format!("{}, as `build_set` or with `tune: true`", cores - 1),
        );
    }
    let cost = f64::from_bits(design.highest_cost.load(Ordering::Relaxed));
    if let Some(above) = number("jit_above_cost")
        && settings.get("jit").is_some_and(|jit| jit == "on")
        && above >= 0.0
        && cost > above
    {
        say(
            "jit",
            "on".to_owned(),
            format!(
                "a search is planned at cost {cost:.0}, above jit_above_cost {above:.0}: each one is compiled before it runs"
            ),
            "jit: off, as `set`".to_owned(),
        );
    }
    if let Some(now) = number("random_page_cost")
        && design.refused_by_planner.load(Ordering::Relaxed)
        && now > 1.5
    {
        say(
            "random_page_cost",
            now.to_string(),
            format!("random_page_cost is {now}, and the planner left an index aside that fits the query"),
            "1.1 on solid-state disks, as `set`".to_owned(),
        );
    }
    advice
}

/// Whether the graph fitted into the memory that it was built in: by what the server said, else by an estimate.
fn memory(
    now: Option<u64>,
    design: &Design,
    sizes: Sizes<'_>,
    say: &mut impl FnMut(&str, String, String, String),
) {
    if !sizes.is_built || !matches!(design.variant.index, Index::Hnsw(_)) {
        return;
    }
    let graph = graph_bytes(design);
    let is_set = design.spec.tune || design.spec.build_set.contains_key("maintenance_work_mem");
    let try_this = format!("{}MB, as `build_set` or with `tune: true`", rounded_up(graph * 6 / 5));
    let value = now.map_or_else(|| "unknown".to_owned(), |now| Bytes(now).to_string());
    if let Some(said) = sizes.notices.iter().find(|notice| notice.contains("maintenance_work_mem")) {
        let because = format!("the server said: {said}; the graph takes about {}", Bytes(graph));
        say("maintenance_work_mem", value, because, try_this);
    } else if let Some(now) = now.filter(|now| *now < graph && !is_set) {
        let because = format!(
            "maintenance_work_mem is {}, the graph takes about {}: what does not fit is built on disk, slower",
            Bytes(now),
            Bytes(graph)
        );
        say("maintenance_work_mem", value, because, try_this);
    }
}

/// Whole megabytes of the server's (1,048,576 bytes).
fn rounded_up(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

async fn pairs(client: &Client, sql: &str, doing: &str) -> Result<BTreeMap<String, String>> {
    let answers = client.simple_query(sql).await.map_err(|error| failed(doing, &error))?;
    let pair = |answer: &SimpleQueryMessage| match answer {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
        _ => None,
    };
    Ok(answers.iter().filter_map(pair).collect())
}
