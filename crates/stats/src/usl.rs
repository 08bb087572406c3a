//! The Universal Scalability Law: how throughput grows with sessions, and what stops it.
//!
//! X(n) = λ n / (1 + σ (n − 1) + κ n (n − 1)), after N. J. Gunther, *Guerrilla Capacity Planning* (2007), chapter 4. λ is
//! the throughput of one session, σ the share of the work that only one session can do at a time (contention; with κ = 0
//! this is Amdahl's law), κ the cost of sessions keeping each other up to date (coherency), which makes throughput fall.
//!
//! The law is fitted without iteration. With d = (1 − σ)/λ, b = σ/λ and c = κ/λ it reads n / X = d + b n + c n (n − 1), so the
//! relative residual measured / law − 1 is linear in d, b and c. Least squares with d, b, c ≥ 0 is then convex: its one
//! minimum is found exactly, with λ > 0, 0 ≤ σ ≤ 1 and κ ≥ 0. Residuals relative to the law, not to what was measured, fit
//! noise that is a share of the throughput; the bias in λ is about the square of that share (0.1 % at 3 % noise).

use annvil_core::units::{Rate, count};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod nonnegative;

/// A loss of less than this, relative to throughput in step with the sessions, is no limit: noise of 3 % looks like it.
const LOSS: f64 = 0.10;

/// A peak beyond this many times the most sessions that were measured is not foretold.
const FORETOLD: f64 = 10.0;

/// The law with its coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usl {
    /// Throughput of one session, per second.
    pub lambda: f64,
    /// Contention: the share of the work that is done by one session at a time, 0 to 1.
    pub sigma: f64,
    /// Coherency: the cost of each pair of sessions, relative to the work of one. Not negative.
    pub kappa: f64,
    /// Share of the variance of the measured throughputs that the law explains; at most 1, negative if the law is worse than
    /// their mean. Where they do not vary: 1 if the law agrees with them, else 0.
    pub r2: f64,
    /// The most sessions that were measured; what the law says beyond is extrapolated.
    pub measured_to: f64,
}

/// Fits the law to points of (sessions, throughput), in any order; repeated session counts are welcome.
///
/// `None` with fewer than three distinct session counts, if a session count is below 1, if a throughput is not above zero (a
/// law cannot describe it), or if the points leave the speed of one session open.
pub fn fit(points: &[(f64, f64)]) -> Option<Usl> {
    let usable = |(n, x): &(f64, f64)| n.is_finite() && *n >= 1.0 && x.is_finite() && *x > 0.0;
    if !points.iter().all(usable) {
        return None;
    }
    let mut sessions: Vec<f64> = points.iter().map(|(n, _)| *n).collect();
    sessions.sort_unstable_by(f64::total_cmp);
    sessions.dedup();
    let measured_to = *sessions.last().filter(|_| sessions.len() >= 3)?;

    // Throughputs relative to the highest keep squares in range.
    let highest = points.iter().map(|(_, x)| *x).fold(0.0, f64::max);
    let rows: Vec<[f64; 3]> = points
        .iter()
        .map(|(n, x)| {
            let share = x / highest / n;
            [share, share * n, share * n * (n - 1.0)]
        })
        .collect();
    let [d, b, c] = nonnegative::fit_ones(&rows)?;
    let law = Usl { lambda: highest / (d + b), sigma: b / (d + b), kappa: c / (d + b), r2: 0.0, measured_to };
    let law = Usl { r2: law.explained(points, highest), ..law };
    let finite = [law.lambda, law.sigma, law.kappa, law.r2].iter().all(|value| value.is_finite());
    (finite && law.lambda > 0.0).then_some(law)
}

