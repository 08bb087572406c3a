//! Mixed load: several kinds of operations by several classes of users, writes among them.

use std::sync::Arc;

use annvil_core::dataset::Queries;
use annvil_core::engine::EngineError;
use annvil_core::form::{Form, Operation, Params};
use annvil_core::scenario::{MixedPhase, UserClass};
use annvil_core::units::{HumanDuration, Nanos};
use annvil_core::vector::{Matrix, RowId};
use annvil_load::Users;
use annvil_load::choice;
use annvil_load::churn::{NewRows, Source};
use annvil_load::work::{DRAWN, Task, Work};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Ended;
use super::churn::{Churn, Fresh};
use super::measure::{Measurement, measure};
use super::traffic::choose;
use crate::block::{Stage, Stop};

/// New rows of a class of users that upserts; afterwards they are replaced.
const POOL: usize = 4096;

/// Operations in flight for which new rows are kept apart; more would take too much memory.
const MOST_IN_FLIGHT: usize = 4096;

/// Rows that measure freshness; afterwards they are replaced.
const FRESH: usize = 1024;

/// Name of the form that searches for fresh rows.
const PROBE: &str = "freshness";

pub(super) fn run(stage: &mut Stage<'_>, keys: &MixedPhase) -> Result<Ended, Stop> {
    let what = prepare(stage, keys)?;
    measure(stage, what, &Params::new())
}

/// New rows of a class: so many that no row is written twice at the same time.
fn pool(keys: &MixedPhase) -> usize {
    let in_flight = keys.max_in_flight.unwrap_or(keys.sessions).max(keys.sessions).min(MOST_IN_FLIGHT);
    POOL.max(4 * in_flight * keys.batch)
}

/// Tasks of all classes with their shares of the arrivals: a class's own weights share what the class has.
fn merged(users: &[(&str, UserClass)], classes: &[Vec<(usize, u64)>]) -> Vec<(usize, u64)> {
    let whole = |weights: &[(usize, u64)]| weights.iter().map(|(_, weight)| weight).sum::<u64>().max(1);
    let common = 1_000_000;
    users
        .iter()
        .zip(classes)
        .flat_map(|((_, user), weights)| {
            let scale = u64::from(user.weight) * common / whole(weights);
            weights.iter().map(move |(task, weight)| (*task, (weight * scale).max(1)))
        })
        .collect()
}

fn prepare(stage: &mut Stage<'_>, keys: &MixedPhase) -> Result<Measurement, Stop> {
    let mut random = stage.job.plan.random(&format!("mix of {}", stage.current));
    let traffic = keys.traffic();
    let search = crate::inputs::search_form(keys.k, keys.filter.as_ref());
    let users = keys.users();
    let mut rows = Rows::new(stage, keys, users.len());
    let (mut tasks, mut forms, mut classes) = (Vec::new(), Vec::new(), Vec::new());
    for (class, user) in &users {
        let mut weights = Vec::new();
        for (operation, weight) in user.mix.weights() {
            weights.push((tasks.len(), u64::from(weight)));
            tasks.push(match operation {
                Operation::Search => {
                    Task::Search { form: 0, order: choose(&traffic.choice, rows.queries, &mut random)? }
                }
                Operation::Fetch => Task::Fetch { ids: rows.kept(&traffic.choice, &mut random)? },
                Operation::Distance => {
                    let ids = rows.kept(&traffic.choice, &mut random)?;
                    let queries = choice::uniform(rows.queries, &mut random);
                    let pairs = ids.into_iter().cycle().zip(queries).map(|(id, query)| (query, id));
                    Task::Distance { pairs: pairs.take(DRAWN).collect() }
                }
                Operation::Upsert => {
                    Task::Upsert { rows: rows.new_rows(stage, pool(keys), keys.batch, &mut random) }
                }
                Operation::Delete => Task::Delete { ids: rows.deletable()?, batch: 1 },
            });
            let name = if class.is_empty() {
                operation.name().to_owned()
            } else {
                format!("{class}-{}", operation.name())
            };
            let mut form =
                if operation == Operation::Search { search.clone() } else { Form::of("", operation, 1) };
            form.name = name;
            forms.push(form);
        }
        classes.push(weights);
    }
    let fresh = keys.freshness.map(|rate| Fresh {
        rows: rows.new_rows(stage, FRESH, 1, &mut random),
        form: 1,
        first_query: rows.queries,
        rate: rate.rate(),
    });
    let began = stage.clock.now();
    let (encoded, queries) = encode(stage, &search, fresh.as_ref())?;
    let encoding = stage.clock.now().saturating_sub(began);
    let nanos = |think: Option<HumanDuration>| think.map_or(Nanos::ZERO, HumanDuration::nanos);
    // In open load an arrival is drawn from all classes by their shares; a class has no sessions of its own.
    let (classes, runner_users) = if traffic.is_open() {
        (vec![merged(&users, &classes)], vec![Users::default()])
    } else {
        let each = users.iter().map(|(_, user)| Users {
            weight: user.weight,
            think: nanos(user.think),
            ..Users::default()
        });
        (classes, each.collect())
    };
    if traffic.sessions < runner_users.len() {
        return Err(EngineError::Configuration {
            what: format!(
                "{} sessions can't serve {} classes of users",
                traffic.sessions,
                runner_users.len()
            ),
            help: "write more `sessions`, at least one a class".to_owned(),
        }
        .into());
    }
    let writes = keys.writes();
    let churn = (writes || keys.checkpoints > 0 || fresh.is_some())
        .then(|| Churn::new(search, queries, keys.checkpoints, writes, fresh));
    Ok(Measurement {
        work: Work::mixed(tasks, &classes, &mut random).into(),
        users: runner_users,
        forms,
        operations: traffic.operations,
        traffic,
        batch: 1,
        engine: Arc::clone(&stage.engine),
        encoded,
        encoding,
        churn,
    })
}

