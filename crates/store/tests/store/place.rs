//! Where a test's store lies: a file in a folder of its own, or a schema of its own on the server.

use std::sync::atomic::{AtomicU32, Ordering};

use annvil_store::Store;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

/// Where the server is.
const URL: &str = "PGVECTOR_URL";

/// Number of the next schema.
static NEXT: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Place {
    pub(crate) address: String,
    _folder: Option<TempDir>,
    /// URL of the server and name of the schema.
    schema: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = folder.path().join("history.db").to_str().unwrap().to_owned();
        Self { address, _folder: Some(folder), schema: None }
    }

    pub(crate) fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var(URL) else {
            assert!(std::env::var_os("CI").is_none(), "{URL} is not set: run `cargo xtask services up`");
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            eprintln!("skipped {name}: {URL} is not set");
            return None;
        };
        let schema = format!("annvil_store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        query(&url, &format!("CREATE SCHEMA {schema}"));
        let sign = if url.contains('?') { '&' } else { '?' };
        let address = format!("{url}{sign}options=-csearch_path%3D{schema}");
        Some(Self { address, _folder: None, schema: Some((url, schema)) })
    }

    pub(crate) fn is_file(&self) -> bool {
        self.schema.is_none()
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.address).unwrap()
    }

    /// First column of the rows of a statement, past the store, as texts.
    pub(crate) fn query(&self, statement: &str) -> Vec<String> {
        let address =
            if self.is_file() { format!("sqlite://{}", self.address) } else { self.address.clone() };
        query(&address, statement)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((url, schema)) = &self.schema {
            query(url, &format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

fn query(address: &str, statement: &str) -> Vec<String> {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = AnyConnection::connect(address).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(&mut connection).await.unwrap();
        let texts = rows.iter().map(|row| row.try_get::<String, _>(0).unwrap()).collect();
        connection.close().await.unwrap();
        texts
    })
}
