//! The name of a measured figure, the same in every file.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::{Quantity, Stat};

/// Which figure: of which variant, at which point of a sweep, in which phase and form, what, and which statistic of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct MetricKey {
    /// Name of the variant.
    pub variant: String,
    /// The point of the sweep, such as `ef_search=64`; empty where nothing is swept.
    pub point: String,
    /// Unique name of the phase.
    pub phase: String,
    /// Name of the form within the phase; empty for phases that have none (load, settle, persist, restore).
    pub form: String,
    /// What was measured.
    pub quantity: Quantity,
    /// Which statistic of it.
    pub stat: Stat,
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.variant)?;
        if !self.point.is_empty() {
            write!(f, " [{}]", self.point)?;
        }
        write!(f, " {}", self.phase)?;
        if !self.form.is_empty() && self.form != self.phase {
            write!(f, ".{}", self.form)?;
        }
        write!(f, ".{}.{}", self.quantity, self.stat)
    }
}
