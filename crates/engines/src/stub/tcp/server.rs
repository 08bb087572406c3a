//! The thread of the server: one runtime, a task a connection.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io::Result;
use std::net::Ipv4Addr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use annvil_core::engine::Engine;
use annvil_core::scenario::Answers;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{LocalSet, spawn_local};

use super::agenda::Agenda;
use super::{Door, Play, connection, descriptors};
use crate::stub::answers::Source;
use crate::stub::script::Script;

/// Connections that may wait to be taken: thousands of sessions open at once. The system cuts it to what it allows.
const BACKLOG: u32 = 16_384;

/// A pause where going on at once would be in vain.
const PAUSE: Duration = Duration::from_millis(1);

/// What the tasks of the server share.
pub(super) struct Running {
    pub(super) play: Play,
    pub(super) agenda: Agenda,
    door: Arc<Door>,
    /// By number of the encoding, as long as there are connections that use it.
    sources: RefCell<HashMap<u64, Weak<Source>>>,
}

/// Runs a server until it is told to stop; says first where it is found, or why it is not.
pub(super) fn run(play: Play, found: &Sender<Result<Arc<Door>>>) {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        // What is left when this ends, connections above all, is dropped with the set of tasks.
        Ok(runtime) => LocalSet::new().block_on(&runtime, serve(play, found)),
        Err(cause) => {
            // Whoever asked waits for this.
            let _ = found.send(Err(cause));
        }
    }
}

async fn serve(play: Play, found: &Sender<Result<Arc<Door>>>) {
    let listening = listen().and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = match listening {
        Ok(both) => both,
        Err(cause) => {
            let _ = found.send(Err(cause));
            return;
        }
    };
    let door = Arc::new(Door::new(address));
    let (agenda, sources) = (Agenda::default(), RefCell::default());
    let server = Rc::new(Running { play, agenda, door: Arc::clone(&door), sources });
    let timing = Rc::clone(&server);
    spawn_local(async move { timing.agenda.run(&*timing.play.clock).await });
    spawn_local(accept(server, listener));
    let _ = found.send(Ok(Arc::clone(&door)));
    poll_fn(|context| door.stop.poll(context)).await;
}

fn listen() -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

/// Takes connections for ever. Where no descriptor is left for one, it says so: whoever waits for it then gives up.
async fn accept(server: Rc<Running>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                server.door.short.store(false, Ordering::SeqCst);
                spawn_local(connection::serve(Rc::clone(&server), stream));
            }
            Err(error) => {
                if descriptors::ran_out(&error) {
                    server.door.short.store(true, Ordering::SeqCst);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Running {
    /// The script of a session.
    pub(super) fn script(&self, session: u64) -> Script {
        Script::new(&self.play.spec, self.play.opening.zero(), session, self.play.places.clone())
    }

    /// Where the answers to an encoding come from; the connections that use it share one.
    pub(super) fn source(&self, encoding: u64) -> std::result::Result<Rc<Source>, String> {
        let mut sources = self.sources.borrow_mut();
        sources.retain(|_, source| source.strong_count() > 0);
        if let Some(source) = sources.get(&encoding).and_then(Weak::upgrade) {
            return Ok(source);
        }
        let scan = if self.play.spec.answers == Answers::Empty {
            None
        } else {
            let encoded = self.door.encoding(encoding).ok_or("the server does not know these queries")?;
            let mut opened = self.play.scan.session(encoded);
            match opened.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(session) => Some(session.map_err(|error| error.to_string())?),
                Poll::Pending => return Err("the stub's scan waits for something".to_owned()),
            }
        };
        let source = Rc::new(Source::new(scan, self.play.spec.fault));
        sources.insert(encoding, Rc::downgrade(&source));
        Ok(source)
    }
}
