//! `annvil data list`: the sets in the box, and well-known ones that can be fetched.

use std::path::PathBuf;
use std::process::ExitCode;

use annvil_core::dataset::DataSpec;
use annvil_core::units::{Bytes, count};
use annvil_data::catalogue::{self, Entry};
use annvil_data::{boxed, get};
use clap::Args;
use serde::Serialize;

use crate::{out, paint};

/// Flags of `annvil data list`.
#[derive(Debug, Clone, Args)]
pub struct ListFlags {
    /// Only sets in whose name, format or description this stands, each with what it is good for.
    pub word: Option<String>,
    /// Answer as JSON, with addresses, checksums and where each fact was read.
    #[arg(long)]
    pub json: bool,
}

/// A set of the table.
#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    rows: u64,
    dim: Option<u32>,
    metric: &'static str,
    /// To fetch.
    bytes: Option<u64>,
    licence: Option<String>,
    good_for: String,
    in_the_box: bool,
    /// Where it is on this machine.
    here: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<Entry>,
}

impl Listed {
    fn boxed(name: &str) -> anyhow::Result<Self> {
        let set = annvil_data::open(&DataSpec::named(name))?;
        let info = set.info();
        Ok(Self {
            name: name.to_owned(),
            rows: info.rows as u64,
            dim: u32::try_from(info.dim).ok(),
            metric: info.metric.name(),
            bytes: None,
            licence: info.licence.clone(),
            good_for: "first steps without a network: text embeddings, labels, texts".to_owned(),
            in_the_box: true,
            here: None,
            entry: None,
        })
    }

    fn fetched(entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            rows: entry.rows,
            dim: entry.dim,
            metric: entry.metric.name(),
            bytes: entry.bytes(),
            licence: entry.licence.clone(),
            good_for: entry.good_for.clone(),
            in_the_box: false,
            here: get::local(&entry.name),
            entry: Some(entry.clone()),
        }
    }

    fn fits(&self, word: &str) -> bool {
        let format = self.entry.as_ref().map(|entry| format!("{:?}", entry.format)).unwrap_or_default();
        [&self.name, &self.good_for, &format].iter().any(|text| text.to_lowercase().contains(word))
    }

    fn cells(&self) -> [String; 6] {
        let dim = self.dim.map_or("sparse".to_owned(), |dim| dim.to_string());
        let size = match (self.in_the_box, self.bytes) {
            (true, _) => "in the box".to_owned(),
            (_, Some(bytes)) => Bytes(bytes).to_string(),
            (_, None) => "?".to_owned(),
        };
        let here = if self.in_the_box || self.here.is_some() { "yes" } else { "" };
        [
            self.name.clone(),
            format!("{} × {dim}", count(self.rows)),
            self.metric.to_owned(),
            size,
            here.to_owned(),
            cut(self.licence.as_deref().unwrap_or("?"), LICENCE),
        ]
    }
}

/// Columns of a licence at most; `--json` has it whole.
const LICENCE: usize = 18;

fn cut(text: &str, width: usize) -> String {
    console::truncate_str(text, width, "…").into_owned()
}

/// Lists data sets.
pub fn list(flags: &ListFlags) -> anyhow::Result<ExitCode> {
    let boxed: anyhow::Result<Vec<Listed>> = boxed::NAMES.iter().map(|name| Listed::boxed(name)).collect();
    let mut sets = boxed?;
    sets.extend(catalogue::entries().iter().map(Listed::fetched));
    if let Some(word) = flags.word.as_ref().map(|word| word.to_lowercase()) {
        sets.retain(|set| set.fits(&word));
    }
    if flags.json {
        out::json(&sets)?;
    } else {
        out::print(&table(&sets, flags.word.is_some(), paint::style().width))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A line a set; with `more`, also what it is good for and its whole licence.
fn table(sets: &[Listed], more: bool, width: usize) -> String {
    let head = ["name", "rows × dimensions", "metric", "to fetch", "here", "licence"].map(str::to_owned);
    let rows: Vec<_> = sets.iter().map(Listed::cells).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().chain([&head]).filter_map(|cells| cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String; 6]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let pad = " ".repeat(width - cell.chars().count());
            // Numbers end below each other.
            if column == 3 { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
        });
        cut(padded.collect::<Vec<_>>().join("  ").trim_end(), width)
    };
    let mut lines = vec![line(&head)];
    for (cells, set) in rows.iter().zip(sets) {
        lines.push(line(cells));
        if more {
            lines.push(format!("  {}", set.good_for));
            lines.extend(set.licence.as_ref().map(|licence| format!("  licence: {licence}")));
            lines.extend(set.here.as_ref().map(|path| format!("  here: {}", path.display())));
        }
    }
    lines.push(
        "\n`annvil data get NAME` fetches a set; `annvil data list WORD` says more of those with the word."
            .into(),
    );
    lines.push("What is shown as `?` is not published. Mind the licence of what you fetch.\n".into());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_has_a_line_that_fits_the_terminal() {
        let sets: Vec<_> = catalogue::entries().iter().map(Listed::fetched).collect();
        let text = table(&sets, false, 100);
        assert_eq!(text.lines().count(), sets.len() + 4);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        let line = text.lines().find(|line| line.starts_with("sift-128-euclidean ")).unwrap_or_default();
        assert!(line.contains("1,000,000 × 128") && line.contains(" l2 ") && line.contains('?'), "{line}");
        assert!(table(&sets, true, 100).contains("\n  image features; easy, and in every paper\n"));
    }
}
