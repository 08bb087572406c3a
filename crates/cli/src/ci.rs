//! `annvil ci`: measure, judge, and on the main branch keep the baseline up to date.

use std::path::Path;
use std::process::ExitCode;

use annvil_conduct::{Outcome, origin};
use annvil_core::figures::Provenance;
use annvil_core::gate::GateReport;
use annvil_core::record::Origin;
use annvil_store::{Baseline, BaselineSpec, Rolling, Store};
use clap::Args;

use crate::gate::{Against, GateFlags, GatingFlags, candidate, decide, held_against};
use crate::out;
use crate::source::Found;

/// Runs that a baseline goes along with.
const ROLLING: u32 = 10;

/// Names of one branch: a baseline `main` is taken from `master` where that is what it is called.
const MAIN: [&str; 2] = ["main", "master"];

/// Flags of `annvil ci`.
#[derive(Debug, Clone, Args)]
pub struct CiFlags {
    /// The scenario: a file, or the name of a shipped one.
    pub scenario: String,
    /// The baseline, which is also the name of the branch that it is taken from.
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub baseline: String,
    /// The commit that is measured, where the CI system or git do not say it.
    #[arg(long, value_name = "SHA")]
    pub git_commit: Option<String>,
    /// Take what is measured into the baseline, on whatever branch.
    #[arg(long)]
    pub update_baseline: bool,
    /// End with 3 where there is no baseline: a lost store must not let everything through.
    #[arg(long)]
    pub require_baseline: bool,
    /// Flags of a gate.
    #[command(flatten)]
    pub gating: GatingFlags,
}

/// Measures a scenario, judges it against the baseline of its plan and machine, and tells the CI system.
pub fn ci(flags: &CiFlags) -> anyhow::Result<ExitCode> {
    let mut origin = origin::detect(Path::new("."));
    origin.commit = flags.git_commit.clone().or(origin.commit);
    let gate = GateFlags {
        scenario: Some(flags.scenario.clone()),
        gating: flags.gating.clone(),
        ..GateFlags::default()
    };
    // First, so that a store that can't be reached is known before anything is measured.
    let store = flags.gating.place.open()?;
    let candidate = candidate(&gate, None, &origin)?;
    let mut against = match candidate.measured.group.runs.last() {
        Some(run) => fitting(&store, flags, run, &candidate.measured.group, takes_in(flags, &origin))?,
        None => Against::default(),
    };
    against.unlike |= flags.require_baseline && against.group.is_none();
    let report = decide(&candidate, &against, &flags.gating, origin.clone())?;
    if takes_in(flags, &origin) && can_be_judged(&report) {
        update(&store, flags, &origin, &against, &candidate.measured.group.runs)?;
    }
    Ok(ExitCode::from(report.exit_code))
}

/// The latest version of the baseline that is of this plan and this machine: CI systems lend different ones.
fn fitting(
    store: &Store,
    flags: &CiFlags,
    run: &Provenance,
    candidate: &annvil_core::figures::Group,
    begins_anew: bool,
) -> anyhow::Result<Against> {
    let (name, version) = annvil_store::split(&flags.baseline);
    let how = &flags.gating.how;
    let all = store.baselines()?;
    let named: Vec<_> = all.iter().filter(|baseline| baseline.name == name).collect();
    let fits = |across_plans: bool, across_machines: bool| {
        named.iter().find(|baseline| {
            (across_plans || baseline.plan_hash == run.plan_hash)
                && (across_machines || baseline.fingerprint == run.fingerprint)
                && version.is_none_or(|version| version == baseline.version)
        })
    };
    // One that is alike in everything goes before one that is only compared all the same.
    let found = fits(false, false).or_else(|| fits(how.across_plans, how.across_machines));
    let Some(baseline) = found else {
        let missing = if named.is_empty() {
            format!("There is no baseline `{name}` yet")
        } else if named.iter().any(|baseline| baseline.plan_hash == run.plan_hash) {
            format!("The baseline `{name}` is not of this machine (--across-machines compares all the same)")
        } else {
            format!(
                "The baseline `{name}` is not of this plan: the scenario or its data changed (--across-plans compares all the same)"
            )
        };
        // On its own branch a baseline begins anew; elsewhere somebody must look.
        let unlike = !named.is_empty() && !begins_anew;
        return Ok(Against { missing: Some(missing), unlike, ..Against::default() });
    };
    match store.resolve(name, Some(baseline.version)) {
        Ok(resolved) => {
            let found =
                Found { group: resolved.group.clone(), records: Vec::new(), baseline: Some(resolved) };
            Ok(held_against(found, candidate, name))
        }
        Err(annvil_store::DatabaseError::Missing { what, .. }) => {
            Ok(Against { missing: Some(what), ..Against::default() })
        }
        Err(error) => Err(error.into()),
    }
}

