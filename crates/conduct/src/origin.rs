//! Which change of the user's project is measured: what a CI system says in its variables, else what git's own files say.

use std::fs;
use std::path::{Path, PathBuf};

use annvil_core::record::Origin;

/// What is known of the project in `folder`, with the variables of this process.
pub fn detect(folder: &Path) -> Origin {
    of(folder, &|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
}

/// The same with other variables.
pub fn of(folder: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Origin {
    let systems = [github, gitlab, jenkins, buildkite];
    let mut origin = systems.iter().find_map(|system| system(variable)).unwrap_or_default();
    // Some say `HEAD` instead of a commit.
    origin.commit = origin.commit.filter(|commit| is_commit(commit));
    if origin.commit.is_none() || origin.branch.is_none() {
        let (commit, branch) = git(folder).unwrap_or_default();
        origin.commit = origin.commit.or(commit);
        origin.branch = origin.branch.or(branch);
    }
    origin
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Variables of a CI system.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

fn github(variable: Variable<'_>) -> Option<Origin> {
    variable("GITHUB_ACTIONS").filter(|value| value == "true")?;
    let request = variable("GITHUB_REF").and_then(|reference| {
        let number = reference.strip_prefix("refs/pull/")?.split('/').next()?;
        Some(number.to_owned())
    });
    let page = || {
        let parts = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(variable);
        let [Some(server), Some(repository), Some(run)] = parts else { return None };
        Some(format!("{server}/{repository}/actions/runs/{run}"))
    };
    Some(Origin {
        commit: variable("GITHUB_SHA"),
        branch: variable("GITHUB_HEAD_REF")
            .or_else(|| variable("GITHUB_REF_NAME").filter(|_| request.is_none())),
        request,
        ci: Some("github".to_owned()),
        url: page(),
        who: variable("GITHUB_ACTOR"),
    })
}

fn gitlab(variable: Variable<'_>) -> Option<Origin> {
    variable("GITLAB_CI")?;
    let source = variable("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME");
    Some(Origin {
        commit: variable("CI_COMMIT_SHA"),
        branch: source.or_else(|| variable("CI_COMMIT_BRANCH")).or_else(|| variable("CI_COMMIT_REF_NAME")),
        request: variable("CI_MERGE_REQUEST_IID"),
        ci: Some("gitlab".to_owned()),
        url: variable("CI_JOB_URL"),
        who: variable("GITLAB_USER_LOGIN"),
    })
}

fn jenkins(variable: Variable<'_>) -> Option<Origin> {
    variable("JENKINS_URL")?;
    // Without a multibranch job the branch is that of the remote.
    let plain = || variable("GIT_BRANCH").map(|branch| branch.trim_start_matches("origin/").to_owned());
    Some(Origin {
        commit: variable("GIT_COMMIT"),
        branch: variable("CHANGE_BRANCH").or_else(|| variable("BRANCH_NAME")).or_else(plain),
        request: variable("CHANGE_ID"),
        ci: Some("jenkins".to_owned()),
        url: variable("BUILD_URL"),
        who: variable("CHANGE_AUTHOR").or_else(|| variable("BUILD_USER_ID")),
    })
}

fn buildkite(variable: Variable<'_>) -> Option<Origin> {
    variable("BUILDKITE").filter(|value| value == "true")?;
    Some(Origin {
        commit: variable("BUILDKITE_COMMIT"),
        branch: variable("BUILDKITE_BRANCH"),
        request: variable("BUILDKITE_PULL_REQUEST").filter(|number| number != "false"),
        ci: Some("buildkite".to_owned()),
        url: variable("BUILDKITE_BUILD_URL"),
        who: variable("BUILDKITE_BUILD_CREATOR"),
    })
}

/// Commit and branch that are checked out in a folder or one above it, read from git's files.
fn git(folder: &Path) -> Option<(Option<String>, Option<String>)> {
    let folder = fs::canonicalize(folder).ok()?;
    let place = folder.ancestors().find_map(|folder| git_folder(&folder.join(".git")))?;
    let head = fs::read_to_string(place.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(reference) = head.strip_prefix("ref:").map(str::trim) else {
        return Some((Some(head.to_owned()).filter(|commit| is_commit(commit)), None));
    };
    let branch = reference.strip_prefix("refs/heads/").map(str::to_owned);
    // Of several work trees one has the branches of all.
    let common = fs::read_to_string(place.join("commondir")).ok().map(|path| place.join(path.trim()));
    let places = [Some(place.clone()), common];
    let commit = places.iter().flatten().find_map(|place| resolved(place, reference));
    Some((commit, branch))
}

/// The folder of a repository: `.git` itself, or where the file `.git` of a work tree or submodule points.
fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let text = fs::read_to_string(path).ok()?;
    let target = text.trim().strip_prefix("gitdir:")?.trim();
    Some(path.parent()?.join(target))
}

fn resolved(place: &Path, reference: &str) -> Option<String> {
    if let Ok(commit) = fs::read_to_string(place.join(reference)) {
        return Some(commit.trim().to_owned()).filter(|commit| is_commit(commit));
    }
    let packed = fs::read_to_string(place.join("packed-refs")).ok()?;
    let line = packed.lines().find_map(|line| line.strip_suffix(reference)?.strip_suffix(' '))?;
    Some(line.to_owned()).filter(|commit| is_commit(commit))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn with(folder: &Path, variables: &[(&str, &str)]) -> Origin {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        of(folder, &|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn ci_systems_say_it_in_their_variables() {
        let nowhere = tempfile::tempdir().unwrap();
        let github = with(
            nowhere.path(),
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_SHA", COMMIT),
                ("GITHUB_REF", "refs/pull/42/merge"),
                ("GITHUB_REF_NAME", "42/merge"),
                ("GITHUB_HEAD_REF", "faster"),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_REPOSITORY", "o/r"),
                ("GITHUB_RUN_ID", "7"),
                ("GITHUB_ACTOR", "ann"),
            ],
        );
        let expected = Origin {
            commit: Some(COMMIT.to_owned()),
            branch: Some("faster".to_owned()),
            request: Some("42".to_owned()),
            ci: Some("github".to_owned()),
            url: Some("https://github.com/o/r/actions/runs/7".to_owned()),
            who: Some("ann".to_owned()),
        };
        assert_eq!(github, expected);
        let gitlab = with(
            nowhere.path(),
            &[("GITLAB_CI", "true"), ("CI_COMMIT_SHA", COMMIT), ("CI_COMMIT_BRANCH", "main")],
        );
        assert_eq!(
            (gitlab.ci, gitlab.branch, gitlab.request),
            (Some("gitlab".to_owned()), Some("main".to_owned()), None)
        );
        let jenkins = with(
            nowhere.path(),
            &[
                ("JENKINS_URL", "http://j"),
                ("GIT_COMMIT", COMMIT),
                ("GIT_BRANCH", "origin/main"),
                ("CHANGE_ID", "3"),
            ],
        );
        assert_eq!((jenkins.branch, jenkins.request), (Some("main".to_owned()), Some("3".to_owned())));
        let buildkite = with(
            nowhere.path(),
            &[("BUILDKITE", "true"), ("BUILDKITE_COMMIT", "HEAD"), ("BUILDKITE_PULL_REQUEST", "false")],
        );
        assert_eq!(
            (buildkite.ci, buildkite.commit, buildkite.request),
            (Some("buildkite".to_owned()), None, None)
        );
        assert!(with(nowhere.path(), &[]).is_empty());
    }

    #[test]
    fn git_says_it_in_its_files() {
        let place = tempfile::tempdir().unwrap();
        let git = place.path().join(".git");
        fs::create_dir_all(git.join("refs/heads/topic")).unwrap();
        fs::write(git.join("HEAD"), "ref: refs/heads/topic/one\n").unwrap();
        fs::write(git.join("refs/heads/topic/one"), format!("{COMMIT}\n")).unwrap();
        let below = place.path().join("src");
        fs::create_dir(&below).unwrap();
        let origin = with(&below, &[]);
        assert_eq!((origin.commit, origin.branch), (Some(COMMIT.to_owned()), Some("topic/one".to_owned())));

        fs::remove_file(git.join("refs/heads/topic/one")).unwrap();
        fs::write(git.join("packed-refs"), format!("# pack-refs\n{COMMIT} refs/heads/topic/one\n")).unwrap();
        assert_eq!(with(&below, &[]).commit, Some(COMMIT.to_owned()));

        fs::write(git.join("HEAD"), format!("{COMMIT}\n")).unwrap();
        assert_eq!((with(&below, &[]).commit, with(&below, &[]).branch), (Some(COMMIT.to_owned()), None));

        // A work tree of its own.
        let tree = tempfile::tempdir().unwrap();
        let own = git.join("worktrees/tree");
        fs::create_dir_all(&own).unwrap();
        fs::write(tree.path().join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/topic/one\n").unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        assert_eq!(with(tree.path(), &[]).commit, Some(COMMIT.to_owned()));
    }
}
