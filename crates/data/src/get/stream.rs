//! Bytes from a source, read by a thread of its own, so that whoever waits for them can also stop waiting.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::source::{Answer, Ask, Fault, Source};

/// Bytes of one message.
const BLOCK: usize = 128 << 10;

/// Messages under way at most: with `BLOCK`, this bounds the memory.
const UNDER_WAY: usize = 8;

/// What the reading thread tells.
pub(super) enum Message {
    /// Comes first.
    Answer(Answer),
    Bytes(Vec<u8>),
    /// The source has no more, or all that was asked for has come.
    End,
    Failed(Fault),
}

/// Starts reading. The thread ends with the source, or when nobody listens any more.
pub(super) fn start(source: Source, ask: Ask) -> io::Result<Receiver<Message>> {
    let (sender, receiver) = sync_channel(UNDER_WAY);
    thread::Builder::new().name("fetch".into()).spawn(move || read(&source, &ask, &sender))?;
    Ok(receiver)
}

fn read(source: &Source, ask: &Ask, sender: &SyncSender<Message>) {
    let last = match source.open(ask) {
        Err(fault) => Message::Failed(fault),
        Ok((answer, mut body)) => {
            let left = ask.until.map_or(u64::MAX, |until| until.saturating_sub(answer.start));
            if sender.send(Message::Answer(answer)).is_err() {
                return;
            }
            match pass_on(&mut body, left, sender) {
                Ok(true) => Message::End,
                Ok(false) => return,
                Err(error) => Message::Failed(Fault::passing(match error.kind() {
                    io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no byte came in time".to_owned(),
                    _ => format!("the connection broke off ({error})"),
                })),
            }
        }
    };
    // Nobody listening is no fault.
    let _ = sender.send(last);
}

/// `false` if nobody listens any more.
fn pass_on(body: &mut dyn Read, mut left: u64, sender: &SyncSender<Message>) -> io::Result<bool> {
    while left > 0 {
        let mut block = vec![0; BLOCK.min(usize::try_from(left).unwrap_or(BLOCK))];
        let read = match body.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        block.truncate(read);
        left -= read as u64;
        if sender.send(Message::Bytes(block)).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}
