//! Every kind of table: what was copied in is found, fetched, measured, replaced and removed.

use annvil_core::form::{Form, Operation, Scores};
use annvil_core::label::{LabelType, LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::operation::Batch;

use super::super::rows::{Raw, from_bigint, to_bigint};
use super::super::{mark, statement};
use super::{Collection, DIM, Data, ON_DEMAND, connect, on_server, variant};

const ROWS: usize = 400;

#[test]
fn tables_without_index_answer_the_nearest_rows() {
    on_server("PGVECTOR_URL", async |url| {
        let numbers = [Metric::Cosine, Metric::InnerProduct, Metric::L2, Metric::L1];
        let bits = [Metric::Hamming, Metric::Jaccard];
        for (storage, metrics) in
            [("vector", &numbers[..]), ("sparsevec", &numbers), ("halfvec", &numbers), ("bit", &bits)]
        {
            for metric in metrics {
                let variant = variant(&format!(r#"{{"storage": "{storage}"}}"#));
                let collection = Collection::new(url, "exact", &variant, *metric, ROWS).await;
                nearest(&collection, *metric).await;
                collection.drop().await;
            }
        }
    });
}

/// Distances must be those of the definition, so that ties do not matter.
async fn nearest(collection: &Collection, metric: Metric) {
    let (design, data) = (&collection.design, &collection.data);
    let filter = "text = 'n' or not (id >= 0.5)".parse().unwrap();
    let forms = [Form::search("all", 10), Form::search("some", 10).filtered(filter)];
    for form in &forms {
        let predicate = form.filter.as_ref().map(|filter| filter.compile(&data.labels).unwrap());
        let wanted = |row| predicate.as_ref().is_none_or(|predicate| predicate.matches(&data.labels, row));
        for query in [1, 5, 9].map(|row| data.vector(row)) {
            design.note(&design.longest_query, query);
            let margin = match design.promise(form).scores {
                Scores::Exact => 1e-5,
                Scores::Within(margin) => margin,
                Scores::None => panic!("a search has scores"),
            };
            let found = collection.search(form, query).await;
            let expected = data.nearest(metric, query, 10, wanted);
            assert_eq!(found.len(), expected.len());
            for ((id, score), expected) in found.iter().zip(expected) {
                let row = |id: u64| data.ids.iter().position(|of| *of == id).unwrap();
                let true_distance = metric.distance(query, data.vector(row(*id)));
                let best = metric.distance(query, data.vector(row(expected)));
                assert!(wanted(row(*id)), "{metric} {}: row {id} is not selected", form.name);
                assert!((true_distance - best).abs() <= 2.0 * margin, "{metric}: {true_distance} for {best}");
                assert!(
                    (f64::from(*score) - true_distance).abs() <= margin,
                    "{metric}: score {score} for {true_distance}"
                );
            }
        }
    }
}

#[test]
fn indexes_answer_nearly_the_nearest_rows() {
    let variants = [
        r#"{"index": {"hnsw": {"m": 8, "ef_construction": 64}}, "search": {"ef_search": 400}}"#,
        r#"{"index": {"hnsw": {}}, "search": {"ef_search": 40, "iterative_scan": "relaxed_order", "max_scan_tuples": 1000}}"#,
        r#"{"storage": "halfvec", "index": {"hnsw": {}}, "search": {"ef_search": 200}}"#,
        r#"{"storage": "sparsevec", "index": {"hnsw": {}}, "search": {"ef_search": 200}}"#,
        r#"{"index": {"hnsw": {"quantize": "halfvec"}}, "search": {"ef_search": 200}}"#,
        r#"{"index": {"hnsw": {"quantize": "halfvec"}}, "search": {"ef_search": 200}, "rerank": {"candidates": 50}}"#,
        r#"{"index": {"hnsw": {"quantize": "bit"}}, "search": {"ef_search": 300}, "rerank": {"candidates": 300}}"#,
        r#"{"index": {"ivfflat": {"lists": 10}}, "search": {"probes": 10}}"#,
        r#"{"index": {"hnsw": {}}, "search": {"ef_search": 200}, "postgres": {"partition_by": "text"}}"#,
    ];
    on_server("PGVECTOR_URL", async |url| {
        for text in variants {
            recall(url, text, 8).await;
        }
    });
}

#[test]
fn diskann_answers_nearly_the_nearest_rows() {
    on_server("VECTORSCALE_URL", async |url| {
        for layout in ["memory_optimized", "plain"] {
            let index = format!(r#"{{"diskann": {{"storage_layout": "{layout}", "num_neighbors": 32}}}}"#);
            let text =
                format!(r#"{{"index": {index}, "search": {{"search_list_size": 200, "rescore": 200}}}}"#);
            recall(url, &text, 8).await;
        }
    });
}

#[test]
fn ruvector_answers_nearly_the_nearest_rows() {
    on_server(ON_DEMAND, async |url| {
        recall(url, "{}", 10).await;
        recall(url, r#"{"index": {"hnsw": {}}, "search": {"ef_search": 400}}"#, 8).await;
        // Version 0.3.0 makes 100 lists of whatever rows there are and searches one: hardly any neighbour is found.
        recall(url, r#"{"index": {"ivfflat": {"lists": 10}}, "search": {"probes": 10}}"#, 0).await;
    });
}

async fn recall(url: &str, text: &str, least: usize) {
    let collection = Collection::new(url, "indexed", &variant(text), Metric::Cosine, ROWS).await;
    let data = &collection.data;
    let filter: annvil_core::filter::Filter = "text = 'it''s'".parse().unwrap();
    let predicate = filter.compile(&data.labels).unwrap();
    for query in [1, 5, 9].map(|row| data.vector(row)) {
        let found = collection.search(&Form::search("all", 10), query).await;
        let expected = data.nearest(Metric::Cosine, query, 10, |_| true);
        let right = found.iter().filter(|(id, _)| expected.contains(id)).count();
        assert!(right >= least, "{text}: {right} of 10");
        assert!(found.is_sorted_by(|a, b| a.1 <= b.1), "{text}: {found:?}");
        let some = collection.search(&Form::search("some", 5).filtered(filter.clone()), query).await;
        for (id, _) in some {
            let row = data.ids.iter().position(|of| *of == id).unwrap();
            assert!(predicate.matches(&data.labels, row), "{text}: row {id} is not selected");
        }
    }
    collection.drop().await;
}

#[test]
fn rows_are_fetched_replaced_moved_and_removed() {
    on_server("PGVECTOR_URL", async |url| {
        for text in [
            "{}",
            r#"{"storage": "halfvec"}"#,
            r#"{"postgres": {"partition_by": "text", "label_indexes": ["text", "tags"]}}"#,
        ] {
            let collection = Collection::new(url, "written", &variant(text), Metric::L2, 50).await;
            write(&collection).await;
            collection.drop().await;
        }
    });
}

async fn write(collection: &Collection) {
    let Collection { client, design, data, .. } = collection;
    let fetch = async |id: u64| {
        let statement = design.fetch();
        let rows = client
            .query_typed(&statement.sql, &[(&to_bigint(id), statement.parameters[0].clone())])
            .await
            .unwrap();
        rows.first().map(|row| {
            let mut vector = Vec::new();
            design.codec().decode(row.get(1), &mut vector).unwrap();
            (from_bigint(row.get(0)), vector)
        })
    };
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-3);
    let (id, vector) = fetch(u64::MAX - 1).await.unwrap();
    assert!(id == u64::MAX - 1 && close(&vector, data.vector(0)), "the row with the highest id");
    assert_eq!(fetch(51).await, None);

    let statement = design.distance();
    let parameters = [collection.query(data.vector(3))];
    let rows = client
        .query_typed(
            &statement.sql,
            &[(&parameters[0], statement.parameters[0].clone()), (&4_i64, statement.parameters[1].clone())],
        )
        .await
        .unwrap();
    let distance = design.operators.distance(rows[0].get(0));
    assert!((f64::from(distance) - Metric::L2.distance(data.vector(3), data.vector(4))).abs() < 1e-2);

    // The label changes, so that a partitioned table moves the row.
    let (vectors, labels) = (vec![0.5; DIM], relabelled(&data.labels, 4, "moved"));
    let batch =
        Batch { ids: &[4], dim: DIM, vectors: &vectors, labels: &labels, label_rows: &[0], texts: &["new"] };
    let upsert = design.upsert();
    if let Some(delete) = &upsert.delete {
        client.query_typed(&delete.sql, &[(&vec![4_i64], delete.parameters[0].clone())]).await.unwrap();
    }
    let values: Vec<Raw> = design.values(&batch, 0);
    let typed: Vec<_> =
        values.iter().zip(&upsert.insert.parameters).map(|(value, of)| (value as &_, of.clone())).collect();
    client.query_typed(&upsert.insert.sql, &typed).await.unwrap();
    assert!(close(&fetch(4).await.unwrap().1, &vectors));
    let form = Form::search("moved", 10).filtered("text = 'moved'".parse().unwrap());
    let found = collection.search(&form, &vectors).await;
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [4]);

    let delete = design.delete();
    client.query_typed(&delete.sql, &[(&vec![4_i64, 5], delete.parameters[0].clone())]).await.unwrap();
    assert_eq!((fetch(4).await, fetch(5).await), (None, None));
    let usage = super::super::counters::usage(client, design).await.unwrap();
    assert_eq!(usage.rows, Some(48));
    let promise = design.promise(&Form::of("fetch", Operation::Fetch, 1));
    assert!(promise.exact);
}

/// A table of one row: that of `row` with another text.
fn relabelled(labels: &Labels, row: usize, text: &str) -> Labels {
    let mut columns = std::collections::BTreeMap::new();
    for (name, column) in labels.columns() {
        let mut one = annvil_core::label::Column::new(column.kind());
        let value = match column.kind() {
            LabelType::Text => Some(LabelValue::Text(text.to_owned())),
            _ => column.value(row),
        };
        one.push(value).unwrap();
        columns.insert(name.to_owned(), one);
    }
    Labels::new(columns).unwrap()
}

#[test]
fn labels_arrive_as_they_are() {
    on_server("PGVECTOR_URL", async |url| {
        let collection = Collection::new(url, "labels", &variant("{}"), Metric::L2, 60).await;
        let Collection { client, design, data, .. } = &collection;
        let sql = format!(
            "select id, text, label_id, \"a \"\"b\"\"\", flag, tags, body from {} order by id",
            design.table()
        );
        let rows = client.query_typed(&sql, &[]).await.unwrap();
        assert_eq!(rows.len(), 60);
        for row in rows {
            let id = from_bigint(row.get(0));
            let at = data.ids.iter().position(|of| *of == id).unwrap();
            let label = |name: &str| data.labels.column(name).unwrap().value(at);
            assert_eq!(row.get::<_, Option<String>>(1).map(LabelValue::Text), label("text"));
            assert_eq!(row.get::<_, Option<i64>>(2).map(LabelValue::Int), label("id"));
            let bits = |value: Option<LabelValue>| match value {
                Some(LabelValue::Float(x)) => Some(x.to_bits()),
                _ => None,
            };
            assert_eq!(row.get::<_, Option<f64>>(3).map(f64::to_bits), bits(label("a \"b\"")));
            assert_eq!(row.get::<_, Option<bool>>(4).map(LabelValue::Bool), label("flag"));
            assert_eq!(row.get::<_, Option<Vec<String>>>(5).map(LabelValue::TextList), label("tags"));
            assert_eq!(row.get::<_, &str>(6), data.texts[at]);
        }
        collection.drop().await;
    });
}

#[test]
fn a_table_of_somebody_else_stays() {
    on_server("PGVECTOR_URL", async |url| {
        let collection = Collection::new(url, "foreign", &variant("{}"), Metric::L2, 10).await;
        let table = collection.design.table();
        collection.client.batch_execute(&format!("comment on table {table} is 'mine'")).await.unwrap();
        let refused = mark::create(&collection.client, &collection.design).await.unwrap_err().to_string();
        assert!(refused.contains("not made by Annvil") && refused.contains("postgres.table"), "{refused}");
        let other = connect(url).await;
        other.batch_execute(&format!("comment on table {table} is 'made by annvil'")).await.unwrap();
        collection.drop().await;
    });
}

#[test]
fn texts_with_nul_are_refused() {
    let data = Data::new(1, Metric::L2);
    on_server("PGVECTOR_URL", async |url| {
        let collection = Collection::new(url, "nul", &variant("{}"), Metric::L2, 1).await;
        let labels = relabelled(&data.labels, 0, "a\0b");
        let batch = |labels, texts| Batch {
            ids: &[1],
            dim: DIM,
            vectors: &data.vectors,
            labels,
            label_rows: &[0],
            texts,
        };
        assert!(collection.design.check_rows(&batch(&labels, &[])).unwrap_err().contains("label `text`"));
        assert!(collection.design.check_rows(&batch(&data.labels, &["\0"])).unwrap_err().contains("row 1"));
        assert_eq!(collection.design.check_rows(&batch(&data.labels, &["x"])), Ok(()));
        collection.drop().await;
    });
}

#[test]
fn a_statement_of_the_users_own_keeps_its_place() {
    on_server("PGVECTOR_URL", async |url| {
        let mut spec = super::spec();
        spec.sql =
            Some("select id, embedding <-> $query from $table where $filter order by 2 limit $k".into());
        let collection = Collection::loaded(url, spec, "own", &variant("{}"), Metric::L2, 100).await;
        let form = Form::search("some", 3).filtered("flag = true".parse().unwrap());
        let statement = statement::search(&collection.design, &form).unwrap();
        assert!(statement.sql.contains("(\"flag\" = true)"), "{}", statement.sql);
        let predicate = form.filter.as_ref().unwrap().compile(&collection.data.labels).unwrap();
        let query = collection.data.vector(2);
        let wanted = |row| predicate.matches(&collection.data.labels, row);
        let expected = collection.data.nearest(Metric::L2, query, 3, wanted);
        let found = collection.search(&form, query).await;
        assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected);
        collection.drop().await;
    });
}
