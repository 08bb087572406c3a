//! A session's connection: its settings, its prepared statements, and one request at a time.

use std::cell::{Cell, RefCell};
use std::pin::pin;

use annvil_core::engine::{EngineError, Result};
use futures_util::TryStreamExt;
use futures_util::future::{join_all, join3};
use tokio_postgres::{Client, Error, Row};

use super::address::Address;
use super::drive::Driver;
use super::encoded::Ready;
use super::rows::Raw;
use super::statement::Statement;
use super::{connect, knobs, report};

/// How statements reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By themselves; the connection keeps its settings.
    Alone,
    /// Each in a transaction that brings its settings along.
    Transaction,
}

/// A connection that is driven by its calls.
pub(super) struct Link {
    client: Client,
    /// Boxed, because a connection is handed out and given back with every call.
    driver: Box<Driver>,
    way: Way,
    /// Whether statements are prepared.
    prepares: bool,
    /// Number of the point whose settings it has.
    pub(super) point: Cell<u64>,
    /// What begins a transaction.
    begin: RefCell<String>,
    /// Statements that were prepared, by place.
    prepared: RefCell<Vec<Option<tokio_postgres::Statement>>>,
    /// Whether a call is under way, or was when it was given up.
    pub(super) busy: Cell<bool>,
}

/// Places of prepared statements before those of the forms.
pub(super) const FETCH: usize = 0;
pub(super) const DISTANCE: usize = 1;
pub(super) const DELETE: usize = 2;
pub(super) const INSERT: usize = 3;
pub(super) const FORMS: usize = 4;

impl Link {
    /// Opens a connection with these settings.
    pub(super) async fn open(
        address: &Address,
        (way, prepares): (Way, bool),
        ready: &Ready,
        point: u64,
        settings: &[(String, String)],
    ) -> Result<Self> {
        let (client, wire) = connect::open(address).await?;
        let link = Self {
            client,
            driver: Box::new(Driver::new(wire)),
            way,
            prepares,
            point: Cell::new(point),
            begin: RefCell::default(),
            prepared: RefCell::new(vec![None; FORMS + ready.forms.len()]),
            busy: Cell::new(false),
        };
        link.set(point, settings)
            .await
            .map_err(|error| report::failed("set the settings of a session", &error))?;
        if prepares {
            link.prepare_all(ready).await?;
        }
        Ok(link)
    }

    async fn prepare_all(&self, ready: &Ready) -> Result<()> {
        for (at, form) in ready.forms.iter().enumerate() {
            if let Some(search) = &form.search {
                self.prepare(FORMS + at, search).await.map_err(|error| EngineError::Failed {
                    engine: super::NAME.to_owned(),
                    doing: format!("prepare the form `{}`", form.name),
                    cause: format!("{}\n  {}", report::words(&error), search.sql),
                })?;
            }
        }
        Ok(())
    }

    /// Brings the settings of a point. Behind a pooler they wait for the next transaction.
    pub(super) async fn set(
        &self,
        point: u64,
        settings: &[(String, String)],
    ) -> std::result::Result<(), Error> {
        let local = self.way == Way::Transaction;
        let set = knobs::set(settings, local).unwrap_or_default();
        if local {
            *self.begin.borrow_mut() = format!("BEGIN; {set}");
        } else if !set.is_empty() {
            self.drive(self.client.batch_execute(&set)).await?;
        }
        self.point.set(point);
        Ok(())
    }

    /// Whether it can be used, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.driver.listen();
        !self.driver.has_ended()
    }

    /// A way to end what the server still does for a call that was given up.
    pub(super) fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    async fn drive<T>(
        &self,
        request: impl Future<Output = std::result::Result<T, Error>>,
    ) -> std::result::Result<T, Error> {
        let done = self.driver.drive(request).await;
        // "Connection closed" says less than what closed it.
        done.map_err(|error| if error.is_closed() { self.driver.cause().unwrap_or(error) } else { error })
    }

    /// Prepares a statement, unless it was; where statements are not prepared there is nothing to do.
    async fn prepare(&self, place: usize, statement: &Statement) -> std::result::Result<(), Error> {
        if !self.prepares || self.prepared.borrow()[place].is_some() {
            return Ok(());
        }
        let made = self.drive(self.client.prepare_typed(&statement.sql, &statement.parameters)).await?;
        self.prepared.borrow_mut()[place] = Some(made);
        Ok(())
    }

    /// Runs a statement and hands out its rows. Returns how many rows it answered or changed.
    pub(super) async fn run(
        &self,
        run: Run<'_>,
        each: &mut dyn FnMut(&Row),
    ) -> std::result::Result<u64, Error> {
        self.prepare(run.place, run.statement).await?;
        let request = self.request(run, each);
        if self.way != Way::Transaction {
            return self.drive(request).await;
        }
        let begin = self.begin.borrow().clone();
        let whole = join3(self.client.batch_execute(&begin), request, self.client.batch_execute("COMMIT"));
        self.drive(async {
            let (first, done, last) = whole.await;
            first?;
            let done = done?;
            last.map(|()| done)
        })
        .await
    }

    /// Runs statements in one transaction, sent without waiting in between. Returns the rows that each changed.
    pub(super) async fn run_all(&self, all: &[Run<'_>]) -> std::result::Result<Vec<u64>, Error> {
        for run in all {
            self.prepare(run.place, run.statement).await?;
        }
        let begin = match self.way {
            Way::Transaction => self.begin.borrow().clone(),
            Way::Alone => "BEGIN".to_owned(),
        };
        let requests = all.iter().map(|run| async { self.request(*run, &mut |_| ()).await });
        let whole =
            join3(self.client.batch_execute(&begin), join_all(requests), self.client.batch_execute("COMMIT"));
        self.drive(async {
            let (first, done, last) = whole.await;
            first?;
            let done = done.into_iter().collect::<std::result::Result<Vec<u64>, Error>>()?;
            last.map(|()| done)
        })
        .await
    }

    async fn request(&self, run: Run<'_>, each: &mut dyn FnMut(&Row)) -> std::result::Result<u64, Error> {
        let Run { place, statement, parameters } = run;
        let prepared = self.prepared.borrow()[place].clone();
        let rows = if let Some(prepared) = prepared {
            self.client.query_raw(&prepared, parameters).await?
        } else {
            let typed = parameters.iter().zip(statement.parameters.iter().cloned());
            self.client.query_typed_raw(&statement.sql, typed).await?
        };
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            each(&row);
        }
        Ok(rows.rows_affected().unwrap_or(0))
    }
}

/// A statement with its parameters.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    /// Where it is kept when it is prepared.
    pub(super) place: usize,
    pub(super) statement: &'a Statement,
    pub(super) parameters: &'a [Raw],
}
