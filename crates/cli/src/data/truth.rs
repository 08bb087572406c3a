//! `annvil data truth`: exact answers, of all queries, under filters, and at the checkpoints of a runbook.

mod check;
mod write;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use annvil_core::dataset::Dataset;
use annvil_core::filter::Filter;
use annvil_core::scenario::runbook::read_runbook;
use annvil_core::truth::ExactAnswer;
use annvil_core::units::count;
use annvil_data::DataError;
use annvil_data::bundle::FilteredAnswer;
use annvil_data::exact::{Admission, Bitmap, Request, Stopped};
use annvil_data::filtered::{self, Ask};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use self::check::Check;
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
    #[arg(long = "where", value_name = "FILTER", conflicts_with_all = ["filters", "runbook"])]
    filter: Vec<Filter>,
    /// Queries with a filter each: a .jsonl file, {"query": 0, "filter": "…"} a line. `own` takes those of the set itself.
    #[arg(long, value_name = "FILE", conflicts_with = "runbook")]
    filters: Option<PathBuf>,
    /// At each search step of a runbook, over the rows that are in the collection then.
    #[arg(long, value_name = "FILE")]
    runbook: Option<PathBuf>,
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

/// Answers that were computed together.
struct Answered {
    /// Among which rows, in words; nothing if among all.
    among: String,
    /// The step of a runbook.
    step: Option<usize>,
    answers: Vec<Answer>,
}

/// The answer to one query.
struct Answer {
    query: usize,
    filter: Option<Filter>,
    exact: ExactAnswer,
    /// What somebody else says it is.
    claimed: Option<Vec<u64>>,
}

/// Computes exact answers.
pub fn truth(flags: &TruthFlags) -> anyhow::Result<ExitCode> {
    if flags.k == 0 {
        bail!("`--k 0` asks for no neighbours\n  Ask for at least one.");
    }
    let plain = flags.filters.is_none() && flags.runbook.is_none() && flags.filter.len() < 2;
    let format = flags.out.as_deref().map(|path| write::format(path, plain)).transpose()?;
    let spec = flags.set.spec();
    let bundle = annvil_data::bundle(&spec)?;
    if bundle.queries.is_none() {
        bail!("{} has no queries\n  Give them with --queries FILE.", flags.set.set);
    }
    let filtered = flags.filters.as_deref().map(|path| asked(path, bundle.filtered)).transpose()?;
    let set = annvil_data::open(&spec)?;
    let began = Instant::now();
    let answered = match (filtered, &flags.runbook) {
        (Some(asked), _) => Ok(vec![under_filters(&*set, asked, flags)?]),
        (None, Some(path)) => Ok(at_checkpoints(&*set, path, flags)?),
        (None, None) => for_all(&*set, flags)?,
    };
    let Ok(answered) = answered else {
        out::say("stopped; nothing was written");
        return Ok(ExitCode::from(130));
    };
    let seconds = began.elapsed().as_secs_f64();
    if let (Some(path), Some(format)) = (&flags.out, format) {
        write::write(path, format, &answered).with_context(|| {
            format!("cannot write {}; check the path and the space on its disk", path.display())
        })?;
    }
    let checks: Vec<Option<Check>> =
        answered.iter().map(|one| flags.check.then(|| check::check(&*set, one)).flatten()).collect();
    if flags.check && checks.iter().all(Option::is_none) {
        bail!(
            "there is nothing to check against\n  Give a set with answers, `--truth FILE`, or a file of filters with `top`; answers of a set are those without a filter."
        );
    }
    if flags.json {
        out::json(&report(&answered, &checks, seconds))?;
    } else {
        out::print(&text(&*set, &answered, &checks, seconds, flags))?;
    }
    let wrong = checks.iter().flatten().any(|check| check.wrong > 0);
    Ok(ExitCode::from(u8::from(wrong)))
}

fn asked(path: &Path, own: Vec<FilteredAnswer>) -> anyhow::Result<Vec<FilteredAnswer>> {
    let file = path.display().to_string();
    let asked =
        if path == Path::new("own") { own } else { filtered::read(&read(path)?).context(file.clone())? };
    if asked.is_empty() {
        bail!(
            "there are no filtered queries in {file}\n  Write {{\"query\": 0, \"filter\": \"label = 'value'\"}} on each line."
        );
    }
    Ok(asked)
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(path).map_err(|source| DataError::Read { file: path.display().to_string(), source })
}

