//! Durations, sizes and rates as types, and how people read and write them.
//!
//! Two kinds of text: `Display` rounds to about three digits for reading (`9.2 ms`, `14.6 MB`, `14,300/s`); the
//! [`HumanDuration`], [`HumanBytes`] and [`HumanRate`] of scenario files write a text that reads back exactly (`90s`).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod human;
mod parse;

pub use human::{HumanBytes, HumanDuration, HumanRate};
pub use parse::UnitError;
pub(crate) use parse::{BYTES, RATE, TIME, is_number};

/// A duration, or an instant as the offset from a clock's zero, in nanoseconds.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds.saturating_mul(1_000_000))
    }

    /// Whole microseconds.
    pub const fn from_micros(microseconds: u64) -> Self {
        Self(microseconds.saturating_mul(1_000))
    }

    /// The difference; zero if `other` is the later or longer one.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum; the longest representable duration (584 years) if it does not fit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// In seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// As the standard library's type.
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl From<Duration> for Nanos {
    /// Durations over 584 years become the longest representable one.
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        nanos.as_duration()
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&time_text(self.0 as f64))
    }
}

impl FromStr for Nanos {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        TIME.whole(text).map(Self)
    }
}

/// A number of bytes.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Bytes {
    /// The difference; zero if `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum; the largest representable size if it does not fit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&size_text(self.0 as f64))
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        BYTES.whole(text).map(Self)
    }
}

/// A number per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Rate(pub f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&rate_text(self.0))
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        RATE.number(text).map(Self)
    }
}

/// A count with thousands marks: `14,300`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut marked = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            marked.push(',');
        }
        marked.push(digit);
    }
    marked
}

/// A count and its noun, which takes an `s` where there is not exactly one: `1 run`, `14,300 runs`.
pub fn counted(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {one}s", count(n)) }
}

/// Nanoseconds as people read them: `190 ns`, `68 µs`, `9.2 ms`, `1.4 s`, `3 min 20 s`, `2 h 5 min`.
///
/// Takes a fraction because a mean is one, and a sign because a difference has one.
pub fn time_text(nanoseconds: f64) -> String {
    readable(nanoseconds, |ns| {
        let seconds = (ns / 1e9).round();
        match round3(ns) {
            ns if ns < 1e3 => format!("{} ns", figure(ns)),
            ns if ns < 1e6 => format!("{} µs", figure(ns / 1e3)),
            ns if ns < 1e9 => format!("{} ms", figure(ns / 1e6)),
            ns if ns < 60e9 => format!("{} s", figure(ns / 1e9)),
            _ if seconds < 3600.0 => two_units(seconds, "min", "s"),
            _ => two_units((seconds / 60.0).round(), "h", "min"),
        }
    })
}

/// `small` of the smaller unit, sixty of which make one of the larger.
fn two_units(small: f64, larger: &str, smaller: &str) -> String {
    let (whole, rest) = (count((small / 60.0) as u64), small as u64 % 60);
    if rest == 0 { format!("{whole} {larger}") } else { format!("{whole} {larger} {rest} {smaller}") }
}

/// Bytes as people read them, in decimal units: `790 B`, `14.6 MB`.
pub fn size_text(bytes: f64) -> String {
    readable(bytes, |bytes| match round3(bytes) {
        b if b < 1e3 => format!("{} B", figure(b)),
        b if b < 1e6 => format!("{} kB", figure(b / 1e3)),
        b if b < 1e9 => format!("{} MB", figure(b / 1e6)),
        b if b < 1e12 => format!("{} GB", figure(b / 1e9)),
        b => format!("{} TB", figure(b / 1e12)),
    })
}

/// A rate per second as people read it: `12.5/s`, `14,300/s`, `1.13 M/s`.
pub fn rate_text(per_second: f64) -> String {
    readable(per_second, |rate| match round3(rate) {
        r if r < 1e6 => format!("{}/s", figure(r)),
        r => format!("{} M/s", figure(r / 1e6)),
    })
}

/// A plain number to three digits with thousands marks: `1.5`, `14,300`.
pub(crate) fn number_text(number: f64) -> String {
    readable(number, figure)
}

/// Sets the sign apart, and keeps what is no number from looking like one.
fn readable(value: f64, text: impl Fn(f64) -> String) -> String {
    if !value.is_finite() {
        "unknown".to_owned()
    } else if value < 0.0 {
        format!("-{}", text(-value))
    } else {
        text(value.abs())
    }
}

/// Rounded to three significant digits, so that a unit is chosen for what will be printed: 999.7 µs is `1 ms`.
fn round3(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

fn figure(value: f64) -> String {
    let rounded = round3(value);
    if rounded >= 1e3 { count(rounded as u64) } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let cases: [(u64, &str); 15] = [
            (0, "0 ns"),
            (190, "190 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (68_000, "68 µs"),
            (68_449, "68.4 µs"),
            (999_700, "1 ms"),
            (9_200_000, "9.2 ms"),
            (1_400_000_000, "1.4 s"),
            (59_970_000_000, "1 min"),
            (200_000_000_000, "3 min 20 s"),
            (3_599_600_000_000, "1 h"),
            (7_500_000_000_000, "2 h 5 min"),
            (360_000_000_000_000, "100 h"),
            (9_999, "10 µs"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(Nanos(nanoseconds).to_string(), text);
        }
        assert_eq!(time_text(-0.5e6), "-500 µs");
        assert_eq!(time_text(-0.0), "0 ns");
        assert_eq!(time_text(f64::NAN), "unknown");
    }

    #[test]
    fn sizes_rates_and_counts_read_as_people_write_them() {
        for (bytes, text) in
            [(790, "790 B"), (14_640_000, "14.6 MB"), (999_950, "1 MB"), (1_234_000_000, "1.23 GB")]
        {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
        for (rate, text) in [
            (14_312.0, "14,300/s"),
            (2_910.0, "2,910/s"),
            (1_130_400.0, "1.13 M/s"),
            (999_800.0, "1 M/s"),
            (12.5, "12.5/s"),
            (0.25, "0.25/s"),
            (2.5e9, "2,500 M/s"),
        ] {
            assert_eq!(Rate(rate).to_string(), text);
        }
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
        for (n, text) in [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (14_300, "14,300 runs")] {
            assert_eq!(counted(n, "run"), text);
        }
        assert_eq!(format!("{:>8}|{:<6}|", Nanos(68_000), Bytes(5)), "   68 µs|5 B   |");
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Nanos(3).saturating_sub(Nanos(5)), Nanos::ZERO);
        assert_eq!(Nanos(u64::MAX).saturating_add(Nanos(5)), Nanos(u64::MAX));
        assert_eq!(Nanos::from(Duration::MAX), Nanos(u64::MAX));
        assert_eq!(Duration::from(Nanos::from_millis(3)), Duration::from_millis(3));
        assert_eq!(Nanos::from_micros(1_500_000).as_secs_f64(), 1.5);
    }
}
