//! Change points: what is found of steps whose places are known, and how often noise is taken for one.

#[path = "../../../crates/stats/src/change/generator.rs"]
mod generator;

use std::time::{Duration, Instant};

use annvil_stats::change::{ChangePoint, Settings, offline, online};

use generator::{FAMILIES, Family, Generator, Shape, hits};

/// Series of each family; for the delay; and of the bars, which are judged over all seeds.
const SERIES: usize = 12;
const DELAYS: usize = 1000;
const SEEDS: u64 = 10;

/// A change so many points from a step is that step.
const NEAR: usize = 5;

/// The bars.
const LEAST_F1: f64 = 0.86;
const MOST_FALSE: f64 = 0.5;
const MOST_FALSE_AUTOREGRESSIVE: f64 = 1.0;
const MOST_DELAY: usize = 6;
const MOST_TIME: Duration = Duration::from_millis(20);

type Find = fn(&[f64], &Settings) -> Vec<ChangePoint>;

const USES: [(&str, Find); 2] = [("whole series", offline), ("as readings arrive", online)];

/// Noise beside that of the bars. It was looked at while the method was chosen, too.
const OTHERS: [(&str, Family); 10] = [
    ("AR(1) .3", Family::Autoregressive(0.3)),
    ("AR(1) .7", Family::Autoregressive(0.7)),
    ("bimodal, half", Family::Bimodal(0.5)),
    ("t2", Family::Student(2)),
    ("spikes 8 %", Family::Spikes(0.08)),
    ("heteroscedastic 3", Family::Heteroscedastic(3.0)),
    ("drift 3 sigma", Family::Drift(3.0)),
    ("random walk", Family::Walk(0.03)),
    ("rounded", Family::Rounded(2.0)),
    ("bursts", Family::Bursts),
];

/// What was counted over some series.
#[derive(Clone, Copy, Default)]
struct Tally {
    steps: usize,
    found: usize,
    hits: usize,
    alarms: usize,
    quiet: usize,
}

impl Tally {
    fn measure(find: Find, families: &[(&str, Family)], shapes: [&Shape; 2]) -> Vec<(String, Self)> {
        let settings = Settings::default();
        let places =
            |values: &[f64]| find(values, &settings).iter().map(|change| change.at).collect::<Vec<_>>();
        let mut rows = Vec::new();
        for (at, (name, family)) in families.iter().enumerate() {
            let mut tally = Self::default();
            for seed in 0..SEEDS {
                let mut generator = Generator::new(1000 * seed + at as u64);
                for _ in 0..SERIES {
                    let series = generator.series(*family, shapes[0]);
                    let changes = places(&series.values);
                    tally.hits += hits(&series.steps, &changes, NEAR);
                    tally.found += changes.len();
                    tally.steps += series.steps.len();
                    let quiet = generator.series(*family, shapes[1]).values;
                    tally.alarms += places(&quiet).len();
                    tally.quiet += quiet.len();
                }
            }
            rows.push(((*name).to_owned(), tally));
        }
        rows
    }

    fn all(rows: &[(String, Self)]) -> Self {
        rows.iter().fold(Self::default(), |a, (_, b)| Self {
            steps: a.steps + b.steps,
            found: a.found + b.found,
            hits: a.hits + b.hits,
            alarms: a.alarms + b.alarms,
            quiet: a.quiet + b.quiet,
        })
    }

    fn f1(&self) -> f64 {
        2.0 * self.hits as f64 / (self.found + self.steps) as f64
    }

    /// False changes of 1,000 readings.
    fn rate(&self) -> f64 {
        1000.0 * self.alarms as f64 / self.quiet as f64
    }

    fn print(&self, name: &str) {
        let share = |of: usize| self.hits as f64 / of as f64;
        let (precision, recall) = (share(self.found), share(self.steps));
        println!("| {name} | {precision:.3} | {recall:.3} | {:.3} | {:.2} |", self.f1(), self.rate());
    }
}

