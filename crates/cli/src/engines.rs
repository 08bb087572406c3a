//! `annvil engines`.

use std::process::ExitCode;

use crate::flags::JsonFlag;

/// Lists the engines and what each supports.
pub fn engines(flags: &JsonFlag) -> anyhow::Result<ExitCode> {
    let engines = annvil_engines::list();
    if flags.json {
        println!("{}", serde_json::to_string_pretty(&engines)?);
        return Ok(ExitCode::SUCCESS);
    }
    for engine in &engines {
        let metrics: Vec<String> = engine.metrics.iter().map(ToString::to_string).collect();
        let operations: Vec<String> = engine.operations.iter().map(ToString::to_string).collect();
        let also = [(engine.filters, "filtered search"), (engine.persists, "persist, restore")];
        let also = also.into_iter().filter(|(has, _)| *has).map(|(_, what)| what.to_owned());
        println!("{}   {}", engine.name, engine.version);
        println!("  {}", engine.about);
        println!("  operations  {}", operations.into_iter().chain(also).collect::<Vec<_>>().join(", "));
        println!("  storage     {}", engine.storages.join(", "));
        println!("  index       {}", engine.indexes.join(", "));
        println!("  metric      {}", metrics.join(", "));
        for (at, limit) in engine.limits.iter().enumerate() {
            println!("  {:10}  {limit}", if at == 0 { "limits" } else { "" });
        }
        println!();
    }
    Ok(ExitCode::SUCCESS)
}
