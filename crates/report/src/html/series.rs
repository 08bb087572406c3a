//! Second by second: what was offered and answered, how long it took, and what it took of the machine.

use annvil_core::units::{Nanos, rate_text, size_text, time_text};

use super::draw;
use super::plot::{Axis, Pair, Plot};
use crate::view::figures::middle;
use crate::view::timed::Timed;
use crate::view::{Measure, VariantView, View, label};
use points::{Point, Used, offered, points, used};

mod points;

const HEIGHT: f64 = 210.0;

/// Height of the drawings of resources, below those of the load.
const LOW: f64 = 150.0;

/// Seconds that a phase must have for a line to say anything.
const FEWEST: usize = 4;

/// A variant's first block, second by second or in longer steps.
struct Line<'a, 'v> {
    variant: &'v VariantView<'a>,
    points: Vec<Point>,
    /// Arrivals a second that were due.
    offered: Vec<Pair>,
    /// What each subject used.
    used: Vec<(&'a str, Vec<Used>)>,
    open: bool,
}

/// How many lines the phases of a run come to, in which there is enough to draw.
pub(super) fn long(view: &View<'_>, phase: &str) -> usize {
    let blocks = view.variants.iter().filter_map(|variant| variant.timed_reported(phase).into_iter().next());
    blocks.filter(|timed| is_long(timed)).count()
}

fn is_long(timed: &Timed<'_>) -> bool {
    timed.leading().is_some_and(|form| form.intervals.len() >= FEWEST)
}

/// Rate, latency, processors and memory of a phase, all on one axis of time; empty where nothing is known. `None` where
/// every variant was done within seconds. `most` bounds the points of a line.
pub(super) fn series(view: &View<'_>, measure: &Measure<'_>, most: usize) -> Option<[String; 4]> {
    let lines: Vec<Line<'_, '_>> = view
        .variants
        .iter()
        .filter_map(|variant| {
            let timed = variant.timed_reported(measure.phase).into_iter().next().filter(is_long)?;
            let (points, offered) = (points(&timed, most), offered(&timed, most));
            let used = used(&timed, most);
            Some(Line { variant, points, offered, used, open: timed.load.open.is_some() })
        })
        .filter(|line| line.points.len() >= FEWEST)
        .collect();
    if lines.is_empty() {
        return None;
    }
    let chart = Chart { lines: &lines, name: crate::text::one_line(measure.phase), end: end(&lines) };
    Some([chart.rates(), chart.latencies(), chart.processors(), chart.memory()])
}

fn end(lines: &[Line<'_, '_>]) -> f64 {
    let points = lines.iter().flat_map(|line| line.points.iter().map(|point| point.seconds));
    points.chain(lines.iter().flat_map(|line| line.offered.iter().map(|(at, _)| *at))).fold(0.0, f64::max)
}

/// A figure of a point.
type Of<'f> = &'f dyn Fn(&Point) -> Option<f64>;

struct Chart<'a, 'v, 'c> {
    lines: &'c [Line<'a, 'v>],
    name: String,
    /// In seconds.
    end: f64,
}

impl<'a> Chart<'a, '_, '_> {
    fn plot(&self, height: f64, y: Option<Axis<'_>>) -> Option<Plot> {
        let seconds = |second: f64| if second == 0.0 { "0".to_owned() } else { time_text(second * 1e9) };
        Some(Plot::new(height, &Axis::from_zero(self.end, "", &seconds), &y?))
    }

    fn open(&self) -> bool {
        self.lines.iter().any(|line| line.open)
    }

    fn rates(&self) -> String {
        let what = if self.open() { "arrivals offered (grey) and answered," } else { "operations" };
        let title = format!("{}: {what} a second", self.name);
        let values = self.lines.iter().flat_map(|line| {
            line.points.iter().map(|point| point.rate).chain(line.offered.iter().map(|(_, rate)| *rate))
        });
        let Some(mut plot) = self.plot(HEIGHT, Axis::fit(values, &title, &rate_text)) else {
            return String::new();
        };
        // The schedule is the same for all; who ended early has less of it.
        if let Some(longest) = self.lines.iter().map(|line| &line.offered).max_by_key(|offered| offered.len())
            && !longest.is_empty()
        {
            let pairs: Vec<_> = longest.iter().copied().map(Some).collect();
            let drawn = format!("<g>{}{}</g>", draw::tip("offered"), plot.line(&pairs, "offered"));
            plot.add(&drawn);
        }
        for line in self.lines {
            let drawn = line.draw(&plot, &[("l", &|point| Some(point.rate))]) + &line.lost(&plot);
            plot.add(&drawn);
        }
        plot.done(&format!(
            "{title}, over time. Failed operations are marked by crosses, dropped ones by arrows."
        ))
    }

    fn latencies(&self) -> String {
        let what = if self.open() { "response" } else { "service" };
        let title = format!("{what} time: p50 (line) and p99 (dashed)");
        let values = self.lines.iter().flat_map(|line| &line.points).flat_map(|point| [point.p50, point.p99]);
        let Some(mut plot) = self.plot(HEIGHT, Axis::fit(values.flatten(), &title, &time_text)) else {
            return String::new();
        };
        for line in self.lines {
            let drawn = line.draw(&plot, &[("l", &|point| point.p50), ("l dash", &|point| point.p99)]);
            plot.add(&drawn);
        }
        plot.done(&format!("{title} over time in {}", self.name))
    }

