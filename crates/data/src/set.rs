//! A data set in memory, put together from parts that have been checked against each other.

use annvil_core::dataset::{Dataset, DatasetInfo, Neighbours, Queries};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};

use crate::builder::Builder;
use crate::error::{DataError, mismatch};
use crate::format::Kept;
use crate::{check, hash};

/// What a data set is made of, as it was read, with the names by which messages call the parts.
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) metric: Metric,
    pub(crate) licence: Option<String>,
    pub(crate) base: Part<Vectors>,
    pub(crate) queries: Part<Vectors>,
    pub(crate) truth: Option<Part<Neighbours>>,
    pub(crate) labels: Option<Part<Labels>>,
    pub(crate) texts: Option<Part<Vec<String>>>,
    pub(crate) rows: Option<usize>,
    pub(crate) queries_limit: Option<usize>,
}

/// One file.
pub(crate) struct Part<T> {
    pub(crate) file: String,
    pub(crate) kept: Kept<T>,
}

#[derive(Debug)]
pub(crate) struct MemorySet {
    info: DatasetInfo,
    base: Vectors,
    queries: Queries,
    labels: Labels,
    texts: Option<Vec<String>>,
    truth: Option<Neighbours>,
}

impl Parts {
    pub(crate) fn assemble(self) -> Result<MemorySet, DataError> {
        self.check_limits()?;
        self.check_agreement()?;
        for part in [&self.base, &self.queries] {
            check::vectors(&part.kept.content, self.metric).map_err(|problem| problem.in_file(&part.file))?;
        }
        let Self { name, metric, licence, base, queries, truth, labels, texts, .. } = self;
        if let Some(part) = &truth {
            check::truth(&part.kept.content, base.kept.total)
                .map_err(|problem| problem.in_file(&part.file))?;
        }
        // Answers for all rows are wrong for some of them.
        let whole = base.kept.content.rows() == base.kept.total;
        let truth = truth.filter(|_| whole).map(|part| part.kept.content);
        let queries = widened(&queries)?;
        let base = base.kept.content;
        let labels = labels.map_or_else(|| Labels::empty(base.rows()), |part| part.kept.content);
        let texts = texts.map(|part| part.kept.content);
        let info = DatasetInfo {
            name,
            rows: base.rows(),
            dim: base.dim(),
            element: base.element(),
            metric,
            queries: queries.rows(),
            content_hash: hash::content(&base, &queries, &labels, texts.as_deref()),
            licence,
        };
        Ok(MemorySet { info, base, queries, labels, texts, truth })
    }

    /// The limits are within what is there.
    pub(crate) fn check_limits(&self) -> Result<(), DataError> {
        for (key, limit, part) in
            [("rows", self.rows, &self.base), ("queries_limit", self.queries_limit, &self.queries)]
        {
            let total = part.kept.total;
            if let Some(limit) = limit.filter(|limit| *limit > total) {
                let message = format!("`{key}` asks for {limit}, and {} has {total}", part.file);
                return Err(mismatch(message, format!("use at most {total}, or leave `{key}` out")));
            }
        }
        Ok(())
    }

    fn check_agreement(&self) -> Result<(), DataError> {
        let (base, queries) = (&self.base, &self.queries);
        let (of_base, of_queries) = (base.kept.content.dim(), queries.kept.content.dim());
        if of_base != of_queries {
            let message = format!(
                "the vectors of {} have {of_base} dimensions, the queries of {} have {of_queries}",
                base.file, queries.file
            );
            return Err(mismatch(message, "give queries that were made by the same model"));
        }
        if let Some(part) = &self.truth {
            counts(&part.file, "answers", part.kept.total, queries)?;
        }
        self.check_counts()
    }

    /// What belongs to rows is there for each of them.
    pub(crate) fn check_counts(&self) -> Result<(), DataError> {
        if let Some(part) = &self.labels {
            counts(&part.file, "lines", part.kept.total, &self.base)?;
        }
        if let Some(part) = &self.texts {
            counts(&part.file, "lines", part.kept.total, &self.base)?;
        }
        Ok(())
    }
}

fn counts(file: &str, what: &str, found: usize, of: &Part<Vectors>) -> Result<(), DataError> {
    let expected = of.kept.total;
    if found == expected {
        return Ok(());
    }
    let message = format!("{file} has {found} {what}, and {} has {expected} vectors", of.file);
    Err(mismatch(message, "give files that were made together"))
}

/// Queries are 32-bit floats, whatever they are stored as.
fn widened(part: &Part<Vectors>) -> Result<Queries, DataError> {
    let vectors = &part.kept.content;
    // Those of sparse sets may be very wide.
    Builder::new(Element::F32, vectors.dim())
        .reserve(vectors.rows())
        .map_err(|problem| problem.in_file(&part.file))?;
    Ok(vectors.to_f32())
}

impl Dataset for MemorySet {
    fn info(&self) -> &DatasetInfo {
        &self.info
    }

    fn base(&self) -> &Vectors {
        &self.base
    }

    fn queries(&self) -> &Queries {
        &self.queries
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn text(&self, row: usize) -> Option<&str> {
        self.texts.as_ref()?.get(row).map(String::as_str)
    }

    fn shipped_truth(&self) -> Option<&Neighbours> {
        self.truth.as_ref()
    }
}
