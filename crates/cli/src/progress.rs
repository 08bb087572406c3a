//! Progress: one line a phase on a terminal, dated lines elsewhere. Always on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use annvil_conduct::event::{Event, Sink};
use annvil_core::plan::Plan;
use annvil_core::scenario::point_name;
use annvil_core::units::{Nanos, Rate, count};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::out;
use crate::summary::{early_end, memory_line, summary, trial};

/// Shows what a run does.
pub struct Progress {
    mode: Mode,
    variant: String,
    widths: (usize, usize),
    bar: Option<ProgressBar>,
    /// What the bar is of.
    of: Of,
    /// Levels tried in a search for the limit.
    trials: usize,
}

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Operations,
    Time,
    /// Each starts anew, so that nothing adds up.
    Trials,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Quiet,
    Plain,
    Terminal,
}

/// Columns beside the label that a bar and its figures take.
const FIGURES: usize = 48;

/// How often a bar is drawn.
const DRAW: Duration = Duration::from_millis(100);

impl Progress {
    /// Progress of a plan, with its headline.
    pub fn new(quiet: bool, plan: &Plan) -> Self {
        let mode = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Mode::Quiet,
            (false, true) => Mode::Terminal,
            (false, false) => Mode::Plain,
        };
        let widest =
            |names: &mut dyn Iterator<Item = &str>| names.map(|name| name.chars().count()).max().unwrap_or(0);
        let variants = widest(&mut plan.variants.iter().map(|variant| variant.name.as_str()));
        let phases = widest(&mut plan.phases.iter().map(annvil_core::scenario::Phase::name));
        let this = Self {
            mode,
            variant: String::new(),
            widths: (variants, phases),
            bar: None,
            of: Of::Operations,
            trials: 0,
        };
        let set = &plan.dataset;
        this.line(&format!(
            "annvil {} · {} · {} {} × {} {}, {} queries · seed {}",
            env!("CARGO_PKG_VERSION"),
            plan.name,
            set.name,
            count(set.rows as u64),
            set.dim,
            set.metric,
            count(set.queries as u64),
            plan.seed,
        ));
        this
    }

    fn line(&self, text: &str) {
        match self.mode {
            Mode::Quiet => {}
            Mode::Terminal => out::say(text),
            Mode::Plain => out::say(&format!("{} {text}", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S"))),
        }
    }

    /// A row of a table, cut to the width of a terminal: rows that wrap can't be read. The report has it whole.
    fn row(&self, text: &str) {
        match self.mode {
            Mode::Terminal => self.line(&console::truncate_str(text.trim_end(), columns(), "…")),
            _ => self.line(text.trim_end()),
        }
    }

    fn labelled(&self, phase: &str, text: &str) -> String {
        format!("  {:<1$}  {phase:<2$}  {text}", self.variant, self.widths.0, self.widths.1)
    }

    /// Rows of a phase; only the first of them names it on a terminal, where they stand below each other.
    fn rows(&self, phase: &str, texts: &[String]) {
        for (number, text) in texts.iter().enumerate() {
            let name = if number == 0 || self.mode == Mode::Plain { phase } else { "" };
            self.row(&self.labelled(name, text));
        }
    }

    fn start(&mut self, name: &str, kind: &str, point: &str, total: Option<u64>, duration: Option<Nanos>) {
        self.trials = 0;
        self.of = match (total, duration, kind) {
            (_, _, "limit") => Of::Trials,
            (None, Some(_), _) => Of::Time,
            _ => Of::Operations,
        };
        if self.mode != Mode::Terminal {
            return;
        }
        let bar = ProgressBar::with_draw_target(
            total.or(duration.map(milliseconds)),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        let template = match (self.of, total, kind) {
            // How fast rows are indexed says little about how long it takes: later rows cost more.
            (_, Some(_), "settle") => "{prefix}{spinner} {bar:20} {percent:>3} %  {wide_msg}",
            (Of::Time, _, _) | (_, Some(_), _) => {
                "{prefix}{bar:20} {percent:>3} %  {eta:>3} left  {wide_msg}"
            }
            (_, None, _) => "{prefix}{spinner} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        let label = self.labelled(name, point);
        let room = columns().saturating_sub(FIGURES).max(16);
        bar.set_prefix(format!("{}  ", console::truncate_str(label.trim_end(), room, "…")));
        bar.enable_steady_tick(DRAW);
        self.bar = Some(bar);
    }

    fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Takes the last bar away.
    pub fn finish(&mut self) {
        self.end_bar();
    }
}

impl Sink for Progress {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Preparing { what } => {
                if self.mode == Mode::Terminal {
                    self.end_bar();
                    let bar = ProgressBar::new_spinner().with_message(format!("{what} …"));
                    bar.enable_steady_tick(DRAW);
                    self.bar = Some(bar);
                }
            }
            Event::BlockStarted { variant, .. } => {
                self.end_bar();
                self.variant.clone_from(variant);
            }
            Event::PhaseStarted { name, kind, point, total, duration } => {
                self.end_bar();
                self.start(name, kind, &point_name(point), *total, *duration);
            }
            Event::Progress { done, elapsed } => {
                let rate = Rate(*done as f64 / elapsed.as_secs_f64().max(1e-9));
                if let Some(bar) = self.bar.as_ref().filter(|_| self.of != Of::Trials) {
                    bar.set_position(if self.of == Of::Time { milliseconds(*elapsed) } else { *done });
                    bar.set_message(format!("{}  {rate}", count(*done)));
                }
            }
            Event::PhaseDone(phase) => {
                self.end_bar();
                self.rows(&phase.name, &summary(phase));
                if let Some(why) = early_end(phase) {
                    self.line(&self.labelled(&phase.name, &why));
                }
            }
            Event::Memory(memory) => {
                if let Some(text) = memory_line(memory) {
                    self.row(&self.labelled("memory", &text));
                }
            }
            Event::BlockFailed(failure) => {
                self.end_bar();
                self.line(&self.labelled(&failure.phase, &format!("✗ {}", failure.message)));
            }
            Event::Trial { level, met, rates } => {
                self.trials += 1;
                if let Some(bar) = &self.bar {
                    let plural = if self.trials == 1 { "" } else { "s" };
                    bar.set_message(format!(
                        "{} trial{plural}, last {}",
                        self.trials,
                        trial(*level, *met, *rates)
                    ));
                }
            }
            Event::Engine(_) | Event::Second(_) | Event::Advice(_) | Event::BlockDone => {}
        }
    }
}

/// Columns of the terminal on standard error.
fn columns() -> usize {
    usize::from(console::Term::stderr().size().1)
}

fn milliseconds(nanos: Nanos) -> u64 {
    nanos.0 / 1_000_000
}
