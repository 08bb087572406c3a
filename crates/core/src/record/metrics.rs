//! Every figure of a record under its [`MetricKey`].

use std::collections::BTreeSet;

use crate::histogram::Histogram;
use crate::key::MetricKey;
use crate::quantity::{Quantity, Stat};
use crate::record::{
    Block, CheckpointRecord, FailureKind, FormRecord, FreshnessRecord, OpenRecord, PhaseRecord, PhaseResult,
    RecallRecord, ResourceRecord, RunRecord, RunbookRecord, StepRecord,
};
use crate::scenario::point_name;
use crate::server::{PlanRecord, ServerFigures};
use crate::units::Nanos;
use crate::vector::Element;

/// One figure of one block.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What it is.
    pub key: MetricKey,
    /// Number of the block.
    pub block: u32,
    /// Its value in base units: nanoseconds, per second, share, bytes, ratio, count.
    pub value: f64,
}

/// Statistics that every latency histogram is read for.
const LATENCY: [Stat; 9] =
    [Stat::Mean, Stat::Min, Stat::Max, Stat::P10, Stat::P50, Stat::P90, Stat::P95, Stat::P99, Stat::P999];

/// All figures of a run. A variant that failed verification in any block has none: what answers wrongly has no speed.
pub fn metrics(record: &RunRecord) -> Vec<Metric> {
    let mut all = Vec::new();
    let failed_verification = |block: &&Block| {
        block.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Verification)
    };
    let wrong: BTreeSet<&str> =
        record.blocks.iter().filter(failed_verification).map(|block| block.variant.as_str()).collect();
    for block in record.blocks.iter().filter(|block| !wrong.contains(block.variant.as_str())) {
        let mut put = Collector { block, phase: "", form: "", point: String::new(), all: &mut all };
        for phase in &block.phases {
            put.phase(phase);
        }
        put.memory(record);
    }
    all
}

/// The middle of some durations (the mean of the two middle ones of an even number); `None` of none.
pub fn median(times: &[Nanos]) -> Option<Nanos> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) { Nanos(sorted[middle - 1].0.midpoint(upper.0)) } else { upper })
}

struct Collector<'a> {
    block: &'a Block,
    phase: &'a str,
    form: &'a str,
    point: String,
    all: &'a mut Vec<Metric>,
}

impl<'a> Collector<'a> {
    fn put(&mut self, quantity: Quantity, stat: Stat, value: f64) {
        let key = MetricKey {
            variant: self.block.variant.clone(),
            point: self.point.clone(),
            phase: self.phase.to_owned(),
            form: self.form.to_owned(),
            quantity,
            stat,
        };
        self.all.push(Metric { key, block: self.block.block, value });
    }

    fn value(&mut self, quantity: Quantity, value: f64) {
        self.put(quantity, Stat::Value, value);
    }

    fn rate(&mut self, operations: u64, time: Nanos) {
        if time.0 > 0 {
            self.value(Quantity::Throughput, operations as f64 / time.as_secs_f64());
        }
    }

    fn phase(&mut self, phase: &'a PhaseRecord) {
        self.phase = &phase.name;
        self.form = "";
        self.point = point_name(&phase.point);
        if let Some(server) = &phase.server {
            self.server(server);
        }
        match &phase.result {
            PhaseResult::Load { rows, time, .. } => {
                self.value(Quantity::Time, time.0 as f64);
                self.rate(*rows, *time);
            }
            PhaseResult::Settle(settled) => self.value(Quantity::Time, settled.indexed.0 as f64),
            PhaseResult::Verify { plans, .. } => self.plans(plans),
            PhaseResult::Unsupported { .. } => {}
            PhaseResult::Measured { load, forms, checkpoints, freshness, .. } => {
                self.machine(phase.resources.as_ref(), load.waited);
                for form in forms {
                    self.measured(form, load.open.as_ref().filter(|_| forms.len() == 1));
                }
                self.checkpoints(checkpoints);
                if let Some(freshness) = freshness {
                    self.freshness(freshness);
                }
                self.success(load.open.as_ref(), forms);
            }
            PhaseResult::Limit(limit) => {
                if let Some(estimate) = limit.estimate.or(limit.low).filter(|_| limit.rates) {
                    self.value(Quantity::Throughput, estimate);
                }
            }
            PhaseResult::Runbook(book) => self.runbook(book),
            PhaseResult::Persist { rows, bytes, times } => {
                self.repeated(*rows, times);
                self.value(Quantity::Disk, bytes.0 as f64);
                self.value(Quantity::DiskPerRow, bytes.0 as f64 / (*rows).max(1) as f64);
            }
            PhaseResult::Restore { rows, times, .. } => self.repeated(*rows, times),
        }
    }

