//! PostgreSQL with pgvector, pgvectorscale or `RuVector`.

use annvil_core::engine::{Engine, EngineError, Result};
use annvil_core::metric::Metric;
use annvil_core::scenario::{PostgresSpec, Variant};

use crate::Context;

/// The engine's name.
const NAME: &str = "postgres";

/// Opens the engine.
pub(crate) fn open(_spec: &PostgresSpec, _variant: &Variant, _context: &Context) -> Result<Box<dyn Engine>> {
    Err(EngineError::unsupported(NAME, "anything yet"))
}

/// Refuses what can't work.
pub(crate) fn check(_spec: &PostgresSpec, _variant: &Variant, _metric: Metric) -> Result<()> {
    Ok(())
}
