//! Requests and answers as bytes: the bodies of frames.
//!
//! Reading never panics and takes no memory that the frame does not pay for; `None` is a body that can't be read.

use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::vector::RowId;

use super::rows::{self, Rows};
use crate::snapshot::wire::{Reader, Writer};

/// What a connection begins with, so that nobody else is taken for a session.
const GREETING: &[u8] = b"annvil stub 1";

/// The first frame of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hello {
    /// Number of the encoding that its requests refer to.
    pub(super) encoding: u64,
    /// Number of the session, which its failures are drawn by.
    pub(super) session: u64,
}

impl Hello {
    pub(super) fn write(self, to: &mut Writer) {
        to.bytes(GREETING);
        to.varint(self.encoding);
        to.varint(self.session);
    }

    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut from = Reader::new(body);
        if from.bytes()? != GREETING {
            return None;
        }
        Some(Self { encoding: from.varint()?, session: from.varint()? })
    }
}

/// An operation as it came.
pub(super) enum Request {
    Search { form: usize, query: usize },
    Fetch { id: RowId },
    Distance { query: usize, id: RowId },
    Upsert(Rows),
    Delete(Vec<RowId>),
}

impl Request {
    /// Hands the operation to `then`.
    pub(super) fn with<R>(&self, then: impl FnOnce(OpRef<'_>) -> R) -> R {
        match self {
            Self::Search { form, query } => then(OpRef::Search { form: *form, query: *query }),
            Self::Fetch { id } => then(OpRef::Fetch { id: *id }),
            Self::Distance { query, id } => then(OpRef::Distance { query: *query, id: *id }),
            Self::Upsert(rows) => rows.with(|rows| then(OpRef::Upsert { rows })),
            Self::Delete(ids) => then(OpRef::Delete { ids }),
        }
    }

    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut from = Reader::new(body);
        let index = |from: &mut Reader<'_>| usize::try_from(from.varint()?).ok();
        let request = match from.byte()? {
            0 => Self::Search { form: index(&mut from)?, query: index(&mut from)? },
            1 => Self::Fetch { id: from.varint()? },
            2 => Self::Distance { query: index(&mut from)?, id: from.varint()? },
            3 => Self::Upsert(Rows::read(&mut from)?),
            4 => Self::Delete(read_ids(&mut from)?),
            _ => return None,
        };
        from.take(1).is_none().then_some(request)
    }
}

/// Writes an operation. Rows must have been looked at by [`rows::fault`].
pub(super) fn write_request(op: OpRef<'_>, to: &mut Writer) {
    let kind = match op {
        OpRef::Search { .. } => 0,
        OpRef::Fetch { .. } => 1,
        OpRef::Distance { .. } => 2,
        OpRef::Upsert { .. } => 3,
        OpRef::Delete { .. } => 4,
    };
    to.bytes.push(kind);
    match op {
        OpRef::Search { form, query } => {
            to.varint(form as u64);
            to.varint(query as u64);
        }
        OpRef::Fetch { id } => to.varint(id),
        OpRef::Distance { query, id } => {
            to.varint(query as u64);
            to.varint(id);
        }
        OpRef::Upsert { rows } => rows::write(&rows, to),
        OpRef::Delete { ids } => write_ids(ids, to),
    }
}

/// Writes the outcome of an operation.
pub(super) fn write_outcome(outcome: &Result<(), OpError>, reply: &Reply, to: &mut Writer) {
    let (kind, text) = match outcome {
        Ok(()) => {
            to.bytes.push(0);
            write_ids(&reply.ids, to);
            write_floats(&reply.scores, to);
            write_floats(&reply.vector, to);
            return to.varint(reply.affected);
        }
        Err(OpError::Timeout) => (1, ""),
        Err(OpError::Refused(text)) => (2, text.as_str()),
        Err(OpError::Throttled(text)) => (3, text.as_str()),
        Err(OpError::Wrong(text)) => (4, text.as_str()),
        Err(OpError::Unsupported(text)) => (5, text.as_str()),
        Err(OpError::Other(text)) => (6, text.as_str()),
    };
    to.bytes.push(kind);
    to.bytes(text.as_bytes());
}

