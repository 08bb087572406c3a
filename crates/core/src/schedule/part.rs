//! Parts of a schedule: one client's share, a window of time, a number of arrivals.

use crate::units::Nanos;

use super::Schedule;

/// One of several shares of a schedule. All shares together are the whole, each arrival once.
#[derive(Debug, Clone)]
pub struct Share<S> {
    schedule: S,
    /// Arrivals to leave to others before the next one.
    skip: u64,
    of: u64,
}

impl<S: Schedule> Share<S> {
    /// Of `schedule` the arrivals k, counted from 0, for which k mod `of` is `index` mod `of`. No share at all (`of` is
    /// 0) is the whole.
    pub fn new(schedule: S, index: u64, of: u64) -> Self {
        let of = of.max(1);
        Self { schedule, skip: index % of, of }
    }
}

impl<S: Schedule> Schedule for Share<S> {
    fn next(&mut self) -> Option<Nanos> {
        for _ in 0..self.skip {
            self.schedule.next()?;
        }
        self.skip = self.of - 1;
        self.schedule.next()
    }
}

/// What a schedule has in a window of time, counted from the start of the window. Windows that follow each other
/// have the whole, each arrival once.
#[derive(Debug, Clone)]
pub struct Window<S> {
    schedule: S,
    /// The next arrival, taken already.
    next: Option<Nanos>,
    from: Nanos,
    until: Nanos,
}

impl<S: Schedule> Window<S> {
    /// The arrivals of `schedule` from `from` until before `until`.
    ///
    /// Earlier ones are passed over here and now, so that the first one of a late window does not have to wait for it.
    pub fn new(mut schedule: S, from: Nanos, until: Nanos) -> Self {
        let next = loop {
            match schedule.next() {
                Some(due) if due < from => {}
                other => break other,
            }
        };
        Self { schedule, next, from, until }
    }
}

impl<S: Schedule> Schedule for Window<S> {
    fn next(&mut self) -> Option<Nanos> {
        let due = self.next.take().filter(|due| *due < self.until)?;
        self.next = self.schedule.next();
        Some(due.saturating_sub(self.from))
    }
}

/// The first arrivals of a schedule.
#[derive(Debug, Clone)]
pub struct Limit<S> {
    schedule: S,
    left: u64,
}

impl<S: Schedule> Limit<S> {
    /// At most `count` arrivals of `schedule`.
    pub fn new(schedule: S, count: u64) -> Self {
        Self { schedule, left: count }
    }
}

impl<S: Schedule> Schedule for Limit<S> {
    fn next(&mut self) -> Option<Nanos> {
        self.left = self.left.checked_sub(1)?;
        self.schedule.next()
    }
}
