//! What is wrong with a set is said in words: one set for each mistake that people make.
// What helps the tests stands outside of test functions, where Clippy does not know it for a test.
#![allow(clippy::unwrap_used, clippy::panic)]

use annvil_core::dataset::{Neighbours, SynthSpec};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::vector::{Matrix, Vectors};
use annvil_data::bundle::Bundle;
use annvil_data::format::Kept;
use annvil_data::inspect::{Asked, Finding, Grade, Inspection, inspect};
use annvil_data::rows::Rows;
use annvil_data::synth;

const ROWS: usize = 2000;
const DIM: usize = 12;

/// A sound set: clustered, not normalised, with queries.
fn rows(queries: usize) -> (Vec<f32>, Vec<f32>) {
    let recipe = SynthSpec {
        rows: annvil_core::dataset::Count(ROWS),
        queries: annvil_core::dataset::Count(queries.max(1)),
        dim: Some(DIM),
        normalise: Some(false),
        ..SynthSpec::default()
    };
    let bundle = synth::bundle(&recipe).unwrap();
    let floats = |rows: Rows| match rows.collect(None).unwrap().content {
        Vectors::F32(matrix) => matrix.copy_rows(0..matrix.rows()),
        _ => panic!("floats"),
    };
    // Of different lengths, as embeddings of words are.
    let mut base = floats(bundle.base);
    for (row, vector) in base.chunks_exact_mut(DIM).enumerate() {
        for x in vector {
            *x *= 1.0 + (row % 7) as f32;
        }
    }
    (base, floats(bundle.queries.unwrap()))
}

fn bundle(base: Vec<f32>, queries: Option<(Vec<f32>, usize)>) -> Bundle {
    let ready = |values, dim| Rows::Ready(Vectors::F32(Matrix::new(values, dim).unwrap()));
    let mut bundle = Bundle::of("set", ready(base, DIM));
    bundle.queries = queries.map(|(values, dim)| ready(values, dim));
    bundle
}

fn looked_at(bundle: Bundle, metric: Option<Metric>) -> Inspection {
    inspect(bundle, Asked { metric, sample: 200, seed: 1, threads: 2 }).unwrap()
}

fn finding<'a>(found: &'a Inspection, words: &str) -> &'a Finding {
    let all: Vec<&str> = found.findings.iter().map(|finding| finding.what.as_str()).collect();
    found
        .findings
        .iter()
        .find(|finding| finding.what.contains(words))
        .unwrap_or_else(|| panic!("{words}: {all:?}"))
}

#[test]
fn a_sound_set_has_nothing_wrong() {
    let (base, queries) = rows(50);
    let found = looked_at(bundle(base, Some((queries, DIM))), Some(Metric::L2));
    assert!(found.findings.iter().all(|finding| finding.grade == Grade::Note), "{:?}", found.findings);
    assert_eq!(found.verdict, "Nothing is wrong with this set.");
}

#[test]
fn inner_product_of_vectors_that_are_not_normalised() {
    let (base, queries) = rows(50);
    let found = looked_at(bundle(base, Some((queries, DIM))), Some(Metric::InnerProduct));
    let finding = finding(&found, "not normalised");
    assert_eq!(finding.grade, Grade::Doubtful);
    assert!(
        finding.what.contains("of the ten nearest are those of cosine") && finding.help.contains("cosine")
    );
    assert!(found.overlaps.iter().any(|overlap| overlap.other == Metric::Cosine && overlap.share < 0.9));
}

#[test]
fn values_that_are_no_numbers() {
    let (mut base, _) = rows(0);
    base[7 * DIM + 3] = f32::NAN;
    base[9 * DIM] = f32::INFINITY;
    let found = looked_at(bundle(base, None), Some(Metric::L2));
    assert!(
        finding(&found, "NaN")
            .what
            .contains("1 of 2,000 base rows have NaN values, the first in row 7, dimension 3")
    );
    assert!(finding(&found, "infinite").what.contains("row 9, dimension 0"));
    assert!(found.geometry.is_none() && found.verdict.starts_with("Not fit"), "{}", found.verdict);
}

