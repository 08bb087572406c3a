//! A run driven from Rust: `cargo run --release --package annvil --example from_rust`.

use annvil_conduct::event::Event;
use annvil_conduct::{Outcome, Overrides, Run, prepare};

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 2000}
engine: embedded
variants: {flat: {baseline: true}, hnsw: {index: {hnsw: {}}, search: {ef_search: [16, 64]}}}
phases: [search: {k: 10}]
objectives: [search.recall@10.mean >= 0.95]
";

fn main() -> anyhow::Result<()> {
    let prepared = prepare("from_rust.yaml", SCENARIO, &Overrides::default(), 2)?;
    let record = Run::new(prepared, "runs").begin()?.measure(&mut |_: &Event| {})?;
    print!("{}", annvil_report::terminal(&record, &annvil_report::Style::default()));
    println!("{:?}", Outcome::of(&record));
    Ok(())
}
