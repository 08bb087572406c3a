//! Seeded series with known changes: families of noise, steps and drift.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What the noise of a series is like. Each has a standard deviation of about 1 before it is scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Family {
    /// Normal.
    Gaussian,
    /// Skewed upward.
    Lognormal,
    /// Autocorrelated with this coefficient.
    Autoregressive(f64),
    /// Two modes, the upper taken by this share.
    Bimodal(f64),
    /// Student's t with so many degrees of freedom.
    Student(u32),
    /// Normal, and this share of points far above.
    Spikes(f64),
    /// Normal, its spread another one every few dozen points, by up to this factor.
    Heteroscedastic(f64),
    /// Normal, on a level that moves slowly by so many standard deviations over the series: a line or an arc.
    Drift(f64),
    /// Normal, on a level that walks at random by so many standard deviations a point.
    Walk(f64),
    /// Normal, rounded to this step.
    Rounded(f64),
    /// Normal, and now and then up to five points in a row far off.
    Bursts,
}

/// The eight families of the bars.
pub(crate) const FAMILIES: [(&str, Family); 8] = [
    ("Gaussian", Family::Gaussian),
    ("lognormal", Family::Lognormal),
    ("AR(1) .5", Family::Autoregressive(0.5)),
    ("bimodal", Family::Bimodal(0.3)),
    ("t3", Family::Student(3)),
    ("spikes", Family::Spikes(0.03)),
    ("heteroscedastic", Family::Heteroscedastic(2.0)),
    ("slow drift", Family::Drift(1.5)),
];

/// What series are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Points.
    pub(crate) points: usize,
    /// Standard deviation as a share of the level.
    pub(crate) sigma: f64,
    /// The most steps; there is at least one unless this is 0.
    pub(crate) steps: usize,
    /// Least and greatest size of a step, as a share of the level before.
    pub(crate) sizes: (f64, f64),
    /// Points between steps, at least.
    pub(crate) segment: usize,
}

impl Shape {
    /// The series of the bars.
    pub(crate) const STEPS: Self =
        Self { points: 200, sigma: 0.02, steps: 3, sizes: (0.02, 0.12), segment: 20 };

    /// The same without a step.
    pub(crate) const NULL: Self = Self { points: 300, steps: 0, ..Self::STEPS };
}

/// A series and the indices at which its steps begin.
pub(crate) struct Made {
    pub(crate) values: Vec<f64>,
    pub(crate) steps: Vec<usize>,
}

/// A seeded source of series.
pub(crate) struct Generator(ChaCha8Rng);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A series of this family and shape.
    pub(crate) fn series(&mut self, family: Family, shape: &Shape) -> Made {
        let steps = self.steps(shape);
        let noise = self.noise(family, shape.points);
        let mut level = 100.0;
        let mut values = Vec::with_capacity(shape.points);
        for (i, noise) in noise.iter().enumerate() {
            if steps.contains(&i) {
                let size = self.between(shape.sizes.0, shape.sizes.1);
                level *= if self.chance(0.5) { 1.0 + size } else { 1.0 - size };
            }
            values.push(level * (1.0 + shape.sigma * noise));
        }
        Made { values, steps }
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn steps(&mut self, shape: &Shape) -> Vec<usize> {
        if shape.steps == 0 {
            return Vec::new();
        }
        let steps = 1 + self.below(shape.steps);
        // Segments of the least length, and what is left spread over them at random.
        let spare = shape.points.saturating_sub((steps + 1) * shape.segment);
        let mut cuts: Vec<usize> = (0..steps).map(|_| self.below(spare + 1)).collect();
        cuts.sort_unstable();
        cuts.iter().enumerate().map(|(i, cut)| cut + (i + 1) * shape.segment).collect()
    }

    fn noise(&mut self, family: Family, n: usize) -> Vec<f64> {
        let mut state = self.normal();
        let mut left = 0;
        let mut spread = 1.0;
        let arc = self.chance(0.5);
        let sign = if self.chance(0.5) { 1.0 } else { -1.0 };
        (0..n)
            .map(|i| match family {
                Family::Gaussian => self.normal(),
                Family::Lognormal => {
                    let variance: f64 = 0.36;
                    let mean = (variance / 2.0).exp();
                    ((0.6 * self.normal()).exp() - mean) / (mean * variance.exp_m1().sqrt())
                }
                Family::Autoregressive(rho) => {
                    state = rho * state + (1.0 - rho * rho).sqrt() * self.normal();
                    state
                }
                Family::Bimodal(upper) => {
                    // Modes 4 of their own standard deviations apart.
                    let mode = if self.chance(upper) { 1.0 - upper } else { -upper };
                    (4.0 * mode + self.normal()) / (1.0 + 16.0 * upper * (1.0 - upper)).sqrt()
                }
                Family::Student(freedom) => {
                    let chi: f64 = (0..freedom).map(|_| self.normal().powi(2)).sum();
                    let scale = if freedom > 2 { f64::from(freedom - 2).sqrt() } else { 1.0 };
                    self.normal() / chi.sqrt() * scale
                }
                Family::Spikes(share) => {
                    let spike = if self.chance(share) { self.between(5.0, 20.0) } else { 0.0 };
                    self.normal() + spike
                }
                Family::Heteroscedastic(factor) => {
                    if left == 0 {
                        left = 20 + self.below(60);
                        spread = factor.powf(self.between(-1.0, 1.0));
                    }
                    left -= 1;
                    spread * self.normal()
                }
                Family::Drift(height) => {
                    let time = i as f64 / n as f64;
                    let way = if arc { (std::f64::consts::PI * time).sin() } else { time };
                    sign * height * way + self.normal()
                }
                Family::Walk(step) => {
                    spread += step * self.normal();
                    spread - 1.0 + self.normal()
                }
                Family::Rounded(step) => (self.normal() / step).round() * step,
                Family::Bursts => {
                    if left == 0 && self.chance(0.01) {
                        left = 2 + self.below(4);
                        spread = sign * self.between(3.0, 12.0);
                    }
                    let burst = if left > 0 { spread } else { 0.0 };
                    left = usize::saturating_sub(left, 1);
                    burst + self.normal()
                }
            })
            .collect()
    }

    fn uniform(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    fn chance(&mut self, share: f64) -> bool {
        self.uniform() < share
    }

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }
}

/// Changes found within `margin` points of a step, each step taken once; in the order of both lists.
pub(crate) fn hits(steps: &[usize], found: &[usize], margin: usize) -> usize {
    let mut hits = 0;
    let mut left = found.iter().copied().peekable();
    for step in steps {
        while left.next_if(|at| at + margin < *step).is_some() {}
        if left.next_if(|at| *at <= step + margin).is_some() {
            hits += 1;
        }
    }
    hits
}
