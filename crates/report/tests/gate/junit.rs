//! `junit.xml`: what each reader takes it for, and that the schemas allow it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use annvil_core::gate::GateReport;
use annvil_report::artefacts::junit_xml;

use crate::samples::{inconclusive, invalid, many, regressed, well};

fn reports() -> [(&'static str, GateReport); 5] {
    [
        ("well", well()),
        ("regressed", regressed()),
        ("inconclusive", inconclusive()),
        ("invalid", invalid()),
        ("many", many()),
    ]
}

#[test]
fn cases_are_what_they_should_be() {
    for (name, report) in reports().into_iter().take(4) {
        insta::assert_snapshot!(format!("{name}_junit"), junit_xml(&report));
    }
    // failures, errors, skipped of each report
    for ((name, report), (failures, errors, skipped)) in
        reports().into_iter().zip([(0, 0, 1), (4, 0, 2), (0, 0, 5), (0, 2, 1), (2, 0, 12)])
    {
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
