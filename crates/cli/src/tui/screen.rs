//! The terminal while the view has it: another screen, keys that arrive one by one, and standard error set aside so that
//! nothing writes across the view. All of it is given back on every way out.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};

/// Whether the view has the terminal.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Held while a frame is written, so that the terminal is not given back in the middle of one.
static DRAWING: Mutex<()> = Mutex::new(());

/// What giving back needs.
static BORROWED: Mutex<Option<Borrowed>> = Mutex::new(None);

/// How long a frame may take to be written before the terminal is given back regardless.
const PATIENCE: Duration = Duration::from_millis(300);

struct Borrowed {
    terminal: File,
    aside: File,
}

/// The view's side of the terminal.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<File>>,
    aside: File,
    /// Bytes of what was set aside that have been read.
    read: u64,
}

/// Takes the terminal on standard error.
pub(super) fn open() -> io::Result<Screen> {
    let terminal = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    // Without a name: it is gone with its last reader. Processes of variants write to it too.
    let aside = tempfile::tempfile()?;
    let screen = Screen {
        terminal: Terminal::new(CrosstermBackend::new(terminal.try_clone()?))?,
        aside: aside.try_clone()?,
        read: 0,
    };
    enable_raw_mode()?;
    *borrowed() = Some(Borrowed { terminal: terminal.try_clone()?, aside: aside.try_clone()? });
    OPEN.store(true, Ordering::SeqCst);
    give_back_in_panics();
    let entered = execute!(&terminal, EnterAlternateScreen)
        .and_then(|()| rustix::stdio::dup2_stderr(&aside).map_err(io::Error::from));
    if let Err(error) = entered {
        leave();
        return Err(error);
    }
    Ok(screen)
}

/// Whether the view has the terminal.
pub(super) fn is_open() -> bool {
    OPEN.load(Ordering::SeqCst)
}

/// Gives the terminal back and writes to standard error what was set aside. Does nothing if that has been done.
pub(super) fn leave() {
    if !OPEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Whoever draws may be the one that panics.
    let began = Instant::now();
    let mut drawing = DRAWING.try_lock();
    while drawing.is_err() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
        drawing = DRAWING.try_lock();
    }
    let Some(Borrowed { mut terminal, aside }) = borrowed().take() else { return };
    // Nothing can be done about a terminal that has gone away.
    let _ = execute!(terminal, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = rustix::stdio::dup2_stderr(&terminal);
    let _ = terminal.write_all(&rest(&aside, 0));
}

impl Screen {
    /// Draws a frame; nothing if the terminal was given back.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
        if is_open() {
            self.terminal.draw(render)?;
        }
        Ok(())
    }

    /// Whole lines that were written to standard error since the last call.
    pub(super) fn set_aside(&mut self) -> Vec<String> {
        let bytes = rest(&self.aside, self.read);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        let text = String::from_utf8_lossy(&bytes[..whole]);
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

/// The bytes of a file from an offset on, without moving where writers are.
fn rest(file: &File, from: u64) -> Vec<u8> {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = vec![0; usize::try_from(length.saturating_sub(from)).unwrap_or(0)];
    match file.read_exact_at(&mut bytes, from) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

fn borrowed() -> MutexGuard<'static, Option<Borrowed>> {
    BORROWED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A panic is told on the terminal as it was, not on a screen that vanishes.
fn give_back_in_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            leave();
            usual(panic);
        }));
    });
}