impl Usl {
    /// Throughput with `n` sessions, per second; `n` from 1.
    pub fn throughput(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.contention(n) + self.coherency(n))
    }

    /// The number of sessions (not rounded, at least 1) with the highest throughput, and that throughput:
    /// n = √((1 − σ) / κ). `None` if throughput only grows (κ = 0), or if κ is so small that the peak would lie beyond ten
    /// times the sessions that were measured: the points say nothing of it.
    pub fn peak(&self) -> Option<(f64, f64)> {
        let n = ((1.0 - self.sigma) / self.kappa).sqrt().max(1.0);
        (self.kappa > 0.0 && n <= FORETOLD * self.measured_to).then(|| (n, self.throughput(n)))
    }

    /// What limits, judged at the most sessions that were measured: nothing if under 10 % is lost there against throughput
    /// in step with the sessions; else coherency if it costs more than contention, or if the peak has been passed; else
    /// contention.
    pub fn limit(&self) -> Limiting {
        let to = self.measured_to;
        let (contention, coherency) = (self.contention(to), self.coherency(to));
        if 1.0 - 1.0 / (1.0 + contention + coherency) < LOSS {
            return Limiting::Nothing { measured_to: to };
        }
        match self.peak() {
            Some((sessions, throughput)) if coherency > contention || sessions <= to => {
                Limiting::Coherency { sessions, throughput, measured_to: to }
            }
            _ => Limiting::Contention { share: self.sigma, ceiling: self.lambda / self.sigma },
        }
    }

    fn contention(&self, n: f64) -> f64 {
        self.sigma * (n - 1.0)
    }

    fn coherency(&self, n: f64) -> f64 {
        self.kappa * n * (n - 1.0)
    }

    fn explained(&self, points: &[(f64, f64)], scale: f64) -> f64 {
        let mean = points.iter().map(|(_, x)| x / scale).sum::<f64>() / points.len() as f64;
        let total: f64 = points.iter().map(|(_, x)| (x / scale - mean).powi(2)).sum();
        let left: f64 = points.iter().map(|(n, x)| ((x - self.throughput(*n)) / scale).powi(2)).sum();
        let rounding = 1e-24 * points.len() as f64;
        if total > rounding { 1.0 - left / total } else { f64::from(u8::from(left <= rounding)) }
    }
}

/// What keeps throughput from growing in step with the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Limiting {
    /// Nothing, as far as was measured.
    Nothing {
        /// The most sessions that were measured.
        measured_to: f64,
    },
    /// Work that only one session can do at a time: throughput nears a ceiling.
    Contention {
        /// The share of such work, σ.
        share: f64,
        /// Throughput that is never passed, λ/σ, per second.
        ceiling: f64,
    },
    /// Sessions holding each other up: throughput has a peak and falls beyond it.
    Coherency {
        /// Sessions at the peak, not rounded.
        sessions: f64,
        /// Throughput at the peak, per second.
        throughput: f64,
        /// The most sessions that were measured; a peak beyond is extrapolated.
        measured_to: f64,
    },
}

impl Limiting {
    /// In plain English: what limits, and where.
    pub fn words(&self) -> String {
        match *self {
            Self::Nothing { measured_to } => {
                format!("Nothing limits up to {}: throughput grows in step with them.", sessions(measured_to))
            }
            Self::Contention { share, ceiling } => {
                // X(n) is half of λ/σ at n = (1 − σ)/σ.
                let half = (1.0 - share) / share;
                let half = if half >= 1.0 {
                    format!(" Half of that is reached with {}.", sessions(half))
                } else {
                    String::new()
                };
                let percent = if share < 0.1 {
                    format!("{:.1}", share * 100.0)
                } else {
                    format!("{:.0}", share * 100.0)
                };
                format!(
                    "Contention limits: {percent} % of the work is done by one session at a time. \
                     Throughput stays below {}, however many sessions there are.{half}",
                    Rate(ceiling)
                )
            }
            Self::Coherency { sessions: n, throughput, measured_to } if n <= measured_to => format!(
                "Coherency limits: sessions hold each other up. Throughput peaks at {} with {} and falls beyond.",
                Rate(throughput),
                sessions(n)
            ),
            Self::Coherency { sessions: n, throughput, measured_to } => format!(
                "Coherency limits: sessions hold each other up. Throughput would peak at about {} with {}, beyond the {} \
                 that were measured.",
                Rate(throughput),
                sessions(n),
                count(measured_to as u64)
            ),
        }
    }
}

fn sessions(n: f64) -> String {
    match n.round() as u64 {
        1 => "1 session".to_owned(),
        n => format!("{} sessions", count(n)),
    }
}

#[cfg(test)]
mod tests;
