//! The store on both of its databases. Without a server the tests of PostgreSQL say so and pass, except in CI.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, clippy::expect_used)]

mod baselines;
mod files;
mod killed;
mod large;
mod place;
mod runs;
mod sample;
mod together;

/// Makes of each function that takes a place a test on SQLite and one on PostgreSQL.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&crate::place::Place::sqlite()); })+
        }
        mod postgres {
            $(#[test] fn $name() {
                if let Some(place) = crate::place::Place::postgres() { super::$name(&place); }
            })+
        }
    };
}
pub(crate) use both;
