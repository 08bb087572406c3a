//! The search for exact neighbours against every distance computed one by one.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};

use annvil_core::metric::Metric;
use annvil_core::truth::{ExactAnswer, Truth};
use annvil_core::vector::{Element, Matrix, SparseRows, Vectors};
use annvil_data::exact::{Admission, Bitmap, Request, Stopped, extend};
use annvil_data::precise;
use half::f16;
use proptest::prelude::*;

/// Every row that counts, by distance and number. Distances that are no numbers are left out.
fn brute_force(request: &Request<'_>, admits: &dyn Fn(usize, usize) -> bool) -> Truth {
    let mut vector = vec![0.0; request.base.dim()];
    let answer = |query: usize| {
        let rows: Vec<usize> = request.rows.clone().filter(|row| admits(query, *row)).collect();
        let mut all: Vec<(f64, u64)> = vec![];
        for row in &rows {
            request.base.write_f32(*row, &mut vector);
            let distance = precise::distance(request.metric, request.queries.row(query), &vector);
            if !distance.is_nan() {
                all.push((distance, *row as u64));
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(request.k);
        let (distances, ids) = all.into_iter().unzip();
        ExactAnswer { ids, distances, matches: rows.len() }
    };
    (0..request.queries.rows()).map(answer).collect()
}

/// Numbers without end from a seed: `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// From −1 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Kinds of values that searches stumble over.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Fine,
    /// Small whole numbers: ties abound.
    Coarse,
    /// Few different rows.
    Repeated,
    /// All rows the same.
    Constant,
    /// Far from the origin, close to each other.
    Far,
    /// Almost the same direction: no first pass can tell the rows apart.
    Near,
    /// Each row has a magnitude of its own, from denormal to near the largest, and some are zero.
    Wild,
    /// As `Fine`, with some infinite values and some that are no numbers.
    Broken,
}

const KINDS: [Kind; 8] = [
    Kind::Fine,
    Kind::Coarse,
    Kind::Repeated,
    Kind::Constant,
    Kind::Far,
    Kind::Near,
    Kind::Wild,
    Kind::Broken,
];

fn values(random: &mut Random, kind: Kind, rows: usize, dim: usize) -> Vec<f32> {
    let mut values: Vec<f32> = (0..rows * dim).map(|_| random.unit()).collect();
    let mut first = values[..dim.min(values.len())].to_vec();
    for row in values.chunks_exact_mut(dim) {
        match kind {
            Kind::Fine => {}
            Kind::Coarse => row.iter_mut().for_each(|x| *x = (*x * 3.0).round()),
            Kind::Repeated if random.below(4) > 0 => row.copy_from_slice(&first),
            Kind::Repeated => first.copy_from_slice(row),
            Kind::Constant => row.copy_from_slice(&first),
            Kind::Far => row.iter_mut().for_each(|x| *x = 1000.0 + *x * 0.01),
            Kind::Near => row.iter_mut().zip(&first).for_each(|(x, y)| *x = y + *x * 1e-6),
            Kind::Wild => {
                let factor = [0.0, 1e-42, 1e-38, 1e-20, 1e-9, 1.0, 1.0, 1e9, 1e19, 3e38][random.below(10)];
                for x in row {
                    *x *= factor;
                }
            }
            Kind::Broken => {
                let at = random.below(dim);
                row[at] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5, 0.25][random.below(5)];
            }
        }
    }
    values
}

fn vectors(random: &mut Random, element: Element, kind: Kind, rows: usize, dim: usize) -> Vectors {
    let floats = values(random, kind, rows, dim);
    let bytes = |random: &mut Random, most: usize, len: usize| -> Vec<u8> {
        (0..len).map(|_| random.below(most) as u8).collect()
    };
    let most = [3, 256][random.below(2)];
    match element {
        Element::F32 => Vectors::F32(Matrix::new(floats, dim).unwrap()),
        Element::F16 => {
            let halves = floats.into_iter().map(f16::from_f32).collect();
            Vectors::F16(Matrix::new(halves, dim).unwrap())
        }
        Element::U8 => Vectors::U8(Matrix::new(bytes(random, most, rows * dim), dim).unwrap()),
        Element::I8 => {
            let signed = bytes(random, most, rows * dim).into_iter().map(u8::cast_signed).collect();
            Vectors::I8(Matrix::new(signed, dim).unwrap())
        }
        Element::B1 => {
            let stride = dim.div_ceil(8);
            Vectors::Bits { packed: Matrix::new(bytes(random, 256, rows * stride), stride).unwrap(), dim }
        }
        Element::Sparse => {
            let (mut offsets, mut indices, mut stored) = (vec![0_i64], vec![], vec![]);
            for row in floats.chunks_exact(dim) {
                for (i, x) in row.iter().enumerate().filter(|_| random.below(3) == 0) {
                    indices.push(i as u32);
                    stored.push(*x);
                }
                offsets.push(stored.len().try_into().unwrap());
            }
            Vectors::Sparse(SparseRows::new(dim, offsets, indices, stored).unwrap())
        }
    }
}

