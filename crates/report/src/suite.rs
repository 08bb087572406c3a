//! What a list of scenarios came to: one row a form in a table, as JSON and as CSV.

use std::collections::BTreeMap;

use annvil_core::form::Operation;
use annvil_core::quantity::Stat;
use annvil_core::record::{
    Block, CheckpointRecord, FailureKind, FormRecord, LimitRecord, LoadRecord, PhaseRecord, PhaseResult,
    RunRecord,
};
use annvil_core::scenario::point_name;
use annvil_core::units::Nanos;
use serde::Serialize;

mod files;
mod table;

pub use files::{failures_csv, stats_csv};
pub use table::suite_table;

/// Version of `summary.json`.
const SCHEMA: u32 = 1;

/// What a list of scenarios came to. Written as `summary.json`.
#[derive(Debug, Clone, Serialize)]
pub struct SuiteSummary {
    /// Version of this format.
    pub schema: u32,
    /// Name of the suite; `scenarios` for a list that was given.
    pub suite: String,
    /// Start, RFC 3339.
    pub started: String,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// Exit code of the whole: that of the scenario with the highest precedence.
    pub exit_code: u8,
    /// Every scenario, in order.
    pub scenarios: Vec<SuiteScenario>,
    /// One entry for each form that was measured.
    pub results: Vec<SuiteResult>,
    /// One entry for each kind of failure.
    pub failures: Vec<SuiteFailure>,
}

/// What became of one scenario.
#[derive(Debug, Clone, Serialize)]
pub struct SuiteScenario {
    /// Its name.
    pub scenario: String,
    /// `good`, `missed`, `invalid`, `failed`, `usage`, `interrupted` or `not run`.
    pub status: String,
    /// Its exit code; absent if it was not run.
    pub exit_code: Option<u8>,
    /// Name of the run's folder within that of the suite.
    pub run: Option<String>,
    /// Wall time of the run, in seconds.
    pub seconds: Option<f64>,
    /// Why it did not end well, in words.
    pub why: Vec<String>,
}

/// What was measured of one form. Times are nanoseconds: of the response where arrivals came by a schedule, of the
/// service otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuiteResult {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the variant.
    pub variant: String,
    /// Number of the block.
    pub block: u32,
    /// Name of the phase.
    pub phase: String,
    /// Point of the sweep; empty where nothing is swept.
    pub point: String,
    /// Name of the form; `limit` for the highest level that held in a search for the limit.
    pub operation: String,
    /// Operations that were answered; unknown of a limit.
    pub operations: Option<u64>,
    /// Operations answered a second.
    pub qps: Option<f64>,
    /// Which time the percentiles are of: `response` or `service`.
    pub time: &'static str,
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Share of the operations that were answered.
    pub success: Option<f64>,
    /// Mean recall; where rows come and go, that of the last checkpoint.
    pub recall: Option<f64>,
}

/// One kind of failure of one form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuiteFailure {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the variant; empty if the scenario failed as a whole.
    pub variant: String,
    /// Name of the phase; empty before the first.
    pub phase: String,
    /// Name of the form; empty if it is not of one form.
    pub form: String,
    /// What kind it is.
    pub kind: String,
    /// How many there were.
    pub count: u64,
}

impl SuiteSummary {
    /// A suite that begins.
    pub fn new(suite: &str, started: &str) -> Self {
        Self {
            schema: SCHEMA,
            suite: suite.to_owned(),
            started: started.to_owned(),
            seconds: 0.0,
            exit_code: 0,
            scenarios: Vec::new(),
            results: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Adds a scenario and what its run measured. A variant that answers wrongly has failures, and no figures.
    pub fn add(&mut self, scenario: SuiteScenario, record: Option<&RunRecord>) {
        let name = scenario.scenario.clone();
        match record {
            Some(record) => {
                for block in &record.blocks {
                    let mut rows = Rows { scenario: &name, block, summary: self };
                    rows.block();
                }
            }
            None if scenario.exit_code.is_some() => self.failures.push(SuiteFailure {
                scenario: name,
                variant: String::new(),
                phase: String::new(),
                form: String::new(),
                kind: scenario.status.clone(),
                count: 1,
            }),
            None => {}
        }
        self.scenarios.push(scenario);
    }
}

/// Rows of one block.
struct Rows<'a> {
    scenario: &'a str,
    block: &'a Block,
    summary: &'a mut SuiteSummary,
}

impl Rows<'_> {
    fn block(&mut self) {
        if let Some(failure) = &self.block.failure {
            let kind = match failure.kind {
                FailureKind::Configuration => "configuration",
                FailureKind::Engine => "engine",
                FailureKind::Verification => "verification",
                FailureKind::Interrupted => "interrupted",
            };
            self.failed(&failure.phase, "", kind, 1);
            if failure.kind == FailureKind::Verification {
                return;
            }
        }
        for phase in &self.block.phases {
            match &phase.result {
                PhaseResult::Measured { load, forms, checkpoints, freshness, .. } => {
                    for form in forms {
                        self.form(phase, form, load, checkpoints, forms.len() == 1);
                    }
                    self.arrivals(phase, load);
                    let lost = freshness.as_ref().map_or(0, |freshness| freshness.lost);
                    self.failed(&phase.name, "freshness", "not found", lost);
                }
                PhaseResult::Limit(limit) => self.limit(phase, limit),
                _ => {}
            }
        }
    }

