//! The examples of docs/COMPARISON.md say what the program prints.

#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::annvil;

const OPEN: &str = "```console\n";
const CLOSE: &str = "```";

/// Runs a command of the page where its files are. Ends with its exit code, if that is not 0.
fn shown(command: &str, folder: &Path) -> String {
    let output = annvil().current_dir(folder).env("COLUMNS", "110").args(words(command)).output().unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let code = output.status.code().unwrap();
    if code != 0 {
        writeln!(text, "exit {code}").unwrap();
    }
    text
}

fn words(command: &str) -> Vec<&str> {
    command.strip_prefix("annvil ").unwrap().split_whitespace().collect()
}

/// `ANNVIL_BLESS=1` writes the page anew.
#[test]
fn the_page_shows_what_is_printed() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("COMPARISON.md")).unwrap();
    let mut fresh = String::new();
    let mut rest = page.as_str();
    let mut count = 0;
    while let Some(at) = rest.find(OPEN) {
        let (before, block) = rest.split_at(at + OPEN.len());
        let end = block.find(CLOSE).unwrap();
        let command = block[..end].lines().next().unwrap().strip_prefix("$ ").unwrap();
        fresh.push_str(before);
        writeln!(fresh, "$ {command}").unwrap();
        for line in shown(command, &docs.join("comparison")).lines() {
            writeln!(fresh, "{}", line.trim_end()).unwrap();
        }
        rest = &block[end..];
        count += 1;
    }
    fresh.push_str(rest);
    assert_eq!(count, 6);
    if std::env::var_os("ANNVIL_BLESS").is_some() {
        fs::write(docs.join("COMPARISON.md"), &fresh).unwrap();
        return;
    }
    for (kept, now) in page.lines().zip(fresh.lines()) {
        assert_eq!(kept, now);
    }
    assert_eq!(page.lines().count(), fresh.lines().count());
}

#[test]
fn the_page_and_the_file_say_the_same_of_the_gate() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("COMPARISON.md")).unwrap();
    let file = fs::read_to_string(docs.join("comparison/gate.yaml")).unwrap();
    let own = file.split_once('\n').unwrap().1;
    assert!(page.contains(&format!("```yaml\n{own}```")));
}
