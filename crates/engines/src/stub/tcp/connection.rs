//! The server's end of a session.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{Error, ErrorKind, Result};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use annvil_core::operation::{OpError, Reply};
use tokio::net::TcpStream;

use super::link::{LONGEST, Link};
use super::server::Running;
use super::wire::{Hello, Request, write_outcome};
use crate::snapshot::wire::Writer;
use crate::stub::answers::Source;
use crate::stub::script::Script;

/// Where answers leave.
pub(super) struct Outlet {
    link: RefCell<Link>,
    /// The task that reads, which also writes what the socket had no room for.
    task: RefCell<Option<Waker>>,
}

impl Outlet {
    /// Appends an answer. True if none was waiting before: then it has to be flushed.
    pub(super) fn push(&self, request: u64, body: &[u8]) -> bool {
        let mut link = self.link.borrow_mut();
        let first = link.waiting() == 0;
        if let Err(length) = link.push(request, |to| to.bytes.extend_from_slice(body)) {
            let outcome =
                Err(OpError::Other(format!("the answer has {length} bytes; {LONGEST} can be sent")));
            // Some dozens of bytes always fit.
            let _ = link.push(request, |to| write_outcome(&outcome, &Reply::default(), to));
        }
        first
    }

    /// Writes what there is room for; the task writes the rest, and finds what is wrong.
    pub(super) fn flush(&self) {
        let mut link = self.link.borrow_mut();
        let failed = link.flush().is_err();
        if (failed || link.waiting() > 0)
            && let Some(task) = self.task.borrow_mut().take()
        {
            task.wake();
        }
    }
}

/// Who is at the other end.
struct Peer {
    script: Script,
    source: Rc<Source>,
}

/// Answers the requests of a connection until it closes or sends what can't be read.
pub(super) async fn serve(server: Rc<Running>, stream: TcpStream) {
    let Ok(link) = Link::new(stream) else { return };
    let outlet = Rc::new(Outlet { link: RefCell::new(link), task: RefCell::default() });
    let mut peer = None;
    poll_fn(|context| turn(&server, &outlet, &mut peer, context)).await;
}

fn turn(
    server: &Running,
    outlet: &Rc<Outlet>,
    peer: &mut Option<Peer>,
    context: &mut Context<'_>,
) -> Poll<()> {
    *outlet.task.borrow_mut() = Some(context.waker().clone());
    let mut link = outlet.link.borrow_mut();
    if let Poll::Ready(Err(_)) = link.poll_flush(context) {
        return Poll::Ready(());
    }
    // Who does not read its answers is not asked for more requests; `poll_flush` wakes when it does.
    if link.waiting() > LONGEST {
        return Poll::Pending;
    }
    link.poll_read(context, &mut |number, body| receive(server, outlet, peer, number, body)).map(|_| ())
}

fn receive(
    server: &Running,
    outlet: &Rc<Outlet>,
    peer: &mut Option<Peer>,
    number: u64,
    body: &[u8],
) -> Result<()> {
    let came = server.play.clock.now();
    let unreadable = || Error::from(ErrorKind::InvalidData);
    let mut reply = Reply::default();
    let (outcome, due) = if let Some(Peer { script, source }) = peer {
        let request = Request::read(body).ok_or_else(unreadable)?;
        let (end, due) = script.next(came);
        let Some(outcome) = request.with(|op| source.outcome(end, op, &mut reply)) else { return Ok(()) };
        (outcome, due)
    } else {
        let hello = Hello::read(body).ok_or_else(unreadable)?;
        let found = server.source(hello.encoding);
        let known = found.map(|source| *peer = Some(Peer { script: server.script(hello.session), source }));
        (known.map_err(OpError::Other), came)
    };
    let mut to = Writer::default();
    write_outcome(&outcome, &reply, &mut to);
    server.agenda.enter(due, outlet, number, to.bytes);
    Ok(())
}
