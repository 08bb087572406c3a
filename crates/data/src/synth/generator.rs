//! The generator: a recipe as a function of the row's number.

use std::ops::Range;
use std::path::Path;
use std::thread;

use annvil_core::dataset::{DataSpec, Queries, SynthKind, SynthSpec};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::cast::Cast;
use super::check;
use super::clustered::Clustered;
use super::fit::{FitOptions, fit};
use super::labels::LabelPlan;
use super::like::Like;
use super::model::Model;
use super::rotation::Rotation;
use super::stream::{Stream, add, direction, scale_to};
use super::uniform::Uniform;
use crate::error::{DataError, mismatch};

/// Draws the rows, queries and labels of a recipe, in any order.
pub struct Generator {
    spec: SynthSpec,
    dim: usize,
    metric: Metric,
    source: Source,
    /// A typical distance of two rows, in which the recipe measures.
    typical: f64,
    rows: Stream,
    copies: Stream,
    queries: Stream,
    /// The way of the drift, and of the shift of other queries.
    ways: [Vec<f32>; 2],
    turn: Option<Rotation>,
    labels: LabelPlan,
    cast: Cast,
}

enum Source {
    Clustered(Clustered),
    Uniform(Uniform),
    Like(Box<Like>),
}

impl Generator {
    /// A generator for a recipe without `like`.
    pub fn new(recipe: &SynthSpec) -> Result<Self, DataError> {
        if let Some(like) = &recipe.like {
            let message = format!("the recipe asks for rows like {like}, which needs a model");
            return Err(mismatch(message, "open it, so that the set is fitted"));
        }
        let dim = recipe.dim_or_default();
        check::check(recipe, dim)?;
        let (source, typical) = match recipe.kind {
            SynthKind::Clustered => {
                let source = Clustered::new(recipe);
                let typical = source.typical();
                (Source::Clustered(source), typical)
            }
            SynthKind::Uniform => {
                let source = Uniform { dim };
                let typical = source.typical();
                (Source::Uniform(source), typical)
            }
        };
        Ok(Self::put_together(recipe.clone(), dim, recipe.metric_or_default(), source, typical))
    }

    /// A generator for rows like those of the set that the model was fitted to.
    pub fn like(recipe: &SynthSpec, model: Model) -> Result<Self, DataError> {
        check::check(recipe, model.dim)?;
        if let Some(dim) = recipe.dim.filter(|dim| *dim != model.dim) {
            let message =
                format!("`dim` is {dim}, and rows like {} have {} dimensions", model.name, model.dim);
            return Err(mismatch(message, "leave `dim` out"));
        }
        let metric = recipe.metric.unwrap_or(model.metric);
        let (dim, source) = (model.dim, Like::new(model, recipe.rows.0, recipe.seed));
        let typical = source.typical();
        Ok(Self::put_together(recipe.clone(), dim, metric, Source::Like(Box::new(source)), typical))
    }

    /// A generator for any recipe: what it is to be like is read, if it is a model file (`.json`), and opened and
    /// fitted otherwise.
    pub fn open(recipe: &SynthSpec, options: &FitOptions) -> Result<Self, DataError> {
        match &recipe.like {
            None => Self::new(recipe),
            Some(file) if Path::new(file).extension().is_some_and(|extension| extension == "json") => {
                Self::like(recipe, Model::read(Path::new(file))?)
            }
            Some(name) => {
                let mut spec = DataSpec::of_text(name);
                if let DataSpec::Files(files) = &mut spec {
                    files.metric = recipe.metric;
                }
                let dataset = crate::open(&spec)?;
                Self::like(recipe, fit(&*dataset, options)?)
            }
        }
    }

    /// For a fit: rows and queries in 32-bit floats, without lengths if these are apart.
    pub(super) fn of_model(source: Like, seed: u64, rows: usize) -> Self {
        let model = source.model();
        let (dim, metric) = (model.dim, model.metric);
        let normalise = model.directions.then_some(true);
        let spec =
            SynthSpec { rows: annvil_core::dataset::Count(rows), seed, normalise, ..SynthSpec::default() };
        let typical = source.typical();
        Self::put_together(spec, dim, metric, Source::Like(Box::new(source)), typical)
    }

