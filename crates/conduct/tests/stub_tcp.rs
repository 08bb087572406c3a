//! The stub behind a socket passes the suite that every engine passes.

#![allow(clippy::unwrap_used)]

use annvil_conduct::conformance::conformance;
use annvil_core::record::PhaseResult;
use annvil_core::scenario::{EngineSpec, StubSpec, Transport, Variant};

#[test]
fn the_stub_over_tcp_conforms() {
    let spec = StubSpec { over: Some(Transport::Tcp), ..StubSpec::default() };
    let found = conformance(&EngineSpec::Stub(spec), &Variant::default()).unwrap();
    assert_eq!(found.failures(), Vec::<String>::new());
    let checks = found.block.phases.iter().map(|phase| match &phase.result {
        PhaseResult::Verify { checks, .. } => checks.len(),
        _ => 0,
    });
    assert!(checks.sum::<usize>() > 50);
}