    /// Every kind of step as a form, all its steps together; recall at the worst and at the last checkpoint.
    fn runbook(&mut self, book: &'a RunbookRecord) {
        for kind in ["insert", "delete", "replace", "search"] {
            let steps: Vec<&StepRecord> = book.steps.iter().filter(|step| step.step.kind() == kind).collect();
            let Some(first) = steps.first() else { continue };
            self.form = kind;
            let (mut service, mut response) = (first.service.clone(), first.response.clone());
            for step in &steps[1..] {
                service.add(&step.service);
                match (&mut response, &step.response) {
                    (Some(all), Some(own)) => all.add(own),
                    (None, own) => response.clone_from(own),
                    (Some(_), None) => {}
                }
            }
            self.latency(Quantity::Service, Some(&service));
            self.latency(Quantity::Response, response.as_ref());
            let count = |of: &dyn Fn(&StepRecord) -> u64| steps.iter().map(|step| of(step)).sum::<u64>();
            let done =
                if first.step.writes() { count(&|step| step.rows) } else { count(&|step| step.operations) };
            self.rate(done, Nanos(count(&|step| step.window.0)));
            let (answered, failed) = (count(&|step| step.operations), count(&StepRecord::failed));
            if answered + failed > 0 {
                self.value(Quantity::Success, answered as f64 / (answered + failed) as f64);
            }
        }
        let settling: Vec<u64> =
            book.steps.iter().filter_map(|step| step.settle).map(|settled| settled.indexed.0).collect();
        if !settling.is_empty() {
            self.form = "settle";
            self.value(Quantity::Time, settling.iter().sum::<u64>() as f64);
        }
        // What was good until a runbook ended early says nothing of its worst and its last checkpoint.
        if book.is_whole() {
            for (form, step) in [("worst", book.worst()), ("last", book.last())] {
                if let Some(recall) = step.and_then(StepRecord::recall) {
                    self.form = form;
                    self.recall(recall);
                }
            }
        }
        self.form = "";
    }

    fn repeated(&mut self, rows: u64, times: &[Nanos]) {
        if let Some(time) = median(times) {
            self.value(Quantity::Time, time.0 as f64);
            self.rate(rows, time);
        }
    }

    /// A row that was lost took longer than any that was found: statistics that it would decide are unknown.
    fn freshness(&mut self, freshness: &FreshnessRecord) {
        let found = freshness.time.count() as f64;
        let share = found / (found + freshness.lost as f64).max(1.0);
        for stat in LATENCY {
            let known = freshness.lost == 0
                || stat == Stat::Min
                || stat.quantile().is_some_and(|quantile| quantile < share);
            if let Some(value) = freshness.time.stat(stat).filter(|_| known) {
                self.put(Quantity::Freshness, stat, value);
            }
        }
    }

    /// Success of several forms together: an arrival that was dropped or never sent belongs to none of them.
    fn success(&mut self, open: Option<&OpenRecord>, forms: &[FormRecord]) {
        let lost = open.map_or(0, |open| open.dropped + open.unsent);
        if forms.len() < 2 {
            return;
        }
        let answered: u64 = forms.iter().map(|form| form.operations).sum();
        let failed: u64 = forms.iter().flat_map(|form| form.failures.values()).sum();
        if answered + failed + lost > 0 {
            self.value(Quantity::Success, answered as f64 / (answered + failed + lost) as f64);
        }
    }

    /// The last checkpoint: what the collection is worth after the churn.
    fn checkpoints(&mut self, checkpoints: &[CheckpointRecord]) {
        let Some(recall) = checkpoints.last().and_then(|last| last.recall.as_ref()) else { return };
        self.form = "checkpoint";
        self.recall(recall);
        self.form = "";
    }

    fn measured(&mut self, form: &'a FormRecord, open: Option<&OpenRecord>) {
        self.form = &form.form.name;
        self.latency(Quantity::Service, Some(&form.service));
        self.latency(Quantity::Response, form.response.as_ref());
        self.latency(Quantity::QueueWait, form.queue_wait.as_ref());
        self.latency(Quantity::SchedLag, form.sched_lag.as_ref());
        self.rate(form.operations, form.window);
        // An arrival that was dropped or never sent was not answered either.
        let lost = open.map_or(0, |open| open.dropped + open.unsent);
        let failed = form.failures.values().sum::<u64>() + lost;
        if form.operations + failed > 0 {
            self.value(Quantity::Success, form.operations as f64 / (form.operations + failed) as f64);
        }
        if let Some(recall) = &form.recall {
            self.recall(recall);
        }
        self.form = "";
    }

