//! Servers of the tests, and a database of one's own in them.

use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::common::annvil;

/// The value of a variable of `cargo xtask services env`, if it is set. In CI it has to be.
pub fn url(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{variable} is not set: run `cargo xtask services up`");
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        eprintln!("skipped {name}: {variable} is not set");
    }
    url
}

/// Runs statements and gives back the first column of the rows.
pub fn sql(url: &str, statements: &str) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let answers = client.simple_query(statements).await.unwrap();
        let text = |answer: &SimpleQueryMessage| match answer {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        };
        answers.iter().filter_map(text).collect()
    })
}

/// A database that is dropped with the test, and roles that go with it.
pub struct Database {
    server: String,
    pub name: String,
    pub url: String,
}

impl Database {
    /// An empty database on the server of a variable.
    pub fn of(variable: &str) -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let server = url(variable)?;
        let name = format!("annvil_cli_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        sql(&server, &format!("create database {name}"));
        let (start, _) = server.rsplit_once('/').unwrap();
        Some(Self { url: format!("{start}/{name}"), server, name })
    }

    pub fn sql(&self, statements: &str) -> Vec<String> {
        sql(&self.url, statements)
    }

    /// A role that may do nothing here but connect, and the address with it.
    pub fn guest(&self, password: &str) -> String {
        let name = &self.name;
        self.sql(&format!("create role {name} login password '{password}'"));
        let (_, place) = self.url.split_once('@').unwrap();
        format!("postgres://{name}:{password}@{place}")
    }

    /// Everything that is in it, as a text: what it is called, and the rows of `items`.
    pub fn content(&self) -> Vec<String> {
        self.sql(
            "select nspname || '.' || relname || ' ' || relfilenode || ' ' || relpages from pg_class c join pg_namespace n on n.oid = relnamespace \
             where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') \
             union all select nspname from pg_namespace where nspname !~ '^pg_' union all select extname from pg_extension \
             union all select md5(string_agg(i::text || xmin::text, '' order by key)) from items i order by 1",
        )
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        // Rights in this database go with it; what is left of a role is its name.
        sql(&self.server, &format!("drop database if exists {name} with (force)"));
        sql(&self.server, &format!("drop role if exists {name}"));
    }
}

/// Runs the binary with the address of a database as `DATABASE_URL`.
pub fn run(url: &str, arguments: &[&str]) -> Output {
    annvil().env("DATABASE_URL", url).args(arguments).output().unwrap()
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
