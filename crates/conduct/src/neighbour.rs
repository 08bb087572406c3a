//! Who took the processors that the client waited for: something that has no business there, or the system under test.
//!
//! A server on the client's own machine takes processors from it whenever it is busy. That is what was asked to be measured, and
//! saturation is no fault of a measurement. It is only said beside the figure.

use annvil_core::record::{ResourceRecord, ValidityCheck};

/// The check that asks how long threads waited.
const WAITING: &str = "waiting for a processor";

/// Share of the processors that others may use besides the client and what is watched.
const OTHERS: f64 = 0.15;

/// Lets a check of waiting pass if client and watched processes used what was used.
pub(crate) fn acquit(checks: &mut [ValidityCheck], resources: &ResourceRecord, cores: usize) {
    let Some(check) = checks.iter_mut().find(|check| check.name == WAITING && check.valid == Some(false))
    else {
        return;
    };
    let cpu = |name: &str| resources.subject(name).and_then(|subject| subject.mean.cpu);
    let watched: Vec<&str> = resources
        .subjects
        .iter()
        .map(|subject| subject.name.as_str())
        .filter(|name| !["client", "host"].contains(name))
        .collect();
    let (Some(host), Some(client)) = (cpu("host"), cpu("client")) else { return };
    // What ended with the phase's last connections is missing from the figures of a phase of less than two seconds.
    let told = |name: &&str| resources.subject(name).is_some_and(|subject| subject.series.len() >= 2);
    let theirs: f64 = watched.iter().filter_map(|name| cpu(name)).sum();
    let figure = check.figure.split(';').next().unwrap_or_default().to_owned();
    if theirs > 0.0 && host - client - theirs <= OTHERS * cores as f64 {
        check.valid = Some(true);
        check.figure = format!("{figure} if others took them; it was {} on this machine", watched.join(", "));
    } else if theirs > 0.0 && !watched.iter().any(told) {
        check.valid = None;
        check.figure = format!("{figure}; too short to tell how much of it was {}", watched.join(", "));
    }
}

#[cfg(test)]
mod tests {
    use annvil_core::record::{ResourceFigures, ResourceSample, SubjectRecord};

    use super::*;

    fn acquitted(host: f64, subjects: &[(&str, f64)], seconds: usize) -> Option<bool> {
        let subject = |(name, cpu): &(&str, f64)| SubjectRecord {
            name: (*name).to_owned(),
            mean: ResourceFigures { cpu: Some(*cpu), ..ResourceFigures::default() },
            series: vec![ResourceSample::default(); seconds],
            ..SubjectRecord::default()
        };
        let subjects = subjects.iter().chain(&[("host", host)]).map(subject).collect();
        let figure = "30.0 % of the threads' time, limit 20 %; something else on this machine takes them";
        let mut checks =
            [ValidityCheck { name: WAITING.to_owned(), valid: Some(false), figure: figure.to_owned() }];
        acquit(&mut checks, &ResourceRecord { subjects }, 2);
        assert_eq!(checks[0].figure.contains("something else"), checks[0].valid == Some(false));
        checks[0].valid
    }

    #[test]
    fn only_the_system_under_test_may_take_processors() {
        assert_eq!(acquitted(2.0, &[("client", 0.4), ("postgres", 1.5)], 9), Some(true));
        assert_eq!(acquitted(2.0, &[("client", 0.4), ("postgres", 0.6)], 9), Some(false));
        assert_eq!(acquitted(2.0, &[("client", 0.4), ("postgres", 0.6)], 1), None);
        assert_eq!(acquitted(2.0, &[("client", 2.0)], 1), Some(false));
    }
}
