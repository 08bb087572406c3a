//! The live view as a listener: events change a state, a thread of its own draws it. Measuring never waits for the
//! terminal.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use annvil_conduct::event::{Event, Sink};
use annvil_core::plan::Plan;
use annvil_core::units::Nanos;
use annvil_load::cancel::{Cancel, Reason};
use ratatui::crossterm::event::{self, Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::render::render;
use super::screen::{self, Screen};
use super::state::State;
use crate::progress::Progress;

/// Time between two frames. People read no faster, and drawing takes time from what is measured.
const DRAW: Duration = Duration::from_millis(250);

/// Time between two frames while the window is being resized.
const RESIZED: Duration = Duration::from_millis(100);

/// A key that is held down is no second wish.
const HELD: Duration = Duration::from_millis(500);

/// The live view of a run.
pub struct Live {
    shared: Arc<Shared>,
    began: Instant,
    drawer: Option<JoinHandle<()>>,
    plan: Plan,
    /// Shows the rest of the run if the view had to give up the terminal.
    plain: Option<Progress>,
}

struct Shared {
    state: Mutex<State>,
    ended: AtomicBool,
}

impl Live {
    /// Takes the terminal and begins to draw. The keys `q` and Ctrl-C raise `cancel`.
    pub fn open(plan: &Plan, cancel: Cancel) -> io::Result<Self> {
        let screen = screen::open()?;
        let shared = Arc::new(Shared { state: Mutex::new(State::new(plan)), ended: AtomicBool::new(false) });
        let began = Instant::now();
        let mut live = Self { shared, began, drawer: None, plan: plan.clone(), plain: None };
        let shared = Arc::clone(&live.shared);
        let mut drawer = Drawer { shared, cancel, began, screen, asked: None };
        live.drawer = Some(std::thread::Builder::new().name("live view".to_owned()).spawn(move || {
            // A terminal that can't be drawn on goes back; the run goes on with plain progress.
            if drawer.run().is_err() {
                screen::leave();
            }
        })?);
        Ok(live)
    }

    /// Ends the view and gives the terminal back.
    pub fn finish(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(drawer) = self.drawer.take() {
            // Its panic has told itself.
            let _ = drawer.join();
        }
        screen::leave();
        if let Some(plain) = &mut self.plain {
            plain.finish();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Sink for Live {
    fn event(&mut self, event: &Event) {
        if screen::is_open() {
            self.shared.state().event(event, Nanos::from(self.began.elapsed()));
        } else {
            self.plain.get_or_insert_with(|| Progress::new(false, &self.plan)).event(event);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that draws and listens to keys.
struct Drawer {
    shared: Arc<Shared>,
    cancel: Cancel,
    began: Instant,
    screen: Screen,
    /// When a key asked the run to stop.
    asked: Option<Instant>,
}

impl Drawer {
    fn run(&mut self) -> io::Result<()> {
        let mut due = Instant::now();
        while !self.shared.ended.load(Ordering::Relaxed) && screen::is_open() {
            if Instant::now() >= due {
                self.draw()?;
                due = Instant::now() + DRAW;
            }
            if event::poll(due.saturating_duration_since(Instant::now()))? {
                match event::read()? {
                    Input::Key(key) if key.kind == KeyEventKind::Press => {
                        self.key(key);
                        due = due.min(Instant::now() + RESIZED);
                    }
                    Input::Resize(..) => due = due.min(Instant::now() + RESIZED),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let at = Nanos::from(self.began.elapsed());
        let lines = self.screen.set_aside();
        let state = {
            let mut state = self.shared.state();
            for line in lines {
                state.note(at, false, line);
            }
            state.elapsed = at;
            state.stopping = self.cancel.reason();
            // Drawn from a copy: whoever measures waits for the lock at most as long as copying takes.
            state.clone()
        };
        self.screen.draw(|frame| render(&state, frame))
    }

    /// Terminals don't turn Ctrl-C into a signal while keys arrive one by one.
    fn key(&mut self, key: KeyEvent) {
        let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        let stop = control_c || matches!(key.code, KeyCode::Char('q' | 'Q'));
        match self.asked {
            None if stop => {
                self.asked = Some(Instant::now());
                if control_c && self.cancel.reason() == Some(Reason::User) {
                    end();
                }
                self.cancel.raise(Reason::User);
            }
            Some(asked) if control_c && asked.elapsed() > HELD => end(),
            _ => {}
        }
    }
}

/// The second Ctrl-C ends the process at once, as the second signal does.
fn end() {
    screen::leave();
    std::process::exit(130);
}
