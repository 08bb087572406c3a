//! The session's end of a connection: any number of calls in flight, each answered by its number.
//!
//! A task on the session's runtime reads answers and hands them to the calls that wait. A call that is dropped, by its
//! time limit, takes its number back, and an answer that comes for it later is thrown away.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use annvil_core::clock::LocalFuture;
use annvil_core::engine::{Encoded, EngineError, Session};
use annvil_core::operation::{OpError, OpRef, Reply};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::link::{LONGEST, Link};
use super::wire::{Hello, read_outcome, write_request};
use super::{Door, descriptors, rows};
use crate::snapshot::wire::Writer;

/// How long to wait for the server's word before looking whether it can have heard at all.
const LOOK: Duration = Duration::from_millis(200);

/// How often. Opening a connection takes microseconds; when it takes this long, nobody is there to open it.
const PATIENCE: usize = 150;

/// One connection.
struct TcpSession {
    line: Arc<Line>,
    reader: JoinHandle<()>,
    /// What the server's requests refer to; it forgets what nobody holds.
    _encoded: Arc<Encoded>,
}

/// What calls and the task that reads share.
struct Line(Mutex<State>);

struct State {
    link: Link,
    next: u64,
    calls: HashMap<u64, Waiting>,
    /// Why nothing comes any more.
    closed: Option<String>,
    /// The task that reads, which also writes what the socket had no room for.
    task: Option<Waker>,
}

/// A call in flight.
#[derive(Default)]
struct Waiting {
    body: Option<Vec<u8>>,
    waker: Option<Waker>,
}

/// Opens a session.
pub(in crate::stub) async fn connect(
    door: Arc<Door>,
    session: u64,
    encoded: Arc<Encoded>,
) -> Result<Box<dyn Session>, EngineError> {
    let stream = match TcpStream::connect(door.address).await {
        Ok(stream) => stream,
        Err(cause) if descriptors::ran_out(&cause) => return Err(descriptors::too_few()),
        Err(cause) => return Err(failed(cause)),
    };
    let link = Link::new(stream).map_err(failed)?;
    let hello = Hello { encoding: door.enter(&encoded), session };
    let opened = TcpSession::new(link, encoded);
    greet(&opened, hello, &door).await?;
    Ok(Box::new(opened))
}

/// Waits until the server has taken the connection.
async fn greet(session: &TcpSession, hello: Hello, door: &Door) -> Result<(), EngineError> {
    let mut reply = Reply::default();
    let mut asked = pin!(session.ask(|to| hello.write(to), &mut reply));
    for _ in 0..PATIENCE {
        match tokio::time::timeout(LOOK, &mut asked).await {
            Ok(answered) => return answered.map_err(failed),
            Err(_) if door.short.load(Ordering::SeqCst) => return Err(descriptors::too_few()),
            Err(_) => {}
        }
    }
    Err(failed("the server does not answer"))
}

fn failed(cause: impl std::fmt::Display) -> EngineError {
    EngineError::failed("stub", "open a session over TCP", cause)
}

impl TcpSession {
    fn new(link: Link, encoded: Arc<Encoded>) -> Self {
        let state = State { link, next: 0, calls: HashMap::new(), closed: None, task: None };
        let shared = Arc::new(Line(Mutex::new(state)));
        // Held weakly: the connection closes when the session is dropped, whether or not its runtime still turns.
        let reader = tokio::spawn(read(Arc::downgrade(&shared)));
        Self { line: shared, reader, _encoded: encoded }
    }

    async fn ask(&self, write: impl FnOnce(&mut Writer), out: &mut Reply) -> Result<(), OpError> {
        out.clear();
        let call = Call { line: &self.line, number: self.line.lock().send(write)? };
        let body = poll_fn(|context| call.poll(context)).await?;
        drop(call);
        let unreadable = || Err(OpError::Wrong("the answer can't be read".to_owned()));
        read_outcome(&body, out).unwrap_or_else(unreadable)
    }
}

impl Drop for TcpSession {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Session for TcpSession {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        if let OpRef::Upsert { rows } = op
            && let Some(fault) = rows::fault(&rows)
        {
            return Box::pin(std::future::ready(Err(OpError::Other(fault))));
        }
        Box::pin(self.ask(move |to| write_request(op, to), out))
    }
}

/// Takes its number back when it is dropped.
struct Call<'a> {
    line: &'a Line,
    number: u64,
}

impl Call<'_> {
    fn poll(&self, context: &Context<'_>) -> Poll<Result<Vec<u8>, OpError>> {
        let State { calls, closed, .. } = &mut *self.line.lock();
        let waiting = calls.entry(self.number).or_default();
        if let Some(body) = waiting.body.take() {
            return Poll::Ready(Ok(body));
        }
        if let Some(why) = closed {
            return Poll::Ready(Err(OpError::Refused(why.clone())));
        }
        waiting.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.line.lock().calls.remove(&self.number);
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Sends a request and returns its number.
    fn send(&mut self, write: impl FnOnce(&mut Writer)) -> Result<u64, OpError> {
        if let Some(why) = &self.closed {
            return Err(OpError::Refused(why.clone()));
        }
        let number = self.next;
        self.next += 1;
        self.link.push(number, write).map_err(|length| {
            OpError::Other(format!("the request has {length} bytes; {LONGEST} can be sent"))
        })?;
        self.calls.insert(number, Waiting::default());
        let failed = self.link.flush().is_err();
        // The task writes the rest, and finds what is wrong.
        if (failed || self.link.waiting() > 0)
            && let Some(task) = self.task.take()
        {
            task.wake();
        }
        Ok(number)
    }

    /// Writes and reads what can be; ready when the connection is of no use any more.
    fn turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.task = Some(context.waker().clone());
        let Self { link, calls, .. } = self;
        let mut hand_over = |number, body: &[u8]| {
            if let Some(call) = calls.get_mut(&number) {
                call.body = Some(body.to_vec());
                call.waker.take().into_iter().for_each(Waker::wake);
            }
            Ok(())
        };
        let ended = match link.poll_flush(context) {
            Poll::Ready(Err(error)) => Err(error),
            _ => match link.poll_read(context, &mut hand_over) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ended) => ended,
            },
        };
        let why =
            ended.map_or_else(|error| error.to_string(), |()| "the server closed the connection".to_owned());
        self.closed = Some(why);
        for call in self.calls.values_mut() {
            call.waker.take().into_iter().for_each(Waker::wake);
        }
        Poll::Ready(())
    }
}

/// Reads for as long as the connection and its session last.
async fn read(line: Weak<Line>) {
    poll_fn(|context| line.upgrade().map_or(Poll::Ready(()), |line| line.lock().turn(context))).await;
}
