//! Keys of phases of load that can't work, alone or together.

use super::Check;
use crate::document::{DocumentError, nearest};
use crate::scenario::traffic::{Choice, Traffic, WhenFull};
use crate::scenario::{MigrationPhase, Phase, Scenario, Spacing, Walk};
use crate::units::Nanos;

impl Check<'_> {
    /// Keys that don't go together, and what a rate or a choice can't be.
    pub(super) fn traffic(
        &self,
        number: &str,
        phase: &Phase,
        traffic: &Traffic,
    ) -> Result<(), DocumentError> {
        let path = |key: &'static str| ["phases", number, phase.kind(), key];
        self.at_least_one(traffic.sessions as u64, &path("sessions"))?;
        self.at_least_one(traffic.duration.map_or(1, |duration| duration.0), &path("for"))?;
        self.at_least_one(traffic.max_in_flight.unwrap_or(1) as u64, &path("max_in_flight"))?;
        if !(0.0..=1.0).contains(&traffic.allow_drops) {
            return Err(self.wrong(&path("allow_drops"), "`allow_drops` is a share from 0 to 1", ""));
        }
        if let Choice::Zipf(exponent) = traffic.choice
            && !(exponent > 0.0 && exponent <= 10.0)
        {
            return Err(self.wrong(
                &path("choice"),
                format!("{exponent} can't be an exponent of Zipf's law"),
                "numbers from 0.5 to 1.5 are usual",
            ));
        }
        if let (Some(duration), true) = (traffic.duration, traffic.ramp.0 > 0)
            && traffic.ramp >= duration
        {
            return Err(self.wrong(
                &path("ramp"),
                "the phase is over before its last session starts",
                "`for` must be longer than `ramp`",
            ));
        }
        let by_rate = matches!(phase, Phase::Limit(limit) if matches!(limit.walk, Walk::Rate(_)));
        if let Some(rate) = &traffic.rate {
            if matches!(phase, Phase::Limit(_)) {
                return Err(self.wrong_key(
                    &path("rate"),
                    "a `limit` phase finds the rate itself",
                    "write where it begins: `walk: {rate: {from: 100/s}}`",
                ));
            }
            for (key, written) in [("think", traffic.think), ("ramp", traffic.ramp)] {
                if written.0 > 0 {
                    return Err(self.wrong_key(
                        &path(key),
                        format!("`{key}` belongs to closed load, and `rate` makes this phase open load"),
                        "leave one of them out; a rate has shapes of its own, such as `ramp`",
                    ));
                }
            }
            // The steps of a migration have a length where none is written.
            let filled_in =
                matches!(phase, Phase::Migration(p) if p.duration.is_none() && !p.has_own_length());
            let duration = if filled_in { Some(Nanos::from_secs(1)) } else { traffic.duration };
            if rate.trace().is_none()
                && let Err(why) = rate.curve(duration)
            {
                return Err(self.wrong(&path("rate"), why, ""));
            }
            return Ok(());
        }
        if by_rate {
            let closed = [
                ("think", traffic.think.0 > 0),
                ("ramp", traffic.ramp.0 > 0),
                ("queries", traffic.operations.is_some()),
            ];
            return match closed.iter().find(|(_, written)| *written) {
                None => Ok(()),
                Some((key, _)) => Err(self.wrong_key(
                    &path(key),
                    format!("`{key}` belongs to closed load, and this walk raises a rate"),
                    "leave it out, or write `walk: {sessions: {from: 1}}`",
                )),
            };
        }
        let open: [(&'static str, bool); 4] = [
            ("arrivals", traffic.arrivals != Spacing::Uniform),
            ("max_in_flight", traffic.max_in_flight.is_some()),
            ("when_full", traffic.when_full != WhenFull::Queue),
            ("allow_drops", traffic.allow_drops > 0.0),
        ];
        match open.iter().find(|(_, written)| *written) {
            None => Ok(()),
            Some((key, _)) => Err(self.wrong_key(
                &path(key),
                format!("`{key}` belongs to open load"),
                "write a `rate:`, or leave it out: each session has one operation in flight",
            )),
        }
    }

    /// What the kinds of load ask of their own keys.
    pub(super) fn load(&self, number: &str, phase: &Phase, scenario: &Scenario) -> Result<(), DocumentError> {
        let path = |key: &'static str| ["phases", number, phase.kind(), key];
        match phase {
            Phase::Mixed(mixed) => {
                let empty = mixed.users().iter().any(|(_, class)| class.mix.weights().is_empty());
                if empty {
                    return Err(self.wrong_key(
                        &path("mix"),
                        "this mix has no operation",
                        "write weights, such as `mix: {search: 80, upsert: 20}`",
                    ));
                }
                if !mixed.classes.is_empty()
                    && (mixed.mix.weights().len() + usize::from(mixed.think.is_some())) > 0
                {
                    return Err(self.wrong_key(
                        &path("classes"),
                        "classes of users have their own `mix` and `think`",
                        "leave those of the phase out",
                    ));
                }
                if let Some((name, _)) = mixed.classes.iter().find(|(_, class)| class.weight == 0) {
                    return Err(self.wrong(
                        &["phases", number, "mixed", "classes", name, "weight"],
                        "`weight` must be at least 1",
                        "",
                    ));
                }
                let thinks = mixed.classes.iter().find(|(_, class)| class.think.is_some());
                if let (Some((name, _)), true) = (thinks, mixed.rate.is_some()) {
                    return Err(self.wrong_key(
                        &["phases", number, "mixed", "classes", name, "think"],
                        "`think` belongs to closed load, and `rate` makes this phase open load",
                        "leave one of them out",
                    ));
                }
                if mixed.ramp.is_some() && mixed.checkpoints > 1 {
                    return Err(self.wrong_key(
                        &path("ramp"),
                        "a ramp would begin again after each checkpoint",
                        "write `checkpoints: 1`, or leave `ramp` out",
                    ));
                }
                if mixed.operations.is_none() && mixed.duration.is_none() && mixed.rate.is_none() {
                    return Err(self.wrong_key(
                        &["phases", number, "mixed"],
                        "this phase has no end",
                        "write `for: 10s` or `operations: 10000`",
                    ));
                }
                Ok(())
            }
            Phase::Migration(migration) => self.migration(number, migration, scenario),
            Phase::Runbook(book) => self.runbook(number, book),
            Phase::Limit(limit) => self.limit(number, phase.name(), limit, scenario),
            _ => Ok(()),
        }
    }

    fn migration(
        &self,
        number: &str,
        keys: &MigrationPhase,
        scenario: &Scenario,
    ) -> Result<(), DocumentError> {
        let path = |key: &'static str| ["phases", number, "migration", key];
        if keys.shares.is_empty() || keys.shares.iter().any(|share| !(1..=100).contains(share)) {
            return Err(self.wrong(
                &path("shares"),
                "`shares` are per cent from 1 to 100",
                "such as [10, 50, 100]",
            ));
        }
        match &keys.from {
            Some(from) if !scenario.variants.contains_key(from) && !self.written.contains(from) => {
                let help = match nearest(from, scenario.variants.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => String::new(),
                };
                Err(self.wrong(&path("from"), format!("there is no variant `{from}`"), help))
            }
            None if !scenario.variants.values().any(|variant| variant.baseline) => Err(self.wrong_key(
                &["phases", number, "migration"],
                "this phase doesn't say which variant searches move from",
                "write `from: NAME`, or `baseline: true` in one of the variants",
            )),
            _ => Ok(()),
        }
    }
}
