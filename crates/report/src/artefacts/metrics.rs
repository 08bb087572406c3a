//! `metrics.txt`: the candidate's figures in the text format of `OpenMetrics`, as GitLab's metrics reports read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annvil_core::gate::GateReport;
use annvil_core::key::MetricKey;
use annvil_core::quantity::Unit;

use crate::text::one_line;

/// A family of samples.
struct Family {
    name: &'static str,
    unit: &'static str,
    help: &'static str,
    /// How many of ours are one of theirs.
    divisor: f64,
}

const fn family(unit: Unit) -> Family {
    let (name, unit, help, divisor) = match unit {
        Unit::Time => ("annvil_time_seconds", "seconds", "Latencies and times of phases.", 1e9),
        Unit::PerSecond => ("annvil_rate_per_second", "per_second", "Operations or rows a second.", 1.0),
        Unit::Share => ("annvil_share_ratio", "ratio", "Recall, success and other shares, 0 to 1.", 1.0),
        Unit::Bytes => ("annvil_size_bytes", "bytes", "Sizes.", 1.0),
        Unit::Ratio => ("annvil_ratio", "", "Ratios.", 1.0),
        Unit::Count => ("annvil_count", "", "Counts.", 1.0),
    };
    Family { name, unit, help, divisor }
}

/// Every compared figure of the candidate, and those that its objectives judge, in seconds, bytes and shares. Ends in
/// `# EOF`, as the format asks.
pub fn gitlab_metrics(report: &GateReport) -> String {
    let mut figures: BTreeMap<(&str, MetricKey), f64> = BTreeMap::new();
    let mut add = |key: &MetricKey, value: f64| {
        if value.is_finite() {
            let family = family(key.quantity.unit());
            figures.insert((family.name, key.clone()), value / family.divisor);
        }
    };
    for judged in report.objectives.iter().flat_map(|result| &result.judged) {
        if let Some(value) = judged.value {
            add(&judged.key, value);
        }
    }
    for metric in report.comparison.iter().flat_map(|comparison| &comparison.metrics) {
        add(&metric.key, metric.b);
    }
    let mut out = String::from(
        "# HELP annvil_gate_fired What speaks against the change.\n# TYPE annvil_gate_fired gauge\n",
    );
    let _ = writeln!(out, "annvil_gate_fired {}", report.fired.len());
    let _ = writeln!(
        out,
        "# HELP annvil_gate_exit_code Exit code of the gate.\n# TYPE annvil_gate_exit_code gauge"
    );
    let _ = writeln!(out, "annvil_gate_exit_code {}", report.exit_code);
    let mut before = "";
    for ((name, key), value) in &figures {
        if *name != before {
            head(&mut out, key);
        }
        before = name;
        let labels = [
            ("variant", key.variant.clone()),
            ("point", key.point.clone()),
            ("phase", key.phase.clone()),
            ("form", key.form.clone()),
            ("quantity", key.quantity.to_string()),
            ("stat", key.stat.to_string()),
        ];
        let labels: Vec<String> =
            labels.iter().map(|(name, text)| format!("{name}=\"{}\"", quoted(text))).collect();
        let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
    }
    out.push_str("# EOF\n");
    out
}

fn head(out: &mut String, key: &MetricKey) {
    let Family { name, unit, help, .. } = family(key.quantity.unit());
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
    if !unit.is_empty() {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
}

/// The value of a label.
fn quoted(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}
