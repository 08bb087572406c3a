//! The command line on real servers. Without them a test says so and passes, except in CI.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod check;
#[path = "../common/mod.rs"]
mod common;
mod hidden;
mod outage;
mod pooled;
mod refused;
mod scenario;
mod server;
mod table;
mod unreachable;
mod untouched;
mod variants;
mod waiting;
mod writes;