fn threads(flags: &TruthFlags) -> usize {
    flags.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Without filters, or for all queries under each of some.
fn for_all(set: &dyn Dataset, flags: &TruthFlags) -> anyhow::Result<Result<Vec<Answered>, Stopped>> {
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    interrupt::at_first(true, move || stop.store(true, Ordering::Relaxed))?;
    let bar = bar::bar("exact answers", flags.json);
    let report = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
        !stopped.load(Ordering::Relaxed)
    };
    let filters: Vec<Option<&Filter>> =
        if flags.filter.is_empty() { vec![None] } else { flags.filter.iter().map(Some).collect() };
    let mut answered = vec![];
    for filter in filters {
        let labels = set.labels();
        let rows = match filter {
            None => None,
            Some(filter) => {
                let predicate = filter.compile(labels).map_err(DataError::from)?;
                Some(Bitmap::new(set.info().rows, |row| predicate.matches(labels, row)))
            }
        };
        let mut request = Request::new(set.base(), set.queries(), set.info().metric, flags.k);
        request.admission = rows.as_ref().map_or(Admission::All, Admission::Rows);
        request.threads = threads(flags);
        request.report = Some(&report);
        let truth = match request.run() {
            Ok(truth) => truth,
            Err(stopped) => return Ok(Err(stopped)),
        };
        // The set's own answers are among all rows.
        let shipped = set.shipped_truth().filter(|_| filter.is_none());
        let answer = |(query, exact)| Answer {
            query,
            filter: filter.cloned(),
            exact,
            claimed: shipped.and_then(|truth| truth.ids.get(query).cloned()),
        };
        answered.push(Answered {
            among: filter.map_or_else(String::new, |filter| format!(" where {filter}")),
            step: None,
            answers: truth.into_iter().enumerate().map(answer).collect(),
        });
    }
    bar.finish_and_clear();
    Ok(Ok(answered))
}

fn under_filters(
    set: &dyn Dataset,
    asked: Vec<FilteredAnswer>,
    flags: &TruthFlags,
) -> anyhow::Result<Answered> {
    let asks: Vec<Ask> =
        asked.iter().map(|one| Ask { query: one.query, filter: one.filter.clone() }).collect();
    let truth = filtered::truth(set, &asks, flags.k, threads(flags))?;
    // Somebody who writes no answer at all claims none.
    let claims = asked.iter().any(|one| !one.ids.is_empty());
    let answer = |(one, exact): (FilteredAnswer, ExactAnswer)| Answer {
        query: one.query,
        filter: Some(one.filter),
        exact,
        claimed: claims.then_some(one.ids),
    };
    let answers = asked.into_iter().zip(truth).map(answer).collect();
    Ok(Answered { among: ", each query under its filter".to_owned(), step: None, answers })
}

fn at_checkpoints(set: &dyn Dataset, path: &Path, flags: &TruthFlags) -> anyhow::Result<Vec<Answered>> {
    let text = String::from_utf8(read(path)?).with_context(|| format!("{} is not UTF-8", path.display()))?;
    let steps = read_runbook(&path.display().to_string(), &text, None, &set.info().name)?;
    let checkpoints = annvil_data::runbook::truths(set, &steps, flags.k, threads(flags))?;
    if checkpoints.is_empty() {
        bail!("{} searches nothing\n  Add `- search: {{}}` where answers are wanted.", path.display());
    }
    let answered = checkpoints.into_iter().map(|checkpoint| Answered {
        among: format!(" at step {}, when there are {}", checkpoint.step, count(checkpoint.rows)),
        step: Some(checkpoint.step),
        answers: (0..)
            .zip(checkpoint.truth)
            .map(|(query, exact)| Answer { query, filter: None, exact, claimed: None })
            .collect(),
    });
    Ok(answered.collect())
}

/// Rows that a query has to choose from, on average.
fn matches(one: &Answered) -> f64 {
    one.answers.iter().map(|answer| answer.exact.matches as f64).sum::<f64>()
        / one.answers.len().max(1) as f64
}

fn report(answered: &[Answered], checks: &[Option<Check>], seconds: f64) -> serde_json::Value {
    let one = |(one, check): (&Answered, &Option<Check>)| {
        let filter = one.answers.first().and_then(|answer| answer.filter.as_ref()).map(ToString::to_string);
        let same = one.answers.iter().all(|answer| answer.filter.as_ref().map(ToString::to_string) == filter);
        json!({
            "filter": filter.filter(|_| same),
            "step": one.step,
            "answers": one.answers.len(),
            "mean_matches": matches(one),
            "check": check,
        })
    };
    json!({"seconds": seconds, "answered": answered.iter().zip(checks).map(one).collect::<Vec<_>>()})
}

fn text(
    set: &dyn Dataset,
    answered: &[Answered],
    checks: &[Option<Check>],
    seconds: f64,
    flags: &TruthFlags,
) -> String {
    let info = set.info();
    let mut text = String::new();
    for (one, check) in answered.iter().zip(checks) {
        text += &format!(
            "  {} exact answers, {} nearest by {} of {} rows{}; {:.2} % of the rows match\n",
            count(one.answers.len() as u64),
            flags.k,
            info.metric,
            count(info.rows as u64),
            one.among,
            100.0 * matches(one) / info.rows.max(1) as f64
        );
        if let Some(check) = check {
            text += &format!("  {}\n", check.text());
        }
    }
    let place = match &flags.out {
        Some(path) => format!("written to {}", path.display()),
        None => "not written (--out FILE)".to_owned(),
    };
    text + &format!("  in {seconds:.2} s, {place}\n")
}
