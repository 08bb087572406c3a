//! `annvil engines --check`: a server looked at and verified.

mod text;

use std::process::ExitCode;

use annvil_conduct::server_check::{self, ROWS, ServerCheck};
use annvil_conduct::{Outcome, RunError};
use annvil_core::scenario::Pooler;
use annvil_core::secret::Secret;
use annvil_load::cancel::{Cancel, Reason};
use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::flags::JsonFlag;
use crate::{engines, interrupt, out};

/// Flags of `annvil engines`.
#[derive(Debug, Clone, Args)]
pub struct EnginesFlags {
    /// Check a PostgreSQL server instead: what it has, settings worth changing, and whether 1,000 rows in a schema of their
    /// own, which is removed, are answered rightly. [without URL: `DATABASE_URL`]
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    pub check: Option<String>,
    /// What stands between client and server; found out unless given.
    #[arg(long, value_enum, requires = "check")]
    pub pooler: Option<PoolerFlag>,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What stands between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PoolerFlag {
    /// Nothing, or something that keeps a connection for a session.
    None,
    /// A pooler that hands out a connection for a transaction, such as pgbouncer's transaction mode.
    Transaction,
}

/// Lists the engines, or checks a server.
pub fn run(flags: &EnginesFlags) -> anyhow::Result<ExitCode> {
    let Some(url) = &flags.check else { return engines::engines(&JsonFlag { json: flags.json }) };
    let url = match url.as_str() {
        "" => std::env::var("DATABASE_URL").unwrap_or_default(),
        url => url.to_owned(),
    };
    if url.is_empty() {
        bail!(
            "nothing says which server\n  Write --check postgres://user:password@host:port/database, or set DATABASE_URL."
        );
    }
    check(&Secret::new(url), flags)
}

fn check(url: &Secret, flags: &EnginesFlags) -> anyhow::Result<ExitCode> {
    let pooler = flags.pooler.map(|pooler| match pooler {
        PoolerFlag::None => Pooler::None,
        PoolerFlag::Transaction => Pooler::Transaction,
    });
    let cancel = Cancel::new();
    let raised = cancel.clone();
    let quiet = flags.json;
    interrupt::at_first(true, move || {
        raised.raise(Reason::User);
        if !quiet {
            out::say(
                "\nstopping; what was made in the database is removed. Ctrl-C again stops at once and leaves it.",
            );
        }
    })?;
    let server = ServerCheck::open(url, pooler)?;
    let found = server.found();
    if !flags.json {
        out::print(&text::found(found, server.pooler(), flags.pooler.is_some()))?;
    }
    let lacking = found.lacking();
    let mut failed = None;
    let verified = match &lacking {
        Some(_) => Ok(Vec::new()),
        None => server.verify(&cancel, &mut |checked| {
            if !flags.json && failed.is_none() {
                failed = out::print(&text::checked(checked)).err();
            }
        }),
    };
    let all = verified.map_err(|error: RunError| anyhow::Error::from(error))?;
    if let Some(error) = failed {
        return Err(error);
    }
    let outcome = if lacking.is_some() { Outcome::Failed } else { server_check::outcome(&all, &cancel) };
    let advice = server_check::advice(&all);
    if flags.json {
        out::json(&json!({
            "server": found, "pooler": server.pooler(), "rows": ROWS, "variants": all, "advice": advice, "lacking": lacking,
            "verified": outcome == Outcome::Good,
        }))?;
    } else {
        out::print(&text::ended(&all, &advice, lacking.as_deref(), outcome))?;
    }
    Ok(ExitCode::from(outcome.code()))
}
