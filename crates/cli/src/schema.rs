//! `annvil schema`.

use std::process::ExitCode;

use annvil_core::comparison::Comparison;
use annvil_core::gate::{GateReport, GateSpec};
use annvil_core::record::RunRecord;
use annvil_core::scenario::Scenario;

use crate::flags::{SchemaFlags, SchemaOf};
use crate::out;

/// Prints a JSON Schema, generated from the types that files are read into.
pub fn schema(flags: &SchemaFlags) -> anyhow::Result<ExitCode> {
    let schema = match flags.of {
        SchemaOf::Scenario => schemars::schema_for!(Scenario),
        SchemaOf::Run => schemars::schema_for!(RunRecord),
        SchemaOf::Gate => schemars::schema_for!(GateSpec),
        SchemaOf::GateReport => schemars::schema_for!(GateReport),
        SchemaOf::Comparison => schemars::schema_for!(Comparison),
    };
    out::json(&schema)?;
    Ok(ExitCode::SUCCESS)
}
