//! What is measured and which statistic of it is reported: the words that objectives, metric keys and reports share.

use std::fmt;

use crate::units::{count, number_text, rate_text, size_text, time_text};

mod text;

pub use text::QuantityError;

/// Something that a phase measures.
///
/// The order is the order of reports: how fast, how much, how right, how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantity {
    /// Time from the start of an operation to its end, in nanoseconds.
    Service,
    /// Time from the instant at which an operation was due to its end, in nanoseconds: what a user waits.
    Response,
    /// Time that a due operation waited for a free session, in nanoseconds.
    QueueWait,
    /// Time by which the load generator itself was late with a due operation, in nanoseconds.
    SchedLag,
    /// Time that a call waited for a connection of the client's own pool, in nanoseconds.
    ConnectionWait,
    /// Time from the acknowledgement of a row to the end of the first search that found it, in nanoseconds.
    Freshness,
    /// Operations (rows for load, persist and restore) per second.
    Throughput,
    /// Share of the operations that were answered, 0 to 1.
    Success,
    /// Share of the true `k` nearest that an answer holds, 0 to 1.
    Recall {
        /// How many neighbours are compared; at least 1.
        k: u32,
    },
    /// Mean reciprocal rank of the first relevant answer, 0 to 1.
    Mrr,
    /// Normalized discounted cumulative gain of the first `k` answers, 0 to 1.
    Ndcg {
        /// How many answers count; at least 1.
        k: u32,
    },
    /// Answers with fewer hits than were asked for and were there to be found; a count.
    ShortAnswers,
    /// Wall time of the phase, in nanoseconds; of a settle phase, the time that building took.
    Time,
    /// Bytes of the index.
    Memory,
    /// Bytes of table and index together, where rows lie in a table.
    Stored,
    /// Bytes of table and index that are in the server's own buffers.
    Buffers,
    /// Share of the collection's pages that were found in the server's own buffers, 0 to 1.
    BufferHits,
    /// Bytes of write-ahead log.
    Log,
    /// Bytes by which the process's memory grew.
    Resident,
    /// Bytes of the files.
    Disk,
    /// Bytes of the files per row.
    DiskPerRow,
    /// Bytes of the vector codes alone, per row.
    CodesPerRow,
    /// Bytes of the vectors as `f32` over bytes of their codes; a ratio.
    Compression,
    /// Cores that the client kept busy, the engine included where it runs in the client's process.
    ClientCpu,
    /// Cores that the watched processes kept busy.
    ServerCpu,
    /// Share of the time of the client's threads in which they were ready and waited for a processor, 0 to 1.
    CpuWait,
    /// Share of the machine's processor time that its hypervisor gave to others, 0 to 1.
    Steal,
    /// Pages a second that the machine exchanged with its swap space.
    Swapped,
    /// Share of the forms whose plan goes through a vector index, 0 to 1.
    IndexUsed,
}

/// What a value is counted in. Values are `f64` in these base units everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Per second.
    PerSecond,
    /// A share, 0 to 1.
    Share,
    /// Bytes.
    Bytes,
    /// A ratio, printed as `1.5 ×`.
    Ratio,
    /// A count.
    Count,
}

/// Which direction is an improvement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
}

/// Which statistic of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stat {
    /// The mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The 10th percentile.
    P10,
    /// The median.
    P50,
    /// The 90th percentile.
    P90,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// The 99.9th percentile.
    P999,
    /// The lower end of the 95 % interval of the mean.
    Low,
    /// The one value there is.
    Value,
}

/// What latencies are summed up by.
const LATENCY: [Stat; 9] =
    [Stat::Mean, Stat::Min, Stat::Max, Stat::P10, Stat::P50, Stat::P90, Stat::P95, Stat::P99, Stat::P999];

impl Quantity {
    /// What its values are counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Service
            | Self::Response
            | Self::QueueWait
            | Self::SchedLag
            | Self::ConnectionWait
            | Self::Freshness
            | Self::Time => Unit::Time,
            Self::Throughput | Self::Swapped => Unit::PerSecond,
            Self::Success
            | Self::BufferHits
            | Self::Recall { .. }
            | Self::Mrr
            | Self::Ndcg { .. }
            | Self::CpuWait
            | Self::Steal
            | Self::IndexUsed => Unit::Share,
            Self::ShortAnswers | Self::ClientCpu | Self::ServerCpu => Unit::Count,
            Self::Memory
            | Self::Stored
            | Self::Buffers
            | Self::Log
            | Self::Resident
            | Self::Disk
            | Self::DiskPerRow
            | Self::CodesPerRow => Unit::Bytes,
            Self::Compression => Unit::Ratio,
        }
    }

    /// Which direction is an improvement.
    pub const fn better(self) -> Better {
        match self {
            Self::Throughput
            | Self::Success
            | Self::BufferHits
            | Self::IndexUsed
            | Self::Recall { .. }
            | Self::Mrr
            | Self::Ndcg { .. }
            | Self::Compression => Better::Higher,
            _ => Better::Lower,
        }
    }

    /// Whether it is one of the latencies, which are distributions and have no one value.
    pub const fn is_latency(self) -> bool {
        matches!(
            self,
            Self::Service
                | Self::Response
                | Self::QueueWait
                | Self::SchedLag
                | Self::ConnectionWait
                | Self::Freshness
        )
    }

    /// The statistic that is meant when none is written. `None` for latencies: which of them matters is the reader's
    /// choice, and a silent mean would hide the tail.
    pub const fn default_stat(self) -> Option<Stat> {
        match self {
            _ if self.is_latency() => None,
            Self::Recall { .. } | Self::Mrr | Self::Ndcg { .. } => Some(Stat::Mean),
            _ => Some(Stat::Value),
        }
    }

    /// The statistics that exist of it.
    pub const fn stats(self) -> &'static [Stat] {
        match self {
            _ if self.is_latency() => &LATENCY,
            Self::Recall { .. } => &[Stat::Mean, Stat::P10, Stat::Low],
            Self::Mrr | Self::Ndcg { .. } => &[Stat::Mean],
            _ => &[Stat::Value],
        }
    }

    /// Whether it is a share that people read in percent rather than as a number up to 1.
    pub(crate) const fn is_percentage(self) -> bool {
        matches!(self, Self::Success | Self::BufferHits | Self::CpuWait | Self::Steal | Self::IndexUsed)
    }

    /// Whether `stat` exists of it.
    pub fn allows(self, stat: Stat) -> bool {
        self.stats().contains(&stat)
    }
}

