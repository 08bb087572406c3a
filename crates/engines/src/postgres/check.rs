//! Refuses what can't work: what is known without a server, and what a server lacks.

use annvil_core::engine::{EngineError, Result, Schema};
use annvil_core::label::LabelType;
use annvil_core::metric::Metric;
use annvil_core::scenario::{
    Extension, Index, IterativeScan, PostgresSpec, PostgresVariant, Quantize, Storage, Variant,
};

use super::NAME;
use super::codec::Codec;
use super::columns::LabelColumns;
use super::operators::Operators;
use super::server::ServerFacts;
use super::written;

fn refuse<T>(what: impl Into<String>, help: impl Into<String>) -> Result<T> {
    Err(EngineError::Unsupported { engine: NAME.to_owned(), what: what.into(), help: help.into() })
}

fn wrong<T>(what: impl Into<String>, help: impl Into<String>) -> Result<T> {
    Err(EngineError::Configuration { what: what.into(), help: help.into() })
}

/// Refuses a variant that can't work whatever the server has.
pub(super) fn variant(spec: &PostgresSpec, variant: &Variant, metric: Metric) -> Result<()> {
    if spec.read_only && !spec.is_existing() {
        return wrong(
            "`read_only` leaves nothing to search: a table would have to be made",
            "give the statement for a table that is there as `sql` without `$table`",
        );
    }
    if spec.id_label.is_some() && spec.sql.is_none() {
        return wrong("`id_label` says what `sql` answers, and there is no `sql`", "leave it out");
    }
    if spec.sql.is_some() && variant.rerank.is_some() {
        return wrong("`rerank` changes the statement, and `sql` is the statement", "write it into `sql`");
    }
    if let Some(table) =
        spec.table.as_ref().filter(|table| table.is_empty() || table.len() > 40 || table.contains('\0'))
    {
        return wrong(
            format!("the table can't be called {table:?}"),
            "give `engine.postgres.table` 1 to 40 bytes: indexes and partitions get longer names from it",
        );
    }
    storage(variant, metric)?;
    index(variant, metric)?;
    candidates(variant)?;
    parameters(variant)?;
    written::check(spec, variant)
}

fn storage(variant: &Variant, metric: Metric) -> Result<()> {
    let of_bits = Operators::new(metric).is_of_bits();
    match variant.storage {
        Storage::I8 => refuse("storage i8", "use halfvec, or `index: {hnsw: {quantize: bit}}` with `rerank`"),
        Storage::B1 if !of_bits => refuse(
            format!("storage bit with the metric {metric}: its operators are Hamming and Jaccard"),
            "store vector and index its bits: `index: {hnsw: {quantize: bit}}, rerank: {candidates: 200}`",
        ),
        Storage::F32 | Storage::F16 | Storage::Sparsevec if of_bits => {
            refuse(format!("the metric {metric} with numbers"), "use `storage: bit`")
        }
        _ => Ok(()),
    }
}

fn index(variant: &Variant, metric: Metric) -> Result<()> {
    let extension = variant.postgres.as_ref().and_then(|postgres| postgres.extension);
    if extension == Some(Extension::Ruvector) {
        return ruvector(variant, metric);
    }
    match &variant.index {
        Index::Ivfflat(_) if variant.storage == Storage::Sparsevec => {
            refuse("ivfflat over sparsevec", "use `index: {hnsw: {}}` or `storage: vector`")
        }
        Index::Ivfflat(_) if matches!(metric, Metric::L1 | Metric::Jaccard) => {
            refuse(format!("ivfflat with the metric {metric}"), "use `index: {hnsw: {}}`")
        }
        Index::Diskann(_) if extension == Some(Extension::Pgvector) => {
            refuse("diskann by pgvector", "leave `extension` out: pgvectorscale has it")
        }
        Index::Diskann(_) if variant.storage != Storage::F32 => refuse(
            "diskann over another type than vector",
            "use `storage: vector`: diskann compresses by itself",
        ),
        Index::Diskann(_) if matches!(metric, Metric::L1) => {
            refuse("diskann with the metric l1", "use `index: {hnsw: {}}`")
        }
        Index::Hnsw(hnsw) if hnsw.ef_construction < 2 * hnsw.m => wrong(
            format!("ef_construction {} is below twice m ({})", hnsw.ef_construction, hnsw.m),
            format!("pgvector wants at least {}", 2 * hnsw.m),
        ),
        _ => quantized(variant),
    }
}

