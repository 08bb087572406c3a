//! What a stranger sends to the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use annvil_core::clock::LocalFuture;
use annvil_core::scenario::Answers;
use annvil_core::units::Nanos;

use super::wire::{Hello, Request, read_outcome};
use super::*;
use crate::snapshot::wire::Writer;

struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(tokio::time::sleep(instant.saturating_sub(self.now()).into()))
    }
}

fn server() -> Server {
    let spec = StubSpec { answers: Answers::Empty, ..StubSpec::default() };
    let clock: Arc<dyn Clock> = Arc::new(Wall(Instant::now()));
    Server::start(Play {
        spec,
        clock: Arc::clone(&clock),
        scan: Arc::new(Flat::new("stub")),
        places: None,
        opening: Arc::new(Opening::new(clock)),
    })
    .unwrap()
}

fn connection(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.door.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn frame(number: u64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut body = Writer::default();
    write(&mut body);
    let length = (8 + body.bytes.len()) as u32;
    [&length.to_le_bytes()[..], &number.to_le_bytes(), &body.bytes].concat()
}

fn hello() -> Vec<u8> {
    frame(0, |to| Hello { encoding: 0, session: 0 }.write(to))
}

/// The number of the answer that comes next, which is a good one.
fn answer(stream: &mut TcpStream) -> u64 {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    let [a, b, c, d, number @ ..] = head;
    let mut body = vec![0; u32::from_le_bytes([a, b, c, d]) as usize - 8];
    stream.read_exact(&mut body).unwrap();
    assert_eq!(read_outcome(&body, &mut annvil_core::operation::Reply::default()), Some(Ok(())));
    u64::from_le_bytes(number)
}

fn closed(stream: &mut TcpStream) -> bool {
    // Closed with something unread, a connection is reset rather than ended.
    !matches!(stream.read(&mut [0; 64]), Ok(1..))
}

#[test]
fn garbage_closes_its_connection_and_no_other() {
    let server = server();
    let mut good = connection(&server);
    good.write_all(&hello()).unwrap();
    assert_eq!(answer(&mut good), 0);
    let endless = u32::MAX.to_le_bytes().to_vec();
    let nameless = frame(0, |to| to.bytes(b"who"));
    let no_request = [hello(), frame(1, |to| to.bytes.push(77))].concat();
    for (garbage, greeted) in
        [(endless, false), (nameless, false), (b"GET / HTTP/1.1\r\n\r\n".to_vec(), false), (no_request, true)]
    {
        let mut bad = connection(&server);
        bad.write_all(&garbage).unwrap();
        assert!(closed(&mut bad) || greeted && closed(&mut bad), "{garbage:?}");
    }
    // Half a frame and no more: nothing is answered, and nobody else waits for the rest of it.
    let mut half = connection(&server);
    half.write_all(&hello()[..9]).unwrap();
    good.write_all(&frame(9, |to| to.bytes.extend([1, 5]))).unwrap();
    assert_eq!(answer(&mut good), 9);
    assert!(matches!(Request::read(&[1, 5]), Some(Request::Fetch { id: 5 })));
    half.write_all(&hello()[9..]).unwrap();
    assert_eq!(answer(&mut half), 0);
    drop(server);
    assert!(closed(&mut good) && closed(&mut half));
}

#[test]
fn encodings_are_known_for_as_long_as_somebody_holds_them() {
    let server = server();
    let door = server.door();
    let (one, two): (Arc<Encoded>, Arc<Encoded>) = (Arc::new(1), Arc::new(1));
    assert_eq!([door.enter(&one), door.enter(&two), door.enter(&one)], [0, 1, 0]);
    assert!(door.encoding(0).is_some_and(|known| Arc::ptr_eq(&known, &one)));
    drop(one);
    assert!(door.encoding(0).is_none() && door.encoding(1).is_some() && door.encoding(2).is_none());
    assert_eq!(door.enter(&(Arc::new(1) as Arc<Encoded>)), 2);
}
