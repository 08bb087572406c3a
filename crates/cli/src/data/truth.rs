//! `annvil data truth`: exact answers, of all queries, under filters, and at the checkpoints of a runbook.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use annvil_core::dataset::{Dataset, Neighbours};
use annvil_core::filter::Filter;
use annvil_core::truth::Truth;
use annvil_core::units::count;
use annvil_data::bundle::FilteredAnswer;
use annvil_data::exact::Request;
use annvil_data::filtered::{self, Ask};
use annvil_data::formats::{Format, bin, npy, vecs};
use annvil_data::precise;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::bar;
use super::set::SetFlags;
use crate::{interrupt, out};

/// Flags of `annvil data truth`.
#[derive(Debug, Clone, Args)]
pub struct TruthFlags {
    #[command(flatten)]
    set: SetFlags,
    /// Neighbours of each query.
    #[arg(short, long, default_value_t = 100)]
    k: usize,
    /// Among the rows that a filter selects, such as `price < 20 and colour = 'red'`; for all queries, as often as needed.
    #[arg(long = "where", value_name = "FILTER", conflicts_with = "filters")]
    filter: Vec<Filter>,
    /// Queries with a filter each: a .jsonl file, {"query": 0, "filter": "…"} a line. Those in the set itself with `own`.
    #[arg(long, value_name = "FILE")]
    filters: Option<PathBuf>,
    /// Write the answers here: .ivecs, .ibin or .npy (distances then beside it, .distances.npy), or .jsonl.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Compare with the answers that came with the set, or stand in the file of filters. Exit code 1 if some are wrong.
    #[arg(long)]
    check: bool,
    /// Threads; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Answers under one filter, or under none.
struct Answered {
    filter: Option<Filter>,
    /// Number of the query of each answer.
    queries: Vec<usize>,
    truth: Truth,
    /// Answers that are claimed elsewhere, for the same queries.
    claimed: Option<Vec<Vec<u64>>>,
}

/// Computes exact answers.
pub fn truth(flags: &TruthFlags) -> anyhow::Result<ExitCode> {
    if flags.k == 0 {
        bail!("`--k 0` asks for no neighbours\n  Ask for at least one.");
    }
    let format = flags.out.as_deref().map(|path| format_of(path, flags)).transpose()?;
    let spec = flags.set.spec()?;
    let filtered = match &flags.filters {
        None => None,
        Some(path) if path == Path::new("own") => Some(annvil_data::bundle(&spec)?.filtered),
        Some(path) => {
            let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            Some(filtered::read(&text).with_context(|| path.display().to_string())?)
        }
    };
    let set = annvil_data::open(&spec)?;
    let threads = flags.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let began = Instant::now();
    let answered = match filtered {
        Some(asked) => vec![under_filters(&*set, asked, flags.k, threads)?],
        None if flags.filter.is_empty() => vec![for_all(&*set, None, flags, threads)?],
        None => flags.filter.iter().map(|filter| for_all(&*set, Some(filter), flags, threads)).collect::<Result<_, _>>()?,
    };
    let seconds = began.elapsed().as_secs_f64();
    if let (Some(path), Some(format)) = (&flags.out, format) {
        write(path, format, &answered)?;
    }
    let checks: Vec<Option<Check>> = answered.iter().map(|one| flags.check.then(|| check(&*set, one)).flatten()).collect();
    if flags.check && checks.iter().all(Option::is_none) {
        bail!("there is nothing to check against\n  Give a set with answers, `--truth FILE`, or a file of filters with `top`; answers of a set are those without a filter.");
    }
    if flags.json {
        out::json(&report(&answered, &checks, seconds))?;
    } else {
        out::print(&text(&*set, &answered, &checks, seconds, flags))?;
    }
    let wrong = checks.iter().flatten().any(|check| check.wrong > 0);
    Ok(ExitCode::from(u8::from(wrong)))
}

fn format_of(path: &Path, flags: &TruthFlags) -> anyhow::Result<Format> {
    let format = Format::of_name(path);
    let plain = flags.filters.is_none() && flags.filter.len() < 2;
    match format {
        Some(format @ Format::Jsonl) => Ok(format),
        Some(format @ (Format::Ivecs | Format::Ibin | Format::Npy)) if plain => Ok(format),
        Some(Format::Ivecs | Format::Ibin | Format::Npy) => bail!(
            "answers under several filters don't fit into {}\n  Write them as .jsonl, one answer a line.",
            path.display()
        ),
        _ => bail!("{} has no format for answers\n  Write .ivecs, .ibin, .npy or .jsonl.", path.display()),
    }
}

fn for_all(set: &dyn Dataset, filter: Option<&Filter>, flags: &TruthFlags, threads: usize) -> anyhow::Result<Answered> {
    let bar = bar::bar("exact answers", flags.json);
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    // A second listener does no harm: each filter starts its own.
    interrupt::at_first(true, move || stop.store(true, Ordering::Relaxed))?;
    let report = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
        !stopped.load(Ordering::Relaxed)
    };
    let labels = set.labels();
    let rows = filter
        .map(|filter| {
            let predicate = filter.compile(labels)?;
            anyhow::Ok(annvil_data::exact::Bitmap::new(set.info().rows, |row| predicate.matches(labels, row)))
        })
        .transpose()?;
    let mut request = Request::new(set.base(), set.queries(), set.info().metric, flags.k);
    if let Some(rows) = &rows {
        request.admission = annvil_data::exact::Admission::Rows(rows);
    }
    request.threads = threads;
    request.report = Some(&report);
    let truth = request.run()?;
    bar.finish_and_clear();
    let claimed = match filter {
        None => set.shipped_truth().map(|truth| truth.ids.clone()),
        Some(_) => None,
    };
    Ok(Answered { filter: filter.cloned(), queries: (0..truth.len()).collect(), truth, claimed })
}

