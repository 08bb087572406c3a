//! Holding a value against an objective.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Objective;
use crate::quantity::Unit;

/// A met objective is [`Grade::Near`] this close to its target.
const NEAR: f64 = 0.05;

/// How a value stands to its objective, from good to bad; what cannot be told comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The target is reached with room to spare.
    Met,
    /// The target is reached, but by less than 5 %.
    Near,
    /// The target is not reached.
    Missed,
    /// The value is beyond the critical level.
    Critical,
    /// The value, or one it is compared with, was not measured.
    Unknown,
}

/// A value held against an objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// How it stands.
    pub grade: Grade,
    /// The target in the quantity's base unit; `None` if what it is relative to is missing.
    pub target: Option<f64>,
    /// Distance to the target as a share of it, positive on the good side; `None` if there is no target or it is zero.
    pub margin: Option<f64>,
}

impl Objective {
    /// Holds `value` against the objective. All values are in the quantity's base unit.
    ///
    /// `reference` is what the variant reached that the target is relative to, `critical_reference` the same for the
    /// critical level; both are ignored where the level is absolute.
    ///
    /// Near means within 5 % of the target. For a share whose target is above one half it means within 5 % of the gap
    /// between target and 1, because what matters there is what is missing: at a target of 0.95, up to 0.9525.
    ///
    /// What is not a finite number, or is needed and missing, is never met: the grade is [`Grade::Unknown`]. Only a
    /// missed target stays missed when the critical level alone is missing.
    pub fn judge(&self, value: f64, reference: Option<f64>, critical_reference: Option<f64>) -> Judgement {
        let target = self.target.level(reference);
        let (Some(target), true) = (target, value.is_finite()) else {
            return Judgement { grade: Grade::Unknown, target, margin: None };
        };
        let beyond = match &self.critical {
            None => Some(false),
            Some(critical) => critical.level(critical_reference).map(|level| self.worse(value, level)),
        };
        let grade = match (self.op.holds(value, target), beyond) {
            (_, Some(true)) => Grade::Critical,
            (false, _) => Grade::Missed,
            (true, None) => Grade::Unknown,
            (true, Some(false)) if self.is_near(value, target) => Grade::Near,
            (true, Some(false)) => Grade::Met,
        };
        let distance = if self.op.is_upper_limit() { target - value } else { value - target };
        let margin = Some(distance / target.abs()).filter(|margin| margin.is_finite());
        Judgement { grade, target: Some(target), margin }
    }

    /// Whether `value` lies on the worse side of `level`.
    fn worse(&self, value: f64, level: f64) -> bool {
        if self.op.is_upper_limit() { value > level } else { value < level }
    }

