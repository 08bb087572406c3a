//! From values to places on a drawing.

/// How values are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spread {
    Even,
    /// By order of magnitude; values must be above zero.
    Log,
    /// By the number of nines: shares near 1 get most of the room. A share of 1 lies where 1 − this would.
    Nines(f64),
}

/// An axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    spread: Spread,
}

impl Scale {
    /// An axis for values from `low` to `high`, drawn from `from` to `to`. An empty range is widened.
    pub(super) fn new(low: f64, high: f64, from: f64, to: f64, spread: Spread) -> Self {
        let (low, high) = match spread {
            Spread::Log if high <= low * 1.02 => (low / 1.5, high * 1.5),
            Spread::Even if high <= low => (low, low + 1.0),
            _ => (low, high),
        };
        Self { low, high, from, to, spread }
    }

    fn place(&self, value: f64) -> f64 {
        match self.spread {
            Spread::Even => value,
            Spread::Log => value.max(f64::MIN_POSITIVE).log10(),
            Spread::Nines(floor) => -(1.0 - value.min(1.0) + floor).log10(),
        }
    }

    /// Where a value lies.
    pub(super) fn at(&self, value: f64) -> f64 {
        let (low, high) = (self.place(self.low), self.place(self.high));
        let share = (self.place(value) - low) / (high - low);
        self.from + share.clamp(-0.05, 1.05) * (self.to - self.from)
    }

    /// Round values on the axis, no nearer to each other than `apart`.
    pub(super) fn ticks(&self, apart: f64) -> Vec<f64> {
        let all = match self.spread {
            Spread::Even => return self.even_ticks(apart),
            Spread::Log => self.log_candidates(),
            // The usual percentiles and no others.
            Spread::Nines(0.0) => vec![vec![0.5, 0.9, 0.99, 0.999, 0.9999, 0.95]],
            Spread::Nines(_) => vec![
                vec![1.0, 0.99, 0.9, 0.999, 0.95, 0.5, 0.9999],
                vec![0.98, 0.995, 0.8, 0.7, 0.6, 0.97, 0.85, 0.992, 0.998, 0.4, 0.2, 0.0],
            ],
        };
        let mut ticks: Vec<f64> = Vec::new();
        // The roundest first: others find their place between them or not at all.
        for value in all.into_iter().flatten().filter(|value| *value >= self.low && *value <= self.high) {
            if ticks.iter().all(|tick| (self.at(*tick) - self.at(value)).abs() >= apart) {
                ticks.push(value);
            }
        }
        ticks.sort_by(f64::total_cmp);
        ticks
    }

    fn log_candidates(&self) -> Vec<Vec<f64>> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let times =
            |factor: f64| decades.clone().map(move |decade| factor * 10f64.powi(decade)).collect::<Vec<_>>();
        vec![times(1.0), times(3.0), times(2.0), times(5.0), times(1.5), times(4.0), times(7.0)]
    }

    fn even_ticks(&self, apart: f64) -> Vec<f64> {
        let room = ((self.to - self.from).abs() / apart).max(1.0);
        let raw = (self.high - self.low) / room;
        let magnitude = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * magnitude).find(|step| *step >= raw);
        let step = step.unwrap_or(10.0 * magnitude);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        (first..=last.min(first + 50)).map(|n| n as f64 * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_where_they_should() {
        let log = Scale::new(10.0, 1000.0, 0.0, 100.0, Spread::Log);
        assert_eq!([log.at(10.0), log.at(100.0), log.at(1000.0)], [0.0, 50.0, 100.0]);
        let down = Scale::new(0.0, 10.0, 100.0, 0.0, Spread::Even);
        assert_eq!(down.at(2.5), 75.0);
        let nines = Scale::new(0.0, 0.99, 0.0, 100.0, Spread::Nines(0.0));
        assert!((nines.at(0.9) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn ticks_are_round_and_apart() {
        let even = Scale::new(0.0, 97.0, 0.0, 400.0, Spread::Even);
        assert_eq!(even.ticks(70.0), [0.0, 20.0, 40.0, 60.0, 80.0]);
        let log = Scale::new(20.0, 3000.0, 0.0, 300.0, Spread::Log);
        assert_eq!(log.ticks(60.0), [30.0, 100.0, 300.0, 1000.0, 3000.0]);
        assert!(Scale::new(5.0, 5.0, 0.0, 300.0, Spread::Log).ticks(40.0).len() >= 2);
        assert!(Scale::new(5.0, 5.0, 0.0, 300.0, Spread::Even).ticks(40.0).len() >= 2);
    }
}
