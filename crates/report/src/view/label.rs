//! Names and figures in the house style, as all reports print them.

use annvil_core::form::Params;
use annvil_core::plan::PlannedVariant;
use annvil_core::quantity::{Quantity, format_value};
use annvil_core::record::{Failure, FailureKind};
use annvil_core::scenario::{EngineSpec, Index, Quantize, RateSpec, Spacing, Storage};
use annvil_core::units::{HumanRate, count, rate_text, size_text, time_text};

use super::Measure;
use super::figures::Recall;
use crate::text::{ABSENT, one_line};

/// A variant's name with a point, such as `hnsw f16 ef64`.
pub(crate) fn at(name: &str, point: &Params) -> String {
    if point.is_empty() { one_line(name) } else { format!("{} {}", one_line(name), short_point(point)) }
}

/// A point in few letters: `ef64`; parameters that people have no short name for are written out.
pub(crate) fn short_point(point: &Params) -> String {
    let short = |(name, value): (&String, &u64)| match name.as_str() {
        "ef_search" | "ef" => format!("ef{value}"),
        name => format!("{name}={value}"),
    };
    point.iter().map(short).collect::<Vec<_>>().join(" ")
}

/// What a variant is, in the engine's own words: its index, then how vectors are stored and searched.
pub(crate) fn describe(planned: &PlannedVariant, engine: &EngineSpec) -> Vec<String> {
    let configuration = &planned.configuration;
    let index = match &configuration.index {
        Index::None => "no index: every row".to_owned(),
        Index::Hnsw(hnsw) => format!("HNSW m {}, ef_c {}", hnsw.m, hnsw.ef_construction),
        Index::Ivfflat(lists) => format!("IVFFlat, {} lists", lists.lists),
        Index::Diskann(_) => "DiskANN".to_owned(),
    };
    let quantize = configuration.index.quantize().map(|quantize| match quantize {
        Quantize::Halfvec => "of halfvec".to_owned(),
        Quantize::Bit => "of bits".to_owned(),
    });
    let stored = match (engine, configuration.storage) {
        (EngineSpec::Postgres(_), Storage::F32) => "vector".to_owned(),
        (EngineSpec::Postgres(_), Storage::F16) => "halfvec".to_owned(),
        (EngineSpec::Postgres(_), Storage::B1) => "bit".to_owned(),
        (_, Storage::Sparsevec) => "sparsevec".to_owned(),
        (_, storage) => storage.element().to_string(),
    };
    let mut search = vec![stored];
    search.extend(configuration.metric.map(|metric| metric.to_string()));
    search.extend(planned.report_at.iter().map(|(name, value)| format!("{name} {value}")));
    let rerank = configuration.rerank.iter().map(|rerank| format!("rerank best {}", rerank.candidates));
    let postgres = configuration.postgres.iter().flat_map(|own| {
        let partition = own.partition_by.iter().map(|label| format!("by {}", one_line(label)));
        let partial = (!own.partial.is_empty())
            .then(|| plural(own.partial.len() as u64, "partial index").replace("indexs", "indexes"));
        partition.chain(partial)
    });
    [index].into_iter().chain(quantize).chain([search.join(", ")]).chain(rerank).chain(postgres).collect()
}

/// How a measurement was made: `10 sessions, where …, service time`, or `1 connection, 1,000/s Poisson, response time`.
pub(crate) fn describe_measure(measure: &Measure<'_>) -> String {
    let mut words = load(measure);
    words.extend(
        measure.form.filter.as_ref().map(|filter| format!("where {}", one_line(&filter.to_string()))),
    );
    words.extend(measure.form.routing.as_ref().map(|routing| format!("by {}", one_line(routing))));
    words.push(if measure.open { "response time".to_owned() } else { "service time".to_owned() });
    if measure.batch > 1 {
        words.push(format!("timed in batches of {}", count(measure.batch)));
    }
    words.join(", ")
}

/// How the operations of its phase came.
pub(crate) fn load(measure: &Measure<'_>) -> Vec<String> {
    let traffic = measure.traffic();
    let mut words =
        vec![plural(measure.sessions as u64, if measure.open { "connection" } else { "session" })];
    if let Some(traffic) = &traffic {
        let spacing = match traffic.arrivals {
            Spacing::Uniform => "evenly spaced",
            Spacing::Poisson => "Poisson",
        };
        words.extend(traffic.rate.as_ref().map(|rate| match rate {
            RateSpec::Trace(_) => schedule(rate),
            rate => format!("{} {spacing}", schedule(rate)),
        }));
        words.extend((traffic.ramp.0 > 0).then(|| format!("ramped over {}", traffic.ramp)));
        words.extend((traffic.think.0 > 0).then(|| format!("thinking {}", traffic.think)));
    }
    words
}

