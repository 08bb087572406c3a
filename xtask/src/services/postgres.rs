//! A PostgreSQL server: made, started, killed, started again. Fresh, on loopback, with a password.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fmt, fs};

use anyhow::{Context, bail};
use rustix::process::Signal;

use super::account::Account;
use super::daemon::{Daemon, Tie};
use super::folders;

/// The user of every server, who may do everything.
pub const USER: &str = "annvil";

/// The database that is there from the start.
pub const DATABASE: &str = "postgres";

/// Longer paths of sockets are refused by the system.
const LONGEST_SOCKET: usize = 80;

/// The programs of one version of PostgreSQL, with its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// The folder of `postgres` and `initdb`.
    pub bin: PathBuf,
}

/// Where a server is, and who is welcome there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The database.
    pub database: String,
}

/// As a URL.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, password) = (encoded(&self.user), encoded(&self.password));
        write!(f, "postgresql://{user}:{password}@127.0.0.1:{}/{}", self.port, encoded(&self.database))
    }
}

/// From a URL as `Display` writes it, with a user and a password of plain characters.
impl FromStr for Address {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> anyhow::Result<Self> {
        let parts = || {
            let (user, rest) = url.strip_prefix("postgresql://")?.split_once(':')?;
            let (password, rest) = rest.split_once("@127.0.0.1:")?;
            let (port, database) = rest.split_once('/')?;
            let (user, password, database) = (user.to_owned(), password.to_owned(), database.to_owned());
            Some(Self { user, password, port: port.parse().ok()?, database })
        };
        parts().context("this is no URL of a server on 127.0.0.1")
    }
}

/// A running server with data of its own. It ends when this is dropped; its folder stays.
#[derive(Debug)]
pub struct Server {
    install: Install,
    folder: PathBuf,
    address: Address,
    tie: Tie,
    daemon: Option<Daemon>,
}

impl Server {
    /// Makes a server in `folder`, which must be empty or not there, and starts it. `settings` are lines for
    /// `postgresql.conf`, such as `("jit", "off")`; all others stay at their defaults, but for 200 connections.
    ///
    /// Ctrl-C ends the server too, as does `xtask test` at its end if the folder lies in a [`folders::Scratch`].
    ///
    /// # Errors
    /// The folder cannot be made, or the server does not start; the message ends with the last lines of its log.
    pub fn start(install: &Install, folder: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launch(install, folder, settings, Tie::Job)
    }

    /// As `start`, and with a say in what Ctrl-C does.
    pub fn launch(
        install: &Install,
        folder: &Path,
        settings: &[(&str, &str)],
        tie: Tie,
    ) -> anyhow::Result<Self> {
        let account = Account::find()?;
        let folder = std::path::absolute(folder)?;
        folders::open(&folder)?;
        account.give(&folder)?;
        let address = Address {
            user: USER.into(),
            password: password(),
            port: free_port()?,
            database: DATABASE.into(),
        };
        let mut server = Self { install: install.clone(), folder, address, tie, daemon: None };
        server.initialise(account, settings)?;
        for attempt in 0.. {
            match server.restart() {
                Ok(()) => break,
                // Somebody else took the port in between.
                Err(error) if attempt < 3 && format!("{error:#}").contains("could not bind") => {
                    server.address.port = free_port()?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(server)
    }

    fn initialise(&self, account: Account, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let secret = self.folder.join("password");
        fs::write(&secret, &self.address.password)
            .with_context(|| format!("cannot write {}", secret.display()))?;
        account.give(&secret)?;
        let initdb = self.install.bin.join("initdb");
        let output = account
            .command(&initdb, &self.folder)
            .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"])
            .arg("--no-sync")
            .arg("--pwfile")
            .arg(&secret)
            .arg("--pgdata")
            .arg(self.data())
            .output()
            .with_context(|| format!("cannot start {}", initdb.display()))?;
        fs::remove_file(&secret).with_context(|| format!("cannot remove {}", secret.display()))?;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            bail!("{} failed:\n{}", initdb.display(), String::from_utf8_lossy(&said).trim());
        }
        let sockets = self.folder.to_string_lossy().into_owned();
        let sockets = if sockets.len() > LONGEST_SOCKET { String::new() } else { sockets };
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", &sockets),
            ("max_connections", "200"),
        ];
        let path = self.data().join("postgresql.conf");
        let mut text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for (name, value) in own.iter().chain(settings) {
            text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Starts it again with the same port and data; a running one is stopped first.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        let data = self.data();
        let mut command = Account::find()?.command(&self.install.bin.join("postgres"), &self.folder);
        command.arg("-D").arg(&data).args(["-p", &self.address.port.to_string()]);
        let ready = |pid| ready(&data.join("postmaster.pid"), pid);
        self.daemon = Some(Daemon::start(&mut command, &self.folder, Signal::INT, self.tie, ready)?);
        Ok(())
    }

    /// Ends it in order: sessions are cut off, data is written.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.stop())
    }

    /// Ends all its processes at once, as a crash would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.daemon.take().map_or(Ok(()), |mut daemon| daemon.kill())
    }

