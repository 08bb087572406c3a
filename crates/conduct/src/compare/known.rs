//! What A/A has found of a machine, as comparisons use it: made from its sessions by [`crate::aa::known`].

use std::collections::BTreeMap;

use annvil_core::comparison::AaSummary;
use annvil_core::key::MetricKey;
use annvil_stats::compare::Between;

/// What A/A has found of a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// In general.
    pub summary: AaSummary,
    /// Of each figure.
    pub figures: BTreeMap<MetricKey, KnownFigure>,
}

/// What A/A has found of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownFigure {
    /// The least margin that makes sense here: a share or a difference.
    pub margin: f64,
    /// How far sessions lie apart, if that was measured.
    pub between: Option<Between>,
}
