//! `annvil init`: a scenario to begin with, and files that make a CI system run it.

mod ci;
mod place;
mod scenario;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::{built, out};

/// The scenario that is written.
const SCENARIO: &str = "annvil.yaml";

/// Flags of `annvil init`.
#[derive(Debug, Clone, Args)]
pub struct InitFlags {
    /// The system to measure: `postgres://user:password@host:port/database`. Only its kind is written down; the address
    /// stays in the variable `DATABASE_URL`. [without URL: the index that is built in]
    pub url: Option<String>,
    /// Vectors to search: a file or folder of any format that is read, or a set by name. [default: the set in the box]
    #[arg(long, value_name = "FILE")]
    pub data: Option<String>,
    /// Also write what makes a CI system measure every change.
    #[arg(long, value_enum)]
    pub ci: Option<Ci>,
    /// Folder of the project.
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub output: PathBuf,
    /// Write over files that are there.
    #[arg(long)]
    pub force: bool,
}

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ci {
    /// GitHub Actions: `.github/workflows/annvil.yml`.
    Github,
    /// GitLab: `.gitlab-ci.yml`.
    Gitlab,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Embedded,
    Postgres,
}

/// Writes the files and says what comes next.
pub fn init(flags: &InitFlags) -> anyhow::Result<ExitCode> {
    let engine = engine(flags.url.as_deref())?;
    let mut files =
        vec![(PathBuf::from(SCENARIO), scenario::text(engine, flags.data.as_deref(), &flags.output)?)];
    if let Some(ci) = flags.ci {
        let branch = place::branch(&flags.output);
        files.push((ci.path(), ci::text(ci, engine, SCENARIO, &branch)));
    }
    place::write(&flags.output, &files, flags.force)?;
    let mut told = String::new();
    for (path, _) in &files {
        told += &format!("wrote {}\n", flags.output.join(path).display());
    }
    told += &next(flags, engine);
    out::print(&told)?;
    Ok(ExitCode::SUCCESS)
}

impl Ci {
    fn path(self) -> PathBuf {
        match self {
            Self::Github => Path::new(".github/workflows").join("annvil.yml"),
            Self::Gitlab => PathBuf::from(".gitlab-ci.yml"),
        }
    }
}

fn engine(url: Option<&str>) -> anyhow::Result<Engine> {
    match url.map(|url| url.split_once("://").map_or("", |(kind, _)| kind)) {
        None => Ok(Engine::Embedded),
        Some("postgres" | "postgresql") => Ok(Engine::Postgres),
        Some("") => bail!(
            "this is no address of a server\n  Write postgres://user:password@host:port/database, or none for the index that is built in. \
Vectors of your own are given with --data FILE."
        ),
        Some(kind) => bail!(
            "there is no engine for addresses that begin with {kind}://\n  Write postgres://user:password@host:port/database; \
`annvil engines` lists the engines."
        ),
    }
}

/// What to do with the files.
fn next(flags: &InitFlags, engine: Engine) -> String {
    let scenario = flags.output.join(SCENARIO);
    let mut told = String::new();
    if engine == Engine::Postgres {
        told += "The scenario reads the address from DATABASE_URL; no file holds it.\n";
    }
    told += &format!("Next: annvil run {}\n", scenario.display());
    if flags.ci.is_some() {
        let (revision, _) = ci::revision(&built::build().commit);
        told += &format!(
            "The CI file builds Annvil from {} at {revision}, which must be there to be fetched.\n",
            env!("CARGO_PKG_REPOSITORY")
        );
        if flags.ci == Some(Ci::Github) && engine == Engine::Postgres {
            told += "It measures a server of its own; to measure another, make a secret DATABASE_URL.\n";
        }
        told += "`runs/` and `annvil-artefacts/` hold results: add them to .gitignore.\n";
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_engine_and_is_not_repeated() {
        assert_eq!(engine(None).unwrap(), Engine::Embedded);
        assert_eq!(engine(Some("postgresql://me:secret@host/db")).unwrap(), Engine::Postgres);
        let error = engine(Some("qdrant://me:secret@host")).unwrap_err().to_string();
        assert!(error.contains("qdrant://") && !error.contains("secret"), "{error}");
        assert!(engine(Some("me:secret@host")).unwrap_err().to_string().contains("no address"));
    }
}
