//! The view of made-up events, without a terminal.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use annvil_conduct::event::{Event, Second};
use annvil_conduct::{Overrides, prepare};
use annvil_core::engine::Settled;
use annvil_core::form::Params;
use annvil_core::plan::Plan;
use annvil_core::record::{Failure, FailureKind, PhaseRecord, PhaseResult, ResourceFigures, ValidityCheck};
use annvil_core::units::{Bytes, Nanos};
use annvil_load::cancel::Reason;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::render::render;
use super::state::State;
use crate::summary::tests::{phase, searched};

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 500}
engine: {stub: {service: 1ms}}
variants: {first: {baseline: true}, second: {}}
phases:
  - search: {name: closed, sessions: 1, for: 10s}
  - search: {name: open, rate: 1000/s, for: 120s}
  - mixed: {name: mixed, mix: {search: 80, upsert: 20}, for: 10s}
  - limit: {walk: {rate: {from: 500/s}}, hold: [\"limit.response.p95 < 2ms\"], for: 2s}
";

fn plan() -> Plan {
    prepare("view.yaml", SCENARIO, &Overrides::default(), 1).unwrap().plan
}

fn state(events: &[(u64, Event)]) -> State {
    let mut state = State::new(&plan());
    state.title = state.title.replacen(env!("CARGO_PKG_VERSION"), "1.2.3", 1);
    for (at, event) in events {
        state.event(event, Nanos::from_secs(*at));
    }
    state
}

fn drawn(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| render(state, frame)).unwrap();
    terminal.backend().to_string()
}

fn variant(name: &str) -> Event {
    Event::BlockStarted { block: 0, variant: name.to_owned() }
}

fn started(name: &str, kind: &str, total: Option<u64>, seconds: Option<u64>) -> Event {
    let duration = seconds.map(Nanos::from_secs);
    Event::PhaseStarted {
        name: name.to_owned(),
        kind: kind.to_owned(),
        point: Params::new(),
        total,
        duration,
    }
}

fn done(name: &str, kind: &str, result: PhaseResult, validity: Vec<ValidityCheck>) -> Event {
    Event::PhaseDone(Box::new(PhaseRecord { validity, ..phase(name, kind, result) }))
}

fn second(at: u64, wanted: Option<f64>, achieved: f64) -> Event {
    let client = ResourceFigures { cpu: Some(0.42), resident: Some(Bytes(74_000_000)), ..Default::default() };
    let host = ResourceFigures { load: Some(1.5), steal: Some(0.013), ..Default::default() };
    Event::Second(Box::new(Second {
        elapsed: Nanos::from_secs(at),
        wanted,
        achieved,
        in_flight: 3,
        response: wanted.is_some(),
        p50: Some(Nanos::from_micros(210)),
        p95: Some(Nanos::from_micros(800)),
        p99: None,
        failures: BTreeMap::from([("refused".to_owned(), 2), ("timeout".to_owned(), 1200)]),
        resources: vec![("client".to_owned(), client), ("host".to_owned(), host)],
    }))
}

/// The first variant up to the middle of its open search.
fn in_the_middle() -> Vec<(u64, Event)> {
    let lag = ValidityCheck {
        name: "scheduling lag".to_owned(),
        valid: Some(false),
        figure: "p99 281 µs, limit 250 µs".to_owned(),
    };
    let loaded = PhaseResult::Load { rows: 500, batches: 1, time: Nanos::from_millis(10) };
    let settled = PhaseResult::Settle(Settled { searchable: Nanos::ZERO, indexed: Nanos::from_millis(900) });
    let mut events = vec![
        (1, variant("first")),
        (1, started("load", "load", Some(500), None)),
        (1, done("load", "load", loaded, Vec::new())),
        (2, started("settle", "settle", None, None)),
        (3, done("settle", "settle", settled, Vec::new())),
        (3, started("verify", "verify", None, None)),
        (
            4,
            done(
                "verify",
                "verify",
                PhaseResult::Verify { checks: Vec::new(), plans: Vec::new() },
                Vec::new(),
            ),
        ),
        (5, started("closed", "search", None, Some(10))),
        (15, done("closed", "search", searched(None), vec![lag])),
        (16, started("open", "search", None, Some(120))),
    ];
    for at in 1..=60 {
        let achieved = if at == 30 { 0.0 } else { 990.0 };
        events.push((16 + at, second(at, Some(1000.0), achieved)));
    }
    events.push((76, Event::Progress { done: 59_000, elapsed: Nanos::from_secs(60) }));
    events
}

#[test]
fn open_load_on_terminals_of_all_sizes() {
    let state = state(&in_the_middle());
    for (name, width, height) in
        [("wide", 130, 32), ("usual", 80, 24), ("smallest", 60, 15), ("too_small", 59, 15)]
    {
        insta::assert_snapshot!(name, drawn(&state, width, height));
    }
}

#[test]
fn before_the_first_phase() {
    let preparing = Event::Preparing { what: "exact answers".to_owned() };
    insta::assert_snapshot!("preparing", drawn(&state(&[(0, preparing)]), 80, 16));
}

#[test]
fn a_phase_that_ended_early_and_a_run_that_is_stopped() {
    let mut events = in_the_middle();
    let why = "`open.response.p99 < 10ms` was missed: 12 ms";
    events.push((77, done("open", "search", searched(Some(why)), Vec::new())));
    let mut state = state(&events);
    state.stopping = Some(Reason::User);
    insta::assert_snapshot!("stopping", drawn(&state, 110, 24));
}

#[test]
fn a_search_for_the_limit_starts_anew_with_each_trial() {
    let mut events = in_the_middle();
    events.push((80, done("open", "search", searched(None), Vec::new())));
    events.push((81, done("mixed", "mixed", searched(None), Vec::new())));
    events.push((82, started("limit", "limit", None, None)));
    for (trial, level, met) in [(1, 500.0, Some(true)), (2, 1000.0, Some(false)), (3, 750.0, None)] {
        for at in 1..=2 {
            events.push((82 + 2 * trial + at, second(at, Some(level), level - 5.0)));
        }
        events.push((84 + 2 * trial, Event::Progress { done: trial, elapsed: Nanos::from_secs(2 * trial) }));
        events.push((84 + 2 * trial, Event::Trial { level, met, rates: true }));
    }
    let state = state(&events);
    let phase = state.phase.as_ref().unwrap();
    let instants: Vec<f64> = phase.rates.iter().map(|moment| moment.at).collect();
    assert_eq!(instants, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    insta::assert_snapshot!("limit", drawn(&state, 110, 30));
}

#[test]
fn what_a_failed_variant_did_not_do_is_left_out() {
    let mut events = in_the_middle();
    let failure = Failure {
        phase: "open".to_owned(),
        kind: FailureKind::Engine,
        message: "the variant's process ended early: signal: 9\n  Look at its log.".to_owned(),
    };
    events.extend([
        (77, Event::BlockFailed(failure)),
        (77, Event::BlockDone),
        (78, variant("second")),
        (79, started("load", "load", Some(500), None)),
        (79, Event::Progress { done: 200, elapsed: Nanos::from_millis(100) }),
    ]);
    insta::assert_snapshot!("failed", drawn(&state(&events), 110, 30));
}

#[test]
fn a_long_phase_takes_no_more_memory() {
    let mut events = in_the_middle();
    events.extend((61..5000).map(|at| (at, second(at, Some(1000.0), 990.0))));
    events.extend((0..5000).map(|at| (at, Event::Trial { level: 1.0, met: None, rates: false })));
    let state = state(&events);
    let phase = state.phase.as_ref().unwrap();
    assert!(phase.rates.len() <= 300 && state.notes.len() <= 50);
    assert!(phase.rates.back().unwrap().at > 4998.0);
}

fn any_event() -> impl Strategy<Value = Event> {
    let names: &[&'static str] = &["load", "closed", "open", "mixed", "limit", "nobody planned this", ""];
    let name = || proptest::sample::select(names);
    let rate = || prop_oneof![Just(0.0), Just(1e12), 0.0..1e4, Just(f64::NAN)];
    prop_oneof![
        name().prop_map(variant),
        (name(), any::<Option<u64>>(), proptest::option::of(0u64..1000))
            .prop_map(|(name, total, seconds)| started(name, name, total, seconds)),
        (any::<u64>(), any::<u64>())
            .prop_map(|(done, elapsed)| Event::Progress { done, elapsed: Nanos(elapsed) }),
        (0u64..10_000, proptest::option::of(rate()), rate())
            .prop_map(|(at, wanted, achieved)| second(at, wanted, achieved)),
        name().prop_map(|name| done(name, name, searched(Some(name)), Vec::new())),
        (rate(), any::<Option<bool>>(), any::<bool>()).prop_map(|(level, met, rates)| Event::Trial {
            level,
            met,
            rates
        }),
        name().prop_map(|name| Event::BlockFailed(Failure {
            phase: name.to_owned(),
            kind: FailureKind::Engine,
            message: name.to_owned(),
        })),
        Just(Event::BlockDone),
        name().prop_map(|what| Event::Preparing { what: what.to_owned() }),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_is_drawn(
        events in proptest::collection::vec(any_event(), 0..40),
        width in 1u16..200,
        height in 0u16..60,
    ) {
        let mut state = State::new(PLAN.get_or_init(plan));
        for event in &events {
            state.event(event, Nanos::from_secs(1));
        }
        drawn(&state, width, height);
    }
}

static PLAN: std::sync::OnceLock<Plan> = std::sync::OnceLock::new();
