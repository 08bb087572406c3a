//! Load shapes by name: each stands for one or several plain phases, with the figures of published plans where nothing
//! else is written, and smaller ones under `scale: quick`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Mix, MixedPhase, Phase, Points, RateSpec, Scale, SearchPhase};
use crate::filter::Filter;
use crate::units::{HumanDuration, HumanRate, Nanos};

/// Declares a shape: the keys that every shape has, and its own, all optional.
macro_rules! shape {
    ($(#[$meta:meta])* $name:ident { $($(#[$key_meta:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Unique name; that of the shape unless set.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            /// Answers wanted; 10 unless set.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub k: Option<usize>,
            /// Rows that may be answered.
            #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
            pub filter: Option<Filter>,
            $($(#[$key_meta])* #[serde(skip_serializing_if = "Option::is_none")] pub $key: Option<$type>,)*
        }

        impl $name {
            /// A search phase with what all shapes share, measured at the reported point.
            fn search(&self, shape: &str) -> SearchPhase {
                SearchPhase {
                    name: Some(self.name.clone().unwrap_or_else(|| shape.to_owned())),
                    shape: Some(shape.to_owned()),
                    k: self.k.unwrap_or(10),
                    filter: self.filter.clone(),
                    points: Points::Report,
                    ..SearchPhase::default()
                }
            }
        }
    };
}

shape! {
    /// One session asks one query at a time: what a single caller sees.
    Latency {
        /// Searches; 1,000 unless set, 200 at quick scale.
        queries: u64,
    }
}

shape! {
    /// Many sessions at once, then rows in batches: 50 clients × 20 searches, 100 batches × 100 rows.
    Throughput {
        /// Sessions; 50 unless set, 8 at quick scale.
        sessions: usize,
        /// Searches of each session; 20 unless set.
        iterations: u64,
        /// Batches of rows that are upserted afterwards; 100 unless set, 10 at quick scale. None with 0.
        batches: u64,
        /// Rows of a batch; 100 unless set.
        batch: usize,
    }
}

shape! {
    /// The same load with more and more sessions, to see where throughput stops to grow and latency begins to.
    ConcurrencySweep {
        /// Numbers of sessions; `[1, 2, 4, 8, 16, 32]` unless set, `[1, 2, 4, 8]` at quick scale.
        sessions: Vec<usize>,
        /// How long each; 30 s unless set, 1 s at quick scale.
        #[serde(rename = "for")]
        duration: HumanDuration,
    }
}

shape! {
    /// Many connections at once for minutes: 1,000 for 300 s.
    Sustained {
        /// Sessions; 1,000 unless set, 16 at quick scale.
        sessions: usize,
        /// How long; 300 s unless set, 3 s at quick scale.
        #[serde(rename = "for")]
        duration: HumanDuration,
        /// Time between an answer and the session's next operation; none unless set.
        think: HumanDuration,
    }
}

shape! {
    /// Arrivals rise to a peak over a fifth of the time, stay there for three fifths and fall back.
    Peak {
        /// Arrivals a second before and after; 100/s unless set.
        base: HumanRate,
        /// Arrivals a second at the peak; five times the base unless set.
        peak: HumanRate,
        /// How long; 300 s unless set, 5 s at quick scale.
        #[serde(rename = "for")]
        duration: HumanDuration,
        /// Connections; 1 unless set.
        sessions: usize,
    }
}

shape! {
    /// Sessions rise from one to thousands and stay: 5,000 ramped over 60 s and held for 600 s.
    Stress {
        /// Sessions; 5,000 unless set, 64 at quick scale.
        sessions: usize,
        /// Time over which they start; 60 s unless set, 1 s at quick scale.
        ramp: HumanDuration,
        /// Time for which they stay; 600 s unless set, 3 s at quick scale.
        hold: HumanDuration,
        /// Time between an answer and the session's next operation; none unless set.
        think: HumanDuration,
    }
}

shape! {
    /// Arrivals jump to a multiple and fall back: does it recover?
    Spike {
        /// Arrivals a second outside the spike; 100/s unless set.
        base: HumanRate,
        /// Arrivals a second in the spike; ten times the base unless set.
        peak: HumanRate,
        /// How long; 60 s unless set, 6 s at quick scale. The spike takes the third sixth of it.
        #[serde(rename = "for")]
        duration: HumanDuration,
        /// Connections; 1 unless set.
        sessions: usize,
    }
}

shape! {
    /// Steady Poisson arrivals for long: what leaks, fills up or wears out?
    Soak {
        /// Arrivals a second; 100/s unless set.
        rate: HumanRate,
        /// How long; one hour unless set, 5 s at quick scale.
        #[serde(rename = "for")]
        duration: HumanDuration,
        /// Connections; 1 unless set.
        sessions: usize,
    }
}

/// The plain phases that a phase stands for: itself, unless it is a shape.
pub(super) fn expand(phase: Phase, scale: Scale) -> Vec<Phase> {
    let quick = scale == Scale::Quick;
    let either = |full: u64, small: u64| if quick { small } else { full };
    let seconds = |full, small| HumanDuration::from_secs(either(full, small));
    let one = |phase: SearchPhase| vec![Phase::Search(phase)];
    match phase {
        Phase::Latency(shape) => one(SearchPhase {
            queries: Some(shape.queries.unwrap_or(either(1000, 200))),
            ..shape.search("latency")
        }),
        Phase::Throughput(shape) => throughput(&shape, quick),
        Phase::ConcurrencySweep(shape) => {
            let numbers = shape
                .sessions
                .clone()
                .unwrap_or_else(|| if quick { vec![1, 2, 4, 8] } else { vec![1, 2, 4, 8, 16, 32] });
            let plain = shape.search("concurrency-sweep");
            let name = plain.name.clone().unwrap_or_default();
            let duration = Some(shape.duration.unwrap_or(seconds(30, 1)));
            let step = |sessions| {
                Phase::Search(SearchPhase {
                    name: Some(format!("{name}-{sessions}")),
                    sessions,
                    duration,
                    ..plain.clone()
                })
            };
            numbers.into_iter().map(step).collect()
        }
        Phase::Sustained(shape) => one(SearchPhase {
            sessions: shape.sessions.unwrap_or(either(1000, 16) as usize),
            duration: Some(shape.duration.unwrap_or(seconds(300, 3))),
            think: shape.think,
            ..shape.search("sustained")
        }),
        Phase::Peak(shape) => {
            let base = per_second(shape.base, 100.0);
            let peak = per_second(shape.peak, base * 5.0);
            let whole = shape.duration.unwrap_or(seconds(300, 5)).nanos();
            one(SearchPhase {
                rate: Some(RateSpec::stages(
                    base,
                    &[(whole.0 / 5, peak), (whole.0 / 5 * 3, peak), (whole.0 / 5, base)],
                )),
                sessions: shape.sessions.unwrap_or(1),
                arrivals: super::Spacing::Poisson,
                ..shape.search("peak")
            })
        }
        Phase::Stress(shape) => {
            let ramp = shape.ramp.unwrap_or(seconds(60, 1));
            let hold = shape.hold.unwrap_or(seconds(600, 3));
            one(SearchPhase {
                sessions: shape.sessions.unwrap_or(either(5000, 64) as usize),
                ramp: Some(ramp),
                duration: Some(ramp.nanos().saturating_add(hold.nanos()).into()),
                think: shape.think,
                ..shape.search("stress")
            })
        }
        Phase::Spike(shape) => {
            let base = per_second(shape.base, 100.0);
            let whole = shape.duration.unwrap_or(seconds(60, 6));
            let sixth = whole.nanos().0 / 6;
            let peak = per_second(shape.peak, base * 10.0);
            one(SearchPhase {
                rate: Some(RateSpec::spike(base, peak, Nanos(sixth * 2), Nanos(sixth))),
                duration: Some(whole),
                sessions: shape.sessions.unwrap_or(1),
                arrivals: super::Spacing::Poisson,
                ..shape.search("spike")
            })
        }
        Phase::Soak(shape) => one(SearchPhase {
            rate: Some(RateSpec::hold(per_second(shape.rate, 100.0))),
            duration: Some(shape.duration.unwrap_or(seconds(3600, 5))),
            sessions: shape.sessions.unwrap_or(1),
            arrivals: super::Spacing::Poisson,
            ..shape.search("soak")
        }),
        Phase::Migration(migration) if !migration.shares.is_empty() && migration.shape.is_none() => {
            let name = migration.name.clone().unwrap_or_else(|| "migration".to_owned());
            let step = |share: &u32| {
                let mut step = migration.clone();
                step.name = Some(format!("{name}-{share}"));
                step.shares = vec![*share];
                step.shape = Some("migration".to_owned());
                if step.duration.is_none() && step.queries.is_none() && !step.has_own_length() {
                    step.duration = Some(seconds(30, 2));
                }
                Phase::Migration(step)
            };
            migration.shares.iter().map(step).collect()
        }
        plain => vec![plain],
    }
}

fn per_second(rate: Option<HumanRate>, default: f64) -> f64 {
    rate.map_or(default, HumanRate::per_second)
}

fn throughput(shape: &Throughput, quick: bool) -> Vec<Phase> {
    let sessions = shape.sessions.unwrap_or(if quick { 8 } else { 50 });
    let batches = shape.batches.unwrap_or(if quick { 10 } else { 100 });
    let plain = shape.search("throughput");
    let name = plain.name.clone().unwrap_or_default();
    let mut phases = vec![Phase::Search(SearchPhase {
        sessions,
        queries: Some(shape.iterations.unwrap_or(20) * sessions as u64),
        ..plain
    })];
    if batches > 0 {
        phases.push(Phase::Mixed(MixedPhase {
            name: Some(format!("{name}-batches")),
            shape: Some("throughput".to_owned()),
            mix: Mix { upsert: 1, ..Mix::default() },
            batch: shape.batch.unwrap_or(100),
            operations: Some(batches),
            ..MixedPhase::default()
        }));
    }
    phases
}