    fn put_together(spec: SynthSpec, dim: usize, metric: Metric, source: Source, typical: f64) -> Self {
        let stream = |purpose: &str| Stream::new(spec.seed, purpose);
        let turn = (spec.other_queries.share > 0.0).then(|| Rotation::random(&mut stream("turn").at(0), dim));
        let mut generator = Self {
            rows: stream("rows"),
            copies: stream("copies"),
            queries: stream("queries"),
            ways: [0, 1].map(|way| direction(&mut stream("ways").at(way), dim)),
            turn,
            labels: LabelPlan::new(&spec),
            cast: Cast { element: spec.element, most: 0.0 },
            spec,
            dim,
            metric,
            source,
            typical,
        };
        if matches!(generator.cast.element, Element::U8 | Element::I8) {
            generator.cast.most = generator.most();
        }
        generator
    }

    /// The value that becomes the largest byte: one in a thousand is beyond it.
    fn most(&self) -> f32 {
        const SAMPLE: usize = 512;
        let rows = self.spec.rows.0;
        let mut values = vec![0.0; SAMPLE.min(rows) * self.dim];
        for (i, row) in values.chunks_exact_mut(self.dim).enumerate() {
            self.fill_row(i * rows / SAMPLE.min(rows), row);
        }
        for x in &mut values {
            *x = x.abs();
        }
        values.sort_unstable_by(f32::total_cmp);
        values[(values.len() * 999 / 1000).min(values.len() - 1)]
    }

    /// The recipe.
    pub fn recipe(&self) -> &SynthSpec {
        &self.spec
    }

