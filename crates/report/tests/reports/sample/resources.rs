//! What the client, what is watched and the host used.

use annvil_core::record::{ResourceFigures, ResourceRecord, ResourceSample, SubjectRecord};
use annvil_core::units::{Bytes, Nanos, Rate};

/// The client, a watched database, one that is gone, and the host.
pub(crate) fn resources(seconds: f64) -> ResourceRecord {
    let subject = |name: &str, what: &str, cpu: f64, resident: u64| {
        let figures = |second: f64| ResourceFigures {
            cpu: Some(cpu * (1.0 + (second * 0.9).sin() * 0.1)),
            resident: Some(Bytes(resident + second as u64 * 400_000)),
            minor_faults: Some(Rate(120.0)),
            disk_written: Some(Bytes(15_000)),
            ..ResourceFigures::default()
        };
        let series = (1..=seconds.ceil() as u64)
            .map(|second| ResourceSample { at: Nanos::from_secs(second), figures: figures(second as f64) });
        SubjectRecord {
            name: name.to_owned(),
            what: what.to_owned(),
            why: None,
            mean: figures(0.0),
            peak: figures(1.7),
            series: series.collect(),
        }
    };
    let gone = SubjectRecord {
        name: "cache".to_owned(),
        what: "processes listening on port 6379 and their descendants".to_owned(),
        why: Some("nobody listens on port 6379".to_owned()),
        ..SubjectRecord::default()
    };
    ResourceRecord {
        subjects: vec![
            subject("client", "Annvil's own process", 0.42, 71_000_000),
            subject("database", "processes listening on port 5432 and their descendants", 1.1, 310_000_000),
            gone,
            subject("host", "the whole machine", 1.7, 0),
        ],
    }
}