/// The branch, if it is that of the baseline.
fn own_branch<'a>(name: &str, origin: &'a Origin) -> Option<&'a str> {
    let is_main = |branch: &str| MAIN.contains(&branch) && MAIN.contains(&name);
    origin.branch.as_deref().filter(|branch| *branch == name || is_main(branch))
}

/// Whether what was measured belongs into the baseline: asked for, or on its branch and no request of somebody's.
fn takes_in(flags: &CiFlags, origin: &Origin) -> bool {
    let (name, _) = annvil_store::split(&flags.baseline);
    flags.update_baseline
        || (own_branch(name, origin).is_some() && origin.request.is_none() && origin.ci.is_some())
}

/// A regression on the branch is a fact that later runs are held against; what means nothing is not.
fn can_be_judged(report: &GateReport) -> bool {
    report.invalid.is_empty()
        && report.failed.is_empty()
        && ![Outcome::Invalid, Outcome::Failed, Outcome::Interrupted]
            .map(Outcome::code)
            .contains(&report.exit_code)
}

/// Saves a version that goes along with the branch, unless one is there that takes these runs in by itself.
fn update(
    store: &Store,
    flags: &CiFlags,
    origin: &Origin,
    against: &Against,
    runs: &[Provenance],
) -> anyhow::Result<()> {
    let Some(candidate) = runs.last() else { return Ok(()) };
    let (name, _) = annvil_store::split(&flags.baseline);
    let known = store.baselines()?;
    let rolls = against.resolved.as_ref().map(|resolved| &resolved.baseline);
    // One of another plan or machine takes in none of these runs.
    let takes = |baseline: &Baseline| {
        baseline.plan_hash == candidate.plan_hash
            && baseline.fingerprint == candidate.fingerprint
            && baseline.rolling.as_ref().is_some_and(|rolling| rolling.branch == origin.branch)
    };
    let fits = rolls.is_some_and(takes);
    let line = if fits || against.only_own {
        format!("the baseline `{name}` goes along with this branch and has taken this run in")
    } else {
        let spec = BaselineSpec {
            runs: runs.iter().map(|run| run.run.clone()).collect(),
            // Without a branch it would go along with every branch; on another than its own, with that one.
            rolling: own_branch(name, origin).map(|branch| Rolling {
                runs: ROLLING,
                branch: Some(branch.to_owned()),
                scenario: None,
            }),
            who: origin.who.clone(),
            reason: Some(match &origin.commit {
                Some(commit) => format!("annvil ci at {}", commit.get(..12).unwrap_or(commit)),
                None => "annvil ci".to_owned(),
            }),
        };
        let saved = store.save_baseline(name, &spec)?;
        if known.iter().any(|baseline| baseline.name == name) {
            format!("saved {saved}: a new version of the baseline")
        } else {
            let rolls = match own_branch(name, origin) {
                Some(branch) => format!("it goes along with the last {ROLLING} runs of {branch}"),
                None => "it stays as it is, for this is not its branch".to_owned(),
            };
            format!("saved {saved}: the first baseline; {rolls}")
        }
    };
    if !flags.gating.quiet && !flags.gating.json {
        out::say(&line);
    }
    Ok(())
}
