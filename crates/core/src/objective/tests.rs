//! The grammar as a whole: what reads back, what is refused and with which words.

use proptest::prelude::*;

use super::*;
use crate::quantity::Unit;

fn read(text: &str) -> Objective {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn every_part_lands_in_its_place() {
    let objective = read("search.filtered.recall@10.p10 >= 95%, critical 0.9");
    assert_eq!(
        objective,
        Objective {
            phase: Selector::Name("search".to_owned()),
            form: Some(Selector::Name("filtered".to_owned())),
            quantity: Quantity::Recall { k: 10 },
            stat: Stat::P10,
            op: Op::AtLeast,
            target: Target::Absolute(0.95),
            critical: Some(Target::Absolute(0.9)),
        }
    );
    let relative = read("load.throughput>=1/30×'it''s, quoted'");
    let Target::Relative { factor, to } = &relative.target else { panic!("{relative:?}") };
    assert_eq!((factor.numerator, factor.denominator), (1.0, 30.0));
    assert_eq!(to, &Reference::Variant("it's, quoted".to_owned()));
    assert_eq!((relative.form, relative.stat), (None, Stat::Value));
}

#[test]
fn texts_have_one_canonical_form() {
    let cases = [
        ("search.response.p95 < 10ms, critical 50ms", "search.response.p95 < 10ms, critical 50ms"),
        ("  *.*.service.p99.9  ≤ 1500 us ", "*.*.service.p99.9 <= 1500µs"),
        ("search.recall@10 ≥ 0.95", "search.recall@10.mean >= 0.95"),
        ("search.recall@10.mean>=95 %", "search.recall@10.mean >= 0.95"),
        ("search.success > 0.999,critical 99%", "search.success > 99.9%, critical 99%"),
        ("load.throughput.value >= 30000/s", "load.throughput >= 30k/s"),
        ("settle.time < 1.5 x baseline", "settle.time < 1.5 x baseline"),
        ("settle.memory <= 0.70x 'hnsw f32'", "settle.memory <= 0.7 x 'hnsw f32'"),
        ("persist.disk_per_row <= 790 B", "persist.disk_per_row <= 790B"),
        ("settle.codes_per_row <= 0.5kB", "settle.codes_per_row <= 500B"),
        ("settle.compression >= 3.9 ×", "settle.compression >= 3.9"),
        ("time.mean.service.max < 1h", "time.mean.service.max < 1h"),
        ("s.time < 1s, critical 2 x baseline", "s.time < 1s, critical 2 x baseline"),
        ("s.short_answers <= 0", "s.short_answers <= 0"),
    ];
    for (text, canonical) in cases {
        let objective = read(text);
        assert_eq!(objective.to_string(), canonical);
        assert_eq!(read(canonical), objective);
    }
}

/// A bad text, the part of it that is at fault, and what is said.
#[test]
fn bad_texts_are_refused_where_they_are_wrong() {
    let cases = [
        ("", "", "there is no comparison: <, <=, > or >=; write it like `search.response.p95 < 10ms`"),
        ("search.time = 1s", "search.time = 1s", "there is no comparison"),
        (" < 1s", "", "nothing stands before the comparison"),
        ("s.service.p95 < 10", "10", "service is a time: write 10ms, not 10"),
        ("s.service.p95 < 10m", "10m", "service is a time: write 10ms, not 10m; a duration has no unit `m`"),
        ("s.throughput > 1000", "1000", "throughput is a rate: write 1000/s, not 1000"),
        (
            "s.throughput > 14,300/s",
            "300/s",
            "after the comma stands `critical` and a value; numbers have no",
        ),
        ("s.disk_per_row < 790", "790", "disk_per_row is a size: write 790B, not 790"),
        ("s.memory < 10ms", "10ms", "memory is a size: write 14MB, not 10ms; a size has no unit `ms`"),
        ("s.recall@10 > 95", "95", "recall@10 is a share of 1: write 0.95 or 95%, not 95"),
        ("s.recall@10 > 101%", "101%", "recall@10 is a share of 1"),
        ("s.compression > 3 MB", "3 MB", "compression is a ratio: write 1.5, not 3 MB"),
        ("s.short_answers < 3%", "3%", "short_answers is a count: write 3, not 3%"),
        (
            "s.service < 10ms",
            "service",
            "which statistic of service is not said; write service.p95, or another of",
        ),
        ("s.servce.p95 < 10ms", "servce", "no quantity is called `servce`; did you mean `service`?"),
        ("s.latency.p95 < 10ms", "latency", "no quantity is called `latency`; did you mean `response`?"),
        ("s.service.p96 < 10ms", "p96", "no statistic is called `p96`; did you mean `p9"),
        ("s.service.p99.99 < 10ms", "p99.99", "no statistic is called `p99.99`; did you mean `p99.9`?"),
        ("s.latncy.p999 < 10ms", "p999", "no statistic is called `p999`; did you mean `p99.9`?"),
        ("s.recall > 0.9", "recall", "`recall` needs the number of answers that count, like recall@10"),
        ("s.memory.p99 < 1GB", "p99", "there is no p99 of memory; there is value"),
        ("memory < 1GB", "memory", "the phase is missing; write search.memory, or *.memory for every phase"),
        ("p95 < 1s", "p95", "`p95` of what is not said"),
        ("a.b.c.time < 1s", "c", "`c` is one name too many before the quantity"),
        ("9a.time < 1s", "9a", "`9a` is no name of a phase; a name is letters, digits, _ and -"),
        ("a.b c.time < 1s", "b c", "`b c` is no name of a form"),
        ("a..time < 1s", "", "`` is no name of a form"),
        ("a.time <", "", "the value is missing; time is a time: write 10ms"),
        ("a.time < -1s", "-1s", "`-1s` does not begin with a number"),
        ("a.time < = 1s", "= 1s", "`= 1s` does not begin with a number"),
        ("a.time < 1/30", "1/30", "a fraction is a fraction of something; write 1/30 x baseline"),
        ("a.time < 1/0 x baseline", "0", "a factor is above zero and finite"),
        (
            "a.time < 2 x hnsw",
            "hnsw",
            "`hnsw` is no variant; write `baseline`, or the variant's name in quotes: 'hnsw'",
        ),
        ("a.time < 2 x 'it's'", "'it's'", "`'it's'` is no variant"),
        ("a.time < 2 x ''", "''", "`''` is no variant"),
        ("a.time < 1s, warn 2s", "warn 2s", "after the comma stands `critical` and a value; a second level"),
        ("a.time < 1s, critical", "critical", "after the comma stands `critical` and a value"),
        ("a.time < 1s, critical ms", "ms", "`ms` does not begin with a number"),
        ("a.time < 1s, critical 2s, critical 3s", ", critical 3s", "there are two levels at most"),
        (
            "a.time < 1s, critical 1s",
            "1s",
            "the critical level is worse than the target, so it lies above it",
        ),
        ("a.recall@1 > 0.9, critical 0.95", "0.95", "so it lies below it; the target is 0.9"),
        ("a.time < 1/2 x baseline, critical 1/3 x baseline", "1/3 x baseline", "so it lies above it"),
    ];
    for (text, part, message) in cases {
        let error = text.parse::<Objective>().expect_err(text);
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert_eq!(&text[error.offset..error.offset + error.length], part, "{text}: {error}");
    }
}

#[test]
fn levels_that_cannot_be_compared_stand_together() {
    for text in ["a.time < 2 x baseline, critical 1 x 'b'", "a.time < 1s, critical 1 x baseline"] {
        assert!(read(text).critical.is_some());
    }
}

fn name() -> impl Strategy<Value = Selector> {
    prop_oneof![
        1 => Just(Selector::Any),
        1 => prop_oneof!["recall", "time", "mean", "p99", "critical", "x", "baseline"].prop_map(Selector::Name),
        3 => "[A-Za-z][A-Za-z0-9_-]{0,8}".prop_map(Selector::Name),
    ]
}

fn quantity() -> impl Strategy<Value = Quantity> {
    use Quantity as Q;
    let plain = [
        Q::Service,
        Q::Response,
        Q::QueueWait,
        Q::SchedLag,
        Q::Freshness,
        Q::Throughput,
        Q::Success,
        Q::Mrr,
        Q::ShortAnswers,
        Q::Time,
        Q::Memory,
        Q::Resident,
        Q::Disk,
        Q::DiskPerRow,
        Q::CodesPerRow,
        Q::Compression,
    ];
    let deep =
        (1u32.., any::<bool>()).prop_map(|(k, ndcg)| if ndcg { Q::Ndcg { k } } else { Q::Recall { k } });
    prop_oneof![3 => proptest::sample::select(plain.to_vec()), 1 => deep]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0u64..1_000_000, 0i32..13).prop_map(|(n, power)| n as f64 * 10f64.powi(power)),
        (0u64..1_000_000).prop_map(|n| n as f64 * 60e9),
        (0u64..1_000_000).prop_map(|n| n as f64 / 1000.0),
        proptest::num::f64::POSITIVE | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL,
    ]
    .prop_map(f64::abs)
}