    /// Whether plans go through a vector index: its scan is ordered by the distance itself.
    fn plans(&mut self, plans: &[PlanRecord]) {
        let used =
            plans.iter().filter(|plan| plan.plan.contains("Index Scan") && plan.plan.contains("Order By:"));
        if !plans.is_empty() {
            self.value(Quantity::IndexUsed, used.count() as f64 / plans.len() as f64);
        }
    }

    /// What the phase used of the machine belongs to all its forms together.
    fn machine(&mut self, resources: Option<&ResourceRecord>, waited: Option<f64>) {
        if let Some(waited) = waited {
            self.value(Quantity::CpuWait, waited);
        }
        let Some(resources) = resources else { return };
        if let Some(cpu) = resources.subject("client").and_then(|client| client.mean.cpu) {
            self.value(Quantity::ClientCpu, cpu);
        }
        let watched =
            resources.subjects.iter().filter(|subject| !matches!(&*subject.name, "client" | "host"));
        let watched: Vec<f64> = watched.filter_map(|subject| subject.mean.cpu).collect();
        if !watched.is_empty() {
            self.value(Quantity::ServerCpu, watched.iter().sum());
        }
        let Some(host) = resources.subject("host").map(|host| host.mean) else { return };
        if let Some(steal) = host.steal {
            self.value(Quantity::Steal, steal);
        }
        if let Some((read, written)) = host.swapped_in.zip(host.swapped_out) {
            self.value(Quantity::Swapped, read.0 + written.0);
        }
    }

    /// What the server counted belongs to all forms of the phase together.
    fn server(&mut self, server: &ServerFigures) {
        if let Some(share) = server.hit_share() {
            self.value(Quantity::BufferHits, share);
        }
        if let Some(log) = server.log {
            self.value(Quantity::Log, log.0 as f64);
        }
        self.latency(Quantity::ConnectionWait, server.connection_wait.as_ref());
    }

    fn recall(&mut self, recall: &RecallRecord) {
        let quantity = Quantity::Recall { k: recall.k as u32 };
        self.put(quantity, Stat::Mean, recall.mean);
        self.put(quantity, Stat::P10, recall.p10);
        self.put(quantity, Stat::Low, recall.mean - recall.half_width);
        self.put(Quantity::Mrr, Stat::Mean, recall.mrr);
        self.put(Quantity::Ndcg { k: recall.k as u32 }, Stat::Mean, recall.ndcg);
        self.value(Quantity::ShortAnswers, recall.short_answers as f64);
    }

    fn latency(&mut self, quantity: Quantity, histogram: Option<&Histogram>) {
        let Some(histogram) = histogram else { return };
        for stat in LATENCY {
            if let Some(value) = histogram.stat(stat) {
                self.put(quantity, stat, value);
            }
        }
    }

    /// Memory belongs to the settled collection: it is filed under the settle phase.
    fn memory(&mut self, record: &RunRecord) {
        let Some(memory) = &self.block.memory else { return };
        let Some(settle) =
            self.block.phases.iter().find(|phase| matches!(phase.result, PhaseResult::Settle(_)))
        else {
            return;
        };
        self.phase = &settle.name;
        self.point = String::new();
        let planned = record.plan.variant(&self.block.variant);
        let given = planned.map_or(record.plan.dataset.rows, |variant| variant.rows(&record.plan.dataset));
        let rows = memory.usage.rows.unwrap_or(given as u64).max(1) as f64;
        let full = Element::F32.code_bytes(record.plan.dataset.dim).unwrap_or(0) as f64;
        if let Some(index) = memory.usage.index {
            self.value(Quantity::Memory, index.0 as f64);
        }
        if let Some(stored) = memory.usage.stored() {
            self.value(Quantity::Stored, stored.0 as f64);
        }
        if let Some(buffers) = memory.usage.buffers {
            self.value(Quantity::Buffers, buffers.0 as f64);
        }
        if let Some(resident) = memory.resident().filter(|_| memory.own_process) {
            self.value(Quantity::Resident, resident.0 as f64);
        }
        if let Some(codes) = memory.usage.codes.filter(|codes| codes.0 > 0) {
            self.value(Quantity::CodesPerRow, codes.0 as f64 / rows);
            self.value(Quantity::Compression, full * rows / codes.0 as f64);
        }
    }
}