/// A schedule in words: `100/s to 3,000/s`.
fn schedule(rate: &RateSpec) -> String {
    let text = |rate: &HumanRate| rate_text(rate.per_second());
    match rate {
        RateSpec::Hold(rate) => text(rate),
        RateSpec::Ramp(ramp) => format!("{} to {}", text(&ramp.from), text(&ramp.to)),
        RateSpec::Step(step) => format!("{} to {} in {} steps", text(&step.from), text(&step.to), step.steps),
        RateSpec::Spike(spike) => format!("{} with a spike of {}", text(&spike.base), text(&spike.peak)),
        RateSpec::Sine(sine) => format!("{} ± {} in waves", text(&sine.mean), text(&sine.amplitude)),
        RateSpec::Soak(soak) => format!("up to {} and on", text(&soak.rate)),
        RateSpec::Stages(stages) => {
            let most = stages.stages.iter().map(|stage| stage.to.per_second()).fold(0.0, f64::max);
            format!("{} with up to {}", plural(stages.stages.len() as u64, "stage"), rate_text(most))
        }
        RateSpec::Trace(path) => format!("recorded arrivals of {}", one_line(&path.display().to_string())),
    }
}

/// A phase, and its form where that says more.
pub(crate) fn measure_name(measure: &Measure<'_>) -> String {
    if measure.form.name == measure.phase || measure.form.name == measure.form.operation.name() {
        one_line(measure.phase)
    } else {
        one_line(&format!("{}.{}", measure.phase, measure.form.name))
    }
}

/// How the message begins of a variant that does not answer as it claims.
pub(crate) const REFUSED: &str = "refused: ";

/// Why a variant failed, on one line. A variant that was refused because of its plan says so by itself.
pub(crate) fn failure(failure: &Failure) -> String {
    if failure.kind == FailureKind::Verification && failure.message.starts_with(REFUSED) {
        return one_line(&failure.message);
    }
    let kind = match failure.kind {
        FailureKind::Configuration => "configuration refused",
        FailureKind::Engine => "engine failed",
        FailureKind::Verification => "verification failed",
        FailureKind::Interrupted => "interrupted",
    };
    let phase = match failure.phase.as_str() {
        "" => String::new(),
        phase if failure.kind == FailureKind::Verification && phase == "verify" => String::new(),
        phase => format!(" in {phase}"),
    };
    one_line(&format!("{kind}{phase}: {}", failure.message))
}

pub(crate) use annvil_core::units::counted as plural;

fn known(value: Option<f64>, text: impl Fn(f64) -> String) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| ABSENT.to_owned(), text)
}

/// A duration, or a dash.
pub(crate) fn time(nanoseconds: Option<f64>) -> String {
    known(nanoseconds, time_text)
}

/// A size, or a dash.
pub(crate) fn size(bytes: Option<f64>) -> String {
    known(bytes, size_text)
}

/// A rate, or a dash.
pub(crate) fn rate(per_second: Option<f64>) -> String {
    known(per_second, rate_text)
}

/// A rate without its unit, for a column that names it.
pub(crate) fn qps(per_second: Option<f64>) -> String {
    known(per_second, |rate| rate_text(rate).trim_end_matches("/s").to_owned())
}

/// A share as `99.9 %`, never rounded up to all.
pub(crate) fn share(share: Option<f64>) -> String {
    known(share, |share| format_value(Quantity::Success, share))
}

/// Names in a row, the first three of many: `a, b and c`.
pub(crate) fn few(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first, more @ .., last] if more.len() < 2 => {
            let front: Vec<&str> = [first].into_iter().chain(more).map(String::as_str).collect();
            format!("{} and {last}", front.join(", "))
        }
        [a, b, more @ ..] => format!("{a}, {b} and {} more", more.len()),
    }
}

/// A ratio with the digits that it deserves: `0.83`, `4.9`, `17`.
pub(crate) fn ratio(ratio: Option<f64>) -> String {
    known(ratio, |ratio| match ratio {
        r if r < 0.995 => format!("{r:.2}"),
        r if r < 9.95 => format!("{r:.1}"),
        r => count(r.round() as u64),
    })
}

/// Recall as `0.9951`.
pub(crate) fn recall(recall: Option<&Recall>) -> String {
    plain_recall(recall.map(|recall| recall.mean))
}

/// The same of a bare figure.
pub(crate) fn plain_recall(recall: Option<f64>) -> String {
    known(recall, |recall| format_value(Quantity::Recall { k: 1 }, recall))
}

/// Half the width of an interval as `±.0012`; nothing where there is none to speak of.
pub(crate) fn plus_minus(half_width: f64) -> String {
    if half_width < 0.000_05 || !half_width.is_finite() {
        return String::new();
    }
    let text = format!("{half_width:.4}");
    format!("±{}", text.strip_prefix('0').unwrap_or(&text))
}

/// Recall and half its interval's width: `0.9951 ±.0012`.
pub(crate) fn recall_with_width(own: Option<&Recall>) -> String {
    format!("{} {}", recall(own), plus_minus(own.map_or(0.0, |own| own.half_width))).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_a_dash_never_a_zero() {
        assert_eq!((time(None), size(Some(f64::NAN)), qps(None)), ("–".into(), "–".into(), "–".into()));
        assert_eq!(recall(None), "–");
    }

    #[test]
    fn ratios_have_the_digits_they_deserve() {
        let shown: Vec<String> = [0.834, 0.999, 4.93, 9.96, 1234.0].map(|r| ratio(Some(r))).to_vec();
        assert_eq!(shown, ["0.83", "1.0", "4.9", "10", "1,234"]);
        assert_eq!(qps(Some(1_130_400.0)), "1.13 M");
    }
}
