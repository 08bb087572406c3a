//! `cargo xtask services up | down | status | env`.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::{SERVICES, Service, Variables, daemon, folders};

const HELP: &str = "\
cargo xtask services up [--with NAME]…   start the default servers and those named; what runs already is kept
cargo xtask services down                end them and remove their data
cargo xtask services status              what runs
cargo xtask services env                 their URLs and folders as lines for a shell: eval \"$(cargo xtask services env)\"

By default: pgvector (PostgreSQL 18), vectorscale (PostgreSQL 17), pgbouncer. By name: ruvector, compiled at first, which
takes minutes. Data is fresh at each `up`, in target/services, or where XTASK_SERVICES says. Installs are kept in the
user's cache folder. Root starts servers as the user `postgres` or `annvil`; where that user may not enter one of these
folders, /var/cache/annvil takes its place. `cargo xtask test` starts servers of its own and ends them.
";

/// Does what the words after `services` say.
pub fn command(words: &[&str]) -> anyhow::Result<()> {
    match words {
        ["up", rest @ ..] => up(&wanted(rest)?),
        ["down"] => down(),
        ["status"] => status(),
        ["env"] => env(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("unknown words `{}`\n{HELP}", other.join(" ")),
    }
}

/// The default services, those named, and what they need, in the order of starting.
fn wanted(mut words: &[&str]) -> anyhow::Result<Vec<Service>> {
    let mut names: Vec<&str> =
        SERVICES.iter().filter(|service| service.default).map(|one| one.name).collect();
    while let ["--with", name, rest @ ..] = words {
        let known = SERVICES.iter().find(|service| service.name == *name);
        let Some(service) = known else {
            let all: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
            bail!("there is no service `{name}`; there are {}", all.join(", "));
        };
        names.extend([service.name].into_iter().chain(service.needs));
        words = rest;
    }
    if !words.is_empty() {
        bail!("unknown words `{}`\n{HELP}", words.join(" "));
    }
    Ok(SERVICES.into_iter().filter(|service| names.contains(&service.name)).collect())
}

fn up(wanted: &[Service]) -> anyhow::Result<()> {
    let (parent, _lock) = parent()?;
    let mut earlier = Variables::new();
    let (mut fresh, mut failed) = (vec![], vec![]);
    for service in wanted {
        let kept =
            service.running(&parent).filter(|_| !service.needs.is_some_and(|name| fresh.contains(&name)));
        if let Some(variables) = kept {
            eprintln!("{} is up already and is kept", service.name);
            earlier.extend(variables);
            continue;
        }
        fresh.push(service.name);
        match service.start(&parent, &earlier) {
            Ok(variables) => {
                eprintln!("{} is up", service.name);
                earlier.extend(variables);
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                folders::remove(&service.folder(&parent))?;
                failed.push(service.name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("not everything is up: {}", failed.join(", "));
    }
    eprintln!("Their URLs: eval \"$(cargo xtask services env)\"");
    Ok(())
}

fn down() -> anyhow::Result<()> {
    let (parent, _lock) = parent()?;
    for service in SERVICES.iter().rev() {
        let ran = service.running(&parent).is_some();
        folders::remove(&service.folder(&parent))?;
        if ran {
            eprintln!("{} is down", service.name);
        }
    }
    folders::remove(&parent)
}

fn status() -> anyhow::Result<()> {
    let parent = folders::home()?.join("up");
    for service in SERVICES {
        let folder = service.folder(&parent);
        let process = daemon::noted(&folder).map(|(identity, _)| identity);
        let line = match process {
            None => "down".to_owned(),
            Some(process) if process.alive() => format!("up, process {}, {}", process.pid, folder.display()),
            Some(process) => {
                format!("has ended by itself, process {}; see {}", process.pid, folder.join("log").display())
            }
        };
        println!("{:<12} {line}", service.name);
    }
    Ok(())
}

fn env() -> anyhow::Result<()> {
    let parent = folders::home()?.join("up");
    let variables: Variables = SERVICES.iter().filter_map(|one| one.running(&parent)).flatten().collect();
    if variables.is_empty() {
        bail!("no server is up\n  Start them: cargo xtask services up");
    }
    for (name, value) in variables {
        println!("export {name}='{}'", value.replace('\'', r"'\''"));
    }
    Ok(())
}

/// The folder of what `up` started, and the right to change it: two of these verbs don't run at once.
fn parent() -> anyhow::Result<(PathBuf, File)> {
    let home = folders::home()?;
    let path = home.join("lock");
    let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    let parent = home.join("up");
    folders::open(&parent)?;
    Ok((parent, lock))
}

#[cfg(test)]
mod tests {
    use super::wanted;

    fn names(words: &[&str]) -> Vec<&'static str> {
        wanted(words).unwrap().into_iter().map(|service| service.name).collect()
    }

    #[test]
    fn named_services_are_added_once_and_started_in_order() {
        assert_eq!(names(&[]), ["pgvector", "vectorscale", "pgbouncer"]);
        let more = names(&["--with", "ruvector", "--with", "pgbouncer"]);
        assert_eq!(more, ["pgvector", "vectorscale", "pgbouncer", "ruvector"]);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = wanted(&["--with", "oracle"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no service `oracle`; there are pgvector, vectorscale, pgbouncer, ruvector"
        );
        assert!(wanted(&["ruvector"]).is_err());
    }
}
