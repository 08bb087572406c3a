//! `junit.xml`: what each reader takes it for, and that the schemas allow it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use annvil_core::gate::GateReport;
use annvil_core::objective::Grade;
use annvil_report::artefacts::junit_xml;

use crate::samples::{inconclusive, interrupted, invalid, many, regressed, well};

fn reports() -> [(&'static str, GateReport); 6] {
    [
        ("well", well()),
        ("regressed", regressed()),
        ("inconclusive", inconclusive()),
        ("invalid", invalid()),
        ("interrupted", interrupted()),
        ("many", many()),
    ]
}

#[test]
fn cases_are_what_they_should_be() {
    for (name, report) in reports().into_iter().take(5) {
        insta::assert_snapshot!(format!("{name}_junit"), junit_xml(&report));
    }
    // failures, errors, skipped of each report
    let counts = [(0, 0, 1), (4, 0, 3), (1, 0, 5), (0, 2, 2), (0, 1, 3), (2, 0, 13)];
    for ((name, report), (failures, errors, skipped)) in reports().into_iter().zip(counts) {
        let text = junit_xml(&report);
        let sum = |what: &str| {
            let what = format!(" {what}=\"");
            let counts = text.split(&what).skip(1);
            counts.map(|rest| rest.split('"').next().unwrap().parse::<usize>().unwrap()).sum::<usize>()
        };
        assert_eq!(
            (sum("failures"), sum("errors"), sum("skipped")),
            (failures, errors, skipped),
            "{name}\n{text}"
        );
        assert_eq!(text.matches("<failure ").count(), failures);
        assert_eq!(text.matches("<error ").count(), errors);
        assert_eq!(text.matches("<skipped ").count(), skipped);
        assert_eq!(sum("tests"), text.matches("<testcase ").count());
        assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{name}");
    }
}

/// CI systems show the file: what they show of a gate that did not pass is never all green.
#[test]
fn a_gate_that_does_not_pass_has_a_failure_or_an_error() {
    for exit_code in [1, 2, 3, 4, 5, 130] {
        let text = junit_xml(&GateReport { exit_code, ..well() });
        let told = text.matches("<failure ").count() + text.matches("<error ").count();
        assert_eq!(told, 1, "{exit_code}: {text}");
    }
    let text =
        junit_xml(&GateReport { exit_code: 3, sentence: "But a change could hide.".to_owned(), ..well() });
    assert!(text.contains("name=\"no regression could hide\""), "{text}");
    assert!(text.contains("<failure type=\"INCONCLUSIVE\" message=\"But a change could hide.\">"), "{text}");
    assert!(!junit_xml(&well()).contains("<failure "));
}

/// What was not measured in a run that can be judged is not met: the gate ends with 1 too.
#[test]
fn an_unknown_objective_fails_where_the_run_is_judged() {
    let mut report = well();
    report.objectives[0].judged[0].grade = Grade::Unknown;
    report.objectives[0].judged[0].value = None;
    report.exit_code = 1;
    let text = junit_xml(&report);
    assert!(text.contains("<failure type=\"NOT MEASURED\" message=\"not measured: can't tell\">"), "{text}");
    report.invalid = vec!["the client was busy".to_owned()];
    assert!(!junit_xml(&report).contains("<failure "));
}

/// The Python to test with; `None` skips the test, which continuous integration does not allow.
fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("ANNVIL_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{test} needs ANNVIL_PYTHON");
        eprintln!("SKIPPED {test}: ANNVIL_PYTHON is not set; `cargo xtask test` sets it");
    }
    python
}

/// Whether lxml holds a text for valid in `junit.xsd`, which has the structure of the schema of Ant's reports.
fn valid(python: &Path, text: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gate");
    let mut child = Command::new(python)
        .arg("-B")
        .arg(folder.join("validate.py"))
        .arg(folder.join("junit.xsd"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[test]
fn the_schema_allows_it() {
    let Some(python) = python("the_schema_allows_it") else { return };
    for (name, report) in reports() {
        let text = junit_xml(&report);
        valid(&python, &text).unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
    }
    // The check itself can fail.
    let text = junit_xml(&well());
    for broken in [
        text.replacen(" time=\"0\"", "", 1),
        text.replacen("<system-out/>", "", 1),
        text.replacen("<testcase ", "<testcase extra=\"1\" ", 1),
        text.replacen("2026-11-21T10:30:00", "2026-11-21T10:30:00Z", 1),
    ] {
        assert!(valid(&python, &broken).is_err(), "{broken}");
    }
}
