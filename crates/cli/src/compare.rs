//! `annvil compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annvil_conduct::ab::{AbRecord, Ended, Which};
use annvil_conduct::compare::{CompareSpec, Pairing, Unlike, compare as held};
use annvil_conduct::{Outcome, gate};
use annvil_core::comparison::Comparison;
use annvil_core::gate::Amount;
use annvil_core::units::counted;
use anyhow::{Context, anyhow, bail};
use clap::Args;

use crate::source::{self, Found, PlaceFlags};
use crate::{out, paint};

/// Figures that are named where there may be many.
const NAMED: usize = 3;

/// Flags of `annvil compare`.
#[derive(Debug, Clone, Args)]
pub struct CompareFlags {
    /// What is compared with: a run (its folder, its run.json or its name), several joined by `+`, a folder of runs,
    /// baseline:NAME, or another tool's results such as criterion:target/criterion.
    pub a: String,
    /// What is compared, likewise. Left out, A is the folder of an interleaved comparison, or holds both sides of --pair.
    pub b: Option<String>,
    /// Flags that say how.
    #[command(flatten)]
    pub how: HowFlags,
    /// Read what a change may cost from a file instead of the scenario.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Change a key of it: `--set gate.margins.latency=1%`.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Print the comparison as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Write the comparison as Markdown too.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Where runs and baselines are.
    #[command(flatten)]
    pub place: PlaceFlags,
}

/// Flags that say how two sides are compared.
#[derive(Debug, Clone, Default, Args)]
pub struct HowFlags {
    /// Compare variant A of the first side with variant B of the second; as often as needed.
    #[arg(long, value_name = "A=B")]
    pub pair: Vec<String>,
    /// Compare sweeps at this recall, whether or not recall differs.
    #[arg(long, value_name = "RECALL", value_parser = recall)]
    pub at_equal_recall: Option<f64>,
    /// Compare runs of different machines all the same, and say so.
    #[arg(long)]
    pub across_machines: bool,
    /// Compare runs of different plans all the same, and say so.
    #[arg(long)]
    pub across_plans: bool,
}

fn recall(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "write a share such as 0.95".to_owned())?;
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err("a recall lies above 0 and is at most 1".to_owned())
    }
}

impl HowFlags {
    /// As the comparison takes it.
    pub fn spec(&self) -> anyhow::Result<CompareSpec> {
        let pairs: Vec<(String, String)> = self
            .pair
            .iter()
            .map(|pair| {
                let (a, b) = pair.split_once('=').ok_or_else(|| {
                    anyhow!("`--pair {pair}` has no `=`\n  Write it as --pair \"hnsw f32=hnsw f16\".")
                })?;
                Ok((a.trim().to_owned(), b.trim().to_owned()))
            })
            .collect::<anyhow::Result<_>>()?;
        let unlike = |marked| if marked { Unlike::Marked } else { Unlike::Refused };
        Ok(CompareSpec {
            pairing: if pairs.is_empty() { Pairing::Same } else { Pairing::Variants(pairs) },
            machines: unlike(self.across_machines),
            plans: unlike(self.across_plans),
            at_recall: self.at_equal_recall,
            ..CompareSpec::default()
        })
    }
}

/// Compares two sides and prints what became of each figure.
pub fn compare(flags: &CompareFlags) -> anyhow::Result<ExitCode> {
    if let Some(record) = decided(flags)?
        && let Some(comparison) = &record.comparison
    {
        show(comparison, flags)?;
        // What became of an interrupted session is what its blocks say.
        let code = record.exit_code.filter(|code| [0, 1, 3, 4].contains(code));
        let must_detect = annvil_core::gate::GateSpec::default().must_detect;
        return Ok(ExitCode::from(code.unwrap_or_else(|| gate::outcome_of(comparison, must_detect).code())));
    }
    let mut spec = flags.how.spec()?;
    let (a, b) = sides(flags, &mut spec)?;
    spec.gate = source::gate_spec(flags.config.as_deref(), b.gate().or_else(|| a.gate()), &flags.set)?;
    spec.known = flags.place.known(&b.group)?;
    let comparison = match held(&a.group, &b.group, &spec) {
        Ok(comparison) => comparison,
        Err(refused) => {
            out::say(&paint::error(&refused.to_string()));
            return Ok(ExitCode::from(refused.outcome().code()));
        }
    };
    show(&comparison, flags)?;
    let outcome = gate::outcome_of(&comparison, spec.gate.must_detect);
    if outcome == Outcome::Inconclusive && !flags.json {
        out::print(&format!("  {}\n", hidden(&comparison, spec.gate.must_detect)))?;
    }
    Ok(ExitCode::from(outcome.code()))
}

