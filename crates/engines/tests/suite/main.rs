//! Engines by their public face only: open, load, settle, ask.

mod answers;
mod building;
mod common;
mod measured;
mod refused;
mod restored;
mod stub;
mod writes;