    /// Its URL with user and password.
    pub fn url(&self) -> String {
        self.address.to_string()
    }

    /// Its URL for another user or another password.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        let (user, password) = (user.to_owned(), password.to_owned());
        Address { user, password, ..self.address.clone() }.to_string()
    }

    /// Its user, password and port.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its port on 127.0.0.1, the same for as long as it lives.
    pub fn port(&self) -> u16 {
        self.address.port
    }

    /// The process id of the postmaster, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Daemon::pid)
    }

    /// Where it lies; what it says is in the file `log` there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets it run on when this is dropped.
    pub fn let_go(mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.let_go();
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// Whether the postmaster's own note says so. A note of an earlier one may still be there.
fn ready(note: &Path, pid: u32) -> bool {
    let Ok(note) = fs::read_to_string(note) else { return false };
    let lines: Vec<&str> = note.lines().map(str::trim).collect();
    lines.first().is_some_and(|line| *line == pid.to_string()) && lines.get(7) == Some(&"ready")
}

/// A port on 127.0.0.1 that was free just now.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr().context("no free port on 127.0.0.1")?.port())
}

/// A password that nobody guesses by chance. It guards a server on loopback for as long as tests take.
fn password() -> String {
    format!("{:016x}", RandomState::new().hash_one("password"))
}

/// Text as part of a URL.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_with_signs_of_a_url_are_encoded() {
        let (user, password, database) = ("a".into(), "p@s/s:%é".into(), "d".into());
        let address = Address { user, password, port: 5, database };
        assert_eq!(address.to_string(), "postgresql://a:p%40s%2Fs%3A%25%C3%A9@127.0.0.1:5/d");
    }

    #[test]
    fn an_address_comes_back_from_its_url() {
        let url = "postgresql://annvil:0a1b@127.0.0.1:5433/postgres";
        assert_eq!(url.parse::<Address>().unwrap().to_string(), url);
        assert!("postgresql://annvil@127.0.0.1/postgres".parse::<Address>().is_err());
    }

    #[test]
    fn the_note_of_an_earlier_process_does_not_count() {
        let path = std::env::temp_dir().join(format!("xtask-ready-{}", std::process::id()));
        fs::write(&path, "12\n/d\n1\n5432\n\n127.0.0.1\n  1 2\nready   \n").unwrap();
        let found = (ready(&path, 12), ready(&path, 13));
        fs::write(&path, "12\n/d\n1\n5432\n\n127.0.0.1\n  1 2\nstarting\n").unwrap();
        let starting = ready(&path, 12);
        fs::remove_file(&path).unwrap();
        assert_eq!((found, starting), ((true, false), false));
    }
}