/// Why nobody can tell: figures in which a change could hide that must be found.
fn hidden(comparison: &Comparison, must_detect: Amount) -> String {
    let all = gate::blind(comparison, must_detect);
    let mut names: Vec<String> =
        all.iter().take(NAMED).map(|at| comparison.metrics[*at].key.to_string()).collect();
    if all.len() > NAMED {
        names.push(counted((all.len() - NAMED) as u64, "more figure"));
    }
    format!("a change of {must_detect} (must_detect) could hide in {}", names.join(", "))
}

/// The record of an interleaved comparison that was decided when it was measured, if nobody asks for other rules: its looks
/// spent what may be wrong, and judging it again as if there had been none would raise alarms.
fn decided(flags: &CompareFlags) -> anyhow::Result<Option<AbRecord>> {
    let how = &flags.how;
    let as_it_was = how.pair.is_empty()
        && how.at_equal_recall.is_none()
        && flags.config.is_none()
        && flags.set.is_empty();
    if flags.b.is_some() || !as_it_was || source::interleaved(&flags.a).is_none() {
        return Ok(None);
    }
    source::session(Path::new(&flags.a)).map(Some)
}

fn show(comparison: &Comparison, flags: &CompareFlags) -> anyhow::Result<()> {
    if let Some(path) = &flags.markdown {
        std::fs::write(path, annvil_report::comparison_markdown(comparison))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if flags.json {
        out::json(comparison)?;
    } else {
        out::print(&annvil_report::comparison_terminal(comparison, &paint::style()))?;
    }
    Ok(())
}

fn sides(flags: &CompareFlags, spec: &mut CompareSpec) -> anyhow::Result<(Found, Found)> {
    let place = &flags.place;
    let (mut a, mut b) = match (&flags.b, source::interleaved(&flags.a)) {
        (Some(b), _) => (place.find(&flags.a)?, place.find(b)?),
        (None, Some((a, b))) => {
            whole(Path::new(&flags.a))?;
            spec.interleaved = true;
            spec.plans = Unlike::Meant;
            (place.find(&a.to_string_lossy())?, place.find(&b.to_string_lossy())?)
        }
        (None, None) if !flags.how.pair.is_empty() => (place.find(&flags.a)?, place.find(&flags.a)?),
        (None, None) => bail!(
            "compare needs two sides\n  annvil compare A B, or one run and two of its variants: annvil compare RUN --pair \"hnsw f32=hnsw f16\"."
        ),
    };
    let in_a = |name: &str| a.group.runs.iter().any(|run| run.run == name);
    if let Some(both) = b.group.runs.iter().find(|run| in_a(&run.run)).filter(|_| pairs(spec).is_empty()) {
        bail!(
            "{} stands on both sides\n  A run is equal to itself. To compare two of its variants: --pair \"hnsw f32=hnsw f16\".",
            both.run
        );
    }
    if a.group.name == b.group.name {
        a.group.name = format!("{} (a)", a.group.name);
        b.group.name = format!("{} (b)", b.group.name);
    }
    if flags.b.is_none()
        && let [(one, other)] = pairs(spec)
    {
        a.group.name.clone_from(one);
        b.group.name.clone_from(other);
    }
    Ok((a, b))
}

/// An error if an interleaved comparison ended before both sides had a block.
fn whole(folder: &Path) -> anyhow::Result<()> {
    let record = source::session(folder)?;
    if !record.counted(Which::A).is_empty() {
        return Ok(());
    }
    let why = match record.ended {
        Some(Ended::Failed) => "failed",
        Some(Ended::Invalid) => "was given up, because too few blocks could be judged,",
        Some(Ended::Interrupted | Ended::Decided | Ended::Spent) | None => "was interrupted",
    };
    let reasons: String = record.reasons.iter().flat_map(|reason| ["\n  ", reason]).collect();
    bail!(
        "the comparison in {} {why} before a pair of blocks was whole: there is nothing to compare{reasons}\n  Measure it again with annvil ab.",
        folder.display()
    )
}

fn pairs(spec: &CompareSpec) -> &[(String, String)] {
    match &spec.pairing {
        Pairing::Same => &[],
        Pairing::Variants(pairs) => pairs,
    }
}
