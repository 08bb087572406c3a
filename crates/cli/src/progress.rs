//! Progress: one line a phase on a terminal, dated lines elsewhere. Always on standard error.

use std::io::IsTerminal;
use std::time::Duration;

use annvil_conduct::event::{Event, Sink};
use annvil_core::plan::Plan;
use annvil_core::scenario::point_name;
use annvil_core::units::{Nanos, Rate, count};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::out;
use crate::summary::{memory_line, summary};

/// Shows what a run does.
pub struct Progress {
    mode: Mode,
    variant: String,
    widths: (usize, usize),
    bar: Option<ProgressBar>,
    /// Whether the bar is of time rather than of operations.
    timed: bool,
    label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Quiet,
    Plain,
    Terminal,
}

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
            timed: false,
            label: String::new(),
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

    fn labelled(&self, phase: &str, text: &str) -> String {
        format!("  {:<1$}  {phase:<2$}  {text}", self.variant, self.widths.0, self.widths.1)
    }

    fn start(&mut self, name: &str, kind: &str, point: &str, total: Option<u64>, duration: Option<Nanos>) {
        self.label = self.labelled(name, "");
        if self.mode != Mode::Terminal {
            return;
        }
        let point = if point.is_empty() { String::new() } else { format!(" {point}") };
        let bar = ProgressBar::with_draw_target(
            total.or(duration.map(milliseconds)),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        self.timed = total.is_none() && duration.is_some();
        let template = match (total, kind) {
            // How fast rows are indexed says little about how long it takes: later rows cost more.
            (Some(_), "settle") => "{prefix}{spinner} {bar:20} {percent:>3} % {human_pos} rows{msg}",
            (None, _) if self.timed => "{prefix}{bar:20} {percent:>3} %  {msg}  ETA {eta}",
            (Some(_), _) => "{prefix}{bar:20} {percent:>3} %  {human_pos}{msg}  ETA {eta}",
            (None, _) => "{prefix}{spinner} {human_pos}{msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(format!(
            "{}{}",
            self.label.trim_end(),
            if point.is_empty() { "  ".into() } else { format!("{point}  ") }
        ));
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
                if let Some(bar) = &self.bar {
                    let rate = Rate(*done as f64 / elapsed.as_secs_f64().max(1e-9));
                    if self.timed {
                        bar.set_position(milliseconds(*elapsed));
                        bar.set_message(format!("{}  {rate}", count(*done)));
                    } else {
                        bar.set_position(*done);
                        bar.set_message(format!("  {rate}"));
                    }
                }
            }
            Event::PhaseDone(phase) => {
                self.end_bar();
                let text = self.labelled(&phase.name, &summary(phase));
                self.line(text.trim_end());
            }
            Event::Memory(memory) => {
                if let Some(text) = memory_line(memory) {
                    let text = self.labelled("memory", &text);
                    self.line(&text);
                }
            }
            Event::BlockFailed(failure) => {
                self.end_bar();
                let text = self.labelled(&failure.phase, &format!("✗ {}", failure.message));
                self.line(&text);
            }
            Event::Trial { level, rates, .. } => {
                if let Some(bar) = &self.bar {
                    let level = if *rates { Rate(*level).to_string() } else { format!("{level} sessions") };
                    bar.set_prefix(format!("{}  last tried {level}  ", self.label.trim_end()));
                }
            }
            Event::Engine(_) | Event::Second(_) | Event::BlockDone => {}
        }
    }
}

fn milliseconds(nanos: Nanos) -> u64 {
    nanos.0 / 1_000_000
}
