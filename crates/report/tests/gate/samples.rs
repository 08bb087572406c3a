//! Hand-built reports of gates.

use annvil_core::comparison::{
    AaSummary, Change, Comparison, EqualRecall, MetricComparison, SCHEMA, Scale, SideRecord, Unmatched,
    Verdict,
};
use annvil_core::figures::Provenance;
use annvil_core::gate::{Acknowledged, Amount, Cause, Evidence, Fired, GateReport, Rule, Severity};
use annvil_core::key::MetricKey;
use annvil_core::objective::{Grade, ObjectiveEntry};
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::{Judged, ObjectiveResult, Origin};

pub(crate) const RECALL: Quantity = Quantity::Recall { k: 10 };

pub(crate) fn key(phase: &str, quantity: Quantity, stat: Stat) -> MetricKey {
    let form = if phase == "settle" { "" } else { phase };
    MetricKey {
        variant: "hnsw f16".to_owned(),
        point: "ef_search=64".to_owned(),
        phase: phase.to_owned(),
        form: form.to_owned(),
        quantity,
        stat,
    }
}

/// A figure with its change in percent or points: estimate, low, high.
pub(crate) fn metric(
    key: MetricKey,
    a: f64,
    b: f64,
    change: (f64, f64, f64),
    verdict: Verdict,
) -> MetricComparison {
    let scale = Scale::of(key.quantity.unit());
    let family = annvil_core::gate::Family::of(&key);
    MetricComparison {
        key,
        key_a: None,
        a,
        b,
        scale,
        change: Some(Change {
            estimate: change.0 / 100.0,
            low: change.1 / 100.0,
            high: change.2 / 100.0,
            confidence: 0.95,
        }),
        margin: family.margin().0,
        verdict,
        detectable: Some(if scale == Scale::Difference { 0.002 } else { 0.024 }),
        more_runs: (verdict == Verdict::Inconclusive).then_some(6),
        widened: false,
        samples: (5, 5),
        method: "paired t on log ratios".to_owned(),
        remarks: Vec::new(),
    }
}

fn side(name: &str, commit: &str) -> SideRecord {
    let runs = (0..5).map(|n| Provenance {
        run: format!("2026-11-21T10-0{n}-12-store-{}", &commit[..4]),
        session: "one".to_owned(),
        tool: "annvil".to_owned(),
        scenario: "store".to_owned(),
        plan_hash: Some("5ad3".to_owned()),
        fingerprint: Some("9f00".to_owned()),
        machine: Some("2 cores Xeon, 8.3 GB".to_owned()),
        started: format!("2026-11-21T10:0{n}:12Z"),
        origin: Origin { commit: Some(commit.to_owned()), ..Origin::default() },
        complete: true,
        ..Provenance::default()
    });
    SideRecord { name: name.to_owned(), runs: runs.collect(), blocks: 5, sessions: 1 }
}

