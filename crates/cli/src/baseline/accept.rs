//! `annvil baseline accept`.

use annvil_core::gate::{Amount, MetricPattern};
use annvil_store::{Acceptance, split};
use anyhow::bail;
use clap::Args;

use super::who;
use crate::out;
use crate::source::PlaceFlags;

/// Flags of `annvil baseline accept`.
#[derive(Debug, Clone, Args)]
pub struct AcceptFlags {
    /// The baseline's name, or name and version; the latest version unless given.
    pub name: String,
    /// Which figures, by words of their names: search.p99, "hnsw f16 memory".
    #[arg(long, value_name = "PATTERN")]
    pub metric: MetricPattern,
    /// Why it is accepted.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How much worse they may be: 12%, 0.5pt.
    #[arg(long, value_name = "AMOUNT", required_unless_present = "any_amount")]
    pub up_to: Option<Amount>,
    /// They may be worse by whatever amount, now and later.
    #[arg(long, conflicts_with = "up_to")]
    pub any_amount: bool,
    /// Who accepts it. [default: as the CI system or the system says]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Accepts a change.
pub fn accept(flags: &AcceptFlags) -> anyhow::Result<()> {
    let store = flags.place.to_change()?;
    let (name, version) = split(&flags.name);
    let resolved = store.resolve(name, version)?;
    let keys = resolved.group.figures.iter().flat_map(|figures| figures.values.keys());
    if !keys.into_iter().any(|key| flags.metric.matches(key)) {
        bail!(
            "`{}` names no figure of {}\n  Write words of its name, such as search.p99; `annvil history show RUN` lists them.",
            flags.metric,
            resolved.baseline
        );
    }
    let Some(who) = who(flags.by.as_ref()) else { bail!("nobody knows who accepts this\n  Add --by NAME.") };
    let acceptance = Acceptance {
        baseline: resolved.baseline.name.clone(),
        version: resolved.baseline.version,
        pattern: flags.metric.clone(),
        reason: flags.reason.clone(),
        who,
        when: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        up_to: flags.up_to,
    };
    store.accept(&acceptance)?;
    if flags.json {
        return out::json(&acceptance);
    }
    let up_to =
        acceptance.up_to.map_or_else(|| "by any amount".to_owned(), |amount| format!("up to {amount}"));
    out::print(&format!(
        "  against {}, {} may be worse {up_to}: {}\n",
        resolved.baseline, flags.metric, flags.reason
    ))
}
