//! Changes of a whole series.

use super::evidence::{Noise, Sums};
use super::partition::partition;
use super::{CLIP, ChangePoint, Settings, deviation, middle, size};
use crate::series::median;

/// Readings on each side of one that say what level it is at.
const HALF: usize = 7;

/// A level of fewer readings, after which the one before it comes back, is a burst.
const BURST: usize = 8;

/// By how much a step must fit better than a drift: squared standard deviations of a mean.
const MARGIN: f64 = 2.0;

/// Cuts and noise depend on each other; so often they are found in turn.
const ROUNDS: usize = 3;

/// Changes of a whole series, first to last. None in fewer than twice [`Settings::shortest`] readings.
pub fn offline(series: &[f64], settings: &Settings) -> Vec<ChangePoint> {
    let indices: Vec<usize> = (0..series.len()).filter(|i| series[*i].is_finite()).collect();
    let values: Vec<f64> = indices.iter().map(|i| series[*i]).collect();
    let shortest = settings.shortest.max(2);
    if values.len() < 2 * shortest {
        return Vec::new();
    }
    let cuts = cuts(&values, shortest, settings.offline);
    let found = indices[indices.len() - 1];
    edges(&cuts, values.len())
        .windows(3)
        .map(|edge| {
            let (before, after) = (middle(&values[edge[0]..edge[1]]), middle(&values[edge[1]..edge[2]]));
            let change = size(settings.scale, before, after);
            ChangePoint { at: indices[edge[1]], before, after, change, found }
        })
        .collect()
}

fn cuts(values: &[f64], shortest: usize, least: f64) -> Vec<usize> {
    let greatest = values.iter().fold(0.0, |greatest: f64, value| greatest.max(value.abs()));
    let Some(deviation) = deviation(values, greatest) else { return Vec::new() };
    let centre = middle(values);
    let tamed = tame(&values.iter().map(|value| (value - centre) / deviation).collect::<Vec<f64>>());
    let mut sums = Sums::default();
    sums.refill(tamed.iter().copied());

    let mut cuts = Vec::new();
    for _ in 0..ROUNDS {
        cuts = partition(&sums, shortest, &Noise::of(&residuals(&tamed, &cuts), 0));
    }
    let noise = Noise::of(&residuals(&tamed, &cuts), 0);
    prune(&sums, &mut cuts, &noise, least);
    relocate(&sums, &mut cuts, shortest);
    prune(&sums, &mut cuts, &noise, least);
    cuts
}

/// Clips readings around the running median, which follows steps at once.
fn tame(values: &[f64]) -> Vec<f64> {
    let mut near = Vec::with_capacity(2 * HALF + 1);
    let clip = |(i, value): (usize, &f64)| {
        near.clear();
        near.extend_from_slice(&values[i.saturating_sub(HALF)..(i + HALF + 1).min(values.len())]);
        let level = median(&mut near);
        value.clamp(level - CLIP, level + CLIP)
    };
    values.iter().enumerate().map(clip).collect()
}

/// Cuts with both ends.
fn edges(cuts: &[usize], n: usize) -> Vec<usize> {
    [0].into_iter().chain(cuts.iter().copied()).chain([n]).collect()
}

/// Readings less the median of their level.
fn residuals(values: &[f64], cuts: &[usize]) -> Vec<f64> {
    let mut residuals = Vec::with_capacity(values.len());
    for edge in edges(cuts, values.len()).windows(2) {
        let level = middle(&values[edge[0]..edge[1]]);
        residuals.extend(values[edge[0]..edge[1]].iter().map(|value| value - level));
    }
    residuals
}

/// Takes out bursts and then the weakest cut, until all that are left have evidence.
fn prune(sums: &Sums, cuts: &mut Vec<usize>, noise: &Noise, least: f64) {
    loop {
        let edges = edges(cuts, sums.len());
        let burst = edges.windows(4).position(|edge| {
            edge[2] - edge[1] < BURST && sums.evidence(edge[0]..edge[1], edge[2]..edge[3], noise) < least
        });
        if let Some(first) = burst {
            cuts.drain(first..first + 2);
            continue;
        }
        let evidence = edges.windows(3).map(|edge| {
            let evidence = sums.evidence(edge[0]..edge[1], edge[1]..edge[2], noise);
            // A drift goes after what has no evidence at all.
            let drifts = evidence >= least && sums.drifts(edge[0]..edge[2], edge[1], MARGIN, noise);
            if drifts { least / 2.0 } else { evidence }
        });
        match evidence.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((weakest, evidence)) if evidence < least => cuts.remove(weakest),
            _ => return,
        };
    }
}

/// Moves each cut to where it fits best between its neighbours.
fn relocate(sums: &Sums, cuts: &mut [usize], shortest: usize) {
    let n = sums.len();
    for i in 0..cuts.len() {
        let from = if i == 0 { 0 } else { cuts[i - 1] };
        let to = cuts.get(i + 1).copied().unwrap_or(n);
        let places = from + shortest..=to - shortest;
        let gains = places.map(|at| (sums.gain(from..to, at), at));
        cuts[i] = gains.fold((0.0, cuts[i]), |a, b| if b.0 > a.0 { b } else { a }).1;
    }
}