#[test]
fn zero_vectors_matter_where_direction_does() {
    let (mut base, _) = rows(0);
    base[4 * DIM..5 * DIM].fill(0.0);
    let of = |metric| looked_at(bundle(base.clone(), None), Some(metric));
    assert_eq!(finding(&of(Metric::Cosine), "zero vectors, the first is row 4").grade, Grade::Wrong);
    assert_eq!(finding(&of(Metric::L2), "zero vectors").grade, Grade::Note);
}

#[test]
fn a_tenth_of_copies() {
    let (mut base, _) = rows(0);
    for copy in 0..ROWS / 10 {
        base.copy_within(copy * DIM..(copy + 1) * DIM, (ROWS - 1 - copy) * DIM);
    }
    let found = looked_at(bundle(base, None), Some(Metric::L2));
    let finding = finding(&found, "exact copies");
    assert!(finding.what.starts_with("200 of 2,000 base rows (10.0 %)"), "{}", finding.what);
    assert_eq!(finding.grade, Grade::Doubtful);
}

#[test]
fn queries_that_do_not_belong_to_the_base() {
    let (base, queries) = rows(50);
    let found =
        looked_at(bundle(base.clone(), Some((queries[..DIM * 50 / 2].to_vec(), DIM / 2))), Some(Metric::L2));
    let wrong = finding(&found, "queries have 6 dimensions and the base has 12");
    assert_eq!(wrong.grade, Grade::Wrong);
    // Rows of the base.
    let found = looked_at(bundle(base.clone(), Some((base[..20 * DIM].to_vec(), DIM))), Some(Metric::L2));
    assert!(finding(&found, "20 of 20 sampled queries are rows of the base").grade == Grade::Doubtful);
    // Far away from all rows.
    let far = queries.iter().map(|x| x * 100.0).collect();
    let found = looked_at(bundle(base, Some((far, DIM))), Some(Metric::L2));
    assert!(finding(&found, "out of distribution").grade == Grade::Note);
}

#[test]
fn labels_that_are_missing() {
    let (base, queries) = rows(50);
    let mut set = bundle(base, Some((queries, DIM)));
    let lines: String =
        (0..ROWS).map(|row| if row % 4 == 0 { "{\"a\": 1, \"b\": 2}\n" } else { "{\"b\": 2}\n" }).collect();
    set.labels = Some(annvil_data::jsonl::labels(lines.as_bytes(), None).unwrap());
    let found = looked_at(set, Some(Metric::L2));
    assert_eq!(finding(&found, "label `a` is missing in 75.0 % of the rows").grade, Grade::Doubtful);
    finding(&found, "label `b` has one value in all rows");

    let (base, _) = rows(0);
    let mut set = bundle(base, None);
    set.labels = Some(Kept { content: Labels::empty(5), total: 5 });
    let found = looked_at(set, Some(Metric::L2));
    assert_eq!(finding(&found, "5 rows have labels, and there are 2,000 vectors").grade, Grade::Wrong);
    let (base, _) = rows(0);
    finding(&looked_at(bundle(base, None), Some(Metric::L2)), "there are no labels");
}

#[test]
fn answers_of_another_metric() {
    let (base, queries) = rows(50);
    let vectors = Vectors::F32(Matrix::new(base.clone(), DIM).unwrap());
    let asked = Matrix::new(queries.clone(), DIM).unwrap();
    let truth = annvil_data::exact::answers(&vectors, &asked, Metric::Cosine, 10, None, 1);
    let mut set = bundle(base, Some((queries, DIM)));
    let ids: Vec<Vec<u64>> = truth.into_iter().map(|answer| answer.ids).collect();
    set.truth = Some(Kept { total: ids.len(), content: Neighbours { ids } });
    let found = looked_at(set, Some(Metric::L2));
    let wrong = finding(&found, "of the shipped answers are right");
    assert!(
        wrong.grade == Grade::Wrong && wrong.what.contains("by metric cosine 100.0 % would be"),
        "{}",
        wrong.what
    );
}

#[test]
fn a_metric_that_nobody_says() {
    let (base, queries) = rows(50);
    let found = looked_at(bundle(base, Some((queries, DIM))), None);
    assert!(finding(&found, "nothing says which metric").help.contains("l2 or cosine"));
}
