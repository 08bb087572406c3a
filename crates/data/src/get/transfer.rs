//! One file, in as many attempts as it takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::error::{GetError, digits, file};
use super::part::{Part, Record};
use super::place::{Limits, Place};
use super::progress::{Report, Step};
use super::source::{Answer, Ask, Fault, Source};
use super::stream::{self, Message};
use super::wanted::Wanted;

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in hex digits.
    pub sha256: String,
    /// Bytes that an earlier call had left.
    pub resumed_from: Option<u64>,
    /// It was there already, and nothing was fetched.
    pub was_there: bool,
}

/// Attempts in all, as a multiple of the attempts in a row that bring nothing.
const IN_ALL: u32 = 20;

pub(super) fn transfer(
    wanted: &Wanted,
    target: &Path,
    place: &Place,
    limits: &Limits,
    report: &mut Report<'_>,
) -> Result<Fetched, GetError> {
    if let Some(record) = Record::of(target, wanted) {
        report.complete(record.bytes);
        return Ok(fetched(target, record, None, true));
    }
    let folder = target.parent().unwrap_or(target);
    fs::create_dir_all(folder).map_err(file("make the folder", folder))?;
    let mut part = Part::open(target, wanted, report)?;
    let resumed_from = Some(part.done()).filter(|done| *done > 0);
    let (mut attempts, mut in_vain, mut most) = (0, 0_u32, part.done());
    loop {
        attempts += 1;
        let (what, after) = match attempt(wanted, &mut part, place, limits, report) {
            Ok(()) => break,
            Err(Fault::Final(error @ GetError::Length { .. })) => {
                part.discard();
                return Err(error);
            }
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Changed) => {
                part.restart()?;
                ("the file has changed on the server".to_owned(), Some(Duration::ZERO))
            }
            Err(Fault::Passing { what, after }) => (what, after),
        };
        in_vain = if part.done() > most { 0 } else { in_vain + 1 };
        most = most.max(part.done());
        let pause =
            after.unwrap_or_else(|| limits.pause.saturating_mul(1 << in_vain.saturating_sub(1).min(16)));
        if in_vain >= limits.attempts || attempts >= limits.attempts * IN_ALL {
            return Err(gave_up(wanted, &part, what, attempts, "try again later"));
        }
        if pause > limits.longest_pause && after.is_some() {
            let help = format!("the server asks to wait {} s; try again then", pause.as_secs());
            return Err(gave_up(wanted, &part, what, attempts, &help));
        }
        rest(pause.min(limits.longest_pause), limits, report)?;
    }
    let record = part.finish(wanted)?;
    report.complete(record.bytes);
    Ok(fetched(target, record, resumed_from, false))
}

fn fetched(target: &Path, record: Record, resumed_from: Option<u64>, was_there: bool) -> Fetched {
    let Record { bytes, sha256, .. } = record;
    Fetched { path: target.to_owned(), bytes, sha256, resumed_from, was_there }
}

fn gave_up(wanted: &Wanted, part: &Part, last: String, attempts: u32, help: &str) -> GetError {
    let done = match part.length().or_else(|| wanted.length()) {
        Some(length) => format!("{} of {} bytes", digits(part.done()), digits(length)),
        None => format!("{} bytes", digits(part.done())),
    };
    let help = match part.done() {
        0 => help.to_owned(),
        _ => format!("{help}; what has come is kept, and the next attempt goes on from there"),
    };
    GetError::GaveUp { address: Source::shown(&wanted.address), last, attempts, done, help }
}

fn rest(pause: Duration, limits: &Limits, report: &mut Report<'_>) -> Result<(), GetError> {
    let end = Instant::now() + pause;
    loop {
        report.step(Step::Pausing)?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(limits.tick));
    }
}

fn attempt(
    wanted: &Wanted,
    part: &mut Part,
    place: &Place,
    limits: &Limits,
    report: &mut Report<'_>,
) -> Result<(), Fault> {
    // Without a validator nobody can tell whether the rest would fit, except by the checksum.
    if part.done() > 0 && part.validator().is_none() && wanted.sha256.is_none() {
        part.restart()?;
    }
    if part.length() == Some(part.done()) && part.done() > 0 {
        return Ok(());
    }
    let source = Source::new(&wanted.address, place, limits)?;
    let ask =
        Ask { from: part.done(), until: wanted.head.map(|head| head.bytes), validator: part.validator() };
    let messages = stream::start(source.clone(), ask)
        .map_err(|error| Fault::passing(format!("no thread could be started ({error})")))?;
    let result = Receiving { wanted, place, limits, answered: false }.run(&messages, part, report);
    drop(messages);
    source.stop();
    result
}

