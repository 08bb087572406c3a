//! The files of `pgbench --log`: a line a transaction, or a line an interval.

use std::path::PathBuf;

use annvil_core::quantity::{Quantity, Stat};

use super::super::error::Fault;
use super::super::result::{MICROSECOND, Measured, Of, SECOND, Values};

/// Whether the first line is of a log: numbers, and one word at most where a transaction failed.
pub(in super::super) fn looks_like(text: &str) -> bool {
    let Some(line) = text.lines().next() else { return false };
    let fields: Vec<&str> = line.split(' ').collect();
    let number = |field: &&&str| field.parse::<u64>().is_ok();
    fields.len() >= 6 && fields.iter().filter(number).count() + 1 >= fields.len()
}

/// What the lines of all threads come to.
#[derive(Default)]
struct Sums {
    /// Of each transaction, in nanoseconds; empty if the log was summed up.
    times: Vec<f64>,
    count: f64,
    total: f64,
    least: Option<f64>,
    most: Option<f64>,
    failed: f64,
    lags: Lags,
    /// Seconds since 1970.
    first: Option<f64>,
    last: f64,
}

/// How late transactions began, in nanoseconds, where `--rate` said when they were due. Their times then count from there.
#[derive(Default)]
struct Lags {
    count: f64,
    total: f64,
    most: f64,
    /// Whether another number stands behind it, so that it can be none of repetitions (`--max-tries`).
    is_sure: bool,
}

impl Lags {
    fn add(&mut self, count: f64, total: f64, most: f64, is_sure: bool) {
        self.count += count;
        self.total += total;
        self.most = self.most.max(most);
        self.is_sure |= is_sure;
    }

    /// Mean and longest, if these are lags. Of a lone number nothing says what it is: repetitions are few, and microseconds many.
    fn known(&self) -> Option<(f64, f64)> {
        let is_lag = if self.is_sure { self.most > 0.0 } else { self.most >= 100.0 * MICROSECOND };
        is_lag.then(|| (self.total / self.count, self.most))
    }
}

/// All files of one run as one sample.
pub(super) fn read(files: &[PathBuf]) -> Result<Measured, Fault> {
    let mut sums = Sums::default();
    for path in files {
        let text = super::super::file(path)?;
        let complete = text.ends_with('\n');
        let lines = text.lines().count();
        for (number, line) in text.lines().enumerate() {
            let fault = |reason: String| Fault::new(number + 1, reason).in_file(path);
            if number + 1 == lines && !complete {
                return Err(fault("the line is cut off".to_owned()));
            }
            let fields: Vec<&str> = line.split(' ').collect();
            let entered =
                if is_interval(&fields) { sums.interval(&fields) } else { sums.transaction(&fields) };
            entered.map_err(fault)?;
        }
    }
    sums.measured()
}

/// Lines of intervals begin with the time, those of transactions with the number of a client.
fn is_interval(fields: &[&str]) -> bool {
    fields.first().and_then(|field| field.parse::<f64>().ok()).is_some_and(|first| first > 1e8)
}

fn number(fields: &[&str], place: usize) -> Result<f64, String> {
    let field = fields.get(place).ok_or_else(|| format!("it has {} of at least 6 numbers", fields.len()))?;
    let value = field.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| format!("`{field}` is no number of a log"))
}

impl Sums {
    /// `client transaction time script seconds microseconds [lag] [repetitions]`, the time in microseconds or why there is none.
    fn transaction(&mut self, fields: &[&str]) -> Result<(), String> {
        let ended = number(fields, 4)? + number(fields, 5)? / 1e6;
        if matches!(fields[2], "failed" | "skipped" | "serialization" | "deadlock") {
            self.failed += 1.0;
            return Ok(());
        }
        let time = number(fields, 2)? * MICROSECOND;
        self.times.push(time);
        if fields.len() > 6 {
            let lag = number(fields, 6)? * MICROSECOND;
            self.lags.add(1.0, lag, lag, fields.len() > 7);
        }
        self.add(1.0, time, time, time);
        self.first = Some(self.first.map_or(ended - time / SECOND, |first| first.min(ended - time / SECOND)));
        self.last = self.last.max(ended);
        Ok(())
    }

    /// `begin transactions sum sum_of_squares least most [the same four of lags] …`, times in microseconds. An interval is as long as the way to the
    /// next one, which the last does not have: rates are not told.
    fn interval(&mut self, fields: &[&str]) -> Result<(), String> {
        let begin = number(fields, 0)?;
        let count = number(fields, 1)?;
        let at = |place| number(fields, place).map(|time| time * MICROSECOND);
        let (sum, least, most) = (at(2)?, at(4)?, at(5)?);
        if count > 0.0 {
            self.add(count, sum, least, most);
            if fields.len() > 9 {
                self.lags.add(count, at(6)?, at(9)?, true);
            }
        }
        self.first = Some(self.first.map_or(begin, |first| first.min(begin)));
        Ok(())
    }

    fn add(&mut self, count: f64, sum: f64, least: f64, most: f64) {
        self.count += count;
        self.total += sum;
        self.least = Some(self.least.map_or(least, |own| own.min(least)));
        self.most = Some(self.most.map_or(most, |own| own.max(most)));
    }

    fn measured(mut self) -> Result<Measured, Fault> {
        if self.count == 0.0 {
            return Err(Fault::new(None, "it holds no transaction that ended well"));
        }
        let of = Of::phase("pgbench", "log");
        let mut values = Values::default();
        let lags = self.lags.known();
        let quantity = if lags.is_some() { Quantity::Response } else { Quantity::Service };
        if let Some((mean, most)) = lags {
            values.put(of, Quantity::QueueWait, Stat::Mean, mean)?;
            values.put(of, Quantity::QueueWait, Stat::Max, most)?;
        }
        values.put(of, quantity, Stat::Mean, self.total / self.count)?;
        values.put_known(of, quantity, Stat::Min, self.least)?;
        values.put_known(of, quantity, Stat::Max, self.most)?;
        self.times.sort_by(f64::total_cmp);
        for stat in [Stat::P50, Stat::P90, Stat::P95, Stat::P99, Stat::P999] {
            let nearest = |share: f64| ((self.times.len() as f64 * share).ceil() as usize).saturating_sub(1);
            let value = stat.quantile().and_then(|share| self.times.get(nearest(share)).copied());
            values.put_known(of, quantity, stat, value)?;
        }
        let first = self.first.unwrap_or_default();
        if !self.times.is_empty() {
            let seconds = self.last - first;
            if seconds > 0.0 {
                values.put(of, Quantity::Throughput, Stat::Value, self.count / seconds)?;
            }
            values.put(of, Quantity::Success, Stat::Value, self.count / (self.count + self.failed))?;
        }
        let started = jiff::Timestamp::from_second(first as i64)
            .map_or_else(|_| String::new(), |stamp| stamp.to_string());
        Ok(Measured { started, blocks: vec![values], ..Measured::default() })
    }
}
