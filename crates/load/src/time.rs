//! The machine's clock: monotonic time, and waiting through a kernel timer.

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::units::Nanos;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Monotonic time of the machine.
///
/// Waiting uses a `timerfd` of its own for each wait, read through the thread's tokio runtime: tokio's own timer has
/// ticks of a millisecond, as long as a vector search. Where no timer can be had the wait falls back to that tick.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    zero: Instant,
}

impl SystemClock {
    /// A clock whose zero is now.
    pub fn new() -> Self {
        Self { zero: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    /// By the runtime's own timer: a millisecond more or less is nothing to a limit of seconds, and a kernel timer for
    /// each call would cost system calls inside its time.
    fn time_limit(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(tokio::time::sleep(instant.saturating_sub(self.now()).into()))
    }

    #[inline]
    fn now(&self) -> Nanos {
        Nanos(self.zero.elapsed().as_nanos() as u64)
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            // The timer is set early by what waking up takes here at the least.
            let early = EARLY.get();
            let target = instant.saturating_sub(early);
            let left = target.saturating_sub(self.now());
            if left.0 > 0 {
                if wait(self, target, left.into()).await.is_err() {
                    tokio::time::sleep(left.into()).await;
                } else {
                    learn(early, self.now().saturating_sub(target));
                }
            }
            // What is left is shorter than going to sleep again.
            while self.now() < instant {
                std::hint::spin_loop();
            }
        })
    }
}

/// Most by which a timer is set early.
const MOST_EARLY: Nanos = Nanos(50_000);

/// The share of wake-ups that are to come before the instant and wait for it.
const BEFORE: f64 = 0.2;

/// Moves what waking up takes towards the shortest fifth of what it took (a stochastic approximation of that quantile;
/// Robbins and Monro, 1951).
fn learn(early: Nanos, took: Nanos) {
    const STEP: f64 = 1_000.0;
    let step = if took > early { STEP * BEFORE } else { -STEP * (1.0 - BEFORE) };
    let next = (early.0 as f64 + step).max(0.0) as u64;
    EARLY.set(Nanos(next).min(MOST_EARLY));
}

thread_local! {
    /// Timers that are not in use: making one costs two system calls, and a session waits again and again.
    static SPARE: RefCell<Vec<AsyncFd<OwnedFd>>> = const { RefCell::new(Vec::new()) };

    /// What waking up takes on this thread, at the least.
    static EARLY: Cell<Nanos> = const { Cell::new(Nanos::ZERO) };
}

async fn wait(clock: &SystemClock, until: Nanos, left: Duration) -> std::io::Result<()> {
    let spare = SPARE.with(|spare| spare.borrow_mut().pop());
    let timer = if let Some(timer) = spare {
        timer
    } else {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registered(fd)?
    };
    let value = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) };
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
    timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
    // Setting a timer anew takes back what it has reported, so its count of expirations is never read.
    while clock.now() < until {
        timer.readable().await?.clear_ready();
    }
    SPARE.with(|spare| spare.borrow_mut().push(timer));
    Ok(())
}

#[allow(unsafe_code, reason = "tokio can't know of a descriptor's owner what the type says here")]
fn registered(fd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` owns an open descriptor, and `AsyncFd` gives nobody the means to replace or close it.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}

/// Processor time that this process has used.
pub fn cpu_time() -> Option<Nanos> {
    Some(read(ClockId::ProcessCPUTime))
}

/// Processor time that this thread has used.
pub fn thread_cpu_time() -> Option<Nanos> {
    Some(read(ClockId::ThreadCPUTime))
}

fn read(clock: ClockId) -> Nanos {
    let time = clock_gettime(clock);
    Nanos(time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned())
}

/// A single-threaded runtime with what [`SystemClock`] needs.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_end_after_their_instant() {
        let clock = SystemClock::new();
        let runtime = runtime().unwrap();
        runtime.block_on(async {
            for _ in 0..5 {
                let until = clock.now().saturating_add(Nanos(300_000));
                clock.sleep_until(until).await;
                assert!(clock.now() >= until);
            }
            clock.sleep_until(Nanos(0)).await;
        });
    }
}
