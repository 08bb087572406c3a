//! Fits a model to a set and says how near rows drawn from it come; or times the drawing of a recipe.
//!
//! ```text
//! cargo run --release -p annvil-data --example like -- wordnet-10k [model.json]
//! cargo run --release -p annvil-data --example like -- '{"rows": "5M", "dim": 96}'
//! ```

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use annvil_core::dataset::{Count, DataSpec};
use annvil_core::vector::Vectors;
use annvil_data::synth::{FitOptions, Generator, Recipe, fit};
use annvil_data::{intrinsic, open};

fn main() -> Result<(), Box<dyn Error>> {
    let threads = std::thread::available_parallelism()?.get();
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().ok_or("name a data set, or give a recipe as JSON")?;
    if what.starts_with('{') {
        return time(&Generator::open(&serde_json::from_str(&what)?, &FitOptions::default())?, threads);
    }
    let dataset = open(&DataSpec::named(what.as_str()))?;
    let options = FitOptions { threads, ..FitOptions::default() };
    let start = Instant::now();
    let model = fit(&*dataset, &options)?;
    let json = model.to_json()?;
    println!("fitted in {:.1} s; the model takes {} kB", start.elapsed().as_secs_f64(), json.len() / 1000);
    println!("{:#?}\n{:#?}", model.texture, model.fit);
    if let Some(file) = arguments.next() {
        std::fs::write(file, json)?;
    }
    let metric = model.metric;
    let recipe = Recipe { rows: Count(model.rows), seed: 2, ..Recipe::default() };
    let generator = Generator::like(&recipe, model)?;
    for warning in generator.warnings() {
        println!("warning: {warning}");
    }
    let drawn = generator.block(0..generator.rows(), threads)?;
    let figures = |rows: &Vectors| intrinsic::estimate(rows, metric, 2000, 5, threads);
    println!("the set {:?}\ndrawn   {:?}", figures(dataset.base())?, figures(&drawn)?);
    Ok(())
}

/// Draws all rows block by block, and forgets them.
fn time(generator: &Generator, threads: usize) -> Result<(), Box<dyn Error>> {
    const BLOCK: usize = 50_000;
    let start = Instant::now();
    for first in (0..generator.rows()).step_by(BLOCK) {
        generator.block(first..generator.rows().min(first + BLOCK), threads)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} rows in {seconds:.1} s, {:.0} a second",
        generator.rows(),
        generator.rows() as f64 / seconds
    );
    Ok(())
}
