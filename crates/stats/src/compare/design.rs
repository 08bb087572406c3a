//! Two sides reduced to what an interval is made of: means, a standard error, its degrees of freedom.

use annvil_core::comparison::Scale;

use super::{Between, CompareError, Method, Side, Spec};

/// Sessions from which they are the sample.
const SESSIONS: usize = 3;

/// What two sides come to, on the scale of the comparison.
pub(super) struct Design {
    pub(super) method: Method,
    /// Means of the sides.
    pub(super) means: (f64, f64),
    /// Square of the standard error of their difference, with its degrees of freedom; none if nothing is known.
    pub(super) error: Option<(f64, f64)>,
    /// Samples on each side.
    pub(super) samples: (usize, usize),
    /// Variance of one run of each side, and runs so far, for planning further ones. For pairs: of a difference, and zero.
    pub(super) spread: (f64, f64),
    pub(super) runs: (usize, usize),
    /// What a bootstrap would draw from: sessions of both sides, or of the differences alone.
    pub(super) drawn: Drawn,
}

/// What a bootstrap draws from.
pub(super) enum Drawn {
    Nothing,
    Differences(Vec<Vec<f64>>),
    Sides(Vec<Vec<f64>>, Vec<Vec<f64>>),
}

impl Between {
    /// What is taken where nothing was measured: 2 % for ratios, 0.2 points (0.002) for differences, as if known. Unlike a
    /// figure from A/A it is a convention: real machines were between 0.5 and 5 %.
    pub fn assumed(scale: Scale) -> Self {
        let sd = match scale {
            Scale::Ratio => 0.02,
            Scale::Difference => 0.002,
        };
        Self { sd, freedom: usize::MAX }
    }

    /// Measured from sessions of the same thing, in base units: one-way analysis of variance, the blocks' share taken off
    /// where sessions have several (S. Searle et al., *Variance Components*, 1992, section 3.6). `None` with fewer than three
    /// sessions or a value that the scale does not take.
    pub fn measured(side: &Side, scale: Scale) -> Option<Self> {
        let sessions = on_scale(side, scale, 'a').ok().filter(|sessions| sessions.len() >= SESSIONS)?;
        let groups = sessions.len() as f64;
        let counts: Vec<f64> = sessions.iter().map(|blocks| blocks.len() as f64).collect();
        let blocks: f64 = counts.iter().sum();
        let all = mean(&sessions.concat());
        let squares: f64 =
            sessions.iter().zip(&counts).map(|(blocks, count)| count * (mean(blocks) - all).powi(2)).sum();
        let typical =
            (blocks - counts.iter().map(|count| count * count).sum::<f64>() / blocks) / (groups - 1.0);
        let within = within(&sessions);
        let variance = (squares / (groups - 1.0) - within) / typical;
        Some(Self { sd: variance.max(0.0).sqrt(), freedom: sessions.len() - 1 })
    }

    fn freedom(self) -> f64 {
        if self.freedom == usize::MAX { f64::INFINITY } else { self.freedom as f64 }
    }
}

/// Reduces two sides.
pub(super) fn design(a: &Side, b: &Side, spec: &Spec) -> Result<Design, CompareError> {
    let a = on_scale(a, spec.scale, 'a')?;
    let b = on_scale(b, spec.scale, 'b')?;
    let blocks = (count(&a), count(&b));
    if spec.paired && (a.len() != b.len() || a.iter().zip(&b).any(|(a, b)| a.len() != b.len())) {
        return Err(CompareError::Unpaired { a: blocks.0, b: blocks.1 });
    }
    // A single value beside equal ones is no certainty: rounded figures are equal until they are not.
    let certain = blocks.0.min(blocks.1) > 1 || (blocks.0.max(blocks.1) > 1 && a[0][0] == b[0][0]);
    if constant(&a) && constant(&b) && certain {
        return Ok(Design {
            method: Method::Exact,
            means: (a[0][0], b[0][0]),
            error: Some((0.0, f64::INFINITY)),
            samples: blocks,
            spread: (0.0, 0.0),
            runs: blocks,
            drawn: Drawn::Nothing,
        });
    }
    let long = (a.len() >= SESSIONS, b.len() >= SESSIONS);
    if blocks.0.max(blocks.1) > 1 && constant(&a) && constant(&b) && !spec.paired {
        return Ok(few(&a, &b, spec));
    }
    Ok(match long {
        _ if spec.paired && blocks.0 > 1 => paired(a, b),
        (true, true) => sessions(a, b, spec),
        (false, false) => few(&a, &b, spec),
        _ => lopsided(&a, &b),
    })
}

