//! What a gate leaves in a folder, for people, for CI systems and for whoever reckons further.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use annvil_core::figures::{Figures, Group};
use annvil_core::gate::GateReport;
use annvil_core::key::MetricKey;
use annvil_report::{Series, TrendPoint, artefacts};
use serde::Serialize;

/// A file of an artefact could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {cause}\n  Give another place with --artefacts DIR.", .path.display())]
pub struct ArtefactError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub cause: std::io::Error,
}

/// `raw.json`: the figures of both sides, block by block.
#[derive(Serialize)]
struct Raw<'a> {
    schema: u32,
    report: &'a GateReport,
    candidate: Vec<RawBlock<'a>>,
    baseline: Vec<RawBlock<'a>>,
}

#[derive(Serialize)]
struct RawBlock<'a> {
    run: &'a str,
    session: &'a str,
    block: u32,
    /// Figures by name, in base units.
    values: BTreeMap<String, f64>,
}

/// Writes everything into a folder, which is made if it is not there: `raw.json`, `gate.json`, `summary.md`,
/// `regression.md`, `ci-summary.md`, `junit.xml`, `metrics.txt` and `history.csv`.
pub fn write(
    folder: &Path,
    report: &GateReport,
    candidate: &Group,
    baseline: Option<&Group>,
) -> Result<(), ArtefactError> {
    fs::create_dir_all(folder).map_err(|cause| ArtefactError { path: folder.to_owned(), cause })?;
    let raw = Raw {
        schema: report.schema,
        report,
        candidate: blocks(candidate),
        baseline: baseline.map(blocks).unwrap_or_default(),
    };
    let files = [
        ("raw.json", json(&raw)),
        ("gate.json", json(report)),
        ("summary.md", artefacts::summary_md(report)),
        ("regression.md", artefacts::regression_md(report)),
        ("ci-summary.md", artefacts::ci_summary_md(report)),
        ("junit.xml", artefacts::junit_xml(report)),
        ("metrics.txt", artefacts::gitlab_metrics(report)),
        ("history.csv", artefacts::history_csv(&series(report, candidate, baseline))),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|cause| ArtefactError { path, cause })?;
    }
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    // Figures that are no numbers become null; nothing else can fail.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn blocks(group: &Group) -> Vec<RawBlock<'_>> {
    let block = |figures: &Figures| {
        figures.values.iter().map(|(key, value)| (key.to_string(), *value)).collect::<BTreeMap<_, _>>()
    };
    group
        .figures
        .iter()
        .map(|figures| RawBlock {
            run: &figures.run,
            session: &figures.session,
            block: figures.block,
            values: block(figures),
        })
        .collect()
}

/// Every figure that was judged, run by run: the baseline's runs, then the candidate's.
fn series(report: &GateReport, candidate: &Group, baseline: Option<&Group>) -> Vec<Series> {
    let Some(comparison) = &report.comparison else { return Vec::new() };
    comparison
        .metrics
        .iter()
        .map(|metric| {
            let key_a = metric.key_a.as_ref().unwrap_or(&metric.key);
            let before = baseline.into_iter().flat_map(|group| points(group, key_a));
            Series {
                name: metric.key.to_string(),
                quantity: metric.key.quantity,
                points: before.chain(points(candidate, &metric.key)).collect(),
                changes: Vec::new(),
                drift: None,
            }
        })
        .collect()
}

/// The mean of each run.
fn points(group: &Group, key: &MetricKey) -> Vec<TrendPoint> {
    let point = |run: &annvil_core::figures::Provenance| {
        let own = group.figures.iter().filter(|figures| figures.run == run.run);
        let values: Vec<f64> = own.filter_map(|figures| figures.values.get(key)).copied().collect();
        (!values.is_empty()).then(|| TrendPoint {
            run: run.run.clone(),
            started: run.started.clone(),
            commit: run.origin.commit.clone(),
            value: values.iter().sum::<f64>() / values.len() as f64,
        })
    };
    group.runs.iter().filter_map(point).collect()
}
