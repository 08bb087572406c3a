//! `annvil data synth`: a set that is made, written in Annvil's own format block by block.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use annvil_core::dataset::SynthSpec;
use annvil_core::units::count;
use annvil_core::vector::Vectors;
use annvil_data::formats::native::{About, NativeWriter};
use annvil_data::synth::{FitOptions, Generator};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::bar;
use crate::{interrupt, out};

/// Rows that are made together.
const BLOCK: usize = 1 << 14;

/// Flags of `annvil data synth`.
#[derive(Debug, Clone, Args)]
pub struct SynthFlags {
    /// The folder to write.
    out: PathBuf,
    /// Number of rows, such as 50000, 50k or 1M.
    #[arg(long, value_name = "N")]
    rows: Option<String>,
    /// Dimensions of a vector.
    #[arg(long, value_name = "N")]
    dim: Option<String>,
    /// Number of queries.
    #[arg(long, value_name = "N")]
    queries: Option<String>,
    /// Where every random choice comes from.
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Fit to this set, by name or path, or to a model file that `--model` wrote.
    #[arg(long, value_name = "SET")]
    like: Option<String>,
    /// Any other key of a recipe: `--set clusters.count=100`, `--set kind=uniform`, `--set "tenants={count: 50}"`.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Write the model that was fitted with `--like`.
    #[arg(long, value_name = "FILE.json", requires = "like")]
    model: Option<PathBuf>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a set.
pub fn synth(flags: &SynthFlags) -> anyhow::Result<ExitCode> {
    if flags.out.exists() {
        bail!("{} exists\n  Choose another name, or remove it.", flags.out.display());
    }
    annvil_data::convert::check_folder_name(&flags.out)?;
    let recipe = recipe(flags)?;
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if !flags.json && flags.like.is_some() {
        out::say("  fitting");
    }
    let generator = Generator::open(&recipe, &FitOptions { threads, ..FitOptions::default() })?;
    for warning in generator.warnings() {
        out::say(&format!("warning: {warning}"));
    }
    if let (Some(path), Some(model)) = (&flags.model, generator.model()) {
        std::fs::write(path, model.to_json()?).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let name = flags.out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let about = About {
        name: name.clone(),
        metric: Some(generator.metric()),
        licence: None,
        source: Some(format!("annvil data synth: {}", serde_json::to_string(generator.recipe())?)),
    };
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    interrupt::at_first(true, move || stop.store(true, Ordering::Relaxed))?;
    let failed = || format!("cannot write {}; check the path and the space on its disk", flags.out.display());
    let rows = generator.rows();
    let mut writer =
        NativeWriter::create(&flags.out, recipe.element, generator.dim(), about).with_context(failed)?;
    let bar = bar::bar("rows", flags.json);
    bar.set_length(rows as u64);
    for start in (0..rows).step_by(BLOCK) {
        let range = start..rows.min(start + BLOCK);
        let block = generator.block(range.clone(), threads)?;
        writer.base(&block, 0..block.rows()).with_context(failed)?;
        bar.set_position(range.end as u64);
        if stopped.load(Ordering::Relaxed) {
            out::say("stopped; nothing is left");
            return Ok(ExitCode::from(130));
        }
    }
    bar.finish_and_clear();
    let queries = recipe.queries.0;
    if queries > 0 {
        writer.queries(&Vectors::F32(generator.queries(0..queries)?)).with_context(failed)?;
    }
    let labels = generator.labels(0..rows)?;
    if labels.columns().next().is_some() {
        writer.labels(&labels).with_context(failed)?;
    }
    writer.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    if flags.json {
        out::json(&json!({
            "path": flags.out, "rows": rows, "dim": generator.dim(), "metric": generator.metric(), "queries": queries,
            "seconds": seconds, "warnings": generator.warnings(), "recipe": generator.recipe(),
        }))?;
    } else {
        let like = recipe.like.as_ref().map_or_else(String::new, |like| format!(", like {like}"));
        out::print(&format!(
            "  {} × {} {} {}{like}, {} queries, written to {} in {seconds:.1} s\n  next: annvil data inspect {}\n",
            count(rows as u64),
            generator.dim(),
            recipe.element,
            generator.metric(),
            count(queries as u64),
            flags.out.display(),
            flags.out.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The flags as a recipe, read as strictly as one in a scenario.
fn recipe(flags: &SynthFlags) -> anyhow::Result<SynthSpec> {
    let keys = [
        ("rows", &flags.rows),
        ("dim", &flags.dim),
        ("queries", &flags.queries),
        ("seed", &flags.seed),
        ("like", &flags.like),
    ];
    let mut set: Vec<(String, String)> =
        keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect();
    for text in &flags.set {
        let Some((key, value)) = text.split_once('=') else {
            bail!("`--set {text}` has no `=`\n  Write it as --set clusters.count=100.");
        };
        set.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    annvil_core::dataset::read_recipe(&set).map_err(anyhow::Error::msg)
}