/// One attempt under way.
struct Receiving<'a> {
    wanted: &'a Wanted,
    place: &'a Place,
    limits: &'a Limits,
    answered: bool,
}

impl Receiving<'_> {
    fn run(
        &mut self,
        messages: &Receiver<Message>,
        part: &mut Part,
        report: &mut Report<'_>,
    ) -> Result<(), Fault> {
        let mut last = Instant::now();
        report.at(part.done(), part.length().or_else(|| self.wanted.length()));
        loop {
            report.step(Step::Fetching)?;
            match messages.recv_timeout(self.limits.tick) {
                Ok(Message::Answer(answer)) => self.begin(&answer, part)?,
                Ok(Message::Bytes(mut bytes)) => self.take(&mut bytes, part)?,
                Ok(Message::End) => return self.end(part),
                Ok(Message::Failed(fault)) => return Err(fault),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Fault::passing("the connection broke off"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.still_waiting(last.elapsed())?;
                    continue;
                }
            }
            last = Instant::now();
            report.at(part.done(), part.length().or_else(|| self.wanted.length()));
        }
    }

    /// Not longer than the limits say.
    fn still_waiting(&self, waited: Duration) -> Result<(), Fault> {
        let (limit, what) = if self.answered {
            (self.limits.stall, "no byte came")
        } else {
            (self.limits.connect * 2 + self.limits.stall, "no answer came")
        };
        if waited < limit {
            return Ok(());
        }
        Err(Fault::passing(format!("{what} for {}", annvil_core::units::Nanos::from(limit))))
    }

    fn begin(&mut self, answer: &Answer, part: &mut Part) -> Result<(), Fault> {
        self.answered = true;
        if let (Some(total), Some(size)) = (answer.total, self.wanted.size)
            && total != size
        {
            return Err(self.length(format!("the server has {} bytes", digits(total)), size));
        }
        if let (Some(total), Some(head)) = (answer.total, self.wanted.head)
            && total < head.bytes
        {
            return Err(self.length(format!("the server has only {} bytes", digits(total)), head.bytes));
        }
        let changed = part.total().zip(answer.total).is_some_and(|(before, now)| before != now);
        if part.done() > 0 && answer.start == 0 {
            part.restart()?;
        } else if answer.start != part.done() || (part.done() > 0 && changed) {
            return Err(Fault::Changed);
        }
        part.note(answer)?;
        if let Some(length) = part.length().or_else(|| self.wanted.length()) {
            let folder = self.place.root.as_path();
            self.place.check_room(folder, length.saturating_sub(part.done()), self.limits)?;
        }
        Ok(())
    }

    fn take(&self, bytes: &mut [u8], part: &mut Part) -> Result<(), Fault> {
        let expected = part.length().or_else(|| self.wanted.length());
        if let Some(expected) = expected
            && part.done() + bytes.len() as u64 > expected
        {
            return Err(self.length("the server sends more bytes".to_owned(), expected));
        }
        Ok(part.write(bytes)?)
    }

    fn end(&self, part: &Part) -> Result<(), Fault> {
        match (part.length(), self.wanted.length()) {
            (Some(length), _) if part.done() < length => {
                let (done, length) = (digits(part.done()), digits(length));
                Err(Fault::passing(format!(
                    "the connection ended after {done} of the {length} bytes that the server announced"
                )))
            }
            // The server announced nothing.
            (None, Some(size)) if part.done() != size => {
                Err(self.length(format!("the server sent {} bytes", digits(part.done())), size))
            }
            _ => Ok(()),
        }
    }

    fn length(&self, got: String, wanted: u64) -> Fault {
        let help = "the file on the server has changed or is not complete; nothing was kept of it".to_owned();
        let wanted = format!("{} are expected", digits(wanted));
        GetError::Length { address: Source::shown(&self.wanted.address), got, wanted, help }.into()
    }
}