fn quantized(variant: &Variant) -> Result<()> {
    let Some(quantize) = variant.index.quantize() else {
        return match variant.rerank {
            Some(_) if matches!(variant.index, Index::Diskann(_)) => {
                refuse("rerank with diskann", "diskann ranks again by itself: `search: {rescore: 100}`")
            }
            Some(_) => refuse(
                "rerank where the index holds what the table holds",
                "leave it out, or let the index hold less: `quantize: halfvec` or `quantize: bit`",
            ),
            None => Ok(()),
        };
    };
    match (variant.storage, quantize) {
        (Storage::F32, Quantize::Halfvec) => Ok(()),
        (Storage::F32 | Storage::F16, Quantize::Bit) if variant.rerank.is_some() => Ok(()),
        (Storage::F32 | Storage::F16, Quantize::Bit) => refuse(
            "quantize bit without rerank: distances of bits are none of the data set's",
            "add `rerank: {candidates: 200}`",
        ),
        _ => refuse(
            format!("quantize over storage {}", variant.storage.element()),
            "quantize belongs to `storage: vector`",
        ),
    }
}

/// What `RuVector` has: one type, two metrics, two indexes.
fn ruvector(variant: &Variant, metric: Metric) -> Result<()> {
    if variant.storage != Storage::F32 {
        return refuse("storage other than vector with ruvector", "its type holds 32-bit floats");
    }
    if variant.index.quantize().is_some() || variant.rerank.is_some() {
        return refuse("quantize and rerank with ruvector", "leave them out, or use `extension: pgvector`");
    }
    if matches!(variant.index, Index::Diskann(_)) {
        return refuse("diskann with ruvector", "leave `extension` out: pgvectorscale has it");
    }
    if variant.search.iterative_scan.is_some() || variant.search.max_scan_tuples.is_some() {
        return refuse("an iterative scan with ruvector", "only pgvector has it");
    }
    match metric {
        Metric::Cosine | Metric::L2 => {}
        // Its index answers the largest product first; without index ORDER BY answers the smallest.
        Metric::InnerProduct => {
            return refuse(
                "the metric inner_product with ruvector: its <#> is the product itself, so that a scan answers the \
                 farthest rows",
                "use `extension: pgvector`, or the metric cosine where all rows have length 1",
            );
        }
        Metric::L1 | Metric::Hamming | Metric::Jaccard => {
            return refuse(format!("the metric {metric} with ruvector"), "use `extension: pgvector`");
        }
    }
    Ok(())
}

/// An index that is asked for more candidates than it looks at answers fewer.
fn candidates(variant: &Variant) -> Result<()> {
    let (Some(rerank), Index::Hnsw(_)) = (&variant.rerank, &variant.index) else { return Ok(()) };
    if matches!(variant.search.iterative_scan, Some(IterativeScan::StrictOrder | IterativeScan::RelaxedOrder))
    {
        return Ok(());
    }
    for point in variant.points() {
        // pgvector's default.
        let ef = point.get("ef_search").copied().unwrap_or(40);
        if ef < rerank.candidates as u64 {
            return wrong(
                format!(
                    "rerank wants {} candidates, and ef_search {ef} ends the scan before",
                    rerank.candidates
                ),
                format!(
                    "set ef_search to {} or more, or `iterative_scan: strict_order`",
                    rerank.candidates.min(1_000)
                ),
            );
        }
    }
    Ok(())
}

