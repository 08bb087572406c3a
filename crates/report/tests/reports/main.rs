//! Reports of fabricated records: what people read, held fast by snapshots, and what must hold of any record.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests may fail")]

mod html;
mod sample;
mod text;
