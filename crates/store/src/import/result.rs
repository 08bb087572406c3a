//! What a tool measured, on its way to a group of figures.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::path::Path;

use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat, Unit};
use annvil_core::record::Origin;
use sha2::{Digest, Sha256};

use super::Tool;
use super::error::Fault;

/// Nanoseconds of the units that tools count in.
pub(super) const SECOND: f64 = 1e9;
pub(super) const MILLISECOND: f64 = 1e6;
pub(super) const MICROSECOND: f64 = 1e3;

/// Hexadecimal digits of a digest that end the name of a run.
const DIGITS: usize = 8;

/// One run of another tool.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// What the tool's file calls the run; empty where it gives it no name.
    pub(super) name: String,
    /// RFC 3339; when the file was written if it does not say.
    pub(super) started: String,
    pub(super) origin: Origin,
    /// The figures of each sample.
    pub(super) blocks: Vec<Values>,
    /// What the tool says has failed.
    pub(super) failed: Vec<String>,
}

/// The figures of one sample.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) BTreeMap<MetricKey, f64>);

/// Where figures belong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) variant: &'a str,
    pub(super) point: &'a str,
    pub(super) phase: &'a str,
    pub(super) form: &'a str,
}

impl<'a> Of<'a> {
    pub(super) fn phase(variant: &'a str, phase: &'a str) -> Self {
        Self { variant, phase, point: "", form: "" }
    }

    pub(super) fn key(self, quantity: Quantity, stat: Stat) -> MetricKey {
        MetricKey {
            variant: self.variant.to_owned(),
            point: self.point.to_owned(),
            phase: self.phase.to_owned(),
            form: self.form.to_owned(),
            quantity,
            stat,
        }
    }
}

impl Values {
    /// Enters a figure in its base unit. A time or size of 0 is one that the tool could not resolve or did not measure, and
    /// stays unknown.
    pub(super) fn put(
        &mut self,
        of: Of<'_>,
        quantity: Quantity,
        stat: Stat,
        value: f64,
    ) -> Result<(), Fault> {
        let key = of.key(quantity, stat);
        if !value.is_finite() || value < 0.0 {
            return Err(Fault::new(None, format!("{key} is {value}, which nothing can have")));
        }
        // Half a per mille: some tools round shares up.
        if quantity.unit() == Unit::Share && value > 1.0005 {
            return Err(Fault::new(None, format!("{key} is {value}, and a share is 1 at most")));
        }
        if value == 0.0 && matches!(quantity.unit(), Unit::Time | Unit::Bytes) {
            return Ok(());
        }
        match self.0.entry(key) {
            Entry::Vacant(place) => {
                place.insert(if quantity.unit() == Unit::Share { value.min(1.0) } else { value });
                Ok(())
            }
            Entry::Occupied(place) => Err(Fault::new(None, format!("{} is there twice", place.key()))
                .advice("give what differs between the two a label; in a table there are the columns variant, point, run, block")),
        }
    }

    /// [`Self::put`] for what is known only sometimes.
    pub(super) fn put_known(
        &mut self,
        of: Of<'_>,
        quantity: Quantity,
        stat: Stat,
        value: Option<f64>,
    ) -> Result<(), Fault> {
        value.map_or(Ok(()), |value| self.put(of, quantity, stat, value))
    }
}

/// When a file was written, RFC 3339; empty if the system does not say.
pub(super) fn written(path: &Path) -> String {
    let time = std::fs::metadata(path).and_then(|about| about.modified());
    let stamp = time.ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
    stamp
        .and_then(|stamp| stamp.round(jiff::Unit::Second).ok())
        .map_or_else(String::new, |stamp| stamp.to_string())
}

/// SHA-256, as hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The runs that were read from `path`, as a group.
///
/// A run's name ends in a digest of its figures: the same result has the same name wherever it lies, and the file of
/// the next result, which mostly is called as the last one was, has another. Ten digits of each figure count: the last
/// ones depend on how a number was read.
pub(super) fn group(tool: Tool, path: &Path, measured: Vec<Measured>) -> Group {
    let stem = stem(tool, path);
    let mut group = Group { name: stem.clone(), ..Group::default() };
    for Measured { name, started, origin, blocks, failed } in measured {
        let mut text = format!("{tool}\n");
        for (key, value) in blocks.iter().flat_map(|block| &block.0) {
            let _ = writeln!(text, "{key} {value:.9e}");
        }
        let name = if name.is_empty() { stem.clone() } else { name };
        let run = format!("{name}-{}", &digest(text.as_bytes())[..DIGITS]);
        let started = if started.is_empty() { written(path) } else { started };
        for (number, values) in blocks.into_iter().enumerate() {
            group.figures.push(Figures {
                run: run.clone(),
                session: run.clone(),
                block: number as u32,
                values: values.0,
                by_query: BTreeMap::new(),
            });
        }
        group.runs.push(Provenance {
            session: run.clone(),
            run,
            tool: tool.to_string(),
            scenario: stem.clone(),
            started,
            origin,
            complete: true,
            failed,
            ..Provenance::default()
        });
    }
    if let [run] = &group.runs[..] {
        group.name.clone_from(&run.run);
    }
    group
}

/// Whether two runs hold the same figures. A table names its runs, so there two may.
pub(super) fn same(tool: Tool, one: &Provenance, other: &Provenance) -> bool {
    let digits = |run: &Provenance| run.run.get(run.run.len() - DIGITS..).map(str::to_owned);
    if tool == Tool::Csv { one.run == other.run } else { digits(one) == digits(other) }
}

/// The name of a file without what stands behind its last dot, and without what differs from run to run: the name of a
/// baseline, or the date that `VectorDBBench` writes.
fn stem(tool: Tool, path: &Path) -> String {
    let stem =
        path.file_stem().map_or_else(|| "results".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let plain = match tool {
        Tool::Criterion => stem.split('@').next(),
        Tool::Vectordbbench => {
            stem.strip_prefix("result_").and_then(|rest| rest.split_once('_')).map(|(_, rest)| rest)
        }
        _ => None,
    };
    plain.filter(|plain| !plain.is_empty()).unwrap_or(&stem).to_owned()
}
