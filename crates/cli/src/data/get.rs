//! `annvil data get`: fetches a set, by name or by address.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annvil_core::units::Bytes;
use annvil_data::get::{self, Fetched, GetError, Limits, Local, Place, Progress, Step};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::{interrupt, out, paint};

/// Flags of `annvil data get`.
#[derive(Debug, Clone, Args)]
pub struct GetFlags {
    /// A name from `annvil data list`, or an address: http://, https://, s3:// or file://, perhaps with #sha256=…, or
    /// postgres:// for a table of a database
    #[arg(value_name = "NAME|URL")]
    pub what: String,
    /// The SHA-256 that the file must have.
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
    /// Folder to fetch into. [default: `$ANNVIL_HOME/data`, or annvil/data below `$XDG_DATA_HOME` or ~/.local/share]
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
    /// Of a table.
    #[cfg(feature = "postgres")]
    #[command(flatten)]
    pub of_table: super::table::TableFlags,
}

/// Fetches a set.
pub fn get(flags: &GetFlags) -> anyhow::Result<ExitCode> {
    #[cfg(feature = "postgres")]
    if super::table::is_database(&flags.what) {
        return super::table::get(flags);
    }
    #[cfg(feature = "postgres")]
    if flags.of_table.table.is_some() {
        anyhow::bail!(
            "`--table` is of a database, and {} is none\n  Write postgres://user:password@host:port/database.",
            flags.what
        );
    }
    let place = match &flags.into {
        Some(folder) => Place::at(folder),
        None => Place::usual()?,
    };
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    interrupt::at_first(true, move || stop.store(true, Ordering::Relaxed))?;
    let mut bar = Bar::new();
    let result =
        get::get(&flags.what, flags.sha256.as_deref(), &place, &Limits::default(), &mut |progress| {
            bar.show(progress);
            if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    bar.finish();
    match result {
        Ok(local) if flags.json => out::json(&record(&local))?,
        Ok(local) => out::print(&told(&local))?,
        Err(error) => {
            let code = exit_code(&error);
            out::say(&paint::error(&error.to_string()));
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn exit_code(error: &GetError) -> u8 {
    match error {
        GetError::Unknown { .. } | GetError::Address { .. } | GetError::NoPlace => 2,
        GetError::Stopped { .. } => 130,
        _ => 5,
    }
}

fn record(local: &Local) -> serde_json::Value {
    let file = |file: &Fetched| {
        json!({
            "name": file.path.file_name().unwrap_or_default().to_string_lossy(),
            "bytes": file.bytes,
            "sha256": file.sha256,
            "resumed_from": file.resumed_from,
            "was_there": file.was_there,
        })
    };
    json!({ "path": local.path, "files": local.files.iter().map(file).collect::<Vec<_>>() })
}

fn told(local: &Local) -> String {
    let line = |file: &Fetched| {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let how = match (file.was_there, file.resumed_from) {
            (true, _) => ", was there already".to_owned(),
            (_, Some(from)) => format!(", resumed at {}", Bytes(from)),
            _ => String::new(),
        };
        format!("{name}  {}{how}  sha256 {}", Bytes(file.bytes), file.sha256)
    };
    let mut lines: Vec<_> = local.files.iter().map(line).collect();
    lines.push(format!("{}\nnext: annvil data inspect {}\n", local.path.display(), local.path.display()));
    lines.join("\n")
}

/// How far it is, on a terminal.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    fn show(&mut self, progress: Progress) {
        let Some(bar) = &self.0 else { return };
        if bar.length() != progress.total {
            let template = match progress.total {
                Some(_) => {
                    "  {bar:20} {percent:>3} %  {bytes} of {total_bytes}  {bytes_per_sec}  {eta:>3} left  {wide_msg}"
                }
                None => "  {spinner} {bytes}  {bytes_per_sec}  {wide_msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            if let Some(total) = progress.total {
                bar.set_length(total);
            }
        }
        bar.set_position(progress.done);
        bar.set_message(match progress.step {
            Step::Fetching => "",
            Step::Waiting => "waiting for another process",
            Step::Pausing => "interrupted; trying again",
            Step::Unpacking => "unpacking",
        });
    }

    fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_usage_from_failure_and_interruption() {
        let unknown = get::get("no such set", None, &Place::at("/nowhere"), &Limits::default(), &mut |_| {
            ControlFlow::Continue(())
        });
        assert_eq!(unknown.map_err(|error| exit_code(&error)).err(), Some(2));
        assert_eq!(exit_code(&GetError::Stopped { folder: String::new() }), 130);
        assert_eq!(exit_code(&GetError::Busy { folder: String::new() }), 5);
    }
}