/// Reads an outcome; the answer is left in `reply`, which is empty.
pub(super) fn read_outcome(body: &[u8], reply: &mut Reply) -> Option<Result<(), OpError>> {
    let mut from = Reader::new(body);
    let kind = from.byte()?;
    if kind == 0 {
        for _ in 0..from.count()? {
            reply.ids.push(from.varint()?);
        }
        read_floats(&mut from, &mut reply.scores)?;
        read_floats(&mut from, &mut reply.vector)?;
        reply.affected = from.varint()?;
        return Some(Ok(()));
    }
    let text = String::from_utf8_lossy(from.bytes()?).into_owned();
    Some(Err(match kind {
        1 => OpError::Timeout,
        2 => OpError::Refused(text),
        3 => OpError::Throttled(text),
        4 => OpError::Wrong(text),
        5 => OpError::Unsupported(text),
        6 => OpError::Other(text),
        _ => return None,
    }))
}

pub(super) fn write_ids(ids: &[RowId], to: &mut Writer) {
    to.varint(ids.len() as u64);
    for id in ids {
        to.varint(*id);
    }
}

pub(super) fn read_ids(from: &mut Reader<'_>) -> Option<Vec<RowId>> {
    // Nothing is reserved for a count: it may be a lie.
    (0..from.count()?).map(|_| from.varint()).collect()
}

pub(super) fn write_floats(floats: &[f32], to: &mut Writer) {
    to.varint(floats.len() as u64);
    to.bytes.extend(floats.iter().flat_map(|float| float.to_le_bytes()));
}

pub(super) fn read_floats(from: &mut Reader<'_>, to: &mut Vec<f32>) -> Option<()> {
    let bytes = from.count()?.checked_mul(size_of::<f32>())?;
    let (floats, _) = from.take(bytes)?.as_chunks();
    to.extend(floats.iter().map(|float| f32::from_le_bytes(*float)));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        write(&mut writer);
        writer.bytes
    }

    #[test]
    fn requests_arrive_as_they_were_sent() {
        for op in [
            OpRef::Search { form: 3, query: 70_000 },
            OpRef::Fetch { id: RowId::MAX },
            OpRef::Distance { query: 0, id: 5 },
            OpRef::Delete { ids: &[1, RowId::MAX - 1] },
            OpRef::Delete { ids: &[] },
        ] {
            let bytes = written(|to| write_request(op, to));
            let read = Request::read(&bytes).unwrap();
            assert_eq!(read.with(|read| format!("{read:?}")), format!("{op:?}"));
            assert!(Request::read(&[&bytes[..], &[0]].concat()).is_none(), "something follows");
            assert!(Request::read(&bytes[..bytes.len() - 1]).is_none());
        }
        let hello = Hello { encoding: 3, session: u64::MAX };
        assert_eq!(Hello::read(&written(|to| hello.write(to))), Some(hello));
        assert_eq!(Hello::read(b"GET / HTTP/1.1\r\n\r\n"), None);
    }

    #[test]
    fn errors_keep_their_kind_and_text() {
        let text = || "why not".to_owned();
        for error in [
            OpError::Timeout,
            OpError::Refused(text()),
            OpError::Throttled(text()),
            OpError::Wrong(text()),
            OpError::Unsupported(text()),
            OpError::Other(text()),
        ] {
            let outcome = Err(error);
            let bytes = written(|to| write_outcome(&outcome, &Reply::default(), to));
            assert_eq!(read_outcome(&bytes, &mut Reply::default()), Some(outcome));
        }
    }

    proptest! {
        #[test]
        fn answers_arrive_as_they_were_sent(
            ids in prop::collection::vec(any::<u64>(), 0..20),
            scores in prop::collection::vec(-1e9f32..1e9, 0..20),
            vector in prop::collection::vec(-1e9f32..1e9, 0..20),
            affected: u64,
        ) {
            let reply = Reply { ids, scores, vector, affected };
            let bytes = written(|to| write_outcome(&Ok(()), &reply, to));
            let mut read = Reply::default();
            prop_assert_eq!(read_outcome(&bytes, &mut read), Some(Ok(())));
            prop_assert_eq!(read, reply);
            prop_assert_eq!(read_outcome(&bytes[..bytes.len() - 1], &mut Reply::default()), None);
        }

        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0u8..6) {
            let bytes = [&[kind], &bytes[..]].concat();
            if let Some(request) = Request::read(&bytes) {
                request.with(|op| { let _ = format!("{op:?}"); });
            }
            let _ = (Hello::read(&bytes), read_outcome(&bytes, &mut Reply::default()));
        }
    }
}
