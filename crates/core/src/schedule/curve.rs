//! A rate over time, its integral, and the inverse of that.

use thiserror::Error;

use crate::units::{Nanos, Rate};

use super::Piece;

/// A rate over time, made of consecutive pieces; never negative.
///
/// ```
/// use annvil_core::schedule::{Curve, Piece};
/// use annvil_core::units::{Nanos, Rate};
///
/// // From nothing to 100/s in ten seconds, then ten seconds more.
/// let curve = Curve::new(vec![
///     Piece::Ramp { from: Rate(0.0), to: Rate(100.0), length: Nanos::from_secs(10) },
///     Piece::Hold { rate: Rate(100.0), length: Nanos::from_secs(10) },
/// ])?;
/// assert_eq!(curve.rate_at(Nanos::from_secs(5)), Rate(50.0));
/// assert_eq!(curve.integral(Nanos::from_secs(10)), 500.0);
/// assert_eq!(curve.total(), 1500.0);
/// assert_eq!(curve.inverse(600.0), Some(Nanos::from_secs(11)));
/// assert_eq!(curve.inverse(1501.0), None);
/// # Ok::<(), annvil_core::schedule::CurveError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    spans: Vec<Span>,
    duration: Nanos,
    total: f64,
}

/// A piece in its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    piece: Piece,
    begin: Nanos,
    end: Nanos,
    /// Arrivals to expect before it.
    before: f64,
    /// The same with its own.
    pub(super) after: f64,
}

/// Why pieces make no curve.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum CurveError {
    /// A rate is infinite or not a number.
    #[error("a rate must be a finite number")]
    NotFinite,
    /// A rate is below zero.
    #[error("a rate of {0} is negative")]
    Negative(Rate),
    /// A rate is above one arrival a nanosecond.
    #[error("a rate of {0} is more than one arrival a nanosecond")]
    TooFast(Rate),
    /// A sine would be below zero.
    #[error("the amplitude of {amplitude} is larger than the mean of {mean}: the rate would be negative")]
    Dips {
        /// The mean.
        mean: Rate,
        /// The amplitude.
        amplitude: Rate,
    },
    /// A sine swings in no time.
    #[error("the period of a sine must be longer than nothing")]
    NoPeriod,
    /// The pieces together last over 584 years.
    #[error("the pieces together are too long")]
    TooLong,
}

impl Curve {
    /// The pieces, one after the other.
    pub fn new(pieces: Vec<Piece>) -> Result<Self, CurveError> {
        let mut spans = Vec::with_capacity(pieces.len());
        let (mut begin, mut before) = (Nanos::ZERO, 0.0);
        for piece in pieces {
            piece.check()?;
            let length = piece.length();
            let end = begin.0.checked_add(length.0).map(Nanos).ok_or(CurveError::TooLong)?;
            let after = before + piece.integral(length.0 as f64);
            spans.push(Span { piece, begin, end, before, after });
            (begin, before) = (end, after);
        }
        Ok(Self { spans, duration: begin, total: before })
    }

    /// How long it is.
    pub fn duration(&self) -> Nanos {
        self.duration
    }

    /// The rate at an instant: where two pieces meet that of the later one, and from the end on zero.
    pub fn rate_at(&self, at: Nanos) -> Rate {
        let span = self.span_at(at);
        Rate(span.map_or(0.0, |span| span.piece.rate_at(at.saturating_sub(span.begin).0 as f64)))
    }

    /// Arrivals to expect before an instant.
    pub fn integral(&self, until: Nanos) -> f64 {
        self.span_at(until).map_or(self.total, |span| {
            let inside = span.piece.integral(until.saturating_sub(span.begin).0 as f64);
            (span.before + inside).min(span.after)
        })
    }

    /// Arrivals to expect in all.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The instant at which the integral reaches `count`; `None` beyond the total and below zero.
    ///
    /// Where the rate is zero for a while the integral stands still. Then this is the end of that while, so that no
    /// arrival is due where the curve has none.
    pub fn inverse(&self, count: f64) -> Option<Nanos> {
        if !(0.0..=self.total).contains(&count) {
            return None;
        }
        let next = self.spans.partition_point(|span| span.after <= count);
        Some(self.spans.get(next).map_or(self.duration, |span| span.due(count, span.begin)))
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    fn span_at(&self, at: Nanos) -> Option<&Span> {
        self.spans.get(self.spans.partition_point(|span| span.end <= at))
    }
}

impl Span {
    /// When the arrival is due before which `count` are expected; `count` lies within the piece. `near` is an instant
    /// not far from it, such as that of the arrival before.
    #[inline]
    pub(super) fn due(&self, count: f64, near: Nanos) -> Nanos {
        let near = near.saturating_sub(self.begin).0 as f64;
        let offset = self.piece.inverse(count - self.before, self.after - self.before, near);
        self.begin.saturating_add(Nanos(offset.round() as u64)).min(self.end)
    }
}
