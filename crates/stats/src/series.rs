//! Medians and scatter of series that may hold outliers, steps and ties.

/// From the median of |differences| of independent normal numbers to their standard deviation: 1 / (√2 × .6745).
const BY_MEDIAN: f64 = 1.048_358;

/// From the mean of the lower nine tenths of |differences| of independent normal numbers to their standard deviation.
const BY_TRIMMED_MEAN: f64 = 1.126;

/// The median, by selection: `values` are reordered. NaN if there is none. The mean of the two middle ones of an even number.
pub fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let (below, upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let upper = *upper;
    if n % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower.midpoint(upper)
}

/// The standard deviation around a level that may step and drift, from the differences of points `lag` apart.
///
/// By their median, so that outliers and steps hardly count. Where most differences are nothing or nearly so, as in counts
/// that seldom change, by the mean of the lower nine tenths; 0 if these are all zero, or if there are no differences.
pub fn scatter(values: &[f64], lag: usize) -> f64 {
    let mut gaps: Vec<f64> = values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (b - a).abs()).collect();
    let n = gaps.len();
    if n == 0 {
        return 0.0;
    }
    let by_median = median(&mut gaps) * BY_MEDIAN;
    // The mean of all is no less than that of the lower ones, and quicker.
    if by_median > gaps.iter().sum::<f64>() / n as f64 * BY_TRIMMED_MEAN / 3.0 {
        return by_median;
    }
    let kept = (n * 9).div_ceil(10);
    gaps.select_nth_unstable_by(kept - 1, f64::total_cmp);
    let by_mean = gaps[..kept].iter().sum::<f64>() / kept as f64 * BY_TRIMMED_MEAN;
    if by_median > by_mean / 3.0 { by_median } else { by_mean }
}

/// The variance around a level that may step and drift, from the squares of the differences of points `lag` apart. 0 if
/// there are none.
pub fn variance(values: &[f64], lag: usize) -> f64 {
    let n = values.len().saturating_sub(lag);
    if n == 0 {
        return 0.0;
    }
    let squares = values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (b - a).powi(2));
    squares.sum::<f64>() / (2 * n) as f64
}

/// The coefficient by which a point follows the one before, around a level that may step and drift: 0 to .75, and 0 for
/// fewer than 8 points.
///
/// From differences (after Chakar, Lebarbier, Lévy-Leduc and Robin, Bernoulli 2017): half the variance of x\[i + 1\] − x\[i\] is
/// σ²(1 − ρ), of points far enough apart σ². The estimate scatters by about √(2 / n) where there is none, and is shrunk by
/// the positive part of James and Stein. No less than 0: a series that swings back is not trusted to go on doing so.
pub fn autocorrelation(values: &[f64]) -> f64 {
    let n = values.len();
    if n < 8 {
        return 0.0;
    }
    let far = [4, 5, 6].map(|lag| variance(values, lag)).iter().sum::<f64>() / 3.0;
    let rho = 1.0 - variance(values, 1) / far;
    // NaN if nothing varies.
    if rho > 0.0 { (rho - 2.0 / (n as f64 * rho)).clamp(0.0, 0.75) } else { 0.0 }
}
