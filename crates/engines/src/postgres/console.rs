//! pgbouncer's console: what it says of its pools.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use annvil_core::engine::Result;
use annvil_core::server::PoolFigures;
use annvil_core::units::Nanos;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::address::Address;
use super::connect::Control;
use super::report::failed;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);

/// A connection to the console, opened when it is first asked.
pub(super) struct Console {
    address: Address,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: Option<Instant>,
    connection: Option<Control>,
}

impl Console {
    pub(super) fn new(address: Address) -> Self {
        Self { address, state: Mutex::default() }
    }

    /// What the pools are now; nothing if it was asked less than a second ago.
    pub(super) async fn pools(&self) -> Result<Vec<PoolFigures>> {
        let connection = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.asked.is_some_and(|asked| asked.elapsed() < EVERY) {
                return Ok(Vec::new());
            }
            state.asked = Some(Instant::now());
            state.connection.take()
        };
        let connection = match connection {
            Some(connection) => connection,
            None => Control::open(&self.address).await?,
        };
        // The console knows simple queries only. A connection that fails is not kept.
        let answers = connection.client.simple_query("SHOW POOLS").await;
        let answers = answers.map_err(|error| failed("ask the pooler for its pools", &error))?;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).connection = Some(connection);
        Ok(answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            // Its own console is a pool as well.
            .filter(|row| row.try_get("database").ok().flatten() != Some("pgbouncer"))
            .map(pool)
            .collect())
    }
}

fn pool(row: &SimpleQueryRow) -> PoolFigures {
    let text = |name: &str| row.try_get(name).ok().flatten().unwrap_or_default();
    let number = |name: &str| text(name).parse::<u64>().unwrap_or(0);
    PoolFigures {
        name: format!("{}/{}", text("database"), text("user")),
        clients_active: number("cl_active"),
        clients_waiting: number("cl_waiting"),
        servers_active: number("sv_active"),
        servers_idle: number("sv_idle"),
        longest_wait: Nanos(number("maxwait") * 1_000_000_000 + number("maxwait_us") * 1000),
    }
}