/// Prints the tables; whether every bar holds.
pub(crate) fn run() -> bool {
    let mut held = true;
    println!(
        "Steps of 2 to 12 % in noise of 2 %, 200 readings, {NEAR} to either side; 300 readings without a step."
    );
    for (use_, find) in USES {
        println!("\n{use_}\n| noise | precision | recall | F1 | false of 1,000 |\n|---|---:|---:|---:|---:|");
        let rows = Tally::measure(find, &FAMILIES, [&Shape::STEPS, &Shape::NULL]);
        for (name, tally) in &rows {
            tally.print(name);
            if name.starts_with("AR") {
                held &= bar(tally.rate() <= MOST_FALSE_AUTOREGRESSIVE, "false changes, AR(1)");
            }
        }
        let all = Tally::all(&rows);
        all.print("all");
        held &= bar(all.f1() >= LEAST_F1, "F1");
        held &= bar(all.rate() <= MOST_FALSE, "false changes");
        println!(
            "\nother noise, {use_}; no bar\n| noise | precision | recall | F1 | false of 1,000 |\n|---|---:|---:|---:|---:|"
        );
        for (name, tally) in Tally::measure(find, &OTHERS, [&Shape::STEPS, &Shape::NULL]) {
            tally.print(&name);
        }
        for (name, steps) in others() {
            let quiet = Shape { steps: 0, ..steps };
            Tally::all(&Tally::measure(find, &FAMILIES, [&steps, &quiet])).print(name);
        }
    }
    let (delay, early) = delay();
    println!(
        "\n2 sigma in Gaussian noise: seen within {delay} readings (median); {early:.2} false of 1,000 readings before"
    );
    held &= bar(delay <= MOST_DELAY && early <= MOST_FALSE, "delay");
    for (use_, find) in USES {
        let took = took(find);
        println!("5,000 readings, {use_}: {:.1} ms", took.as_secs_f64() * 1e3);
        held &= bar(took <= MOST_TIME, "time");
    }
    held
}

fn bar(holds: bool, name: &str) -> bool {
    if !holds {
        println!("MISSED: {name}");
    }
    holds
}

/// The families of the bars in other shapes.
fn others() -> [(&'static str, Shape); 3] {
    [
        (
            "600 readings, 1 %, steps of 1 to 6 %",
            Shape { points: 600, sigma: 0.01, steps: 6, sizes: (0.01, 0.06), segment: 30 },
        ),
        (
            "100 readings, 5 %, steps of 10 to 40 %",
            Shape { points: 100, sigma: 0.05, steps: 2, sizes: (0.1, 0.4), segment: 15 },
        ),
        (
            "60 readings, steps of 3 to 12 %",
            Shape { points: 60, sigma: 0.02, steps: 1, sizes: (0.03, 0.12), segment: 10 },
        ),
    ]
}

/// Readings of the new level until it is reported, as a median; and false changes of 1,000 readings before it.
fn delay() -> (usize, f64) {
    const AT: usize = 100;
    let mut generator = Generator::new(77);
    let mut delays = Vec::new();
    let mut early = 0;
    for _ in 0..DELAYS {
        let level = |i: usize| if i < AT { 100.0 } else { 104.0 };
        let series: Vec<f64> = (0..2 * AT).map(|i| level(i) + 2.0 * generator.normal()).collect();
        let found: Vec<usize> =
            online(&series, &Settings::default()).iter().map(|change| change.found).collect();
        early += found.iter().filter(|found| **found < AT).count();
        delays.push(found.iter().find(|found| **found >= AT).map_or(usize::MAX, |found| found + 1 - AT));
    }
    delays.sort_unstable();
    (delays[DELAYS / 2], 1000.0 * early as f64 / (AT * DELAYS) as f64)
}

/// The shortest of some times for the slower of a quiet series of 5,000 readings and one with twenty steps.
fn took(find: Find) -> Duration {
    let slower = [0, 20].map(|steps| {
        let series =
            Generator::new(3).series(Family::Gaussian, &Shape { points: 5000, steps, ..Shape::STEPS }).values;
        let times = (0..7).map(|_| {
            let began = Instant::now();
            std::hint::black_box(find(&series, &Settings::default()));
            began.elapsed()
        });
        times.min().unwrap_or_default()
    });
    slower[0].max(slower[1])
}