/// Interleaved pairs: the session is the sample where there are enough, else the pair, since pairs share their session.
fn paired(a: Vec<Vec<f64>>, b: Vec<Vec<f64>>) -> Design {
    let grouped = a.len() >= SESSIONS;
    let split = |side: Vec<Vec<f64>>| {
        if grouped { side } else { side.concat().into_iter().map(|value| vec![value]).collect() }
    };
    let (a, b) = (split(a), split(b));
    let differences: Vec<Vec<f64>> =
        a.iter().zip(&b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| b - a).collect()).collect();
    let n = differences.len();
    let variance = variance(&means(&differences));
    Design {
        method: Method::Paired,
        means: (mean(&means(&a)), mean(&means(&b))),
        error: Some((variance / n as f64, (n - 1) as f64)),
        samples: (n, n),
        spread: (variance, 0.0),
        runs: (n, n),
        drawn: Drawn::Differences(differences),
    }
}

/// Enough sessions on both sides: Welch on their means. What sessions of one hour have in common does not show in their
/// scatter, and is added as A/A measured it.
fn sessions(a: Vec<Vec<f64>>, b: Vec<Vec<f64>>, spec: &Spec) -> Design {
    let of = (means(&a), means(&b));
    let spread = (variance(&of.0), variance(&of.1));
    let runs = (a.len(), b.len());
    let hours = spec.hours.unwrap_or(runs);
    let shared = spec.between.map_or((0.0, f64::INFINITY), |between| {
        (between.sd.powi(2) * (unseen(hours.0, runs.0) + unseen(hours.1, runs.1)), between.freedom())
    });
    if shared.0 > 0.0 {
        let (own, freedom) = welch(spread, runs);
        return Design {
            method: Method::Between,
            means: (mean(&of.0), mean(&of.1)),
            error: Some(satterthwaite(&[(own, freedom), shared])),
            samples: runs,
            spread,
            runs,
            drawn: Drawn::Nothing,
        };
    }
    Design {
        method: Method::Welch,
        means: (mean(&of.0), mean(&of.1)),
        error: Some(welch(spread, runs)),
        samples: runs,
        spread,
        runs,
        drawn: Drawn::Sides(a, b),
    }
}

/// The share of the variance between hours that the mean of `sessions` sessions in `hours` hours has, and their scatter does
/// not show: all of it in one hour, none where each has its own.
fn unseen(hours: usize, sessions: usize) -> f64 {
    let (hours, sessions) = (hours.clamp(1, sessions) as f64, sessions as f64);
    (1.0 / hours - 1.0 / sessions) * sessions / (sessions - 1.0)
}

/// Enough sessions on one side only: their variance stands for both, pooled with the other's where that has two.
fn lopsided(a: &[Vec<f64>], b: &[Vec<f64>]) -> Design {
    let of = (means(a), means(b));
    let runs = (a.len(), b.len());
    let freedom = (a.len() + b.len() - 2) as f64;
    let squares = |means: &[f64]| variance(means) * means.len().saturating_sub(1) as f64;
    let pooled = (squares(&of.0) + squares(&of.1)) / freedom;
    // A session of fewer blocks has a mean that scatters more than those the variance was taken from.
    let all: Vec<Vec<f64>> = a.iter().chain(b).cloned().collect();
    let blocks = within(&all);
    let share = |side: &[Vec<f64>]| {
        side.iter().map(|blocks| 1.0 / blocks.len() as f64).sum::<f64>() / side.len() as f64
    };
    let shares = (share(a), share(b));
    let usual = if a.len() > b.len() { shares.0 } else { shares.1 };
    let spread = |share: f64| (pooled + blocks * (share - usual).max(0.0)).max(blocks * share);
    let spread = if a.len() > b.len() { (pooled, spread(shares.1)) } else { (spread(shares.0), pooled) };
    Design {
        method: Method::Pooled,
        means: (mean(&of.0), mean(&of.1)),
        error: Some((spread.0 / runs.0 as f64 + spread.1 / runs.1 as f64, freedom)),
        samples: runs,
        spread,
        runs,
        drawn: Drawn::Nothing,
    }
}