/// The search form and, where freshness is measured, one that searches for fresh rows, with their vectors as queries
/// behind those of the data set.
fn encode(
    stage: &Stage<'_>,
    search: &Form,
    fresh: Option<&Fresh>,
) -> Result<(Arc<annvil_core::engine::Encoded>, Queries), Stop> {
    let dataset = stage.job.inputs.dataset();
    let mut forms = vec![search.clone()];
    let queries = match fresh {
        None => dataset.queries().clone(),
        Some(fresh) => {
            forms.push(Form::search(PROBE, search.k));
            let mut vectors = dataset.queries().copy_rows(0..dataset.queries().rows());
            vectors.extend_from_slice(fresh.rows.vectors());
            let failed = || EngineError::failed("the runner", "prepare queries", "rows of different lengths");
            Matrix::new(vectors, dataset.info().dim).ok_or_else(failed)?
        }
    };
    Ok((stage.engine.encode(&forms, &queries, dataset.labels())?, queries))
}

/// Which rows may be fetched, removed and added, so that no two kinds of operations meet at the same row.
struct Rows {
    queries: usize,
    /// Rows of the data set.
    all: usize,
    /// Rows of the data set that are never removed.
    kept: Vec<RowId>,
    /// Shares of the others, one for each class that removes rows.
    deletable: Vec<Vec<RowId>>,
    /// First id of the next pool of new rows.
    next: RowId,
}

impl Rows {
    fn new(stage: &Stage<'_>, keys: &MixedPhase, classes: usize) -> Self {
        let rows = stage.job.inputs.dataset().info().rows;
        let mut random = stage.job.plan.random(&format!("removed by {}", stage.current));
        let mut all: Vec<RowId> =
            annvil_core::plan::permutation(rows, &mut random).into_iter().map(RowId::from).collect();
        let deletes = keys.users().iter().any(|(_, user)| user.mix.delete > 0);
        // Half of the collection stays, however long the phase.
        let kept = if deletes { all.split_off(rows / 2) } else { std::mem::take(&mut all) };
        let share = all.len().div_ceil(classes.max(1)).max(1);
        let deletable = all.chunks(share).map(<[RowId]>::to_vec).collect();
        // Other phases of the block may have added rows: every phase has a range of its own.
        let next = rows as u64 + stage.new_rows;
        Self { queries: stage.job.inputs.dataset().queries().rows(), all: rows, kept, deletable, next }
    }

    fn kept(&self, by: &annvil_core::scenario::Choice, random: &mut ChaCha8Rng) -> Result<Vec<RowId>, Stop> {
        let chosen = match by {
            // Going through all rows in turn would be as long as the data set is.
            annvil_core::scenario::Choice::InTurn => {
                return Ok((0..DRAWN).map(|_| self.kept[random.random_range(0..self.kept.len())]).collect());
            }
            // Rows as they are numbered in the data set. One that was removed meanwhile is not found, as in life.
            annvil_core::scenario::Choice::Recorded(_) => {
                return Ok(choose(by, self.all, random)?.into_iter().map(RowId::from).collect());
            }
            by => choose(by, self.kept.len(), random)?,
        };
        Ok(chosen.into_iter().map(|at| self.kept[at as usize]).collect())
    }

    fn deletable(&mut self) -> Result<Vec<RowId>, Stop> {
        let few = || {
            let help = "use a larger data set, or fewer classes that remove rows".to_owned();
            EngineError::Configuration { what: "the data set has too few rows to remove".to_owned(), help }
        };
        Ok(self.deletable.pop().filter(|ids| !ids.is_empty()).ok_or_else(few)?)
    }

    fn new_rows(
        &mut self,
        stage: &mut Stage<'_>,
        pool: usize,
        batch: usize,
        random: &mut ChaCha8Rng,
    ) -> Arc<NewRows> {
        let dataset = stage.job.inputs.dataset();
        let info = dataset.info();
        let source = Source {
            dim: info.dim,
            rows: info.rows,
            metric: info.metric,
            labels: dataset.labels(),
            read: &|row, out| dataset.base().write_f32(row, out),
        };
        let rows = Arc::new(NewRows::new(&source, self.next, pool, batch, random));
        self.next += rows.len() as u64;
        stage.new_rows += rows.len() as u64;
        rows
    }
}