    fn is_near(&self, value: f64, target: f64) -> bool {
        let scale =
            if self.quantity.unit() == Unit::Share && target > 0.5 { 1.0 - target } else { target.abs() };
        // A target of zero, or of all, has nothing around it: whoever meets it has met it.
        // The last factor lets 0.9525 be near 0.95 although neither is exact in binary.
        scale > 0.0 && (value - target).abs() <= NEAR * scale * (1.0 + 1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(objective: &str, value: f64, reference: Option<f64>, critical: Option<f64>) -> Judgement {
        objective.parse::<Objective>().unwrap().judge(value, reference, critical)
    }

    fn grade(objective: &str, value: f64) -> Grade {
        judge(objective, value, None, None).grade
    }

    #[test]
    fn absolute_targets() {
        let time = "s.service.p95 < 100ns, critical 200ns";
        let cases = [
            (time, 50.0, Grade::Met),
            (time, 94.0, Grade::Met),
            (time, 95.0, Grade::Near),
            (time, 99.9, Grade::Near),
            (time, 100.0, Grade::Missed),
            (time, 200.0, Grade::Missed),
            (time, 200.1, Grade::Critical),
            (time, f64::NAN, Grade::Unknown),
            (time, f64::INFINITY, Grade::Unknown),
            ("s.service.p95 <= 100ns", 100.0, Grade::Near),
            ("l.throughput > 100/s, critical 50/s", 106.0, Grade::Met),
            ("l.throughput > 100/s, critical 50/s", 101.0, Grade::Near),
            ("l.throughput > 100/s, critical 50/s", 100.0, Grade::Missed),
            ("l.throughput > 100/s, critical 50/s", 49.0, Grade::Critical),
            ("l.throughput > 100/s", f64::INFINITY, Grade::Unknown),
            ("l.throughput > 0/s", 0.1, Grade::Met),
        ];
        for (objective, value, expected) in cases {
            assert_eq!(grade(objective, value), expected, "{objective} at {value}");
        }
    }

    #[test]
    fn near_a_high_share_is_measured_by_the_gap_to_one() {
        assert_eq!(grade("s.recall@10 >= 0.75", 0.75), Grade::Near);
        assert_eq!(grade("s.recall@10 >= 0.75", 0.7625), Grade::Near);
        assert_eq!(grade("s.recall@10 >= 0.75", 0.763), Grade::Met);
        assert_eq!(grade("s.recall@10 >= 0.5", 0.525), Grade::Near);
        assert_eq!(grade("s.recall@10 >= 0.5", 0.53), Grade::Met);
        assert_eq!(grade("s.success >= 100%", 1.0), Grade::Met);
        assert_eq!(grade("s.success >= 100%", 0.999), Grade::Missed);
    }

    #[test]
    fn a_target_of_zero_has_no_margin() {
        let none = judge("s.short_answers <= 0", 0.0, None, None);
        assert_eq!(none, Judgement { grade: Grade::Met, target: Some(0.0), margin: None });
        let some = judge("s.short_answers <= 0", 3.0, None, None);
        assert_eq!(some, Judgement { grade: Grade::Missed, target: Some(0.0), margin: None });
    }

    #[test]
    fn margins_are_positive_on_the_good_side() {
        assert_eq!(judge("s.time < 100ns", 75.0, None, None).margin, Some(0.25));
        assert_eq!(judge("s.time < 100ns", 150.0, None, None).margin, Some(-0.5));
        assert_eq!(judge("s.throughput >= 100/s", 150.0, None, None).margin, Some(0.5));
        assert_eq!(judge("s.throughput >= 100/s", 0.0, None, None).margin, Some(-1.0));
    }

    #[test]
    fn relative_targets_need_their_reference() {
        let relative = "s.time < 1/4 x baseline, critical 1/2 x 'other'";
        let met = judge(relative, 20.0, Some(100.0), Some(100.0));
        assert_eq!(met, Judgement { grade: Grade::Met, target: Some(25.0), margin: Some(0.2) });
        assert_eq!(judge(relative, 51.0, Some(100.0), Some(100.0)).grade, Grade::Critical);
        // Met by the one measure, critical by the other: the worse one counts.
        assert_eq!(judge(relative, 20.0, Some(100.0), Some(30.0)).grade, Grade::Critical);
        assert_eq!(judge(relative, 20.0, Some(100.0), None).grade, Grade::Unknown);
        assert_eq!(judge(relative, 30.0, Some(100.0), None).grade, Grade::Missed);
        for missing in [None, Some(f64::NAN)] {
            let unknown = judge(relative, 20.0, missing, Some(100.0));
            assert_eq!(unknown, Judgement { grade: Grade::Unknown, target: None, margin: None });
        }
        assert_eq!(judge(relative, f64::NAN, Some(100.0), None).target, Some(25.0));
    }

    #[test]
    fn grades_are_ordered_and_written_in_snake_case() {
        let worst = [Grade::Missed, Grade::Met, Grade::Critical, Grade::Near].into_iter().max();
        assert_eq!(serde_json::to_string(&worst).unwrap(), "\"critical\"");
    }
}
