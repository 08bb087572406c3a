//! Latency histograms: nanoseconds, three significant digits, from 1 ns to a minute.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer as SerdeDeserializer, Serialize, Serializer as SerdeSerializer};

use crate::quantity::Stat;
use crate::units::Nanos;

/// Highest value kept: 60 s. Longer operations are counted at this value and said to be clamped.
pub const HIGHEST: Nanos = Nanos(60_000_000_000);

/// Samples that must lie beyond a percentile before it is shown.
pub const BEYOND: f64 = 10.0;

/// A histogram of durations. Adding two gives the histogram of all samples; percentiles are never averaged.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    counts: Hdr<u64>,
    clamped: u64,
    // The histogram knows its mean only to the width of a bucket.
    sum: u128,
    // Readings of the clock behind the counts: operations timed together are one.
    readings: u64,
}

impl Histogram {
    /// An empty histogram; 221 kB.
    #[allow(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the bounds are constants that are accepted"
    )]
    pub fn new() -> Self {
        let counts = Hdr::new_with_bounds(1, HIGHEST.0, 3).expect("valid constant bounds");
        Self { counts, clamped: 0, sum: 0, readings: 0 }
    }

    /// Counts one duration.
    #[inline]
    pub fn record(&mut self, value: Nanos) {
        self.record_shared(value, 1);
    }

    /// Counts `n` operations that took `total` together, each with their mean. The sum stays exact, and the `n` are one
    /// reading: percentiles need readings beyond them, not operations.
    #[inline]
    pub fn record_shared(&mut self, total: Nanos, n: u64) {
        let each = if n == 1 { total.0 } else { (total.0 + n / 2) / n.max(1) };
        if each > HIGHEST.0 {
            self.clamped += n;
        }
        self.sum += u128::from(total.0);
        self.readings += 1;
        self.counts.saturating_record_n(each.max(1), n);
    }

    /// Adds the samples of another histogram.
    pub fn add(&mut self, other: &Self) {
        // Both have the same bounds, so this can't fail.
        let _ = self.counts.add(&other.counts);
        self.clamped += other.clamped;
        self.sum += other.sum;
        self.readings += other.readings;
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.counts.len()
    }

    /// Samples that were longer than [`HIGHEST`].
    pub fn clamped(&self) -> u64 {
        self.clamped
    }

    /// A statistic in nanoseconds. `None` without samples, and for a percentile with fewer than [`BEYOND`] samples
    /// beyond it (on its shorter side).
    pub fn stat(&self, stat: Stat) -> Option<f64> {
        if self.counts.is_empty() {
            return None;
        }
        let n = self.counts.len() as f64;
        match stat {
            Stat::Mean => Some(self.sum as f64 / n),
            Stat::Min => Some(self.counts.min() as f64),
            Stat::Max => Some(self.counts.max() as f64),
            Stat::Low | Stat::Value => None,
            Stat::P10 | Stat::P50 | Stat::P90 | Stat::P95 | Stat::P99 | Stat::P999 => {
                let quantile = stat.quantile()?;
                let beyond = self.readings as f64 * (1.0 - quantile).min(quantile);
                (beyond >= BEYOND || stat == Stat::P50)
                    .then(|| self.counts.value_at_quantile(quantile) as f64)
            }
        }
    }

    /// Value and count of each bucket that has samples, ascending: for drawing.
    pub fn buckets(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        self.counts
            .iter_recorded()
            .map(|bucket| (Nanos(bucket.value_iterated_to()), bucket.count_since_last_iteration()))
    }

    /// The value below which the share `quantile` of the samples lies, without regard to how many lie beyond.
    pub fn quantile(&self, quantile: f64) -> Nanos {
        Nanos(self.counts.value_at_quantile(quantile))
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// As it stands in a record: HDR V2 bytes in base64, with what those bytes don't carry.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Histogram")]
struct Written {
    /// `HdrHistogram` V2 encoding, base64.
    hdr_v2: String,
    /// Number of samples, to be read without decoding.
    count: u64,
    /// Exact sum of all samples in nanoseconds.
    sum_ns: f64,
    /// Samples longer than the histogram's range.
    clamped: u64,
    /// Readings of the clock: operations timed together are one.
    readings: u64,
}

impl Serialize for Histogram {
    fn serialize<S: SerdeSerializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.counts, &mut bytes).map_err(serde::ser::Error::custom)?;
        Written {
            hdr_v2: STANDARD.encode(bytes),
            count: self.count(),
            sum_ns: self.sum as f64,
            clamped: self.clamped,
            readings: self.readings,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: SerdeDeserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let bytes = STANDARD.decode(&written.hdr_v2).map_err(D::Error::custom)?;
        let read: Hdr<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(D::Error::custom)?;
        let mut histogram = Self::new();
        histogram.counts.add(&read).map_err(D::Error::custom)?;
        histogram.clamped = written.clamped;
        histogram.readings = written.readings;
        histogram.sum = written.sum_ns as u128;
        Ok(histogram)
    }
}

impl JsonSchema for Histogram {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        for value in values {
            histogram.record(Nanos(*value));
        }
        histogram
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn merged_is_the_histogram_of_all(a in prop::collection::vec(1u64..100_000_000_000, 0..200), b in prop::collection::vec(1u64..100_000_000_000, 0..200)) {
            let mut merged = of(&a);
            merged.add(&of(&b));
            let all: Vec<u64> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(merged, of(&all));
        }

        #[test]
        fn what_is_written_reads_back(values in prop::collection::vec(1u64..100_000_000_000, 0..200)) {
            let histogram = of(&values);
            let text = serde_json::to_string(&histogram).unwrap();
            prop_assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
        }
    }

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        let values: Vec<u64> = (1..=999).collect();
        assert_eq!(of(&values).stat(Stat::P99), None);
        let values: Vec<u64> = (1..=1000).collect();
        assert_eq!(of(&values).stat(Stat::P99), Some(990.0));
        assert_eq!(of(&[]).stat(Stat::Mean), None);
        assert_eq!(of(&[1, 2]).stat(Stat::Mean), Some(1.5));
    }

    #[test]
    fn what_is_timed_together_is_one_reading_with_an_exact_sum() {
        let mut histogram = Histogram::new();
        for _ in 0..79 {
            histogram.record_shared(Nanos(947), 256);
        }
        assert_eq!(histogram.count(), 79 * 256);
        assert_eq!(histogram.stat(Stat::Mean), Some(947.0 / 256.0));
        assert_eq!((histogram.stat(Stat::P50), histogram.stat(Stat::P99)), (Some(4.0), None));
    }

    #[test]
    fn too_long_is_counted_and_said() {
        let histogram = of(&[HIGHEST.0 * 2]);
        assert_eq!((histogram.count(), histogram.clamped()), (1, 1));
    }
}
