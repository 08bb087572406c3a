//! pgbouncer in transaction mode, in front of the server with pgvector. It speaks TLS, which that server does not.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use rustix::process::Signal;

use super::account::Account;
use super::daemon::{Daemon, Tie};
use super::debian::Program;
use super::postgres::{Address, free_port};
use super::wheel::run;
use super::{Service, Start, Variables, folders, pgvector, var};

/// The service.
pub const SERVICE: Service =
    Service { name: "pgbouncer", default: true, needs: Some(pgvector::SERVICE.name), start };

/// The database of its console.
const CONSOLE: &str = "pgbouncer";

/// What openssl needs to know of the authority; the system's own file may be absent.
const AUTHORITY: &str = "\
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
";

/// And of the certificate.
const CERTIFICATE: &str =
    "basicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n";

/// A running pgbouncer. It ends when this is dropped; its folder stays.
#[derive(Debug)]
pub struct Bouncer {
    /// The user and the password of the server behind it, its own port.
    pub address: Address,
    /// The file of the authority that signed its certificate.
    pub authority: PathBuf,
    daemon: Daemon,
}

impl Bouncer {
    /// Starts one in `folder`, which must be empty or not there, in front of the server at `behind`. `settings` are lines
    /// for the section `[pgbouncer]`, such as `("default_pool_size", "2")`.
    pub fn start(
        behind: &Address,
        folder: &Path,
        settings: &[(&str, &str)],
        tie: Tie,
    ) -> anyhow::Result<Self> {
        let program = Program::find("pgbouncer")?;
        let account = Account::find()?;
        let folder = std::path::absolute(folder)?;
        folders::open(&folder)?;
        let authority = certify(&folder)?;
        let address = Address { port: free_port()?, ..behind.clone() };
        let file = folder.join("pgbouncer.ini");
        let users = format!("\"{}\" \"{}\"\n", behind.user, behind.password);
        for (path, text) in [
            (folder.join("users"), users),
            (file.clone(), configuration(behind, &address, &folder, settings)),
        ] {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            account.give(&path)?;
        }
        for name in ["server.key", "server.pem"] {
            account.give(&folder.join(name))?;
        }
        let mut command = account.command(&program.path, &folder);
        command.env("LD_LIBRARY_PATH", program.libraries()?).arg(&file);
        let ready = |_| offers_tls(address.port).unwrap_or(false);
        let daemon = Daemon::start(&mut command, &folder, Signal::TERM, tie, ready)?;
        Ok(Self { address, authority, daemon })
    }

    /// The URL of its console.
    pub fn console(&self) -> String {
        Address { database: CONSOLE.into(), ..self.address.clone() }.to_string()
    }

    /// Ends it and cuts off all sessions.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.daemon.stop()
    }
}

fn start(of: &Start) -> anyhow::Result<Variables> {
    let behind = of.earlier(var::PGVECTOR_URL)?.parse()?;
    let bouncer = Bouncer::start(&behind, of.folder, &[], Tie::None)?;
    let variables = vec![
        (var::PGBOUNCER_URL.to_owned(), bouncer.address.to_string()),
        (var::PGBOUNCER_ADMIN_URL.to_owned(), bouncer.console()),
        (var::PGBOUNCER_CA.to_owned(), bouncer.authority.display().to_string()),
    ];
    bouncer.daemon.let_go();
    Ok(variables)
}

fn configuration(behind: &Address, own: &Address, folder: &Path, settings: &[(&str, &str)]) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let lines = [
        ("listen_addr", "127.0.0.1".to_owned()),
        ("listen_port", own.port.to_string()),
        ("unix_socket_dir", String::new()),
        ("auth_type", "scram-sha-256".to_owned()),
        ("auth_file", path("users")),
        ("admin_users", own.user.clone()),
        ("stats_users", own.user.clone()),
        ("pool_mode", "transaction".to_owned()),
        ("max_client_conn", "500".to_owned()),
        ("client_tls_sslmode", "allow".to_owned()),
        ("client_tls_key_file", path("server.key")),
        ("client_tls_cert_file", path("server.pem")),
    ];
    let mut text = format!("[databases]\n* = host=127.0.0.1 port={}\n\n[pgbouncer]\n", behind.port);
    for (name, value) in lines {
        text.push_str(&format!("{name} = {value}\n"));
    }
    for (name, value) in settings {
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

/// Whether the server at a port answers PostgreSQL's question for TLS with yes.
fn offers_tls(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    // The message `SSLRequest`: its length, and 1234 and 5679 as its code.
    stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer == *b"S")
}

/// Makes an authority and a certificate of it for this machine. The path of the authority's file comes back.
fn certify(folder: &Path) -> anyhow::Result<PathBuf> {
    let program = Program::find("openssl")?;
    let libraries = program.libraries()?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("authority.cnf", AUTHORITY)?;
    write("server.cnf", CERTIFICATE)?;
    let openssl = |line: &str| {
        let mut command = Command::new(&program.path);
        command.current_dir(folder).env("LD_LIBRARY_PATH", &libraries).args(line.split(' '));
        run(&mut command).map(drop)
    };
    let key = "-config authority.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -days 365 -subj /CN=Annvil-tests -keyout ca.key -out ca.pem"))?;
    openssl(&format!("req -new {key} -subj /CN=localhost -keyout server.key -out server.csr"))?;
    let sign = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365";
    openssl(&format!("{sign} -extfile server.cnf -out server.pem"))?;
    fs::remove_file(folder.join("ca.key")).context("cannot remove the authority's key")?;
    Ok(folder.join("ca.pem"))
}
