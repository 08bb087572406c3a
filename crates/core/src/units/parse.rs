//! Reading a number with its unit.

use thiserror::Error;

/// Why a text is no duration, size or rate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    /// It does not begin with a number.
    #[error("{what} begins with a number, like {example}")]
    NoNumber {
        /// "a duration", "a size" or "a rate".
        what: &'static str,
        /// Two right ones.
        example: &'static str,
    },
    /// The number stands alone.
    #[error("{what} needs a unit, like {example}")]
    NoUnit {
        /// "a duration", "a size" or "a rate".
        what: &'static str,
        /// Two right ones.
        example: &'static str,
    },
    /// The unit is none of ours.
    #[error("{what} has no unit `{unit}`: use {known}")]
    UnknownUnit {
        /// "a duration", "a size" or "a rate".
        what: &'static str,
        /// The unit as written.
        unit: String,
        /// The units there are.
        known: &'static str,
    },
    /// It does not fit.
    #[error("`{text}` is too large")]
    TooLarge {
        /// The whole text.
        text: String,
    },
}

/// One kind of measure: its units and what messages say about it.
pub(crate) struct Measure {
    pub(super) what: &'static str,
    pub(super) example: &'static str,
    known: &'static str,
    /// Each unit by its preferred spelling and how many base units it holds; the base unit has the value 1.
    pub(super) units: &'static [(&'static str, f64)],
    /// Further spellings, read but never written.
    spellings: &'static [(&'static str, f64)],
}

/// Durations, in nanoseconds.
pub(crate) const TIME: Measure = Measure {
    what: "a duration",
    example: "30s or 250ms",
    known: "ns, µs, ms, s, min or h",
    units: &[("h", 3.6e12), ("min", 6e10), ("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)],
    // The second one is the Greek letter, which looks the same as the micro sign.
    spellings: &[("us", 1e3), ("μs", 1e3)],
};

/// Sizes, in bytes.
pub(crate) const BYTES: Measure = Measure {
    what: "a size",
    example: "14MB or 512kB",
    known: "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB",
    units: &[
        ("TB", 1e12),
        ("GB", 1e9),
        ("MB", 1e6),
        ("kB", 1e3),
        ("B", 1.0),
        ("TiB", 1_099_511_627_776.0),
        ("GiB", 1_073_741_824.0),
        ("MiB", 1_048_576.0),
        ("KiB", 1024.0),
    ],
    spellings: &[("KB", 1e3), ("kiB", 1024.0)],
};

/// Rates, per second.
pub(crate) const RATE: Measure = Measure {
    what: "a rate",
    example: "500/s or 30k/s",
    known: "/s, k/s, M/s or /min",
    units: &[("M/s", 1e6), ("k/s", 1e3), ("/s", 1.0)],
    spellings: &[("/min", 1.0 / 60.0)],
};

impl Measure {
    /// The value in base units.
    pub(crate) fn number(&self, text: &str) -> Result<f64, UnitError> {
        let (number, unit) = self.split(text)?;
        let too_large = || UnitError::TooLarge { text: text.to_owned() };
        // A tenth of a kilobyte is 100 bytes exactly, whatever 0.1 is in binary.
        if let Some(whole) = scale_exactly(number, unit) {
            return Ok(whole as f64);
        }
        let bare: f64 = number.parse().map_err(|_| too_large())?;
        // Sixty per minute is one a second exactly: 1/60 is not a number in binary, 60 is.
        let value = if unit < 1.0 { bare / (1.0 / unit).round() } else { bare * unit };
        if value.is_finite() { Ok(value) } else { Err(too_large()) }
    }

    /// The value in whole base units, rounded if need be.
    pub(super) fn whole(&self, text: &str) -> Result<u64, UnitError> {
        let (number, unit) = self.split(text)?;
        if let Some(whole) = scale_exactly(number, unit) {
            return Ok(whole);
        }
        let value = self.number(text)?.round();
        // 2^64 is the first value that does not fit.
        if value < u64::MAX as f64 {
            Ok(value as u64)
        } else {
            Err(UnitError::TooLarge { text: text.to_owned() })
        }
    }

    /// The digits, and the value of the unit behind them.
    fn split<'t>(&self, text: &'t str) -> Result<(&'t str, f64), UnitError> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        if !is_number(number) {
            return Err(UnitError::NoNumber { what: self.what, example: self.example });
        }
        let unit: String = unit.split_whitespace().collect();
        if unit.is_empty() {
            return Err(UnitError::NoUnit { what: self.what, example: self.example });
        }
        match self.units.iter().chain(self.spellings).find(|(name, _)| *name == unit) {
            Some((_, value)) => Ok((number, *value)),
            None => Err(UnitError::UnknownUnit { what: self.what, unit, known: self.known }),
        }
    }

    /// The shortest text that reads back as exactly `value`, which is finite and not negative.
    pub(crate) fn exact(&self, value: f64) -> String {
        let plain = || self.units.iter().find(|(_, size)| *size == 1.0).map_or("", |(name, _)| *name);
        let whole = self
            .units
            .iter()
            .filter(|(_, size)| (value / size).fract() == 0.0 && value / size * size == value);
        // Small units divide everything, large ones make short texts; of two equally short ones the first is decimal.
        let candidates = whole.map(|(name, size)| format!("{}{name}", value / size));
        match candidates.min_by_key(|text| text.chars().count()) {
            Some(text) if value != 0.0 => text,
            _ => format!("{value}{}", plain()),
        }
    }

    /// As [`Self::exact`], for values beyond the whole numbers that a double holds.
    pub(super) fn exact_whole(&self, value: u64) -> String {
        let whole = self.units.iter().filter(|(_, size)| value != 0 && value.is_multiple_of(*size as u64));
        let candidates = whole.map(|(name, size)| format!("{}{name}", value / *size as u64));
        candidates.min_by_key(|text| text.chars().count()).unwrap_or_else(|| self.exact(0.0))
    }
}

/// Whether `text` is digits, perhaps with a point and more digits.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

/// `number` times `unit` in decimal arithmetic, if that is a whole number that fits.
fn scale_exactly(number: &str, unit: f64) -> Option<u64> {
    if unit < 1.0 {
        return None;
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(unit as u128)?;
    let divisor = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    if scaled.is_multiple_of(divisor) { u64::try_from(scaled / divisor).ok() } else { None }
}
