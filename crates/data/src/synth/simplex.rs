//! The least value of a function of a few variables, without derivatives (Nelder & Mead 1965).

/// A point and the value there.
#[derive(Clone)]
pub(crate) struct Vertex<const N: usize> {
    pub(crate) at: [f64; N],
    pub(crate) value: f64,
}

/// Looks for the least value of `function` from `start`, with first steps of `step`, in about `evaluations` calls, or
/// fewer if a value below `enough` is found. The first error ends it.
pub(crate) fn minimise<const N: usize, E>(
    start: [f64; N],
    step: f64,
    evaluations: usize,
    enough: f64,
    mut function: impl FnMut(&[f64; N]) -> Result<f64, E>,
) -> Result<Vertex<N>, E> {
    let mut calls = 0;
    let mut evaluate = |at: [f64; N], calls: &mut usize| {
        *calls += 1;
        function(&at).map(|value| Vertex { at, value })
    };
    let mut best = vec![evaluate(start, &mut calls)?];
    for i in 0..N {
        let mut at = start;
        at[i] += step;
        best.push(evaluate(at, &mut calls)?);
    }
    loop {
        best.sort_by(|a, b| a.value.total_cmp(&b.value));
        if calls >= evaluations || best[0].value < enough {
            return Ok(best.swap_remove(0));
        }
        let middle: [f64; N] =
            std::array::from_fn(|i| best[..N].iter().map(|v| v.at[i]).sum::<f64>() / N as f64);
        let worst = best[N].clone();
        let beyond = |factor: f64| std::array::from_fn(|i| middle[i] + factor * (middle[i] - worst.at[i]));
        let mirrored = evaluate(beyond(1.0), &mut calls)?;
        if mirrored.value < best[0].value {
            let further = evaluate(beyond(2.0), &mut calls)?;
            best[N] = if further.value < mirrored.value { further } else { mirrored };
        } else if mirrored.value < best[N - 1].value {
            best[N] = mirrored;
        } else {
            let nearer = evaluate(beyond(if mirrored.value < worst.value { 0.5 } else { -0.5 }), &mut calls)?;
            if nearer.value < worst.value.min(mirrored.value) {
                best[N] = nearer;
            } else {
                let first = best[0].at;
                for vertex in &mut best[1..] {
                    let at = std::array::from_fn(|i| first[i] + 0.5 * (vertex.at[i] - first[i]));
                    *vertex = evaluate(at, &mut calls)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::minimise;

    #[test]
    fn finds_the_bottom_of_a_bowl() {
        let bowl = |x: &[f64; 3]| {
            Ok::<f64, Infallible>((x[0] - 1.0).powi(2) + 4.0 * (x[1] + 2.0).powi(2) + x[2].powi(2))
        };
        let found = minimise([0.0; 3], 1.0, 300, 0.0, bowl).unwrap();
        assert!(found.value < 1e-4, "{:?}", found.at);
    }
}
