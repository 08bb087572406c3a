//! Figures of pairs of measurements, as rows of a table.

/// What is reached is compared with this.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bar {
    /// Ours must be at least so many times theirs.
    Least(f64),
    /// At most.
    Most(f64),
    /// It is only told.
    None,
}

/// One figure of both sides, pair by pair.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) what: String,
    pub(super) flags: String,
    pub(super) ours: Vec<f64>,
    pub(super) theirs: Vec<f64>,
    /// How a figure is written.
    pub(super) show: fn(f64) -> String,
    pub(super) bar: Bar,
}

impl Figures {
    /// Ours divided by theirs, of each pair, in order.
    fn ratios(&self) -> Vec<f64> {
        let mut ratios: Vec<f64> = self.ours.iter().zip(&self.theirs).map(|(a, b)| a / b).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        ratios
    }

    /// Whether the median reaches the bar; none without a bar.
    pub(super) fn met(&self) -> Option<bool> {
        let ratio = median(&self.ratios());
        match self.bar {
            Bar::Least(bar) => Some(ratio >= bar),
            Bar::Most(bar) => Some(ratio <= bar),
            Bar::None => None,
        }
    }

    /// As a row of a Markdown table.
    pub(super) fn row(&self) -> String {
        let ratios = self.ratios();
        let (least, most) = (ratios.first().unwrap_or(&0.0), ratios.last().unwrap_or(&0.0));
        let bar = match self.bar {
            Bar::Least(bar) => format!("≥ {bar}"),
            Bar::Most(bar) => format!("≤ {bar}"),
            Bar::None => String::new(),
        };
        let met = self.met().map_or("", |met| if met { "met" } else { "missed" });
        let [ours, theirs] = [&self.ours, &self.theirs].map(|one| (self.show)(median(one)));
        let ratio = format!("{:.2} ({least:.2} to {most:.2})", median(&ratios));
        format!("| {} | {} | {ours} | {theirs} | {ratio} | {bar} | {met} |", self.what, self.flags)
    }
}

/// The head of the table.
pub(super) const HEAD: &str = "\
| what | theirs by | ours | theirs | ratio: median (range) | bar | |
|---|---|---|---|---|---|---|";

/// A rate with thousands marks.
pub(super) fn rate(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let marked = digits.char_indices().map(|(i, digit)| {
        let mark = if i > 0 && (digits.len() - i).is_multiple_of(3) { "," } else { "" };
        format!("{mark}{digit}")
    });
    format!("{}/s", marked.collect::<String>())
}

/// Seconds of an operation as microseconds.
pub(super) fn microseconds(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

/// The middle one; the mean of the two in the middle of an even number.
fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(bar: Bar) -> Figures {
        let (what, flags) = ("`select 1`".to_owned(), "`pgbench`".to_owned());
        Figures {
            what,
            flags,
            ours: vec![900.0, 1_000_000.0, 1_500.0],
            theirs: vec![1_000.0; 3],
            show: rate,
            bar,
        }
    }

    #[test]
    fn ratios_are_of_pairs_and_the_median_counts() {
        assert_eq!(figures(Bar::Least(1.5)).met(), Some(true));
        assert_eq!(figures(Bar::Least(1.51)).met(), Some(false));
        assert_eq!(figures(Bar::Most(1.49)).met(), Some(false));
        assert_eq!(figures(Bar::None).met(), None);
        assert_eq!(
            figures(Bar::Least(1.5)).row(),
            "| `select 1` | `pgbench` | 1,500/s | 1,000/s | 1.50 (0.90 to 1000.00) | ≥ 1.5 | met |"
        );
    }

    #[test]
    fn rates_have_thousands_marks() {
        assert_eq!([rate(7.2), rate(999.6), rate(1_234_567.0)], ["7/s", "1,000/s", "1,234,567/s"]);
        assert_eq!(microseconds(12.34e-6), "12.3 µs");
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    }
}
