//! What stands beside the vectors: answers, their distances, and labels of any name.

use std::collections::BTreeMap;
use std::path::PathBuf;

use annvil_core::dataset::Neighbours;
use annvil_core::label::{Column, Labels};
use annvil_core::metric::Metric;
use annvil_core::vector::{Matrix, Vectors};
use annvil_data::bundle::{Bundle, FilteredAnswer};
use annvil_data::convert::Options;
use annvil_data::format::Kept;
use annvil_data::formats;
use annvil_data::rows::Rows;

use super::{of, written};

fn filtered() -> Bundle {
    let mut source = of(&Vectors::F32(Matrix::new(vec![1.0, 0.0, 0.0, 2.0, 3.0, 3.0], 2).unwrap()));
    let lines = b"{\"a\":1,\"tags\":[\"x\"]}\n{\"a\":2,\"tags\":[]}\n{\"a\":3,\"tags\":[\"x\",\"y\"]}\n";
    source.labels = Some(annvil_data::jsonl::labels(lines, None).unwrap());
    source.queries = Some(Rows::Ready(Vectors::F32(Matrix::new(vec![1.0, 0.0, 0.1, 0.9], 2).unwrap())));
    source.metric = Some(Metric::Cosine);
    source.filtered = vec![
        FilteredAnswer { query: 0, filter: "a >= 2".parse().unwrap(), ids: vec![2, 1] },
        FilteredAnswer {
            query: 1,
            filter: "tags contains 'x' and a in (1, 3)".parse().unwrap(),
            ids: vec![2, 0],
        },
    ];
    source
}

#[test]
fn answers_under_filters_in_qdrants_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("q");
    let options = Options { qdrant: true, ..Options::default() };
    let converted = written(filtered(), &path, &options);
    assert_eq!(converted.parts, ["base", "labels", "queries", "truth"]);
    let read = formats::open(&path).unwrap();
    assert_eq!(read.filtered, filtered().filtered);
    assert_eq!(read.queries.unwrap().shape().rows, Some(2));
    let lines = std::fs::read_to_string(path.join("tests.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let score = line["closest_scores"][0].as_f64().unwrap();
    assert!((score - 0.5_f64.sqrt()).abs() < 1e-9, "cosine of 45°: {score}");

    // Without filters all answers are the truth.
    let mut plain = filtered();
    plain.filtered.clear();
    plain.truth = Some(Kept { content: Neighbours { ids: vec![vec![0], vec![1]] }, total: 2 });
    let path = folder.path().join("p");
    written(plain, &path, &options);
    let read = formats::open(&path).unwrap();
    assert_eq!(read.truth.unwrap().content.ids, [[0], [1]]);
    assert!(read.filtered.is_empty());
}

#[test]
fn plain_answers_stay_the_truth_beside_answers_under_filters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q");
    let mut source = filtered();
    source.truth = Some(Kept { content: Neighbours { ids: vec![vec![0], vec![1]] }, total: 2 });
    let converted = written(source, &path, &Options { qdrant: true, ..Options::default() });
    assert!(converted.left_out[0].starts_with("2 answers under filters: "), "{:?}", converted.left_out);
    let read = formats::open(&path).unwrap();
    assert_eq!(read.truth.unwrap().content.ids, [[0], [1]]);
    assert_eq!(read.queries.unwrap().shape().rows, Some(2));
}

#[test]
fn a_label_may_be_called_id() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("a.jsonl");
    for ids in [["\"a\"", "\"b\""], ["7", "8"], ["1", "0"]] {
        let line = |id: &str| format!("{{\"vector\":[1,2],\"id\":{id}}}\n");
        std::fs::write(&first, ids.map(line).concat()).unwrap();
        let mut last = first.clone();
        for name in ["b", "q", "c", "d.jsonl"] {
            let path = folder.path().join(format!("{}{name}", ids[0].replace('"', "")));
            let options = Options { qdrant: name == "q", ..Options::default() };
            written(formats::open(&last).unwrap(), &path, &options);
            last = path;
        }
        let [before, after] = [&first, &last].map(|path| formats::open(path).unwrap().labels.unwrap());
        assert_eq!(before, after);
    }
    // Numbers of the rows as well, where they came as labels.
    let mut source = of(&Vectors::U8(Matrix::new(vec![1, 2], 1).unwrap()));
    let ids = Labels::new(BTreeMap::from([("id".to_owned(), Column::Int(vec![Some(0), Some(1)]))])).unwrap();
    source.labels = Some(Kept { content: ids.clone(), total: 2 });
    let [native, qdrant] = ["n", "r"].map(|name| folder.path().join(name));
    written(source, &native, &Options::default());
    written(formats::open(&native).unwrap(), &qdrant, &Options { qdrant: true, ..Options::default() });
    assert_eq!(formats::open(&qdrant).unwrap().labels.unwrap().content, ids);
}

#[test]
fn distances_are_kept_where_they_mean_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let source = |metric| {
        let mut source = filtered();
        source.filtered.clear();
        source.truth = Some(Kept { content: Neighbours { ids: vec![vec![0, 2], vec![1]] }, total: 2 });
        source.distances = Some(vec![vec![0.25, 0.5], vec![0.125]]);
        source.metric = metric;
        source
    };
    let distances = |name: &str| formats::open(&at(name)).unwrap().distances;
    written(source(Some(Metric::L2)), &at("a"), &Options::default());
    written(formats::open(&at("a")).unwrap(), &at("b.hdf5"), &Options::default());
    let converted = written(formats::open(&at("b.hdf5")).unwrap(), &at("c"), &Options::default());
    assert_eq!(converted.parts, ["base", "queries", "truth", "distances"]);
    assert_eq!(distances("c"), source(None).distances);
    formats::native::verify(&at("c")).unwrap();

    // By another metric, by none, or by one that the layout defines otherwise.
    let other = Options { metric: Some(Metric::Cosine), ..Options::default() };
    for (name, metric, options) in [
        ("d", Some(Metric::L2), &other),
        ("e", None, &Options::default()),
        ("f.hdf5", Some(Metric::InnerProduct), &Options::default()),
    ] {
        let converted = written(source(metric), &at(name), options);
        assert!(converted.left_out[0].starts_with("distances of the answers: "), "{:?}", converted.left_out);
        assert_eq!(distances(name), None, "{name}");
    }
    // Scores of Qdrant's are similarities.
    written(source(Some(Metric::Cosine)), &at("q"), &Options { qdrant: true, ..Options::default() });
    let converted = written(formats::open(&at("q")).unwrap(), &at("g.hdf5"), &other);
    assert_eq!(converted.parts, ["base", "queries", "truth"]);
}
