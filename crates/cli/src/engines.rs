//! `annvil engines`.

use std::process::ExitCode;

use annvil_engines::EngineSummary;

use crate::flags::JsonFlag;
use crate::out;

/// Lists the engines and what each supports.
pub fn engines(flags: &JsonFlag) -> anyhow::Result<ExitCode> {
    let engines = annvil_engines::list();
    if flags.json {
        out::json(&engines)?;
    } else {
        let blocks: Vec<String> = engines.iter().map(block).collect();
        out::print(&blocks.join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One engine, a line for each thing that can be asked of it.
fn block(engine: &EngineSummary) -> String {
    let names = |list: &mut dyn Iterator<Item = String>| list.collect::<Vec<_>>().join(", ");
    let also = [(engine.filters, "filtered search"), (engine.persists, "persist, restore")];
    let also = also.into_iter().filter(|(has, _)| *has).map(|(_, what)| what.to_owned());
    let mut lines = vec![
        format!("{}   {}", engine.name, engine.version),
        format!("  {}", engine.about),
        format!(
            "  operations  {}",
            names(&mut engine.operations.iter().map(ToString::to_string).chain(also))
        ),
        format!("  storage     {}", engine.storages.join(", ")),
        format!("  index       {}", engine.indexes.join(", ")),
        format!("  metric      {}", names(&mut engine.metrics.iter().map(ToString::to_string))),
    ];
    for (at, limit) in engine.limits.iter().enumerate() {
        lines.push(format!("  {:10}  {limit}", if at == 0 { "limits" } else { "" }));
    }
    lines.join("\n") + "\n"
}
