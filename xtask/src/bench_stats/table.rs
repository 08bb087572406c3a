//! The table: false alarms and power of each rule on two machines, and the bars.

use std::time::Instant;

use super::rules::{Rule, suite};
use super::world::World;

/// Metrics of a suite.
const METRICS: usize = 60;

/// Unchanged suites, and comparisons of a changed metric, for rules that are quick to simulate.
const SUITES: f64 = 400.0;
const COMPARISONS: f64 = 4000.0;

/// Machines: what sessions differ by, as a standard deviation of logarithms.
const MACHINES: [(f64, &str); 2] = [(0.0, "sessions are alike"), (0.02, "sessions differ by 2 %")];

const RULES: [Rule; 10] = [
    Rule::Interleaved(5),
    Rule::Runs(5),
    Rule::Blocks(5),
    Rule::OneAgainst(5),
    Rule::Interleaved(12),
    Rule::Runs(12),
    Rule::Looking,
    Rule::Criterion,
    Rule::Benchstat,
    Rule::BenchstatRuns,
];

/// What a rule does on a machine: shares.
struct Row {
    /// Unchanged metrics called REGRESSED, each judged alone.
    alarms: f64,
    /// Unchanged suites in which any is.
    suites: f64,
    /// Metrics found that are 5 and 10 % worse: alone, and one in a suite of unchanged ones.
    alone: [f64; 2],
    among: [f64; 2],
}

/// Prints the table; whether every bar holds.
pub(crate) fn run() -> bool {
    let began = Instant::now();
    println!(
        "Noise of 1.6 % a block, margin 2 %, confidence 95 %, suites of {METRICS} judged at a false discovery rate of 5 %."
    );
    println!(
        "Shares in per cent of what is called REGRESSED. Criterion and benchstat have no rule for suites: any metric counts."
    );
    let mut held = true;
    for (sessions, machine) in MACHINES {
        println!("\n{machine}");
        println!(
            "| rule | false alarms | suites with any | +5 % | +10 % | +5 % in a suite | +10 % in a suite |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|");
        for (at, rule) in RULES.into_iter().enumerate() {
            let row = measure(rule, at as u64, sessions);
            let cell = |share: f64| format!("{:.1}", 100.0 * share);
            println!(
                "| {} | {:.2} | {} | {} | {} | {} | {} |",
                rule.words(),
                100.0 * row.alarms,
                cell(row.suites),
                cell(row.alone[0]),
                cell(row.alone[1]),
                cell(row.among[0]),
                cell(row.among[1]),
            );
            held &= holds(rule, sessions, &row);
        }
    }
    println!(
        "\n{} in {:.0} s",
        if held { "every bar holds" } else { "a bar is missed" },
        began.elapsed().as_secs_f64()
    );
    held
}

/// The bars: every rule of ours raises at most 1 % false alarms and 5 % suites with any; 5 against 5 finds 55 % at +5 % and
/// 85 % at +10 % where the noise of a sample is 1.6 %.
fn holds(rule: Rule, sessions: f64, row: &Row) -> bool {
    let mut held = true;
    let mut bar = |name: &str, is_well: bool| {
        if !is_well {
            println!("missed: {}: {name}", rule.words());
            held = false;
        }
    };
    if rule.is_ours() {
        bar("at most 1 % false alarms", row.alarms <= 0.01);
        bar("at most 5 % of unchanged suites with any", row.suites <= 0.05);
    }
    if rule == Rule::Interleaved(5) || (rule == Rule::Runs(5) && sessions == 0.0) {
        bar("at least 55 % found at +5 %", row.alone[0] >= 0.55);
        bar("at least 85 % found at +10 %", row.alone[1] >= 0.85);
    }
    held
}

fn measure(rule: Rule, seed: u64, sessions: f64) -> Row {
    let mut world = World::new(seed, sessions);
    let suites = (SUITES * rule.share()) as usize;
    let comparisons = (COMPARISONS * rule.share()) as usize;
    let (mut alarms, mut any) = (0, 0);
    let mut found = [0, 0];
    for _ in 0..suites {
        let mut said: Vec<_> = (0..METRICS).map(|_| rule.judge(&mut world, 0.0)).collect();
        alarms += said.iter().filter(|said| said.regressed).count();
        any += usize::from(suite(&said).contains(&true));
        // The same suite with one metric changed.
        for (change, found) in [0.05, 0.1].into_iter().zip(&mut found) {
            said[0] = rule.judge(&mut world, change);
            *found += usize::from(suite(&said)[0]);
        }
    }
    let mut alone = |change: f64| {
        (0..comparisons).filter(|_| rule.judge(&mut world, change).regressed).count() as f64
            / comparisons as f64
    };
    Row {
        alarms: alarms as f64 / (suites * METRICS) as f64,
        suites: any as f64 / suites as f64,
        alone: [alone(0.05), alone(0.1)],
        among: found.map(|found| found as f64 / suites as f64),
    }
}
