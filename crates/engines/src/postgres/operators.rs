//! Distances in SQL: the operator and operator class of each metric, and what the server's numbers mean.

use annvil_core::metric::Metric;

/// A metric as the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operators {
    metric: Metric,
}

impl Operators {
    /// The operators of a metric.
    pub(super) const fn new(metric: Metric) -> Self {
        Self { metric }
    }

    /// The operator between two vectors (two bit strings for Hamming and Jaccard).
    pub(super) const fn symbol(self) -> &'static str {
        match self.metric {
            Metric::Cosine => "<=>",
            Metric::InnerProduct => "<#>",
            Metric::L2 => "<->",
            Metric::L1 => "<+>",
            Metric::Hamming => "<~>",
            Metric::Jaccard => "<%>",
        }
    }

    /// The part of an operator class's name that stands for the metric, such as `cosine` in `vector_cosine_ops`.
    pub(super) const fn class(self) -> &'static str {
        match self.metric {
            Metric::Cosine => "cosine",
            Metric::InnerProduct => "ip",
            Metric::L2 => "l2",
            Metric::L1 => "l1",
            Metric::Hamming => "hamming",
            Metric::Jaccard => "jaccard",
        }
    }

    /// Whether it is a metric of bit strings, which vectors of numbers don't have.
    pub(super) const fn is_of_bits(self) -> bool {
        matches!(self.metric, Metric::Hamming | Metric::Jaccard)
    }

    /// The server's number as a distance of ours: `<#>` is the negative inner product, ours is `1 − a·b`.
    pub(super) fn distance(self, raw: f64) -> f32 {
        match self.metric {
            Metric::InnerProduct => (1.0 + raw) as f32,
            Metric::Cosine | Metric::L2 | Metric::L1 | Metric::Hamming | Metric::Jaccard => raw as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_negative_inner_product_becomes_a_distance() {
        let operators = Operators::new(Metric::InnerProduct);
        // a·b = 0.75, so the server says −0.75.
        assert_eq!(operators.distance(-0.75), 0.25);
        assert_eq!(Operators::new(Metric::L2).distance(0.75), 0.75);
    }

    #[test]
    fn every_metric_has_an_operator_of_its_own() {
        let mut symbols: Vec<_> = Metric::ALL.iter().map(|metric| Operators::new(*metric).symbol()).collect();
        symbols.sort_unstable();
        symbols.dedup();
        assert_eq!(symbols.len(), Metric::ALL.len());
    }
}
