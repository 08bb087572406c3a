//! Least squares with coefficients that may not be negative, for three columns.
//!
//! The constrained minimum is the plain least-squares solution on those columns whose coefficients are not zero (Lawson and
//! Hanson, *Solving Least Squares Problems*, 1974, chapter 23). With three columns all seven choices are tried.

/// Choices of columns, few before many.
const CHOICES: [&[usize]; 7] = [&[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];

/// A column that keeps less than this of its length beside the others is a mix of them.
const INDEPENDENT: f64 = 1e-10;

/// The coefficients ≥ 0 for which the rows come closest to 1. `None` if no choice of columns gives any, or if the first two
/// are both zero.
pub(super) fn fit_ones(rows: &[[f64; 3]]) -> Option<[f64; 3]> {
    // A gain of no more than rounding does not justify another column.
    let rounding = 1e-24 * rows.len() as f64;
    let mut best: Option<(f64, [f64; 3])> = None;
    for chosen in CHOICES {
        let Some((residual, coefficients)) = plain(rows, chosen) else { continue };
        let valid = coefficients.iter().all(|c| c.is_finite() && *c >= 0.0);
        if valid && best.is_none_or(|(least, _)| residual + rounding < least) {
            best = Some((residual, coefficients));
        }
    }
    best.map(|(_, coefficients)| coefficients).filter(|[d, b, _]| d + b > 0.0)
}

/// Plain least squares on the chosen columns by modified Gram–Schmidt with the target as a last column: the sum of squared
/// residuals, and the coefficients, zero where not chosen.
fn plain(rows: &[[f64; 3]], chosen: &[usize]) -> Option<(f64, [f64; 3])> {
    let mut columns: Vec<Vec<f64>> = Vec::with_capacity(chosen.len());
    let mut scales = [0.0; 3];
    for (at, &column) in chosen.iter().enumerate() {
        let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        scales[at] = length(&values);
        columns.push(values.iter().map(|value| value / scales[at]).collect());
    }
    let mut target = vec![1.0; rows.len()];
    let mut upper = [[0.0; 3]; 3];
    let mut right = [0.0; 3];
    for at in 0..columns.len() {
        let (done, rest) = columns.split_at_mut(at + 1);
        let pivot = &mut done[at];
        upper[at][at] = length(pivot);
        if upper[at][at].is_nan() || upper[at][at] < INDEPENDENT {
            return None;
        }
        for value in pivot.iter_mut() {
            *value /= upper[at][at];
        }
        for (ahead, other) in rest.iter_mut().enumerate() {
            upper[at][at + 1 + ahead] = remove(pivot, other);
        }
        right[at] = remove(pivot, &mut target);
    }
    let mut coefficients = [0.0; 3];
    for at in (0..columns.len()).rev() {
        let known: f64 = (at + 1..columns.len()).map(|j| upper[at][j] * right[j]).sum();
        right[at] = (right[at] - known) / upper[at][at];
        coefficients[chosen[at]] = right[at] / scales[at];
    }
    Some((dot(&target, &target), coefficients))
}

/// Takes the part along the unit vector `pivot` out of `other`; returns its length.
fn remove(pivot: &[f64], other: &mut [f64]) -> f64 {
    let along = dot(pivot, other);
    for (value, direction) in other.iter_mut().zip(pivot) {
        *value -= along * direction;
    }
    along
}

fn length(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