fn under_filters(set: &dyn Dataset, asked: Vec<FilteredAnswer>, k: usize, threads: usize) -> anyhow::Result<Answered> {
    let asks: Vec<Ask> = asked.iter().map(|one| Ask { query: one.query, filter: one.filter.clone() }).collect();
    let truth = filtered::truth(set, &asks, k, threads)?;
    let claimed: Vec<Vec<u64>> = asked.into_iter().map(|one| one.ids).collect();
    let claimed = claimed.iter().any(|ids| !ids.is_empty()).then_some(claimed);
    Ok(Answered { filter: None, queries: asks.iter().map(|ask| ask.query).collect(), truth, claimed })
}

/// Claimed answers against computed ones.
struct Check {
    answers: usize,
    /// Answers that are the same rows in the same order.
    same: usize,
    /// Answers that differ only among rows at one distance, as far as 16-bit rows can tell distances apart.
    tied: usize,
    wrong: usize,
}

/// Distances that claims computed in single precision, or from rows before they were rounded, may be off by.
const NEAR: f64 = 1e-3;

fn check(set: &dyn Dataset, answered: &Answered) -> Option<Check> {
    let claimed = answered.claimed.as_ref()?;
    let mut check = Check { answers: claimed.len(), same: 0, tied: 0, wrong: 0 };
    let mut row = vec![0.0; set.info().dim];
    let mut far = |query: usize, id: u64| {
        set.base().write_f32(id as usize, &mut row);
        precise::distance(set.info().metric, set.queries().row(query), &row)
    };
    for ((claim, answer), query) in claimed.iter().zip(&answered.truth).zip(&answered.queries) {
        let k = answer.ids.len().min(claim.len());
        // Fewer are claimed than there are, or more than can be.
        let complete = claim.len() >= answer.ids.len() || claim.len() <= answer.matches;
        if claim[..k] == answer.ids[..k] && complete {
            check.same += 1;
        } else if complete && (0..k).all(|at| (far(*query, claim[at]) - answer.distances[at]).abs() <= NEAR) {
            check.tied += 1;
        } else {
            check.wrong += 1;
        }
    }
    Some(check)
}

