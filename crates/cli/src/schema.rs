//! `annvil schema`.

use std::process::ExitCode;

use annvil_core::record::RunRecord;
use annvil_core::scenario::Scenario;

use crate::flags::{SchemaFlags, SchemaOf};

/// Prints a JSON Schema, generated from the types that files are read into.
pub fn schema(flags: &SchemaFlags) -> anyhow::Result<ExitCode> {
    let schema = match flags.of {
        SchemaOf::Scenario => schemars::schema_for!(Scenario),
        SchemaOf::Run => schemars::schema_for!(RunRecord),
    };
    println!("{}", serde_json::to_string_pretty(&schema)?);
    Ok(ExitCode::SUCCESS)
}