pub(crate) fn comparison(metrics: Vec<MetricComparison>) -> Comparison {
    Comparison {
        schema: SCHEMA,
        a: side("baseline main@7", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"),
        b: side("candidate", "ffeeddccbbaa99887766554433221100ffeeddcc"),
        interleaved: true,
        remarks: Vec::new(),
        metrics,
        unmatched: Vec::new(),
        equal_recall: Vec::new(),
        detectable: Some(0.024),
        aa: Some(AaSummary {
            measured: "2026-11-20T08:00:00Z".to_owned(),
            blocks: 12,
            comparisons: 100,
            false_alarms: 0,
            detectable: Some(0.021),
        }),
        sentence: "No figure became worse.".to_owned(),
    }
}

fn objective(text: &str, value: f64, grade: Grade) -> ObjectiveResult {
    let objective: ObjectiveEntry = serde_json::from_str(&format!("{text:?}")).unwrap();
    let (quantity, stat) = (objective.objective.quantity, objective.objective.stat);
    let judged =
        Judged { key: key("search", quantity, stat), value: Some(value), target: None, margin: None, grade };
    ObjectiveResult { objective, judged: vec![judged] }
}

fn usual() -> Vec<MetricComparison> {
    vec![
        metric(
            key("search", Quantity::Response, Stat::P50),
            4.0e6,
            4.01e6,
            (0.2, -0.9, 1.3),
            Verdict::Equivalent,
        ),
        metric(
            key("search", Quantity::Response, Stat::P95),
            8.1e6,
            8.2e6,
            (0.8, -0.6, 2.2),
            Verdict::Equivalent,
        ),
        metric(key("search", RECALL, Stat::Mean), 0.962, 0.961, (-0.1, -0.3, 0.1), Verdict::Equivalent),
        metric(
            key("search", Quantity::Throughput, Stat::Value),
            1_210.0,
            1_290.0,
            (6.6, 4.1, 9.2),
            Verdict::Improved,
        ),
        metric(
            key("settle", Quantity::Time, Stat::Value),
            41e9,
            43e9,
            (4.0, -1.1, 9.4),
            Verdict::Inconclusive,
        ),
    ]
}

/// Nothing speaks against the change.
pub(crate) fn well() -> GateReport {
    GateReport {
        schema: SCHEMA,
        name: "store".to_owned(),
        decided: "2026-11-21T10:30:00.123Z".to_owned(),
        origin: Origin {
            commit: Some("ffeeddccbbaa99887766554433221100ffeeddcc".to_owned()),
            branch: Some("faster-codes".to_owned()),
            url: Some("https://ci.example/jobs/17?a=1&b=2".to_owned()),
            ..Origin::default()
        },
        comparison: Some(comparison(usual())),
        objectives: vec![
            objective("search.response.p95 < 10ms", 8.2e6, Grade::Met),
            objective("search.recall@10.mean >= 0.95", 0.961, Grade::Near),
        ],
        fired: Vec::new(),
        causes: Vec::new(),
        acknowledged: Vec::new(),
        must_detect: Amount(0.10),
        invalid: Vec::new(),
        failed: Vec::new(),
        refused: None,
        sentence: "No figure became worse; changes of 2.4 % would have been seen.".to_owned(),
        exit_code: 0,
    }
}

pub(crate) fn fired(
    key: MetricKey,
    rule: Rule,
    severity: Severity,
    value: f64,
    limit: f64,
    words: &str,
) -> Fired {
    Fired { key, rule, severity, value: Some(value), limit: Some(limit), words: words.to_owned() }
}

/// Slower and less right, with causes; one regression is accepted.
pub(crate) fn regressed() -> GateReport {
    let p95 = key("search", Quantity::Response, Stat::P95);
    let recall = key("search", RECALL, Stat::Mean);
    let memory = key("settle", Quantity::Memory, Stat::Value);
    let mut metrics = usual();
    metrics[1] = metric(p95.clone(), 8.1e6, 9.0e6, (11.2, 8.9, 13.6), Verdict::Regressed);
    metrics[2] = metric(recall.clone(), 0.962, 0.931, (-3.1, -3.4, -2.8), Verdict::Regressed);
    metrics.push(metric(memory.clone(), 128e6, 212e6, (65.6, 65.6, 65.6), Verdict::Regressed));
    let mut comparison = comparison(metrics);
    comparison.equal_recall = vec![EqualRecall {
        variant: "hnsw f16".to_owned(),
        phase: "search".to_owned(),
        key: MetricKey { point: String::new(), ..p95.clone() },
        recall: 0.95,
        a: 7.4e6,
        b: 9.6e6,
        change: None,
        verdict: Verdict::Inconclusive,
    }];
    comparison.unmatched = vec![Unmatched { key: key("mixed", Quantity::Success, Stat::Value), in_a: true }];
    comparison.remarks = vec![
        "another version of the engine: 0.8.0 and 0.8.1".to_owned(),
        "the rule for `serch.p50` names no figure that was measured; did you mean `search`?".to_owned(),
    ];
    "The candidate is 11 % slower at p95 and less right by 3.1 points.".clone_into(&mut comparison.sentence);
    let objective = objective("search.recall@10.mean >= 0.95", 0.931, Grade::Missed);
    let hits = MetricKey { quantity: Quantity::BufferHits, stat: Stat::Value, ..p95.clone() };
    GateReport {
        fired: vec![
            fired(recall.clone(), Rule::Statistics, Severity::Severe, 0.931, 0.962, "3.1 points less"),
            fired(p95.clone(), Rule::Statistics, Severity::Moderate, 9.0e6, 8.1e6, "11.2 % slower"),
            fired(p95, Rule::Absolute, Severity::Moderate, 9.0e6, 8.5e6, "above what is always allowed"),
            fired(recall, Rule::Objective, Severity::Minor, 0.931, 0.95, "an objective of the scenario"),
        ],
        objectives: vec![objective],
        causes: vec![Cause {
            name: "cache-misses".to_owned(),
            sentence: "buffer hits fell from 99.1 % to 91.7 % during search; shared_buffers no longer holds the index \
                       (212 MB > 128 MB)"
                .to_owned(),
            advice: "raise shared_buffers above 212 MB, or use halfvec".to_owned(),
            evidence: vec![Evidence { key: hits, a: 0.991, b: 0.917 }],
        }],
        acknowledged: vec![Acknowledged {
            key: memory,
            reason: "m is 32 now".to_owned(),
            who: "ada".to_owned(),
            when: "2026-11-20T09:00:00Z".to_owned(),
        }],
        comparison: Some(comparison),
        sentence: "REGRESSED: recall@10 fell by 3.1 points, search p95 is 11 % slower.".to_owned(),
        exit_code: 1,
        ..well()
    }
}

/// Nothing regressed, and too little could be seen.
pub(crate) fn inconclusive() -> GateReport {
    let mut metrics = usual();
    for metric in &mut metrics {
        metric.verdict = Verdict::Inconclusive;
        metric.more_runs = Some(4);
        metric.detectable = metric.detectable.map(|least| least * 8.0);
    }
    metrics[1].more_runs = None;
    metrics[2].change = None;
    let mut comparison = comparison(metrics);
    comparison.interleaved = false;
    // Building scatters more than anything else, and nobody asked about it.
    comparison.metrics[4].detectable = Some(0.6);
    comparison.detectable = Some(0.6);
    comparison.b.blocks = 10;
    GateReport {
        comparison: Some(comparison),
        sentence: "Can't tell: only changes above 19.2 % would have been seen, 10 % is asked for. Run it 4 more times."
            .to_owned(),
        exit_code: 3,
        ..well()
    }
}

/// The client was the bottleneck, and the baseline is of another machine.
pub(crate) fn invalid() -> GateReport {
    GateReport {
        comparison: None,
        objectives: vec![objective("search.response.p95 < 10ms", 8.2e6, Grade::Unknown)],
        invalid: vec!["hnsw f16 search: scheduling lag: p99 3.1 ms at 4,000/s".to_owned()],
        refused: Some("baseline `main@7` was measured on another machine (4 cores EPYC, 16.6 GB)".to_owned()),
        sentence: "This run cannot be judged. Try a lower rate, or another machine for the client."
            .to_owned(),
        exit_code: 4,
        ..well()
    }
}

/// Stopped before its end, when all objectives looked met.
pub(crate) fn interrupted() -> GateReport {
    GateReport {
        comparison: None,
        sentence: "Interrupted: what was measured until then is kept, and nothing is judged.".to_owned(),
        exit_code: 130,
        ..well()
    }
}

/// Sixty figures with hostile names, two of them regressed.
pub(crate) fn many() -> GateReport {
    let mut metrics = Vec::new();
    for n in 0..60 {
        let mut key = key("search", Quantity::Response, [Stat::P50, Stat::P95, Stat::P99][n % 3]);
        key.variant = format!("v{} `a|b` <b>*x*</b> @team", n / 3);
        let (change, verdict) = match n {
            7 | 31 => ((12.0 + n as f64, 9.0, 55.0), Verdict::Regressed),
            n if n % 5 == 0 => ((1.5, -2.0, 5.0), Verdict::Inconclusive),
            _ => ((0.1, -0.9, 1.1), Verdict::Equivalent),
        };
        metrics.push(metric(key, 8.1e6, 8.1e6 * (1.0 + change.0 / 100.0), change, verdict));
    }
    let against = [31, 7].map(|n| {
        let metric: &MetricComparison = &metrics[n];
        fired(metric.key.clone(), Rule::Statistics, Severity::Moderate, metric.b, metric.a, "slower")
    });
    GateReport {
        name: "a|b --> <i>@all</i>\u{1b}[31m".to_owned(),
        fired: against.into(),
        comparison: Some(comparison(metrics)),
        sentence: "REGRESSED: two figures.".to_owned(),
        exit_code: 1,
        ..well()
    }
}
