//! Frames over a socket, without waiting for either side.
//!
//! A frame is the length of what follows (4 bytes), the number of the request (8 bytes) and a body. All numbers are
//! little-endian. A frame that says it is longer than [`LONGEST`], or too short for its number, is no frame: whatever
//! follows can't be read, and the connection is of no use any more.

use std::io::{Error, ErrorKind, Result};
use std::task::{Context, Poll};

use tokio::net::TcpStream;

use crate::snapshot::wire::Writer;

/// Longest frame: an upsert of 10,000 rows of 1,536 dimensions, or any answer.
pub(super) const LONGEST: usize = 64 << 20;

/// Bytes of the length before a frame.
const PREFIX: usize = 4;

/// Bytes of the request's number.
const NUMBER: usize = 8;

/// Read at once; what is longer is put together.
const CHUNK: usize = 16 << 10;

/// One end of a connection.
pub(super) struct Link {
    stream: TcpStream,
    /// The part of a frame that has come so far.
    incoming: Vec<u8>,
    /// Frames that the socket had no room for yet, and how much of them is written.
    outgoing: Writer,
    written: usize,
}

impl Link {
    /// A link over a connection; small frames are sent at once.
    pub(super) fn new(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, incoming: Vec::new(), outgoing: Writer::default(), written: 0 })
    }

    /// Appends a frame whose body `write` writes. A body that is too long is taken back, and the frame's length returned.
    pub(super) fn push(
        &mut self,
        number: u64,
        write: impl FnOnce(&mut Writer),
    ) -> std::result::Result<(), usize> {
        let start = self.outgoing.bytes.len();
        self.outgoing.bytes.extend_from_slice(&[0; PREFIX]);
        self.outgoing.bytes.extend_from_slice(&number.to_le_bytes());
        write(&mut self.outgoing);
        let bytes = &mut self.outgoing.bytes;
        let length = bytes.len() - start - PREFIX;
        if length > LONGEST {
            bytes.truncate(start);
            return Err(length);
        }
        bytes[start..start + PREFIX].copy_from_slice(&(length as u32).to_le_bytes());
        Ok(())
    }

    /// Bytes that wait for room in the socket.
    pub(super) fn waiting(&self) -> usize {
        self.outgoing.bytes.len() - self.written
    }

    /// Writes what there is room for now.
    pub(super) fn flush(&mut self) -> Result<()> {
        let bytes = &mut self.outgoing.bytes;
        while self.written < bytes.len() {
            match self.stream.try_write(&bytes[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        // What is written goes when it is most of the bytes, so that each is moved about once.
        if self.written > bytes.len() / 2 {
            bytes.drain(..self.written);
            self.written = 0;
            // A large upsert must not hold its memory for as long as the connection lasts.
            bytes.shrink_to(CHUNK);
        }
        Ok(())
    }

    /// Writes until nothing waits; one task alone may poll a link.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            self.flush()?;
            if self.waiting() == 0 {
                return Poll::Ready(Ok(()));
            }
            match self.stream.poll_write_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Reads what has come and hands over every whole frame: its number and its body. Ends when the other side closes
    /// (`Ok`) or with what is wrong; one task alone may poll a link.
    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        frame: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Poll<Result<()>> {
        let mut chunk = [0; CHUNK];
        loop {
            match self.stream.poll_read_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Poll::Pending,
            }
            match self.stream.try_read(&mut chunk) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(count) => self.take(&chunk[..count], frame)?,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Adds bytes to what has come and hands over the frames that they make whole.
    fn take(&mut self, bytes: &[u8], frame: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        if self.incoming.is_empty() {
            // Nearly always: whole frames, which need not be kept.
            let left = frames(bytes, frame)?;
            self.incoming.extend_from_slice(left);
        } else {
            self.incoming.extend_from_slice(bytes);
            let left = frames(&self.incoming, frame)?.len();
            self.incoming.drain(..self.incoming.len() - left);
            self.incoming.shrink_to(CHUNK);
        }
        Ok(())
    }
}

/// Hands over the whole frames at the beginning of some bytes; returns what is left.
fn frames<'a>(mut bytes: &'a [u8], frame: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<&'a [u8]> {
    while let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() {
        let length = u32::from_le_bytes(*prefix) as usize;
        if !(NUMBER..=LONGEST).contains(&length) {
            let what = format!("a frame of {length} bytes; the shortest has {NUMBER}, the longest {LONGEST}");
            return Err(Error::new(ErrorKind::InvalidData, what));
        }
        let Some((whole, rest)) = rest.split_at_checked(length) else { break };
        if let Some((number, body)) = whole.split_first_chunk::<NUMBER>() {
            frame(u64::from_le_bytes(*number), body)?;
        }
        bytes = rest;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(number: u64, body: &[u8]) -> Vec<u8> {
        let length = (NUMBER + body.len()) as u32;
        [&length.to_le_bytes()[..], &number.to_le_bytes(), body].concat()
    }

    proptest! {
        #[test]
        fn frames_come_whole_however_they_are_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cuts in prop::collection::vec(1usize..30, 1..60),
        ) {
            let all: Vec<u8> =
                bodies.iter().enumerate().flat_map(|(i, body)| framed(i as u64, body)).collect();
            let (mut kept, mut found, mut at) = (Vec::new(), Vec::new(), 0);
            for cut in cuts.iter().cycle() {
                let until = (at + cut).min(all.len());
                kept.extend_from_slice(&all[at..until]);
                at = until;
                let mut keep = |number, body: &[u8]| { found.push((number, body.to_vec())); Ok(()) };
                kept = frames(&kept, &mut keep).unwrap().to_vec();
                if at == all.len() { break; }
            }
            prop_assert!(kept.is_empty());
            let expected: Vec<_> = bodies.into_iter().enumerate().map(|(i, body)| (i as u64, body)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused_before_anything_is_read() {
        for length in [0, NUMBER - 1, LONGEST + 1, u32::MAX as usize] {
            let bytes = (length as u32).to_le_bytes();
            assert!(frames(&bytes, &mut |_, _| Ok(())).is_err(), "{length}");
        }
        assert_eq!(frames(&(LONGEST as u32).to_le_bytes(), &mut |_, _| Ok(())).unwrap().len(), PREFIX);
    }
}
