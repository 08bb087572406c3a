//! What a phase used of the machine: processor, memory, disk and network of the client, of the system under test and of
//! the host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Nanos, Rate};

/// Resources used during a phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceRecord {
    /// First the client, then everything that the scenario watches, last the host.
    pub subjects: Vec<SubjectRecord>,
}

/// What one subject used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectRecord {
    /// Short unique name: `client`, `host`, or what the scenario calls it.
    pub name: String,
    /// What is counted, such as `processes listening on port 5432 and their descendants`.
    pub what: String,
    /// Why figures are absent, as things stood at the end of the phase; none if all that can be known is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Mean over the time of the phase in which a figure was known.
    pub mean: ResourceFigures,
    /// Highest value over a second; of `available` the lowest.
    pub peak: ResourceFigures,
    /// One entry a second from the start of the phase; longer ones in a phase of more than 1,000 seconds.
    pub series: Vec<ResourceSample>,
}

/// One interval of the series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceSample {
    /// End of the interval, from the start of the phase.
    pub at: Nanos,
    /// What was used since the end of the interval before.
    #[serde(flatten)]
    pub figures: ResourceFigures,
}

/// Figures of an interval. What can't be read is absent, never zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceFigures {
    /// Processor time as a number of busy cores: 1.0 is one core, busy all the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Resident memory. Of several processes: what each has for itself, and once what the one with the most shares. Of a
    /// cgroup: all memory that is charged to it, page cache included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<Bytes>,
    /// Resident memory of several processes in which each has its share of what it has in common with others (PSS). It costs
    /// the kernel a walk over all their pages, so that it is read less often than once a second where it is much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proportional: Option<Bytes>,
    /// Threads; of a cgroup its tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Page faults that needed no disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minor_faults: Option<Rate>,
    /// Page faults that waited for a disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major_faults: Option<Rate>,
    /// Bytes a second that came from disks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_read: Option<Bytes>,
    /// Bytes a second that went to disks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_written: Option<Bytes>,
    /// Bytes a second received over network interfaces other than loopback. Of processes only known if they have a network
    /// namespace of their own, and then of all that is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Bytes>,
    /// Bytes a second sent, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Bytes>,
    /// Bytes a second over the loopback interface, each counted once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loopback: Option<Bytes>,
    /// Share of the host's processor time that the hypervisor gave to others, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// Load average of the host over a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// Memory of the host that new work could have without swapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available: Option<Bytes>,
    /// Pages a second that the host read back from swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_in: Option<Rate>,
    /// Pages a second that the host wrote to swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_out: Option<Rate>,
}

impl ResourceRecord {
    /// The subject of a name.
    pub fn subject(&self, name: &str) -> Option<&SubjectRecord> {
        self.subjects.iter().find(|subject| subject.name == name)
    }
}

impl ResourceFigures {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_not_written_and_reads_back_as_unknown() {
        let figures =
            ResourceFigures { cpu: Some(0.5), resident: Some(Bytes(0)), ..ResourceFigures::default() };
        let sample = ResourceSample { at: Nanos::from_secs(1), figures };
        let json = serde_json::to_string(&sample).unwrap();
        assert_eq!(json, r#"{"at":1000000000,"cpu":0.5,"resident":0}"#);
        assert_eq!(serde_json::from_str::<ResourceSample>(&json).unwrap(), sample);
        assert!(!figures.is_empty());
        assert!(ResourceFigures::default().is_empty());
    }
}
