//! When to try again.

use std::time::Duration;

use jiff::Timestamp;

/// A message is tried so often at most.
pub(super) const ATTEMPTS: u32 = 5;

/// The pause after the first attempt; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);

/// The pause after an attempt, counted from 0.
pub(super) fn pause(nth: u32) -> Duration {
    FIRST * 2u32.pow(nth.min(ATTEMPTS))
}

/// The pause that `Retry-After` asks for: seconds, or a date. Nothing if it is neither.
pub(super) fn asked(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_asked_for_in_seconds_or_by_date() {
        let now: Timestamp = "2015-10-21T07:27:00Z".parse().unwrap();
        let seconds = |value| asked(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60));
        // A date that has passed asks for no pause.
        assert_eq!(seconds("Wed, 21 Oct 2015 07:26:00 GMT"), Some(0));
        for neither in ["", "soon", "-1", "1.5"] {
            assert_eq!(seconds(neither), None, "{neither}");
        }
    }

    #[test]
    fn pauses_grow() {
        assert_eq!([0, 1, 2].map(|nth| pause(nth).as_millis()), [250, 500, 1_000]);
    }
}
