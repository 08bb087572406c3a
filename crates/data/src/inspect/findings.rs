//! What stands out, in words: what is wrong, what is doubtful, what is worth knowing.

use annvil_core::metric::Metric;
use annvil_core::units::count;
use serde::Serialize;

use super::{Inspection, VectorFigures};

/// How bad a finding is. In order: worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The set can't be measured with as it is, or gives wrong figures.
    Wrong,
    /// It can, and the figures may not mean what they seem to.
    Doubtful,
    /// Worth knowing.
    Note,
}

/// Something that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What it is, with its figures.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// Rows of which so many are copies make ties among the nearest.
const MANY_COPIES: f64 = 0.01;

pub(super) fn findings(found: &Inspection) -> Vec<Finding> {
    let mut all = Findings(vec![]);
    all.vectors("base", &found.base, found.metric);
    if let Some(queries) = &found.queries {
        all.vectors("queries", &queries.vectors, found.metric);
    }
    all.queries(found);
    all.metric(found);
    all.truth(found);
    all.labels(found);
    all.hardness(found);
    all.0.sort_by_key(|finding| finding.grade);
    all.0
}

pub(super) fn verdict(found: &Inspection) -> String {
    let number = |grade| found.findings.iter().filter(|finding| finding.grade == grade).count();
    let things = |n: usize| if n == 1 { "1 thing".to_owned() } else { format!("{n} things") };
    match (number(Grade::Wrong), number(Grade::Doubtful)) {
        (0, 0) => "Nothing is wrong with this set.".to_owned(),
        (0, doubtful) => format!("It can be measured with; {} may mislead.", things(doubtful)),
        (wrong, 0) => format!("Not fit to be measured with as it is: {} wrong.", things(wrong)),
        (wrong, doubtful) => {
            format!("Not fit to be measured with as it is: {} wrong, {doubtful} doubtful.", things(wrong))
        }
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, grade: Grade, what: String, help: impl Into<String>) {
        self.0.push(Finding { grade, what, help: help.into() });
    }

    fn vectors(&mut self, part: &str, figures: &VectorFigures, metric: Option<Metric>) {
        let rows = count(figures.rows as u64);
        for (what, number, first) in [
            ("NaN", figures.nan_rows, figures.first_nan),
            ("infinite", figures.infinite_rows, figures.first_infinite),
        ] {
            if let Some(place) = first {
                self.add(
                    Grade::Wrong,
                    format!(
                        "{} of {rows} {part} rows have {what} values, the first in row {}, dimension {}",
                        count(number as u64),
                        place.row,
                        place.dim
                    ),
                    "find out where they were computed; such a row has no distance to anything",
                );
            }
        }
        if let Some(first) = figures.first_zero {
            let what = format!(
                "{} of {rows} {part} rows are zero vectors, the first is row {first}",
                count(figures.zero_rows as u64)
            );
            match metric {
                Some(Metric::Cosine) => self.add(
                    Grade::Wrong,
                    what,
                    "a zero vector has no direction, so cosine is not defined: remove the rows, usually empty texts or failed calls of a model",
                ),
                None => self.add(Grade::Doubtful, what, "they have no direction: remove the rows if the metric is cosine"),
                Some(_) => {
                    self.add(Grade::Note, what, "they are points like others for this metric; often an empty text or a failed call");
                }
            }
        }
        let copies = figures.duplicates;
        if let Some([one, other]) = copies.example {
            let share = copies.rows as f64 / figures.rows.max(1) as f64;
            let about = if copies.looked_at < 1.0 { "about " } else { "" };
            self.add(
                if share > MANY_COPIES { Grade::Doubtful } else { Grade::Note },
                format!(
                    "{about}{} of {rows} {part} rows ({}) are exact copies of an earlier one, such as row {other} of row {one}; the largest group has {}",
                    count(copies.rows as u64),
                    percent(share),
                    count(copies.largest_group as u64)
                ),
                "copies are equally near: recall here counts ties as right, other tools' does not; and graph indexes lose rows among many copies. \
                 Deduplicate if they are not meant",
            );
        }
    }

    fn queries(&mut self, found: &Inspection) {
        let Some(queries) = &found.queries else {
            self.add(
                Grade::Note,
                "there are no queries".to_owned(),
                "a run then holds out rows and searches for them (`hold_out`); real queries are better, they are often unlike the rows",
            );
            return;
        };
        if queries.dim != found.dim {
            self.add(
                Grade::Wrong,
                format!("queries have {} dimensions and the base has {}", queries.dim, found.dim),
                "they were made by different models, or one of the files is not what its name says",
            );
        }
        if found.base.normalised != queries.vectors.normalised && queries.dim == found.dim {
            let (normalised, other) =
                if found.base.normalised { ("base", "queries") } else { ("queries", "base") };
            let grade = if found.metric == Some(Metric::L2) { Grade::Doubtful } else { Grade::Note };
            self.add(
                grade,
                format!("the {normalised} vectors have length 1 and the {other} do not"),
                "for cosine that is no matter; for inner product and L2 normalise both or neither",
            );
        }
        let Some(both) = &found.queries_and_rows else { return };
        if both.identical > 0 {
            let share = both.identical as f64 / both.queries.max(1) as f64;
            self.add(
                Grade::Doubtful,
                format!("{} of {} sampled queries are rows of the base", both.identical, both.queries),
                format!(
                    "a row that asks for itself proves nothing ({} of the first answers are free): take queries that are not in the base",
                    percent(share)
                ),
            );
        }
        if let Some(ratio) = both.ratio.filter(|ratio| *ratio > 1.25) {
            self.add(
                Grade::Note,
                format!("queries are {ratio:.2} times as far from their nearest row as rows are: they are out of distribution"),
                "graph indexes need a larger ef for such queries than for rows; judge recall on these, not on held-out rows",
            );
        }
    }

    fn metric(&mut self, found: &Inspection) {
        let lengths = found.base.length.map_or_else(String::new, |length| {
            format!(
                "lengths run from {} to {}, median {}",
                short(length.min),
                short(length.max),
                short(length.p50)
            )
        });
        let overlap = |other: Metric| {
            found.overlaps.iter().find(|overlap| overlap.other == other).map(|o| percent(o.share))
        };
        match found.metric {
            None => {
                let fits = match (found.element, found.base.normalised) {
                    (annvil_core::vector::Element::B1, _) => "hamming".to_owned(),
                    (_, true) => {
                        "cosine (the vectors have length 1, so inner product and L2 give the same order)"
                            .to_owned()
                    }
                    (_, false) => format!("l2 or cosine, whichever the model was trained for ({lengths})"),
                };
                self.add(
                    Grade::Note,
                    "nothing says which metric is meant".to_owned(),
                    format!("what fits: {fits}; say it with `metric:`"),
                );
            }
            Some(Metric::InnerProduct) if !found.base.normalised => {
                let same = overlap(Metric::Cosine).map_or_else(String::new, |share| {
                    format!("; only {share} of the ten nearest are those of cosine")
                });
                self.add(
                    Grade::Doubtful,
                    format!("the metric is inner product and the vectors are not normalised: {lengths}{same}"),
                    "inner product then prefers long vectors. If the model was trained for cosine, use metric cosine or normalise the vectors; \
                     if lengths mean something, it is right",
                );
            }
            Some(Metric::Cosine) if !found.base.normalised && found.base.zero_rows == 0 => {
                self.add(
                    Grade::Note,
                    format!("the vectors are not normalised: {lengths}"),
                    "right for metric cosine; an engine that takes inner product for cosine would be wrong on this set",
                );
            }
            Some(Metric::L2) if found.base.normalised => {
                self.add(
                    Grade::Note,
                    "the vectors have length 1: L2 gives the same order as cosine".to_owned(),
                    "either metric is right",
                );
            }
            _ => {}
        }
    }

    fn truth(&mut self, found: &Inspection) {
        if let (Some(answers), Some(queries)) = (found.answered, &found.queries)
            && answers != queries.vectors.rows
        {
            self.add(
                Grade::Wrong,
                format!(
                    "{} queries have answers, and there are {}",
                    count(answers as u64),
                    count(queries.vectors.rows as u64)
                ),
                "give the answers that were made for these queries, one list a query",
            );
        }
        if let Some(problem) = &found.answers_problem {
            self.add(
                Grade::Wrong,
                format!("answers: {problem}"),
                "the answers belong to another base, or count from 1",
            );
        }
        let Some(truth) = &found.truth else { return };
        if truth.right >= 0.995 {
            return;
        }
        let what = format!(
            "{} of the shipped answers are right ({} queries, the first {} answers of each)",
            percent(truth.right),
            truth.queries,
            truth.k
        );
        match truth.better {
            Some((metric, share)) => self.add(
                Grade::Wrong,
                format!("{what}; by metric {metric} {} would be", percent(share)),
                format!("the answers were computed for {metric}: say so, or compute others with `annvil data truth`"),
            ),
            None if truth.right > 0.95 => self.add(
                Grade::Note,
                what,
                "they may have been computed from vectors of another precision; runs here score against answers computed from the rows themselves",
            ),
            None => self.add(
                Grade::Wrong,
                what,
                "they belong to another base or other queries: compute them with `annvil data truth`",
            ),
        }
    }

    fn labels(&mut self, found: &Inspection) {
        if let Some(texts) = found.texts.filter(|texts| *texts != found.rows) {
            self.add(
                Grade::Wrong,
                format!(
                    "{} rows have texts, and there are {} vectors",
                    count(texts as u64),
                    count(found.rows as u64)
                ),
                "give one text for each vector, in their order",
            );
        }
        match found.labelled_rows {
            None => self.add(
                Grade::Note,
                "there are no labels, so filtered search can't be measured".to_owned(),
                "give a .jsonl file with one object a row, or make labels of known selectivity with `annvil data ladder`",
            ),
            Some(rows) if rows != found.rows => self.add(
                Grade::Wrong,
                format!("{} rows have labels, and there are {} vectors", count(rows as u64), count(found.rows as u64)),
                "give one line of labels for each vector, in their order",
            ),
            Some(_) => {}
        }
        for column in &found.labels {
            if column.present < 1.0 {
                self.add(
                    if column.present < 0.5 { Grade::Doubtful } else { Grade::Note },
                    format!(
                        "label `{}` is missing in {} of the rows",
                        column.name,
                        percent(1.0 - column.present)
                    ),
                    "a filter on it excludes these rows; find them with `not … exists`",
                );
            }
            if column.distinct == 1 && column.present == 1.0 {
                self.add(
                    Grade::Note,
                    format!("label `{}` has one value in all rows", column.name),
                    "a filter on it selects everything or nothing",
                );
            }
        }
    }

    fn hardness(&mut self, found: &Inspection) {
        let Some(geometry) = &found.geometry else { return };
        if let Some(contrast) = geometry.relative_contrast.filter(|contrast| *contrast < 1.3) {
            self.add(
                Grade::Doubtful,
                format!("the nearest row is hardly nearer than any other: mean distance over nearest distance is {contrast:.2}"),
                "so it is with uniform random vectors, which make every index look bad; real embeddings are usually above 1.5",
            );
        }
        if found.base.whole
            && found.element == annvil_core::vector::Element::F32
            && found.base.smallest >= 0.0
            && found.base.largest <= 255.0
        {
            self.add(
                Grade::Note,
                "all values are whole numbers from 0 to 255".to_owned(),
                "`annvil data convert --element u8` keeps them exactly in a quarter of the space",
            );
        }
    }
}

/// A share as a percentage with two significant figures or so.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 1.0 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

fn short(x: f64) -> String {
    if x == 0.0 || (0.01..1000.0).contains(&x.abs()) { format!("{x:.3}") } else { format!("{x:.2e}") }
}