fn target(quantity: Quantity) -> impl Strategy<Value = Target> {
    let factor = (number(), prop_oneof![Just(1.0), number()])
        .prop_filter("above zero", |(a, b)| *a > 0.0 && *b > 0.0)
        .prop_map(|(numerator, denominator)| Factor { numerator, denominator });
    let to = prop_oneof![
        Just(Reference::Baseline),
        "[a-z0-9 ',.\"=<]{1,8}|\\PC{1,5}".prop_map(Reference::Variant)
    ];
    prop_oneof![
        number().prop_map(move |value| Target::Absolute(match quantity.unit() {
            Unit::Share if value > 1.0 => value.recip(),
            _ => value,
        })),
        (factor, to).prop_map(|(factor, to)| Target::Relative { factor, to }),
    ]
}

prop_compose! {
    fn objective()(quantity in quantity())(
        quantity in Just(quantity),
        phase in name(),
        form in proptest::option::of(name()),
        stat in proptest::sample::select(quantity.stats().to_vec()),
        op in proptest::sample::select(vec![Op::Less, Op::AtMost, Op::Greater, Op::AtLeast]),
        target in target(quantity),
        critical in proptest::option::of(target(quantity)),
    ) -> Objective {
        Objective { phase, form, quantity, stat, op, target, critical }
    }
}

proptest! {
    #[test]
    fn what_is_displayed_reads_back_equal(objective in objective()) {
        let text = objective.to_string();
        match text.parse::<Objective>() {
            Ok(read) => prop_assert_eq!(read, objective),
            // The strategy does not order the two levels; nothing else may be refused.
            Err(error) => {
                prop_assert!(error.message.starts_with("the critical level is worse"), "{text}: {error}");
                let single = Objective { critical: None, ..objective };
                prop_assert_eq!(single.to_string().parse::<Objective>(), Ok(single));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in "\\PC{0,30}",
        path in "[a-z.@0-9*]{0,12}",
        op in "[<>=≤≥]{0,2}",
        value in "[0-9./x×%a-z' ,µ]{0,16}",
    ) {
        for text in [text, format!("{path}{op}{value}"), format!("s.time <{value}, critical {value}")] {
            if let Err(error) = text.parse::<Objective>() {
                // The place is within the text and on the borders of characters.
                prop_assert!(text.get(error.offset..error.offset + error.length).is_some(), "{text}: {error:?}");
            }
        }
    }
}
