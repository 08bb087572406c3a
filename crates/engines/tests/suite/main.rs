//! Engines by their public face only: open, load, settle, ask.
// Helpers of tests are tests too: what fails there fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod building;
mod common;
mod measured;
mod refused;
mod restored;
mod stub;
mod tcp;
mod writes;
