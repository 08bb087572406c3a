//! `annvil data inspect`.

use std::fmt::Write;
use std::process::ExitCode;

use annvil_core::units::{Bytes, count};
use annvil_data::formats::native;
use annvil_data::inspect::{Asked, Finding, Grade, Inspection, Spread, VectorFigures};
use clap::Args;

use super::set::SetFlags;
use crate::out;

/// Flags of `annvil data inspect`.
#[derive(Debug, Clone, Args)]
pub struct InspectFlags {
    #[command(flatten)]
    set: SetFlags,
    /// Rows and queries that are sampled for figures of distances.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    sample: usize,
    /// Where the sample comes from.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at a set. Exit code 1 if something is wrong with it.
pub fn inspect(flags: &InspectFlags) -> anyhow::Result<ExitCode> {
    let folder = std::path::Path::new(&flags.set.set);
    if folder.join(native::MANIFEST).is_file() {
        // Whoever looks wants to know of every changed byte; runs compare the content hash instead.
        native::verify(folder)?;
    }
    let bundle = annvil_data::bundle(&flags.set.spec())?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let asked = Asked { metric: flags.set.metric, sample: flags.sample.max(3), seed: flags.seed, threads };
    let found = annvil_data::inspect::inspect(bundle, asked)?;
    if flags.json {
        out::json(&found)?;
    } else {
        out::print(&text(&found))?;
    }
    let wrong = found.findings.iter().any(|finding| finding.grade == Grade::Wrong);
    Ok(ExitCode::from(u8::from(wrong)))
}

fn text(found: &Inspection) -> String {
    let metric = found.metric.map_or_else(|| "metric not said".to_owned(), |metric| metric.to_string());
    let mut out = format!(
        "{}   {} × {} {}, {}, {}\n",
        found.name,
        count(found.rows as u64),
        found.dim,
        found.element,
        Bytes(found.bytes),
        metric
    );
    let mut line = |name: &str, text: &str| out += &row(name, text);
    if let Some(licence) = &found.licence {
        line("licence", licence);
    }
    line("base", &vectors(&found.base));
    match &found.queries {
        Some(queries) => {
            line(
                "queries",
                &format!(
                    "{} × {}; {}",
                    count(queries.vectors.rows as u64),
                    queries.dim,
                    vectors(&queries.vectors)
                ),
            );
        }
        None => line("queries", "none"),
    }
    if let Some(geometry) = &found.geometry {
        let of = |name: &str, spread: Option<Spread>| {
            spread.map(|s| format!("{name} {:.4} ({:.4} to {:.4})", s.p50, s.p1, s.p99))
        };
        let distances =
            [of("nearest", geometry.nearest), of("tenth", geometry.tenth), of("any two", geometry.random)];
        line(
            "distances",
            &format!(
                "{} {}, medians and 1 % to 99 %, {} rows sampled",
                geometry.metric,
                distances.into_iter().flatten().collect::<Vec<_>>().join(", "),
                count(geometry.sampled as u64)
            ),
        );
        let figure = |name: &str, x: Option<f64>| x.map(|x| format!("{name} {x:.1}"));
        let dimension = [
            figure("maximum likelihood", geometry.intrinsic_mle),
            figure("two nearest", geometry.intrinsic_two_nn),
        ];
        line("intrinsic dim.", &dimension.into_iter().flatten().collect::<Vec<_>>().join(", "));
        let hard = [
            geometry.relative_contrast.map(|x| format!("relative contrast {x:.2}")),
            geometry.hubness.map(|x| format!("hubness {x:.2}")),
        ];
        line("hardness", &hard.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    out += &parts(found);
    out.push('\n');
    for finding in &found.findings {
        out.push_str(&finding_text(finding));
    }
    let _ = writeln!(out, "{}{}", if found.findings.is_empty() { "" } else { "\n" }, found.verdict);
    out
}

fn row(name: &str, text: &str) -> String {
    format!("  {name:<17} {text}\n")
}

/// What belongs to the vectors: queries, metrics, answers, labels.
fn parts(found: &Inspection) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: &str| out += &row(name, text);
    if let Some(both) = &found.queries_and_rows {
        let ratio = both.ratio.map_or_else(String::new, |ratio| format!(", {ratio:.2} × that of rows"));
        let nearest =
            both.nearest.map_or_else(String::new, |s| format!("nearest row at {:.4}{ratio}", s.p50));
        line("query to base", &nearest);
    }
    for overlap in &found.overlaps {
        line(
            "metrics",
            &format!(
                "{:.1} % of the ten nearest by {} are so by {}",
                100.0 * overlap.share,
                overlap.one,
                overlap.other
            ),
        );
    }
    if let Some(truth) = &found.truth {
        line(
            "answers",
            &format!(
                "{:.1} % right of {} × {} that were computed again",
                100.0 * truth.right,
                truth.queries,
                truth.k
            ),
        );
    }
    for column in &found.labels {
        let range = column.range.map_or_else(String::new, |[low, high]| format!(", {low} to {high}"));
        let most = column.most_frequent.as_ref().map_or_else(String::new, |value| {
            format!(", {:.2} % are {}", 100.0 * column.share, shortened(value))
        });
        line(
            &format!("label {}", column.name),
            &format!(
                "{}, in {:.1} % of rows, {} different{range}{most}",
                column.kind.name(),
                100.0 * column.present,
                count(column.distinct as u64)
            ),
        );
    }
    out
}

fn vectors(figures: &VectorFigures) -> String {
    let length = match (figures.normalised, figures.length) {
        (true, _) => "all of length 1".to_owned(),
        (false, Some(s)) => format!("lengths {:.3} to {:.3}, median {:.3}", s.min, s.max, s.p50),
        (false, None) => "no lengths".to_owned(),
    };
    let copies = match figures.duplicates.rows {
        0 => "no exact copies".to_owned(),
        n => format!("{} exact copies", count(n as u64)),
    };
    format!("{length}, values {:.3} to {:.3}, {copies}", figures.smallest, figures.largest)
}

fn shortened(text: &str) -> String {
    const MOST: usize = 30;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST - 1).chain(['…']).collect()
    }
}

fn finding_text(finding: &Finding) -> String {
    let mark = match finding.grade {
        Grade::Wrong => "✗ wrong    ",
        Grade::Doubtful => "! doubtful ",
        Grade::Note => "· note     ",
    };
    format!("  {mark} {}\n               {}\n", finding.what, finding.help)
}
