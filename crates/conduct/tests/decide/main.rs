//! Deciding: comparisons, gates and causes over figures that are made up, so that what must come out is known.

#![allow(clippy::unwrap_used, clippy::panic)]

mod causes;
mod compare;
mod gate;
mod made;
mod speed;
