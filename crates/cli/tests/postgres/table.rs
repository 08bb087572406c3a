//! `annvil data get postgres://…`, and the table measured as it is.

use std::fs;
use std::path::Path;

use annvil_core::label::LabelValue;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};
use annvil_data::formats::native;

use super::common::{good_but_for_company, stderr};
use super::server::{Database, run, stdout};

/// A table as somebody else would have made it.
const ITEMS: &str = "create extension vector; \
    create table items (key bigint primary key, tenant text, price real, tags text[], embedding vector(384)); \
    select setseed(0.42); \
    insert into items select 1000 + 3 * i, 'tenant ' || i % 4, i / 2.0, array['a', 'b' || i % 2], \
      array(select random() - 0.5 from generate_series(1, 384) where i > 0)::real[]::vector from generate_series(1, 1500) i; \
    analyze items";

fn items() -> Option<Database> {
    let database = Database::of("PGVECTOR_URL")?;
    database.sql(ITEMS);
    Some(database)
}

/// Runs `data get` into a folder.
fn get(url: &str, into: &Path, flags: &[&str]) -> (Option<i32>, String, String) {
    let into = into.to_str().unwrap();
    let output = run("", &[&["data", "get", url, "--into", into], flags].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn the_whole_table_is_written() {
    let Some(database) = items() else { return };
    database.sql("insert into items values (1, 'nobody', null, null, null)");
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("set");
    let flags =
        ["--table", "items", "--labels", "tenant,price,tags", "--queries", "200", "--metric", "cosine"];
    let (code, said, error) = get(&database.url, &into, &flags);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        said.contains("items.embedding: 1,500 × 384 f32 cosine, labels key, tenant, price, tags"),
        "{said}"
    );
    assert!(said.contains("1 rows without a vector are left out"), "{said}");
    assert!(said.contains("each finds itself first"), "{said}");
    assert!(
        said.contains(
            "select key, embedding <=> $query from items where $filter order by embedding <=> $query limit $k"
        ),
        "{said}"
    );
    let bundle = native::open(&into).unwrap();
    assert_eq!(bundle.metric, Some(Metric::Cosine));
    let base = bundle.base.collect(None).unwrap().content;
    let labels = bundle.labels.unwrap().content;
    let rows = database
        .sql("select key || ' ' || embedding::text from items where embedding is not null order by key");
    for (row, text) in rows.iter().enumerate() {
        let (key, vector) = text.split_once(' ').unwrap();
        let numbers: Vec<f32> = serde_json::from_str(vector).unwrap();
        let mut written = vec![0.0; 384];
        base.write_f32(row, &mut written);
        assert_eq!(written, numbers, "{key}");
        assert_eq!(labels.column("key").unwrap().value(row), Some(LabelValue::Int(key.parse().unwrap())));
    }
    assert_eq!(labels.column("price").unwrap().value(0), Some(LabelValue::Float(0.5)));
    assert_eq!(
        labels.column("tags").unwrap().value(1),
        Some(LabelValue::TextList(vec!["a".into(), "b0".into()]))
    );
    let queries = bundle.queries.unwrap().collect(None).unwrap().content;
    assert_eq!((queries.rows(), queries.dim()), (200, 384));
    let again = folder.path().join("again");
    assert_eq!(get(&database.url, &again, &flags).0, Some(0));
    for file in ["base.npy", "queries.npy", "labels.jsonl"] {
        assert!(fs::read(into.join(file)).unwrap() == fs::read(again.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn a_sample_is_of_one_seed_and_says_what_it_is_not() {
    let Some(database) = items() else { return };
    let folder = tempfile::tempdir().unwrap();
    let drawn = |name: &str, seed: &str| {
        let into = folder.path().join(name);
        let flags =
            ["--table", "items", "--rows", "300", "--queries", "20", "--metric", "l2", "--seed", seed];
        let (code, said, error) = get(&database.url, &into, &flags);
        assert_eq!(code, Some(0), "{error}");
        assert!(
            said.contains("these are 300 of 1,500 rows: they do not tell the recall of the table itself"),
            "{said}"
        );
        fs::read_to_string(into.join("labels.jsonl")).unwrap()
    };
    let one = drawn("one", "7");
    assert_eq!(one.lines().count(), 300);
    assert_eq!(one, drawn("two", "7"));
    assert_ne!(one, drawn("three", "8"));
    // Not the first rows, nor the last.
    let keys: Vec<u64> = one
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["key"].as_u64().unwrap())
        .collect();
    let below = keys.iter().filter(|key| **key < 1000 + 3 * 750).count();
    assert!((100..=200).contains(&below), "{below}");
}

#[test]
fn every_type_of_vector_is_read() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql(
        "create extension vector; create schema odd; \
         create table odd.\"Many Kinds\" (name text primary key, f halfvec(3), s sparsevec(5), b bit(11), note int); \
         insert into odd.\"Many Kinds\" values ('x', '[1,0.5,-2]', '{2:1.5,5:-1}/5', B'10100000011', 1), ('y', '[3,4,5]', '{1:2}/5', B'00000000001', 2); \
         create index on odd.\"Many Kinds\" using hnsw (f halfvec_l2_ops)",
    );
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, flags: &[&str]| {
        let into = folder.path().join(name);
        let flags = [&["--table", "odd.\"Many Kinds\"", "--queries", "1", "--vector"], flags].concat();
        let (code, said, error) = get(&database.url, &into, &flags);
        assert_eq!(code, Some(0), "{error}");
        let bundle = native::open(&into).unwrap();
        (bundle.base.collect(None).unwrap().content, said)
    };
    let numbers = |vectors: &Vectors| {
        let mut row = vec![0.0; vectors.dim()];
        vectors.write_f32(0, &mut row);
        (vectors.element(), row)
    };
    let (half, said) = read("half", &["f"]);
    assert_eq!(numbers(&half), (Element::F16, vec![1.0, 0.5, -2.0]));
    assert!(said.contains("f16 l2 (by the index \"Many Kinds_f_idx\"), labels name"), "{said}");
    let (sparse, _) = read("sparse", &["s", "--metric", "cosine"]);
    assert_eq!(numbers(&sparse), (Element::F32, vec![0.0, 1.5, 0.0, 0.0, -1.0]));
    let (bits, said) = read("bits", &["b", "--metric", "hamming"]);
    assert_eq!(numbers(&bits), (Element::B1, vec![1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]));
    assert!(said.contains("select name, b <~> $query from odd.\\\"Many Kinds\\\" where $filter"), "{said}");
}

#[test]
fn what_is_wrong_is_said_and_leaves_nothing() {
    let Some(database) = items() else { return };
    database.sql(
        "create table plain (a int primary key, b text); create table two (a int primary key, v vector(2), w vector(3)); \
         create table free (a int, v vector); insert into free values (1, '[1,2]'), (1, '[1,2,3]'); \
         create table same (a int, v vector(2)); insert into same values (1, '[1,2]'), (1, '[2,3]'); create table hollow (a int primary key, v vector(2))",
    );
    let guest = database.guest("hunter2-of-guest");
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("set");
    for (flags, code, what) in [
        (&["--table", "itms"][..], 2, "there is no table `itms` in 127.0.0.1"),
        (&["--table", "itms"], 2, "tables with vectors are public.free (v vector), public.hollow"),
        (&["--table", "plain"], 2, "plain has no column of vectors\n  its columns are a integer, b text"),
        (
            &["--table", "two"],
            2,
            "two has several columns of vectors\n  name one with --vector: v vector(2), w vector(3)",
        ),
        (&["--table", "items", "--vector", "emb"], 2, "items has no column `emb`"),
        (
            &["--table", "items", "--vector", "tenant"],
            2,
            "the column `tenant` of items is of the type text, which is no vector",
        ),
        (&["--table", "items"], 2, "no index over items.embedding says by which distance"),
        (
            &["--table", "items", "--metric", "hamming"],
            2,
            "the metric hamming with a column of the type vector(384)",
        ),
        (&["--table", "items", "--metric", "l2", "--id", "embedding"], 2, "by which rows are not told apart"),
        (&["--table", "same", "--metric", "l2"], 2, "same has no primary key of one column"),
        (&["--table", "same", "--metric", "l2", "--id", "a"], 2, "2 rows have 1 values"),
        (
            &["--table", "free", "--metric", "l2", "--id", "a"],
            2,
            "row 1: 3 dimensions, and the first row has 2",
        ),
        (&["--table", "hollow", "--metric", "l2"], 2, "no row of hollow has a vector in v"),
        (
            &["--table", "items", "--metric", "l2", "--queries-from", "two.w", "--queries", "3"],
            2,
            "3 queries are asked for, and two.w has 0",
        ),
        (&[], 2, "add --table"),
    ] {
        let (found, _, error) = get(&database.url, &into, flags);
        assert_eq!(found, Some(code), "{flags:?}: {error}");
        assert!(error.contains(what), "{flags:?}: {error}");
    }
    let (code, _, error) = get(&guest, &into, &["--table", "items", "--metric", "l2"]);
    assert_eq!(code, Some(5), "{error}");
    assert!(error.contains("permission denied for table items") && !error.contains("hunter2"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_table_is_measured_as_it_is() {
    let Some(database) = items() else { return };
    let before = database.content();
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("set");
    let flags = ["--table", "items", "--labels", "tenant", "--queries", "100", "--metric", "cosine"];
    assert_eq!(get(&database.url, &into, &flags).0, Some(0));
    let scenario = |variant: &str| {
        let text = format!(
            "data: ./set\nengine:\n  postgres:\n    sql: select key, embedding <=> $query from items where $filter order by embedding <=> $query limit $k\n    \
             id_label: key\n    read_only: true\nvariants: {{{variant}}}\nphases:\n  - search: {{k: 10, warmup: 10}}\n  \
             - search: {{name: tenant, k: 10, warmup: 10, where: tenant = 'tenant 2'}}\n"
        );
        let path = folder.path().join("s.yaml");
        fs::write(&path, text).unwrap();
        let runs = folder.path().join("runs");
        let output = run(
            &database.url,
            &["run", path.to_str().unwrap(), "--json", "--output", runs.to_str().unwrap()],
        );
        assert!(good_but_for_company(&output), "{}", stderr(&output));
        let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let phases = record["blocks"][0]["phases"].as_array().unwrap();
        assert!(phases.iter().all(|phase| phase["kind"] != "load"));
        let recall =
            |phase: &serde_json::Value| phase["result"]["measured"]["forms"][0]["recall"]["mean"].as_f64();
        phases.iter().filter_map(recall).collect::<Vec<f64>>()
    };
    // A scan answers what is nearest: through ids, labels and filters nothing is lost.
    assert_eq!(scenario("scan: {}"), [1.0, 1.0]);
    assert_eq!(database.content(), before);
    database.sql("create index on items using hnsw (embedding vector_cosine_ops)");
    let indexed = database.content();
    let recalls = scenario("hnsw: {index: {hnsw: {}}, search: {ef_search: 400, set: {enable_seqscan: off}}}");
    assert!(recalls.len() == 2 && recalls[0] > 0.95, "{recalls:?}");
    assert_eq!(database.content(), indexed);
}
