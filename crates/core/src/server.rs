//! What a system under test says of itself beside its answers: plans, counters, pools, advice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::units::{Bytes, Nanos};

/// How the system answers a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// Its plan, in its own words.
    pub plan: String,
    /// Why this is not what the variant claims, with what to try; none if it is.
    pub refused: Option<String>,
}

/// The plan of one form, stored with verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanRecord {
    /// The form, with its point where there are several.
    pub form: String,
    /// The plan, in the system's own words.
    pub plan: String,
}

/// Counters of a server. As [`crate::engine::Engine::observe`] gives them they count from a start of the server's own;
/// [`ServerFigures::since`] makes them a phase's. Each may be unknown; unknown is never 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerFigures {
    /// Pages of the collection that were found in the server's own buffers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers_hit: Option<u64>,
    /// Pages of the collection that were read from the file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers_read: Option<u64>,
    /// The same of the whole database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_hit: Option<u64>,
    /// The same of the whole database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_read: Option<u64>,
    /// Bytes written to temporary files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<Bytes>,
    /// Bytes of write-ahead log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Bytes>,
    /// How long calls waited for a connection of the client's own pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_wait: Option<Histogram>,
    /// Connections that the client opened for its sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u64>,
    /// Pools of a pooler in front of the server: the highest of what it said once a second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolFigures>,
}

/// One pool of a pooler such as pgbouncer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolFigures {
    /// Its name: database and user.
    pub name: String,
    /// Clients that have a connection of the server.
    pub clients_active: u64,
    /// Clients that wait for one.
    pub clients_waiting: u64,
    /// Connections of the server in use.
    pub servers_active: u64,
    /// Connections of the server that nobody uses.
    pub servers_idle: u64,
    /// How long the first in the queue has waited.
    pub longest_wait: Nanos,
}

impl ServerFigures {
    /// What was counted since `before`. A counter that fell, because the server began anew, is unknown. `connection_wait`,
    /// `connections` and `pools` are a phase's already.
    #[must_use]
    pub fn since(self, before: &Self) -> Self {
        let count =
            |now: Option<u64>, then: Option<u64>| now.zip(then).and_then(|(now, then)| now.checked_sub(then));
        let bytes = |now: Option<Bytes>, then: Option<Bytes>| {
            count(now.map(|bytes| bytes.0), then.map(|bytes| bytes.0)).map(Bytes)
        };
        Self {
            buffers_hit: count(self.buffers_hit, before.buffers_hit),
            buffers_read: count(self.buffers_read, before.buffers_read),
            database_hit: count(self.database_hit, before.database_hit),
            database_read: count(self.database_read, before.database_read),
            temporary: bytes(self.temporary, before.temporary),
            log: bytes(self.log, before.log),
            connection_wait: self.connection_wait,
            connections: self.connections,
            pools: self.pools,
        }
    }

    /// Share of the collection's pages that were found in the server's buffers, 0 to 1; `None` if none was touched.
    pub fn hit_share(&self) -> Option<f64> {
        let (hit, read) = self.buffers_hit.zip(self.buffers_read)?;
        (hit + read > 0).then(|| hit as f64 / (hit + read) as f64)
    }

    /// Takes what pools say now where it is higher than before.
    pub fn highest(pools: &mut Vec<PoolFigures>, now: Vec<PoolFigures>) {
        for pool in now {
            match pools.iter_mut().find(|known| known.name == pool.name) {
                None => pools.push(pool),
                Some(known) => {
                    known.clients_active = known.clients_active.max(pool.clients_active);
                    known.clients_waiting = known.clients_waiting.max(pool.clients_waiting);
                    known.servers_active = known.servers_active.max(pool.servers_active);
                    known.servers_idle = known.servers_idle.max(pool.servers_idle);
                    known.longest_wait = known.longest_wait.max(pool.longest_wait);
                }
            }
        }
    }
}

/// A setting of the server that is worth a look, with the figures that say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// The setting, such as `shared_buffers`.
    pub setting: String,
    /// What it is now.
    pub value: String,
    /// What was measured that speaks against it, in a sentence with figures.
    pub because: String,
    /// What to try.
    pub try_this: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_differences_and_a_restart_makes_them_unknown() {
        let at = |hit, log| ServerFigures {
            buffers_hit: Some(hit),
            buffers_read: Some(10),
            log: Some(Bytes(log)),
            ..ServerFigures::default()
        };
        let phase = at(140, 5).since(&at(50, 9));
        assert_eq!((phase.buffers_hit, phase.buffers_read, phase.log), (Some(90), Some(0), None));
        assert_eq!(phase.hit_share(), Some(1.0));
        assert_eq!(ServerFigures::default().hit_share(), None);
    }

    #[test]
    fn of_pools_the_highest_is_kept() {
        let pool = |active, waiting| PoolFigures {
            name: "db".into(),
            clients_active: active,
            clients_waiting: waiting,
            ..PoolFigures::default()
        };
        let mut kept = vec![pool(3, 0)];
        ServerFigures::highest(&mut kept, vec![pool(1, 7)]);
        assert_eq!(kept, [pool(3, 7)]);
    }
}