    /// The subjects of which a figure is known, in the order of the record.
    fn subjects(&self, figure: fn(&Used) -> Option<f64>) -> Vec<&'a str> {
        let mut names = Vec::new();
        for (name, used) in self.lines.iter().flat_map(|line| &line.used) {
            if !names.contains(name) && used.iter().filter_map(figure).count() >= FEWEST {
                names.push(*name);
            }
        }
        names
    }

    fn processors(&self) -> String {
        self.resource("busy cores", |used| used.cpu, &|cores| super::trim(cores))
    }

    fn memory(&self) -> String {
        self.resource("memory", |used| used.memory, &|bytes| {
            if bytes > 0.0 { size_text(bytes) } else { "0".to_owned() }
        })
    }

    fn resource(
        &self,
        what: &str,
        figure: fn(&Used) -> Option<f64>,
        print: &dyn Fn(f64) -> String,
    ) -> String {
        const CLASSES: [&str; 3] = ["l", "l dash", "l dots"];
        const STYLES: [&str; 3] = ["", " (dashed)", " (dotted)"];
        let names = self.subjects(figure);
        let said: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(nth, name)| format!("{}{}", crate::text::one_line(name), STYLES[nth.min(2)]))
            .collect();
        let title = format!("{what}: {}", label::few(&said));
        let used = || self.lines.iter().flat_map(|line| &line.used).flat_map(|(_, used)| used);
        let Some(high) = used().filter_map(figure).filter(|value| *value > 0.0).reduce(f64::max) else {
            return String::new();
        };
        let Some(mut plot) = self.plot(LOW, Some(Axis::from_zero(high * 1.1, &title, print))) else {
            return String::new();
        };
        for line in self.lines {
            let mut drawn = format!("<g {}>", draw::of(line.variant));
            for (name, used) in &line.used {
                let Some(nth) = names.iter().position(|known| known == name) else { continue };
                // What is watched goes on while checkpoints are scored; the load's time does not.
                let within = used.iter().filter(|used| used.seconds <= self.end * 1.01);
                let pairs: Vec<_> = within.map(|used| Some((used.seconds, figure(used)?))).collect();
                let tip = format!("{}\n{name}", line.variant.label());
                drawn.push_str(&format!(
                    "<g>{}{}</g>",
                    draw::tip(&tip),
                    plot.line(&pairs, CLASSES[nth.min(2)])
                ));
            }
            drawn.push_str("</g>");
            plot.add(&drawn);
        }
        plot.done(&format!("{title}, over the time of {}", self.name))
    }
}

impl Line<'_, '_> {
    fn draw(&self, plot: &Plot, paths: &[(&str, Of<'_>)]) -> String {
        let rates = middle(self.points.iter().map(|point| point.rate).collect());
        let least = self.points.iter().map(|point| point.rate).fold(f64::INFINITY, f64::min);
        let tip = format!(
            "{}\nmiddle {}\nslowest second {}",
            self.variant.label(),
            label::rate(rates),
            label::rate(Some(least))
        );
        let mut out = format!("<g {}>{}", draw::of(self.variant), draw::tip(&tip));
        for (nth, (class, value)) in paths.iter().enumerate() {
            let mut pairs = Vec::new();
            for point in &self.points {
                if point.after_gap {
                    pairs.push(None);
                }
                pairs.push(value(point).map(|value| (point.seconds, value)));
            }
            out.push_str(&plot.line(&pairs, class));
            if nth == 0 {
                out.push_str(&plot.line(&pairs, "hit"));
            }
        }
        out.push_str("</g>");
        out
    }

    /// Marks of what failed and what was dropped, at the foot of the seconds in which it did.
    fn lost(&self, plot: &Plot) -> String {
        let marks = |count: fn(&Point) -> u64, up: f64, what: &str, sign: &dyn Fn(f64, f64) -> String| {
            let all: u64 = self.points.iter().map(count).sum();
            if all == 0 {
                return String::new();
            }
            let places = self.points.iter().filter(|point| count(point) > 0);
            let path: String =
                places.map(|point| sign(plot.at((point.seconds, 1.0)).0, plot.ground() - up)).collect();
            let tip = format!("{}\n{} {what}", self.variant.label(), annvil_core::units::count(all));
            format!(
                "<g {}>{}<path class=\"lost\" d=\"{path}\"/></g>",
                draw::of(self.variant),
                draw::tip(&tip)
            )
        };
        marks(|point| point.failures, 6.0, "failed", &draw::cross)
            + &marks(|point| point.dropped, 16.0, "dropped", &|x, y| {
                format!("M{:.1} {:.1}l3 5l3 -5", x - 3.0, y - 3.0)
            })
    }
}

/// Time of a phase at which its load began, in seconds.
fn began(timed: &Timed<'_>) -> f64 {
    timed.before_load().as_secs_f64()
}

/// A length of time in seconds.
fn seconds(time: Nanos) -> f64 {
    time.as_secs_f64()
}