/// A value out of range is only warned of by the server, which then searches with its default.
fn parameters(variant: &Variant) -> Result<()> {
    let ranges = [
        ("ef_search", 1, 1_000),
        ("probes", 1, 32_768),
        ("search_list_size", 1, 10_000),
        ("rescore", 0, 1_000),
    ];
    let known = variant.index.parameters();
    for point in variant.points() {
        for (name, value) in &point {
            if !known.contains(&name.as_str()) {
                return wrong(
                    format!("the index {} has no `{name}`", variant.index.name()),
                    if known.is_empty() {
                        "leave it out".into()
                    } else {
                        format!("it has {}", known.join(", "))
                    },
                );
            }
            let range = ranges.iter().find(|(of, ..)| of == name);
            if let Some((_, low, high)) = range.filter(|(_, low, high)| !(low..=high).contains(&value)) {
                return wrong(format!("{name} {value} is out of range"), format!("from {low} to {high}"));
            }
        }
    }
    match (variant.search.iterative_scan, &variant.index) {
        (None, _)
        | (_, Index::Hnsw(_))
        | (Some(IterativeScan::Off | IterativeScan::RelaxedOrder), Index::Ivfflat(_)) => {}
        (Some(IterativeScan::StrictOrder), Index::Ivfflat(_)) => {
            return refuse("strict order with ivfflat", "use `iterative_scan: relaxed_order`");
        }
        (Some(_), _) => {
            return refuse(
                format!("an iterative scan with the index {}", variant.index.name()),
                "only hnsw and ivfflat of pgvector have it",
            );
        }
    }
    if variant.search.max_scan_tuples.is_some() && !matches!(variant.index, Index::Hnsw(_)) {
        return refuse("max_scan_tuples without hnsw", "leave it out");
    }
    Ok(())
}

/// Refuses what this server can't do.
pub(super) fn on_server(
    variant: &Variant,
    schema: &Schema,
    server: &ServerFacts,
    extension: Extension,
    codec: Codec,
) -> Result<()> {
    if extension == Extension::Ruvector {
        ruvector(variant, schema.metric)?;
    } else if variant.search.iterative_scan.is_some() && !server.is_at_least(Extension::Pgvector, [0, 8]) {
        return wrong(
            "an iterative scan needs pgvector 0.8",
            "update it (`alter extension vector update`), or leave `iterative_scan` out",
        );
    }
    if schema.dim > codec.most_dimensions() {
        return wrong(
            format!("{} dimensions; {} holds {}", schema.dim, codec.name(), codec.most_dimensions()),
            "use another storage",
        );
    }
    let (what, most) = indexed(variant, codec);
    if variant.index != Index::None && schema.dim > most {
        return wrong(
            format!("{} dimensions; an index {} over {what} takes {most}", schema.dim, variant.index.name()),
            "index a shorter form: `quantize: halfvec` (4,000) or `quantize: bit` with `rerank` (64,000)",
        );
    }
    Ok(())
}

/// What the index holds, and how many dimensions of it.
fn indexed(variant: &Variant, codec: Codec) -> (&'static str, usize) {
    match (variant.index.quantize(), codec, &variant.index) {
        (Some(Quantize::Bit), ..) | (None, Codec::Bit, _) => ("bit", 64_000),
        (Some(Quantize::Halfvec), ..) | (None, Codec::Halfvec, _) => ("halfvec", 4_000),
        (None, Codec::Vector, Index::Diskann(_)) => ("vector", 16_000),
        (None, Codec::Vector, _) => ("vector", 2_000),
        (None, Codec::Ruvector, _) => ("ruvector", 16_000),
        // Its limit is on the values that are not 0, which the server says itself.
        (None, Codec::Sparsevec, _) => ("sparsevec", usize::MAX),
    }
}

/// Refuses labels that are not there or can't be what they are asked to be.
pub(super) fn labels(postgres: &PostgresVariant, columns: &LabelColumns) -> Result<()> {
    let known = || match columns.iter().map(|column| column.label.as_str()).collect::<Vec<_>>() {
        names if names.is_empty() => "the data set has no labels".to_owned(),
        names => format!("the labels are {}", names.join(", ")),
    };
    for label in postgres.label_indexes.iter().chain(&postgres.partition_by) {
        if columns.get(label).is_none() {
            return wrong(format!("there is no label `{label}`"), known());
        }
    }
    if let Some(label) = &postgres.partition_by
        && columns.get(label).is_some_and(|column| column.kind != LabelType::Text)
    {
        return refuse(format!("partitions by `{label}`, which is no text"), "partition by a text label");
    }
    Ok(())
}
