//! Parts of sets.

use super::*;
use crate::formats;
use crate::formats::native::{About, NativeWriter};
use annvil_core::filter::Filter;
use annvil_core::label::LabelValue;
use annvil_core::vector::{Element, Matrix, Vectors};
use std::fs;
use std::path::Path;

const ROWS: usize = 500;

fn part(path: &Path, options: &Options) -> Result<Sliced, DataError> {
    slice(|| formats::open(path), options)
}

/// Row `i` is `[i, −i]`, its label `i` and its text `t…i`.
fn lines() -> String {
    (0..ROWS)
        .map(|i| format!("{{\"vector\":[{i},-{i}],\"n\":{i},\"text\":\"t{i}\"}}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn firsts(rows: Rows) -> Vec<usize> {
    let rows = rows.collect(None).unwrap().content;
    let mut row = vec![0.0; rows.dim()];
    (0..rows.rows())
        .map(|i| {
            rows.write_f32(i, &mut row);
            row[0] as usize
        })
        .collect()
}

#[test]
fn the_same_rows_from_every_format_with_their_labels_and_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, lines()).unwrap();
    let options = Options { rows: Some(60), seed: 7, ..Options::default() };
    let sliced = part(&path, &options).unwrap();
    let rows = firsts(sliced.bundle.base);
    assert!(rows.is_sorted_by(|a, b| a < b) && rows.len() == 60 && rows.last().unwrap() > &400, "{rows:?}");
    let labels = sliced.bundle.labels.unwrap().content;
    let texts = sliced.bundle.texts.unwrap().content;
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(labels.column("n").unwrap().value(i), Some(LabelValue::Int(row.cast_signed() as i64)));
        assert_eq!(texts[i], format!("t{row}"));
    }
    // Bare lists do not say how many there are; mapped arrays do.
    let bare = folder.path().join("b.jsonl");
    fs::write(&bare, (0..ROWS).map(|i| format!("[{i},-{i}]")).collect::<Vec<_>>().join("\n")).unwrap();
    assert_eq!(firsts(part(&bare, &options).unwrap().bundle.base), rows);
    let mapped = folder.path().join("c.fvecs");
    let values =
        (0..ROWS).flat_map(|i| [2_i32.to_le_bytes(), (i as f32).to_le_bytes(), (-(i as f32)).to_le_bytes()]);
    fs::write(&mapped, values.flatten().collect::<Vec<u8>>()).unwrap();
    assert_eq!(firsts(part(&mapped, &options).unwrap().bundle.base), rows);

    let other = Options { seed: 8, ..options };
    assert_ne!(firsts(part(&bare, &other).unwrap().bundle.base), rows);
    let first = Options { first: true, ..options };
    assert_eq!(firsts(part(&bare, &first).unwrap().bundle.base), (0..60).collect::<Vec<_>>());
    for wanted in [0, ROWS + 1] {
        let error = part(&bare, &Options { rows: Some(wanted), ..options }).err().unwrap().to_string();
        assert!(error.contains(&format!("has 500 rows, and {wanted} were asked for")), "{error}");
    }
    assert!(part(&bare, &Options { queries: Some(1), ..options }).is_err());
}

#[test]
fn answers_stay_only_where_they_stay_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set");
    let rows = Vectors::F32(Matrix::new((0..20).map(|x| x as f32).collect(), 2).unwrap());
    let about = About { name: "s".into(), metric: Some(annvil_core::metric::Metric::L2), ..About::default() };
    let mut writer = NativeWriter::create(&path, Element::F32, 2, about).unwrap();
    writer.base(&rows, 0..10).unwrap();
    writer.queries(&rows).unwrap();
    writer.neighbours(&Neighbours { ids: (0..10).map(|i| vec![i]).collect() }).unwrap();
    writer.finish().unwrap();

    let sliced = part(&path, &Options { queries: Some(4), ..Options::default() }).unwrap();
    assert!(sliced.left_out.is_empty());
    let truth: Vec<usize> =
        sliced.bundle.truth.unwrap().content.ids.iter().map(|ids| ids[0] as usize).collect();
    assert_eq!(firsts(sliced.bundle.queries.unwrap()), truth.iter().map(|i| 2 * i).collect::<Vec<_>>());

    let sliced = part(&path, &Options { rows: Some(5), ..Options::default() }).unwrap();
    assert!(sliced.bundle.truth.is_none() && sliced.bundle.queries.is_some());
    assert!(sliced.left_out[0].contains("annvil data truth"), "{:?}", sliced.left_out);
}

#[test]
fn filtered_answers_follow_their_queries() {
    let rows = Vectors::F32(Matrix::new(vec![0.0], 1).unwrap());
    let mut bundle = Bundle::of("t", Rows::Ready(rows));
    let filter: Filter = "a = 1".parse().unwrap();
    bundle.filtered = (0..4)
        .map(|query| FilteredAnswer { query, filter: filter.clone(), ids: vec![query as u64] })
        .collect();
    answers(&mut bundle, &[1, 3]);
    let kept: Vec<(usize, u64)> =
        bundle.filtered.iter().map(|answer| (answer.query, answer.ids[0])).collect();
    assert_eq!(kept, [(0, 1), (1, 3)]);
}