    fn row(&self, phase: &PhaseRecord, operation: &str) -> SuiteResult {
        SuiteResult {
            scenario: self.scenario.to_owned(),
            variant: self.block.variant.clone(),
            block: self.block.block,
            phase: phase.name.clone(),
            point: point_name(&phase.point),
            operation: operation.to_owned(),
            operations: None,
            qps: None,
            time: "service",
            p50: None,
            p95: None,
            p99: None,
            success: None,
            recall: None,
        }
    }

    fn form(
        &mut self,
        phase: &PhaseRecord,
        form: &FormRecord,
        load: &LoadRecord,
        checkpoints: &[CheckpointRecord],
        alone: bool,
    ) {
        failures(&form.failures)
            .for_each(|(kind, count)| self.failed(&phase.name, &form.form.name, kind, count));
        // Which form an arrival that was never sent would have been is not known unless there is one.
        let lost = load.open.as_ref().filter(|_| alone).map_or(0, |open| open.dropped + open.unsent);
        let all = form.operations + form.failures.values().sum::<u64>() + lost;
        if all == 0 {
            return;
        }
        let latency = form.response.as_ref().unwrap_or(&form.service);
        let checkpoint = || checkpoints.last()?.recall.as_ref();
        let scored = form.form.operation == Operation::Search;
        let recall = form.recall.as_ref().or_else(|| checkpoint().filter(|_| scored));
        let row = SuiteResult {
            operations: Some(form.operations),
            qps: (form.window.0 > 0).then(|| form.operations as f64 / form.window.as_secs_f64()),
            time: if form.response.is_some() { "response" } else { "service" },
            p50: latency.stat(Stat::P50),
            p95: latency.stat(Stat::P95),
            p99: latency.stat(Stat::P99),
            success: Some(form.operations as f64 / all as f64),
            recall: recall.map(|recall| recall.mean),
            ..self.row(phase, &form.form.name)
        };
        self.summary.results.push(row);
    }

    fn arrivals(&mut self, phase: &PhaseRecord, load: &LoadRecord) {
        let Some(open) = &load.open else { return };
        self.failed(&phase.name, "", "dropped", open.dropped);
        self.failed(&phase.name, "", "never sent", open.unsent);
    }

    /// The last trial of the highest level that held.
    fn limit(&mut self, phase: &PhaseRecord, limit: &LimitRecord) {
        let held =
            limit.trials.iter().rev().find(|trial| Some(trial.level) == limit.low && trial.met == Some(true));
        let Some(trial) = held else { return };
        let nanos = |time: Option<Nanos>| time.map(|time| time.0 as f64);
        let row = SuiteResult {
            qps: Some(trial.throughput),
            time: if limit.rates { "response" } else { "service" },
            p50: nanos(trial.p50),
            p95: nanos(trial.p95),
            p99: nanos(trial.p99),
            success: Some(trial.success),
            recall: trial.recall,
            ..self.row(phase, "limit")
        };
        self.summary.results.push(row);
    }

    fn failed(&mut self, phase: &str, form: &str, kind: &str, count: u64) {
        if count == 0 {
            return;
        }
        self.summary.failures.push(SuiteFailure {
            scenario: self.scenario.to_owned(),
            variant: self.block.variant.clone(),
            phase: phase.to_owned(),
            form: form.to_owned(),
            kind: kind.to_owned(),
            count,
        });
    }
}

fn failures(kinds: &BTreeMap<String, u64>) -> impl Iterator<Item = (&str, u64)> {
    kinds.iter().map(|(kind, count)| (kind.as_str(), *count))
}