fn write(path: &Path, format: Format, answered: &[Answered]) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}; check the path and the space on its disk", path.display());
    let scratch = path.with_extension("part");
    let create = |path: &Path| Ok::<_, std::io::Error>(BufWriter::new(File::create(path)?));
    let ids = |one: &Answered| Neighbours { ids: one.truth.iter().map(|answer| answer.ids.clone()).collect() };
    let written = || -> std::io::Result<()> {
        let mut out = create(&scratch)?;
        match (format, answered) {
            (Format::Ivecs, [one]) => vecs::write_ids(&ids(one), out)?,
            (Format::Ibin, [one]) => bin::write_ids(&ids(one), out)?,
            (Format::Npy, [one]) => {
                npy::write_ids(&ids(one), out)?;
                let distances: Vec<Vec<f64>> = one.truth.iter().map(|answer| answer.distances.clone()).collect();
                npy::write_distances(&distances, create(&path.with_extension("distances.npy"))?)?;
            }
            _ => {
                for one in answered {
                    for (query, answer) in one.queries.iter().zip(&one.truth) {
                        let mut line = json!({"query": query, "matches": answer.matches, "ids": answer.ids, "distances": answer.distances});
                        if let Some(filter) = &one.filter {
                            line["filter"] = filter.to_string().into();
                        }
                        serde_json::to_writer(&mut out, &line)?;
                        out.write_all(b"\n")?;
                    }
                }
                out.flush()?;
            }
        }
        fs::rename(&scratch, path)
    };
    written().with_context(failed).inspect_err(|_| {
        let _ = fs::remove_file(&scratch);
    })
}

fn matches(one: &Answered) -> f64 {
    one.truth.iter().map(|answer| answer.matches as f64).sum::<f64>() / one.truth.len().max(1) as f64
}

fn report(answered: &[Answered], checks: &[Option<Check>], seconds: f64) -> serde_json::Value {
    let one = |(one, check): (&Answered, &Option<Check>)| {
        let check = check.as_ref().map(|check| json!({"answers": check.answers, "same": check.same, "tied": check.tied, "wrong": check.wrong}));
        json!({
            "filter": one.filter.as_ref().map(ToString::to_string),
            "answers": one.truth.len(),
            "mean_matches": matches(one),
            "check": check,
        })
    };
    json!({"seconds": seconds, "answered": answered.iter().zip(checks).map(one).collect::<Vec<_>>()})
}

fn text(set: &dyn Dataset, answered: &[Answered], checks: &[Option<Check>], seconds: f64, flags: &TruthFlags) -> String {
    let info = set.info();
    let mut text = String::new();
    for (one, check) in answered.iter().zip(checks) {
        let among = one.filter.as_ref().map_or_else(String::new, |filter| format!(" where {filter}"));
        let share = 100.0 * matches(one) / info.rows.max(1) as f64;
        let _ = writeln!(
            text,
            "  {} exact answers, {} nearest by {} of {} rows{among}; {share:.2} % of the rows match",
            count(one.truth.len() as u64),
            flags.k,
            info.metric,
            count(info.rows as u64)
        );
        if let Some(check) = check {
            let _ = writeln!(
                text,
                "  {} of {} claimed answers are the same, {} differ among rows that are equally near (within {NEAR}), {} are wrong",
                count(check.same as u64),
                count(check.answers as u64),
                count(check.tied as u64),
                count(check.wrong as u64)
            );
        }
    }
    let _ = write!(text, "  in {seconds:.2} s");
    let _ = match &flags.out {
        Some(path) => writeln!(text, ", written to {}", path.display()),
        None => writeln!(text, "; written nowhere (--out FILE)"),
    };
    text
}
