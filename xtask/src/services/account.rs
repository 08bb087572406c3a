//! Whose servers they are. PostgreSQL and pgbouncer refuse to run as root, so root starts them as somebody else.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};

/// Users that root starts servers as: the first is Debian's own, the second is made where there is no first.
const USERS: [&str; 2] = ["postgres", "annvil"];

/// The user that servers run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Whoever runs this.
    Own,
    /// Somebody with fewer rights than root.
    Other {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl Account {
    /// The account for servers that this process starts. Root makes a system user where none is there.
    pub fn find() -> anyhow::Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        if let Some(account) = Self::existing()? {
            return Ok(account);
        }
        let user = USERS[1];
        let arguments =
            ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", user];
        let made = Command::new("useradd").args(arguments).output();
        if let Some(account) = Self::existing()? {
            return Ok(account);
        }
        let why = match made {
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        bail!(
            "servers refuse to run as root, and `useradd {user}` failed: {why}\n  Run this as an ordinary user, or make a user `{user}`."
        )
    }

    fn existing() -> anyhow::Result<Option<Self>> {
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        Ok(USERS.iter().find_map(|user| entry(&passwd, user)))
    }

    /// A command that runs as this user, knows nothing of a server in its environment, and works in `folder`.
    pub fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        for (name, _) in env::vars_os() {
            // `PGDATA`, `PGPORT` and their like.
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Makes a file or a folder this user's own, for nobody else to read.
    pub fn give(self, path: &Path) -> anyhow::Result<()> {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        let shown = || format!("cannot hand {} over to the servers' user", path.display());
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(shown)?;
        if let Self::Other { uid, gid } = self {
            chown(path, Some(uid), Some(gid)).with_context(shown)?;
        }
        Ok(())
    }

    /// Whether this user gets to what lies in a folder. Parts that are not there yet will be made so that it does.
    pub fn reaches(self, folder: &Path) -> bool {
        let Self::Other { uid, .. } = self else { return true };
        folder.ancestors().filter_map(|part| fs::metadata(part).ok()).all(|meta| {
            let needed = if meta.uid() == uid { 0o100 } else { 0o001 };
            meta.mode() & needed != 0
        })
    }
}

/// The ids of a user by `/etc/passwd`.
fn entry(passwd: &str, user: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let &[name, _, uid, gid, ..] = fields.as_slice() else { return None };
        (name == user).then_some(())?;
        Some(Account::Other { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\npostgres2:x:5:6::/:\npostgres:x:101:104:,,,:/var/lib:/bin/sh\n";
        assert_eq!(entry(passwd, "postgres"), Some(Account::Other { uid: 101, gid: 104 }));
        assert_eq!(entry(passwd, "annvil"), None);
    }

    #[test]
    fn a_closed_folder_above_is_noticed() {
        let folder = env::temp_dir().join(format!("xtask-account-{}", std::process::id()));
        let below = folder.join("not there yet");
        fs::create_dir_all(&folder).unwrap();
        let somebody = Account::Other { uid: 4_000_000_000, gid: 4_000_000_000 };
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o711)).unwrap();
        let open = somebody.reaches(&below);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let closed = somebody.reaches(&below);
        fs::remove_dir(&folder).unwrap();
        assert_eq!((open, closed), (Account::reaches(somebody, &env::temp_dir()), false));
    }
}