const ELEMENTS: [Element; 6] =
    [Element::F32, Element::F16, Element::U8, Element::I8, Element::B1, Element::Sparse];

fn same(found: &Truth, expected: &Truth) {
    assert_eq!(found.len(), expected.len());
    for (query, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.matches, expected.matches, "matches of query {query}");
        assert_eq!(found.ids, expected.ids, "query {query}: {:?}, {:?}", found.distances, expected.distances);
        let bits = |answer: &ExactAnswer| answer.distances.iter().map(|d| d.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(found), bits(expected), "distances of query {query}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_and_nothing_rounded(
        seed in any::<u64>(), element in prop::sample::select(&ELEMENTS[..]), kind in prop::sample::select(&KINDS[..]),
        asked in prop::sample::select(&KINDS[..]), rows in 0..400_usize, dim in 1..70_usize, queries in 1..24_usize,
        k in prop_oneof![0..12_usize, 0..500_usize], threads in 1..4_usize, admission in 0..4_usize, own in any::<bool>(),
    ) {
        let mut random = Random(seed);
        let base = vectors(&mut random, element, kind, rows, dim);
        let mut asked = values(&mut random, asked, queries, dim);
        if own && rows > 0 {
            // Some of the rows as queries: the usual case, and distances around zero.
            for query in asked.chunks_exact_mut(dim) {
                base.write_f32(random.below(rows), query);
            }
        }
        let asked = Matrix::new(asked, dim).unwrap();
        let selects = |query: usize, row: usize| Random((seed ^ (query as u64) << 32) + row as u64).below(5) < 2;
        let (shared, one) = (Bitmap::new(rows, |row| selects(0, row)), |_, row| selects(0, row));
        let own: Vec<Bitmap> = (0..queries).map(|query| Bitmap::new(rows, |row| selects(query, row))).collect();
        for metric in Metric::ALL {
            let mut request = Request::new(&base, &asked, metric, k);
            request.threads = threads;
            let admits: &dyn Fn(usize, usize) -> bool = match admission {
                0 => &|_, _| true,
                1 => { request.admission = Admission::Rows(&shared); &one }
                2 => { request.admission = Admission::PerQuery(&own); &selects }
                _ => { request.admission = Admission::Predicate(&selects); &selects }
            };
            let expected = brute_force(&request, admits);
            same(&request.run().unwrap(), &expected);
            let middle = rows / 3;
            request.rows = 0..middle;
            let known = request.run().unwrap();
            request.rows = middle..rows;
            same(&extend(&known, &request).unwrap(), &expected);
        }
    }
}

#[test]
fn a_constant_set_answers_with_its_first_rows() {
    let base = Vectors::F32(Matrix::new(vec![0.3; 20_000 * 5], 5).unwrap());
    let queries = Matrix::new(vec![0.7; 9 * 5], 5).unwrap();
    for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
        let mut request = Request::new(&base, &queries, metric, 7);
        request.threads = 2;
        let truth = request.run().unwrap();
        assert!(truth.iter().all(|answer| answer.ids == [0, 1, 2, 3, 4, 5, 6] && answer.matches == 20_000));
    }
}

#[test]
fn progress_counts_pairs_and_can_stop() {
    let base = Vectors::U8(Matrix::new((0..90_000).map(|i| (i * 7 % 251) as u8).collect(), 2).unwrap());
    for (metric, queries) in [(Metric::L2, 6), (Metric::L1, 6), (Metric::L2, 1)] {
        let queries = Matrix::new(vec![1.0; 2 * queries], 2).unwrap();
        let pairs = 45_000 * queries.rows() as u64;
        let seen = AtomicU64::new(0);
        let watch = |done: u64, total: u64| {
            assert!(total == pairs && done > seen.swap(done, Ordering::Relaxed));
            true
        };
        let mut request = Request::new(&base, &queries, metric, 3);
        request.report = Some(&watch);
        request.run().unwrap();
        assert_eq!(seen.load(Ordering::Relaxed), pairs);
        request.report = Some(&|done, total| done < total / 3);
        assert_eq!(request.run(), Err(Stopped));
    }
}
