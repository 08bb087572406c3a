//! The variables that `services env` prints and tests read. Their names stand here and nowhere else.

/// PostgreSQL 18 with pgvector: its URL.
pub const PGVECTOR_URL: &str = "PGVECTOR_URL";
/// The folder of its programs: `postgres`, `initdb`, `psql`, `pgbench`.
pub const PGVECTOR_BIN: &str = "PGVECTOR_BIN";
/// PostgreSQL 17 with pgvectorscale: its URL.
pub const VECTORSCALE_URL: &str = "VECTORSCALE_URL";
/// The folder of its programs; `psql` and `pgbench` are not among them.
pub const VECTORSCALE_BIN: &str = "VECTORSCALE_BIN";
/// pgbouncer in front of pgvector's server, in transaction mode: its URL. It takes sessions with TLS and without.
pub const PGBOUNCER_URL: &str = "PGBOUNCER_URL";
/// pgbouncer's console, for `SHOW POOLS`.
pub const PGBOUNCER_ADMIN_URL: &str = "PGBOUNCER_ADMIN_URL";
/// The file of the authority (PEM) that signed pgbouncer's certificate for localhost and 127.0.0.1.
pub const PGBOUNCER_CA: &str = "PGBOUNCER_CA";
/// PostgreSQL 17 with RuVector: its URL.
pub const RUVECTOR_URL: &str = "RUVECTOR_URL";
/// The folder of its programs.
pub const RUVECTOR_BIN: &str = "RUVECTOR_BIN";
