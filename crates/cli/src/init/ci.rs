//! Files that make a CI system measure every change.

use super::{Ci, Engine};
use crate::built;

const GITHUB: &str = include_str!("files/github.yml");
const GITLAB: &str = include_str!("files/gitlab.yml");

/// A server beside the job, and its address unless the project has one of its own.
const GITHUB_SERVICE: &str = "    # A server for this job alone. To measure another one, make a secret DATABASE_URL.
    services:
      postgres:
        image: pgvector/pgvector:pg17
        env: {POSTGRES_PASSWORD: annvil}
        ports: ['5432:5432']
        options: --shm-size 1g --health-cmd pg_isready --health-interval 2s --health-timeout 5s --health-retries 30
";
const GITHUB_DATABASE: &str =
    "  DATABASE_URL: ${{ secrets.DATABASE_URL || 'postgres://postgres:annvil@127.0.0.1:5432/postgres' }}\n";
const GITLAB_SERVICE: &str = "  # A server for this job alone. To measure another one, make a CI variable DATABASE_URL: it counts more than this.
  services:
    - name: pgvector/pgvector:pg17
      alias: postgres
  variables:
    POSTGRES_PASSWORD: annvil
    DATABASE_URL: postgres://postgres:annvil@postgres:5432/postgres
";

/// The file of a CI system.
pub(super) fn text(ci: Ci, engine: Engine, scenario: &str, branch: &str) -> String {
    let (template, service, database) = match ci {
        Ci::Github => (GITHUB, GITHUB_SERVICE, GITHUB_DATABASE),
        Ci::Gitlab => (GITLAB, GITLAB_SERVICE, ""),
    };
    let (service, database) = if engine == Engine::Postgres { (service, database) } else { ("", "") };
    let (revision, kind) = revision(&built::build().commit);
    template
        .replace("{services}", service)
        .replace("{database}", database)
        .replace("{scenario}", scenario)
        .replace("{branch}", branch)
        .replace("{repository}", env!("CARGO_PKG_REPOSITORY"))
        .replace("{revision}", &format!("\"{revision}\""))
        .replace("--rev \"$ANNVIL_REVISION\"", &format!("{kind} \"$ANNVIL_REVISION\""))
}

/// What CI builds, and the flag of `cargo install` for it: the commit that this program was built from, or the main branch
/// if it came from no commit.
pub(super) fn revision(commit: &str) -> (String, &'static str) {
    let commit = commit.trim_end_matches("-dirty");
    if commit.len() >= 7 && commit.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        (commit.to_owned(), "--rev")
    } else {
        ("main".to_owned(), "--branch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_from_no_commit_follows_the_main_branch() {
        assert_eq!(revision("09e3665abcde-dirty"), ("09e3665abcde".to_owned(), "--rev"));
        assert_eq!(revision("unknown"), ("main".to_owned(), "--branch"));
    }

    #[test]
    fn every_place_is_filled() {
        for ci in [Ci::Github, Ci::Gitlab] {
            for engine in [Engine::Embedded, Engine::Postgres] {
                let text = text(ci, engine, "annvil.yaml", "main");
                for place in
                    ["{services}", "{database}", "{scenario}", "{branch}", "{repository}", "{revision}"]
                {
                    assert!(!text.contains(place), "{place}");
                }
                assert_eq!(text.contains("DATABASE_URL"), engine == Engine::Postgres);
            }
        }
    }
}
