//! `junit.xml`: one case for each judged figure, as Jenkins, GitLab and others read it.
//!
//! There is no norm. The file is valid in the schema of Ant's reports and in that of Jenkins' xunit plugin: figures stand in
//! the properties of their suite, because cases have none there.

use std::fmt::Write as _;

use annvil_core::comparison::{MetricComparison, Verdict};
use annvil_core::gate::{Fired, GateReport};
use annvil_core::objective::Grade;
use annvil_core::quantity::format_value;

use super::summary::grade;
use crate::compare::words::{amount, change, undecided, values};
use crate::gate::{GateView, NOT_JUDGED, State, against, severity_and_words, troubles};
use crate::text::one_line;

mod xml;

use xml::attribute;

/// What became of a case.
enum Outcome {
    Passed,
    Failed(String, String),
    Skipped(String),
    Error(String, String),
}

struct Case {
    name: String,
    class: String,
    outcome: Outcome,
}

struct Suite {
    name: &'static str,
    properties: Vec<(String, String)>,
    cases: Vec<Case>,
}

/// One case for each judged figure, limit and objective, and some for whether the run could be judged. What fired is a
/// failure, and so is that a regression could hide; a single figure that cannot be told is skipped; an invalid, failed or
/// interrupted run is an error. A gate that does not pass has a failure or an error.
pub fn junit_xml(report: &GateReport) -> String {
    let view = GateView::new(report);
    let mut suites = [run(report), figures(&view), limits(&view), objectives(&view)];
    let is_told = |case: &Case| matches!(case.outcome, Outcome::Failed(..) | Outcome::Error(..));
    if report.exit_code != 0 && !suites.iter().flat_map(|suite| &suite.cases).any(is_told) {
        let outcome = Outcome::Error(State::of(report).word().to_owned(), report.sentence.clone());
        let name = "the gate passes".to_owned();
        suites[0].cases.push(Case { name, class: class(report, "run"), outcome });
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let suites = suites.into_iter().filter(|suite| !suite.cases.is_empty());
    for (id, suite) in suites.enumerate() {
        suite.write(&mut out, id, report);
    }
    out.push_str("</testsuites>\n");
    out
}

/// Whether the run could be judged.
fn run(report: &GateReport) -> Suite {
    let origin = &report.origin;
    let facts = [
        ("exit code", Some(report.exit_code.to_string())),
        ("result", Some(report.sentence.clone())),
        ("commit", origin.commit.clone()),
        ("branch", origin.branch.clone()),
        ("smallest detectable change allowed", Some(report.must_detect.to_string())),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let troubles = troubles(report);
    let cases = [
        ("the measurement is valid", "invalid"),
        ("nothing failed", "failed"),
        ("the baseline is comparable", "refused"),
    ];
    let cases = cases.map(|(name, kind)| {
        let found = troubles.iter().find(|(word, _)| *word == kind);
        let outcome =
            found.map_or(Outcome::Passed, |(_, reasons)| Outcome::Error(kind.to_owned(), reasons.join("\n")));
        (name, outcome)
    });
    let state = State::of(report);
    let ended = match state {
        State::Interrupted => Outcome::Error(state.word().to_owned(), report.sentence.clone()),
        _ => Outcome::Passed,
    };
    let hides = match state {
        State::Passed => Outcome::Passed,
        State::Inconclusive => Outcome::Failed("INCONCLUSIVE".to_owned(), report.sentence.clone()),
        _ => Outcome::Skipped(format!("not asked: {}", state.title())),
    };
    let cases = cases
        .into_iter()
        .chain([("the measurement came to its end", ended), ("no regression could hide", hides)]);
    let case = |(name, outcome): (&str, Outcome)| Case {
        name: name.to_owned(),
        class: class(report, "run"),
        outcome,
    };
    Suite { name: "run", properties: facts.collect(), cases: cases.map(case).collect() }
}

fn figures(view: &GateView<'_>) -> Suite {
    let mut suite = Suite { name: "figures", properties: Vec::new(), cases: Vec::new() };
    for metric in &view.metrics {
        let name = metric.key.to_string();
        suite.properties.push((name.clone(), figure(metric)));
        suite.cases.push(Case { name, class: class(view.report, "figures"), outcome: outcome(view, metric) });
    }
    suite
}

/// Every figure of a comparison in one line.
fn figure(metric: &MetricComparison) -> String {
    let mut said = vec![metric.verdict.to_string(), values(metric.key.quantity, metric.a, metric.b)];
    said.extend(metric.change.as_ref().map(|it| change(metric.scale, it)));
    said.push(format!("margin {}", amount(metric.scale, metric.margin)));
    said.extend(
        metric.detectable.map(|least| format!("smallest detectable {}", amount(metric.scale, least))),
    );
    said.join(", ")
}

fn outcome(view: &GateView<'_>, metric: &MetricComparison) -> Outcome {
    if !view.is_judged() {
        return Outcome::Skipped(NOT_JUDGED.to_owned());
    }
    if view.severity(&metric.key).is_some() {
        return Outcome::Failed(
            metric.verdict.to_string(),
            format!("{}; {}", figure(metric), view.note(metric)),
        );
    }
    if view.accepted(&metric.key).is_some() {
        return Outcome::Skipped(format!("{}; {}", figure(metric), view.note(metric)));
    }
    match metric.verdict {
        Verdict::Inconclusive => {
            let why = undecided(metric).unwrap_or_default();
            Outcome::Skipped(format!("{}; {why}", figure(metric)))
        }
        _ => Outcome::Passed,
    }
}

fn limits(view: &GateView<'_>) -> Suite {
    let limits = view.limits().filter(|fired| fired.rule != annvil_core::gate::Rule::Objective);
    let case = |fired: &Fired| Case {
        name: fired.key.to_string(),
        class: class(view.report, "limits"),
        outcome: Outcome::Failed(
            "LIMIT".to_owned(),
            format!("{}; {}", against(fired), severity_and_words(fired)),
        ),
    };
    Suite { name: "limits", properties: Vec::new(), cases: limits.map(case).collect() }
}

fn objectives(view: &GateView<'_>) -> Suite {
    let report = view.report;
    let mut cases = Vec::new();
    for result in &report.objectives {
        for judged in &result.judged {
            let print = |value| format_value(judged.key.quantity, value);
            let value = judged.value.map_or_else(|| "not measured".to_owned(), print);
            let said = format!("{value}: {}", grade(judged.grade));
            let outcome = match judged.grade {
                _ if !view.is_judged() => {
                    let value = judged.value.map(|value| format!("{}: ", print(value))).unwrap_or_default();
                    Outcome::Skipped(format!("{value}{NOT_JUDGED}"))
                }
                Grade::Met | Grade::Near => Outcome::Passed,
                Grade::Missed | Grade::Critical => Outcome::Failed("MISSED".to_owned(), said),
                // What was not measured is not met, and the gate says so too.
                Grade::Unknown => Outcome::Failed("NOT MEASURED".to_owned(), said),
            };
            let name = format!("{}: {}", judged.key, result.objective.objective);
            cases.push(Case { name, class: class(report, "objectives"), outcome });
        }
    }
    Suite { name: "objectives", properties: Vec::new(), cases }
}

/// Dots part packages from classes, so names have none.
fn class(report: &GateReport, suite: &str) -> String {
    format!("annvil.{}.{suite}", one_line(&report.name).replace('.', "_"))
}

impl Suite {
    fn write(&self, out: &mut String, id: usize, report: &GateReport) {
        let count =
            |which: fn(&Outcome) -> bool| self.cases.iter().filter(|case| which(&case.outcome)).count();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" package=\"annvil\" id=\"{id}\" timestamp=\"{}\" hostname=\"localhost\" \
             tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n    <properties>",
            attribute(&format!("{} {}", one_line(&report.name), self.name)),
            timestamp(&report.decided),
            self.cases.len(),
            count(|outcome| matches!(outcome, Outcome::Failed(..))),
            count(|outcome| matches!(outcome, Outcome::Error(..))),
            count(|outcome| matches!(outcome, Outcome::Skipped(_)))
        );
        for (name, value) in &self.properties {
            let (name, value) = (attribute(name), attribute(value));
            let _ = writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>");
        }
        out.push_str("    </properties>\n");
        for case in &self.cases {
            case.write(out);
        }
        out.push_str("    <system-out/>\n    <system-err/>\n  </testsuite>\n");
    }
}

impl Case {
    fn write(&self, out: &mut String) {
        let head = format!(
            "    <testcase name=\"{}\" classname=\"{}\" time=\"0\"",
            attribute(&self.name),
            attribute(&self.class)
        );
        let inside = match &self.outcome {
            Outcome::Passed => {
                let _ = writeln!(out, "{head}/>");
                return;
            }
            Outcome::Skipped(why) => format!("<skipped message=\"{}\"/>", attribute(why)),
            Outcome::Failed(kind, why) => told("failure", kind, why),
            Outcome::Error(kind, why) => told("error", kind, why),
        };
        let _ = writeln!(out, "{head}>\n      {inside}\n    </testcase>");
    }
}

/// Some readers show the message, others the text.
fn told(tag: &str, kind: &str, why: &str) -> String {
    let (kind, why) = (attribute(kind), attribute(why));
    format!("<{tag} type=\"{kind}\" message=\"{why}\">{why}</{tag}>")
}

/// Date and time without fractions and zone, as the schema of Ant's reports has it.
fn timestamp(decided: &str) -> String {
    let pattern = "0000-00-00T00:00:00";
    let given = decided.get(..pattern.len()).filter(|text| {
        text.bytes()
            .zip(pattern.bytes())
            .all(|(byte, like)| if like == b'0' { byte.is_ascii_digit() } else { byte == like })
    });
    given.unwrap_or("1970-01-01T00:00:00").to_owned()
}