/// Few sessions on both sides: blocks are the sample, and what sessions differ by is added.
fn few(a: &[Vec<f64>], b: &[Vec<f64>], spec: &Spec) -> Design {
    let blocks = (a.concat(), b.concat());
    let n = (blocks.0.len(), blocks.1.len());
    let between = spec.between.unwrap_or_else(|| Between::assumed(spec.scale));
    let alone = n == (1, 1);
    let scatter = match n {
        (1, _) => (variance(&blocks.1), variance(&blocks.1)),
        (_, 1) => (variance(&blocks.0), variance(&blocks.0)),
        _ => (variance(&blocks.0), variance(&blocks.1)),
    };
    let weight = |side: &[Vec<f64>], n: usize| {
        side.iter().map(|blocks| (blocks.len() as f64 / n as f64).powi(2)).sum::<f64>()
    };
    let apart = between.sd.powi(2) * (weight(a, n.0) + weight(b, n.1));
    let within = match n {
        (1, _) | (_, 1) => (scatter.0 * (1.0 / n.0 as f64 + 1.0 / n.1 as f64), (n.0.max(n.1) - 1) as f64),
        _ => welch(scatter, n),
    };
    let known = !alone || spec.between.is_some();
    let each =
        |scatter: f64, n: usize, sessions: usize| between.sd.powi(2) + scatter * sessions as f64 / n as f64;
    Design {
        method: if !alone {
            Method::Between
        } else if known {
            Method::BetweenAlone
        } else {
            Method::Unknown
        },
        means: (mean(&blocks.0), mean(&blocks.1)),
        error: known.then(|| satterthwaite(&[within, (apart, between.freedom())])),
        samples: n,
        spread: (each(scatter.0, n.0, a.len()), each(scatter.1, n.1, b.len())),
        runs: (a.len(), b.len()),
        drawn: Drawn::Nothing,
    }
}

/// The square of the standard error of a difference of means, and its degrees of freedom (B. L. Welch, "The generalization of
/// Student's problem when several different population variances are involved", Biometrika 34, 1947).
pub(super) fn welch(variances: (f64, f64), n: (usize, usize)) -> (f64, f64) {
    let part = |variance: f64, n: usize| (variance / n as f64, n.saturating_sub(1) as f64);
    satterthwaite(&[part(variances.0, n.0), part(variances.1, n.1)])
}

/// The sum of independent variances, each with its degrees of freedom, and the freedom of the sum.
fn satterthwaite(parts: &[(f64, f64)]) -> (f64, f64) {
    let sum: f64 = parts.iter().map(|(variance, _)| variance).sum();
    let below: f64 = parts
        .iter()
        .filter(|(variance, _)| *variance > 0.0)
        .map(|(variance, freedom)| variance.powi(2) / freedom)
        .sum();
    (sum, if below > 0.0 { sum.powi(2) / below } else { f64::INFINITY })
}

/// The values on the scale of the comparison, without empty sessions.
fn on_scale(side: &Side, scale: Scale, name: char) -> Result<Vec<Vec<f64>>, CompareError> {
    let convert = |value: &f64| match scale {
        _ if !value.is_finite() => Err(CompareError::NotFinite { side: name, value: *value }),
        Scale::Ratio if *value <= 0.0 => Err(CompareError::NotPositive { side: name, value: *value }),
        Scale::Ratio => Ok(value.ln()),
        Scale::Difference => Ok(*value),
    };
    let filled = side.sessions.iter().filter(|blocks| !blocks.is_empty());
    let sessions: Vec<Vec<f64>> =
        filled.map(|blocks| blocks.iter().map(convert).collect()).collect::<Result<_, _>>()?;
    if sessions.is_empty() { Err(CompareError::Empty(name)) } else { Ok(sessions) }
}

fn count(sessions: &[Vec<f64>]) -> usize {
    sessions.iter().map(Vec::len).sum()
}

fn constant(sessions: &[Vec<f64>]) -> bool {
    sessions.iter().flatten().all(|value| *value == sessions[0][0])
}

fn means(sessions: &[Vec<f64>]) -> Vec<f64> {
    sessions.iter().map(|blocks| mean(blocks)).collect()
}

/// Around the first value, so that the mean of equal values is that value.
fn mean(values: &[f64]) -> f64 {
    let Some(first) = values.first() else { return f64::NAN };
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// The variance; 0 of fewer than two values.
fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if values.len() < 2 { 0.0 } else { squares / (values.len() - 1) as f64 }
}

/// The variance of blocks within their sessions; 0 if no session has two.
fn within(sessions: &[Vec<f64>]) -> f64 {
    let freedom = count(sessions) - sessions.len();
    let squares: f64 = sessions.iter().map(|blocks| variance(blocks) * (blocks.len() - 1) as f64).sum();
    if freedom == 0 { 0.0 } else { squares / freedom as f64 }
}