impl Stat {
    /// The quantile as a share, if it is one.
    pub const fn quantile(self) -> Option<f64> {
        match self {
            Self::P10 => Some(0.1),
            Self::P50 => Some(0.5),
            Self::P90 => Some(0.9),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::P999 => Some(0.999),
            Self::Mean | Self::Min | Self::Max | Self::Low | Self::Value => None,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Time => "time",
            Self::PerSecond => "rate",
            Self::Share => "share",
            Self::Bytes => "size",
            Self::Ratio => "ratio",
            Self::Count => "count",
        })
    }
}

/// `value`, in base units, as people read it: `9.2 ms`, `14,300/s`, `0.9951`, `99.2 %`, `14.6 MB`, `1.5 ×`.
pub fn format_value(quantity: Quantity, value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    match quantity.unit() {
        Unit::Time => time_text(value),
        Unit::PerSecond => rate_text(value),
        Unit::Bytes => size_text(value),
        Unit::Ratio => format!("{} ×", number_text(value)),
        Unit::Count if matches!(quantity, Quantity::ClientCpu | Quantity::ServerCpu) => {
            format!("{} cores", number_text(value))
        }
        Unit::Count if value >= 0.0 && value.fract() == 0.0 => count(value as u64),
        Unit::Count => number_text(value),
        Unit::Share if quantity.is_percentage() => {
            format!("{} %", short_of(100.0, value * 100.0, 1))
        }
        Unit::Share => short_of(1.0, value, 4),
    }
}

/// `value` to that many places, and to as many more as it takes not to print all of `whole` when something is missing.
fn short_of(whole: f64, value: f64, places: usize) -> String {
    if value == whole && whole > 1.0 {
        return whole.to_string();
    }
    let full = |places| format!("{value:.places$}").parse() == Ok(whole);
    let places = (places..places + 6).find(|places| value >= whole || !full(*places)).unwrap_or(places);
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_printed_in_their_unit() {
        let recall = Quantity::Recall { k: 10 };
        let cases = [
            (Quantity::Response, 9_200_000.0, "9.2 ms"),
            (Quantity::Service, 190.4, "190 ns"),
            (Quantity::Throughput, 14_312.0, "14,300/s"),
            (recall, 0.9951, "0.9951"),
            (recall, 0.999_98, "0.99998"),
            (recall, 1.0, "1.0000"),
            (Quantity::Success, 0.992, "99.2 %"),
            (Quantity::Success, 0.999_99, "99.999 %"),
            (Quantity::Success, 1.0, "100 %"),
            (Quantity::BufferHits, 0.914, "91.4 %"),
            (Quantity::Stored, 212e6, "212 MB"),
            (Quantity::ClientCpu, 1.25, "1.25 cores"),
            (Quantity::CpuWait, 0.125, "12.5 %"),
            (Quantity::Memory, 14_640_000.0, "14.6 MB"),
            (Quantity::DiskPerRow, 790.3, "790 B"),
            (Quantity::Compression, 1.5, "1.5 ×"),
            (Quantity::ShortAnswers, 12_345.0, "12,345"),
            (Quantity::Mrr, f64::NAN, "unknown"),
        ];
        for (quantity, value, text) in cases {
            assert_eq!(format_value(quantity, value), text);
        }
    }

    #[test]
    fn a_default_statistic_is_one_that_exists() {
        for quantity in text::all(10) {
            assert_eq!(quantity.default_stat().is_none(), quantity.is_latency(), "{quantity}");
            assert!(quantity.default_stat().is_none_or(|stat| quantity.allows(stat)), "{quantity}");
        }
        assert!(Quantity::Service.allows(Stat::P999) && !Quantity::Service.allows(Stat::Value));
        assert!(!Quantity::Memory.allows(Stat::P99));
    }
}
