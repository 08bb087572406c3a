//! Whose result a file or folder is, by its shape.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Tool, criterion, pgbench};

/// Text that is looked at: enough for a head, and for every line of what pgbench prints.
const LOOKED_AT: usize = 64_000;

/// The tool that wrote a file or folder, by the shape of what is in it. `None` if it is nobody's that can be read.
pub fn guess(path: &Path) -> Option<Tool> {
    if !path.is_file() {
        return folder(path);
    }
    let text = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    if text.trim_start().starts_with(['{', '[']) { json(&text) } else { plain(&text) }
}

fn folder(path: &Path) -> Option<Tool> {
    let (root, _) = criterion::place(path);
    if root.file_name().is_some_and(|name| name == "criterion") && root.is_dir() {
        return Some(Tool::Criterion);
    }
    let names: Vec<String> =
        fs::read_dir(&root).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    if names.iter().any(|name| name.starts_with("pgbench_log.")) {
        Some(Tool::Pgbench)
    } else if names.iter().any(|name| name.ends_with("_stats.csv")) {
        Some(Tool::Locust)
    } else {
        criterion::is_here(&root, 3).then_some(Tool::Criterion)
    }
}

fn json(text: &str) -> Option<Tool> {
    let value: Value = serde_json::from_str(text).ok()?;
    let results = value.get("results");
    let first = results.and_then(|results| results.get(0));
    if first.is_some_and(|first| first.get("command").is_some()) {
        Some(Tool::Hyperfine)
    } else if first.is_some_and(|first| first.get("task_config").is_some()) {
        Some(Tool::Vectordbbench)
    } else if value.get("metrics").is_some_and(Value::is_object)
        || results.and_then(|results| results.get("metrics")).is_some_and(Value::is_array)
    {
        Some(Tool::K6)
    } else {
        None
    }
}

fn plain(text: &str) -> Option<Tool> {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let head = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    let columns: Vec<String> = head.split(',').map(|column| column.trim().to_lowercase()).collect();
    let has = |name: &str| columns.iter().any(|column| column == name);
    if has("request count") && has("requests/s") {
        Some(Tool::Locust)
    } else if has("value") && (has("metric") || has("name")) {
        Some(Tool::Csv)
    } else if text.lines().any(|line| line.starts_with("transaction type:") || line.starts_with("tps ="))
        || pgbench::looks_like_log(text)
    {
        Some(Tool::Pgbench)
    } else {
        None
    }
}