    /// Dimensions of a vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.spec.rows.0
    }

    /// The metric that the vectors are meant for.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The model, if the rows are to resemble a set.
    pub fn model(&self) -> Option<&Model> {
        if let Source::Like(like) = &self.source { Some(like.model()) } else { None }
    }

    /// What whoever uses the set should know, in words.
    pub fn warnings(&self) -> Vec<String> {
        check::warnings(&self.spec, self.dim, self.metric, self.model())
    }

    /// The rows of a block, drawn on some threads. Rows past the last of the recipe are refused.
    pub fn block(&self, rows: Range<usize>, threads: usize) -> Result<Vectors, DataError> {
        Self::within("rows", &rows, self.spec.rows.0)?;
        let mut values = vec![0.0; rows.len() * self.dim];
        self.fill_threads(rows, &mut values, threads);
        self.cast.rows(values, self.dim)
    }

    /// The queries of a block, in the units of the rows.
    pub fn queries(&self, queries: Range<usize>) -> Result<Queries, DataError> {
        Self::within("queries", &queries, self.spec.queries.0)?;
        let mut values = vec![0.0; queries.len() * self.dim];
        for (number, out) in queries.zip(values.chunks_exact_mut(self.dim)) {
            self.fill_query(number, out);
        }
        for value in &mut values {
            *value = self.cast.query(*value);
        }
        Matrix::new(values, self.dim)
            .ok_or_else(|| mismatch("the recipe has no dimensions", "give `dim` 1 at least"))
    }

    /// The labels of a block of rows; a table without columns if the recipe has none.
    pub fn labels(&self, rows: Range<usize>) -> Result<Labels, DataError> {
        Self::within("rows", &rows, self.spec.rows.0)?;
        let count = rows.len();
        let needed = self.labels.needs_places();
        let places: Vec<(usize, f64)> =
            rows.map(|row| (row, if needed { self.place(row) } else { 0.0 })).collect();
        let columns = self.labels.columns(&places);
        if columns.is_empty() {
            return Ok(Labels::empty(count));
        }
        Labels::new(columns.into_iter().collect())
            .ok_or_else(|| mismatch("the label columns differ in length", "report this"))
    }

    /// Whether a query is of another kind than the rows.
    pub fn is_other_query(&self, query: usize) -> bool {
        self.queries.at(query as u64).random::<f64>() < self.spec.other_queries.share
    }

    fn within(what: &str, range: &Range<usize>, count: usize) -> Result<(), DataError> {
        if range.start <= range.end && range.end <= count {
            return Ok(());
        }
        let message = format!("{what} {} to {} are asked for, and there are {count}", range.start, range.end);
        Err(mismatch(message, format!("raise `{what}` in the recipe")))
    }

    /// Draws rows into `out` on some threads, before they are cast.
    pub(super) fn fill_threads(&self, rows: Range<usize>, out: &mut [f32], threads: usize) {
        let share = rows.len().div_ceil(threads.max(1)).max(1);
        thread::scope(|scope| {
            for (part, out) in out.chunks_mut(share * self.dim).enumerate() {
                let first = rows.start + part * share;
                scope.spawn(move || {
                    for (i, row) in out.chunks_exact_mut(self.dim).enumerate() {
                        self.fill_row(first + i, row);
                    }
                });
            }
        });
    }

    /// Draws one row, before it is cast.
    fn fill_row(&self, row: usize, out: &mut [f32]) {
        let (original, copy) = self.original(row);
        let mut random = self.rows.at(original as u64);
        self.draw(&mut random, false, out);
        let last = self.spec.rows.0.saturating_sub(1).max(1);
        self.drift(original as f64 / last as f64, out);
        if let Some(mut random) = copy {
            let away = direction(&mut random, self.dim);
            add(out, (self.spec.near_duplicates.distance * self.typical) as f32, &away);
        }
        self.finish(&mut random, false, out);
    }

    /// Draws one query, before it is cast.
    pub(super) fn fill_query(&self, query: usize, out: &mut [f32]) {
        let mut random = self.queries.at(query as u64);
        let other = random.random::<f64>() < self.spec.other_queries.share;
        let time = random.random();
        self.draw(&mut random, true, out);
        self.drift(time, out);
        if let Some(turn) = self.turn.as_ref().filter(|_| other) {
            let gap = self.spec.other_queries.gap;
            let mut turned = out.to_vec();
            turn.apply(&mut turned);
            add(out, gap as f32, &turned);
            // As long as before, in the mean.
            let factor = (1.0 / gap.hypot(1.0)) as f32;
            for x in out.iter_mut() {
                *x *= factor;
            }
            add(out, (gap * self.typical) as f32, &self.ways[1]);
        }
        self.finish(&mut random, true, out);
    }

    /// The row that a row is drawn as, itself unless it copies an earlier one; and then the random numbers of the copy.
    fn original(&self, row: usize) -> (usize, Option<ChaCha8Rng>) {
        if self.spec.near_duplicates.share > 0.0 && row > 0 {
            let mut random = self.copies.at(row as u64);
            if random.random::<f64>() < self.spec.near_duplicates.share {
                return (random.random_range(0..row), Some(random));
            }
        }
        (row, None)
    }

    fn draw(&self, random: &mut ChaCha8Rng, query: bool, out: &mut [f32]) {
        match &self.source {
            Source::Clustered(source) => source.draw(random, out),
            Source::Uniform(source) => source.draw(random, out),
            Source::Like(source) => source.draw(random, query, out),
        };
    }

    /// A number between 0 and 1, uniform over the rows, that follows from the vector.
    fn place(&self, row: usize) -> f64 {
        let mut random = self.rows.at(self.original(row).0 as u64);
        match &self.source {
            Source::Clustered(source) => source.place(&mut random).1,
            Source::Uniform(_) => Uniform::place(&mut random).0,
            Source::Like(source) => source.place(&mut random, false).2,
        }
    }

    fn drift(&self, time: f64, out: &mut [f32]) {
        if self.spec.drift > 0.0 {
            add(out, (self.spec.drift * self.typical * (time - 0.5)) as f32, &self.ways[0]);
        }
    }

    /// Gives a row its length.
    fn finish(&self, random: &mut ChaCha8Rng, query: bool, out: &mut [f32]) {
        let default = match &self.source {
            Source::Like(_) => false,
            _ => matches!(self.metric, Metric::Cosine | Metric::InnerProduct),
        };
        if self.spec.normalise.unwrap_or(default) {
            scale_to(out, 1.0);
        } else if let Some(model) = self.model().filter(|model| model.directions) {
            let lengths = if query { &model.queries.lengths } else { &model.lengths };
            scale_to(out, quantile(lengths, random.random()));
        }
    }
}

/// The value at `u`, from 0 to 1, of a distribution that is given by quantiles; 1 if none are.
fn quantile(values: &[f32], u: f64) -> f64 {
    let at = u * values.len().saturating_sub(1) as f64;
    let value = |i: usize| values.get(i).or(values.last()).map_or(1.0, |x| f64::from(*x));
    let (low, high) = (value(at as usize), value(at as usize + 1));
    low + (high - low) * at.fract()
}
