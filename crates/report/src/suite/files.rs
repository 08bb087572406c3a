//! The results and failures of a suite as comma-separated values.

use std::fmt::Write as _;

use super::SuiteSummary;
use crate::csv::field;

/// One row for each form that was measured. Times are nanoseconds; what is unknown is empty.
pub fn stats_csv(summary: &SuiteSummary) -> String {
    let mut text = String::from(
        "scenario,variant,block,phase,point,operation,operations,qps,time,p50,p95,p99,success,recall\n",
    );
    for row in &summary.results {
        let known = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let cells = [
            field(&row.scenario),
            field(&row.variant),
            row.block.to_string(),
            field(&row.phase),
            field(&row.point),
            field(&row.operation),
            row.operations.map_or_else(String::new, |operations| operations.to_string()),
            known(row.qps),
            row.time.to_owned(),
            known(row.p50),
            known(row.p95),
            known(row.p99),
            known(row.success),
            known(row.recall),
        ];
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// One row for each kind of failure; the header alone if there was none.
pub fn failures_csv(summary: &SuiteSummary) -> String {
    let mut text = String::from("scenario,variant,phase,form,kind,count\n");
    for row in &summary.failures {
        let cells = [&row.scenario, &row.variant, &row.phase, &row.form, &row.kind].map(|text| field(text));
        let _ = writeln!(text, "{},{}", cells.join(","), row.count);
    }
    text
}
