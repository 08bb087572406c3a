//! What a gate, a comparison and a history leave behind, from hand-built reports: held fast by snapshots, and what must hold
//! of any of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests may fail"
)]

mod files;
mod junit;
mod notices;
mod samples;
mod text;
mod trends;
