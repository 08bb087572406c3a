//! Scripts that can't be played are refused before anything is opened.

use annvil_core::engine::{EngineError, Result};
use annvil_core::scenario::{Spread, StubSpec};
use annvil_core::units::HumanDuration;

/// Refuses a script that contradicts itself.
pub(super) fn script(spec: &StubSpec) -> Result<()> {
    match fault(spec) {
        None => Ok(()),
        Some((what, help)) => {
            Err(EngineError::Configuration { what: format!("stub: {what}"), help: help.to_owned() })
        }
    }
}

/// What is wrong, and what to try.
fn fault(spec: &StubSpec) -> Option<(String, &'static str)> {
    let share = 0.0..=1.0;
    let StubSpec { errors, timeouts, .. } = spec;
    if !share.contains(errors) || !share.contains(timeouts) || errors + timeouts > 1.0 {
        return Some((
            format!("errors {errors} and timeouts {timeouts} are no shares of the calls"),
            "use numbers from 0 to 1 that add up to at most 1",
        ));
    }
    if let Some(slow) = spec.slow.iter().find(|slow| !(slow.factor > 0.0 && slow.factor.is_finite())) {
        return Some((
            format!("slow has the factor {}", slow.factor),
            "use a number above 0: 3 makes service three times as long",
        ));
    }
    if spec.capacity == Some(0) {
        return Some((
            "capacity 0 serves no call".to_owned(),
            "use a number from 1 on, or leave `capacity` out for no limit",
        ));
    }
    timeless(spec).or_else(|| in_process(spec))
}

/// Keys that change a service time where there is none.
fn timeless(spec: &StubSpec) -> Option<(String, &'static str)> {
    if spec.service.unwrap_or_default() > HumanDuration::default() {
        return None;
    }
    let key = if !spec.slow.is_empty() {
        "slow"
    } else if spec.capacity.is_some() {
        "capacity"
    } else if spec.spread != Spread::Fixed {
        "spread"
    } else {
        return None;
    };
    Some((
        format!("`{key}` changes nothing, because calls take no time"),
        "set `service`, for example `service: 1ms`",
    ))
}

/// Keys that need a call that can wait.
fn in_process(spec: &StubSpec) -> Option<(String, &'static str)> {
    if !spec.in_process {
        return None;
    }
    if spec.timeouts > 0.0 {
        Some((
            "`in_process` and `timeouts` exclude each other".to_owned(),
            "a call that keeps its thread busy and never ends can't be given up; leave one of them out",
        ))
    } else if spec.capacity.is_some() {
        Some((
            "`in_process` and `capacity` exclude each other".to_owned(),
            "each session has a thread of its own to be served on; limit `sessions`, or leave one of them out",
        ))
    } else if spec.over.is_some() {
        Some((
            "`in_process` and `over: tcp` exclude each other".to_owned(),
            "a call over a connection does not keep its thread busy; leave one of them out",
        ))
    } else {
        None
    }
}
