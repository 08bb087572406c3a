//! Recorded arrivals: the instants themselves instead of a rate.

use std::sync::Arc;

use thiserror::Error;

use crate::units::{Nanos, UnitError};

use super::Schedule;

/// Recorded instants, as [`parse_trace`] reads them.
#[derive(Debug, Clone)]
pub struct Trace {
    offsets: Arc<[Nanos]>,
    next: usize,
    last: Nanos,
}

impl Trace {
    /// The instants in their order; one that goes back counts as the one before it.
    pub fn new(offsets: Arc<[Nanos]>) -> Self {
        Self { offsets, next: 0, last: Nanos::ZERO }
    }
}

impl Schedule for Trace {
    fn next(&mut self) -> Option<Nanos> {
        let due = *self.offsets.get(self.next)?;
        self.next += 1;
        self.last = self.last.max(due);
        Some(self.last)
    }
}

/// Why a text is no trace.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TraceError {
    /// A line is no time.
    #[error("line {line}: `{text}` is no time: write seconds, like 0.125, or a unit, like 12.5ms")]
    NotATime {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A time is below zero.
    #[error("line {line}: `{text}` is before the start: offsets are never negative")]
    Negative {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A time is infinite or not a number.
    #[error("line {line}: `{text}` is no instant: offsets are finite numbers")]
    NotFinite {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A time is over 584 years.
    #[error("line {line}: `{text}` is too large")]
    TooLarge {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A time is earlier than the one before it.
    #[error("line {line}: `{text}` is earlier than `{before}` in line {line_before}: offsets never go back")]
    GoesBack {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
        /// The line of the time before it.
        line_before: usize,
        /// What stands there.
        before: String,
    },
    /// There is no time at all.
    #[error("the trace is empty: write one offset a line, like 0.125 or 12.5ms")]
    Empty,
}

/// Reads a trace: one offset from the start of the phase a line, in seconds (`0.125`) or with a unit (`12.5ms`), never
/// going back. Empty lines are left out, and what follows a `#`.
pub fn parse_trace(text: &str) -> Result<Arc<[Nanos]>, TraceError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut offsets = Vec::new();
    let mut before: Option<(Nanos, usize, &str)> = None;
    for (line, written) in (1..).zip(text.lines()) {
        let written = written.split('#').next().unwrap_or_default().trim();
        if written.is_empty() {
            continue;
        }
        let offset = offset(line, written)?;
        match before {
            Some((earlier, line_before, before)) if offset < earlier => {
                let (text, before) = (shown(written), shown(before));
                return Err(TraceError::GoesBack { line, text, line_before, before });
            }
            _ => before = Some((offset, line, written)),
        }
        offsets.push(offset);
    }
    if offsets.is_empty() { Err(TraceError::Empty) } else { Ok(offsets.into()) }
}

fn offset(line: usize, written: &str) -> Result<Nanos, TraceError> {
    let text = || shown(written);
    let with_unit = |text: &str| match text.parse::<f64>() {
        // Seconds by decimal arithmetic where there is no exponent: 0.3 is 300 ms exactly.
        Ok(_) => format!("{text}s").parse(),
        Err(_) => text.parse(),
    };
    match with_unit(written) {
        Ok(offset) => return Ok(offset),
        Err(UnitError::TooLarge { .. }) => return Err(TraceError::TooLarge { line, text: text() }),
        Err(_) => {}
    }
    if written.strip_prefix('-').is_some_and(|rest| with_unit(rest).is_ok_and(|offset| offset > Nanos::ZERO))
    {
        return Err(TraceError::Negative { line, text: text() });
    }
    // What is left is `1e-5`, `.5`, `-0`, `inf`, or no number.
    let Ok(seconds) = written.parse::<f64>() else { return Err(TraceError::NotATime { line, text: text() }) };
    let nanoseconds = (seconds * 1e9).round();
    if seconds < 0.0 && seconds.is_finite() {
        Err(TraceError::Negative { line, text: text() })
    } else if (0.0..u64::MAX as f64).contains(&nanoseconds) {
        Ok(Nanos(nanoseconds as u64))
    } else if written.contains(|c: char| c.is_ascii_digit()) {
        Err(TraceError::TooLarge { line, text: text() })
    } else {
        Err(TraceError::NotFinite { line, text: text() })
    }
}

/// What a message repeats of a line; it may be any file, and a terminal must not obey it.
fn shown(written: &str) -> String {
    const REPEATED: usize = 40;
    let mut shown: String = written.chars().take(REPEATED).flat_map(char::escape_debug).collect();
    if written.chars().nth(REPEATED).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seconds_and_units_are_read() {
        let text =
            "\u{feff}# recorded on a Monday\n0\n\n 0.125 # the second\r\n1.3e-1\n150ms\n150ms\n2 s\n+2.5\n";
        let offsets: Vec<u64> =
            parse_trace(text).unwrap().iter().map(|offset| offset.0 / 1_000_000).collect();
        assert_eq!(offsets, [0, 125, 130, 150, 150, 2000, 2500]);
        assert_eq!(parse_trace("4e-09\n0.3\n").unwrap()[..], [Nanos(4), Nanos(300_000_000)]);
        assert_eq!(parse_trace("-0").unwrap()[..], [Nanos::ZERO]);
    }

    #[test]
    fn other_lines_say_what_is_wrong() {
        for (text, message) in [
            ("", "the trace is empty: write one offset a line, like 0.125 or 12.5ms"),
            ("# nothing\n\n", "the trace is empty: write one offset a line, like 0.125 or 12.5ms"),
            ("1\nsoon", "line 2: `soon` is no time: write seconds, like 0.125, or a unit, like 12.5ms"),
            ("3 m", "line 1: `3 m` is no time: write seconds, like 0.125, or a unit, like 12.5ms"),
            ("-0.5", "line 1: `-0.5` is before the start: offsets are never negative"),
            ("-1e-300", "line 1: `-1e-300` is before the start: offsets are never negative"),
            ("#\n-3ms", "line 2: `-3ms` is before the start: offsets are never negative"),
            ("NaN", "line 1: `NaN` is no instant: offsets are finite numbers"),
            ("-inf", "line 1: `-inf` is no instant: offsets are finite numbers"),
            ("1e400", "line 1: `1e400` is too large"),
            ("99999999999", "line 1: `99999999999` is too large"),
            ("9999999h", "line 1: `9999999h` is too large"),
            ("0.5\n\n20ms", "line 3: `20ms` is earlier than `0.5` in line 1: offsets never go back"),
        ] {
            assert_eq!(parse_trace(text).unwrap_err().to_string(), message, "{text}");
        }
        let long = parse_trace(&format!("\u{1b}[2J{}", "x".repeat(1_000_000))).unwrap_err().to_string();
        assert!(long.starts_with(r"line 1: `\u{1b}[2Jxxx") && long.len() < 150, "{long}");
    }

    #[test]
    fn a_trace_gives_its_instants_and_never_goes_back() {
        let mut trace = Trace::new([Nanos(3), Nanos(9), Nanos(5)].into());
        let due: Vec<Nanos> = std::iter::from_fn(|| trace.next()).collect();
        assert_eq!(due, [Nanos(3), Nanos(9), Nanos(9)]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(any in "\\PC{0,40}", lines in "([-+0-9.eE#smnµhinfa \r\t]{0,12}\n){0,6}") {
            for text in [any, lines] {
                if let Ok(offsets) = parse_trace(&text) {
                    prop_assert!(!offsets.is_empty() && offsets.is_sorted());
                }
            }
        }

        #[test]
        fn what_is_written_is_read(mut offsets in prop::collection::vec(0..1u64 << 50, 1..50)) {
            offsets.sort_unstable();
            let lines = offsets.iter().map(|ns| format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000));
            let text = lines.collect::<Vec<_>>().join("\n");
            let read: Vec<u64> = parse_trace(&text).unwrap().iter().map(|offset| offset.0).collect();
            prop_assert_eq!(read, offsets);
        }
    }
}
