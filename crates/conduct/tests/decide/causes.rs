//! Causes speak where their evidence changed, and are silent where something else made it as slow.

use annvil_conduct::compare::{CompareSpec, compare};
use annvil_conduct::gate::causes::causes;
use annvil_core::figures::{Figures, Group};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};

use crate::made::{group, key, recalls, speeds};

/// A side at so many nanoseconds with further figures.
fn side(name: &str, nanoseconds: f64, further: &[(MetricKey, f64)]) -> Group {
    group(name, 5, |number, figures: &mut Figures| {
        speeds(figures, number, nanoseconds);
        recalls(figures, "hnsw", 0);
        figures.values.extend(further.iter().cloned());
    })
}

fn of_phase(quantity: Quantity, value: f64) -> (MetricKey, f64) {
    (MetricKey { form: String::new(), ..key("hnsw", quantity, Stat::Value) }, value)
}

fn settled(quantity: Quantity, value: f64) -> (MetricKey, f64) {
    let key = key("hnsw", quantity, Stat::Value);
    (MetricKey { phase: "settle".to_owned(), form: String::new(), ..key }, value)
}

fn mean(quantity: Quantity, value: f64) -> (MetricKey, f64) {
    (key("hnsw", quantity, Stat::Mean), value)
}

/// Names of the causes of being 20 % slower with this evidence on either side.
fn named(a: &[(MetricKey, f64)], b: &[(MetricKey, f64)]) -> Vec<String> {
    let (a, b) = (side("a", 1e6, a), side("b", 1.2e6, b));
    let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
    causes(&a, &b, &comparison).into_iter().map(|cause| cause.name).collect()
}

#[test]
fn each_speaks_by_itself_and_cites_both_sides() {
    type Case<'a> = (&'a str, Vec<(MetricKey, f64)>, Vec<(MetricKey, f64)>);
    let cases: Vec<Case<'_>> = vec![
        (
            "cache-misses",
            vec![of_phase(Quantity::BufferHits, 0.991)],
            vec![of_phase(Quantity::BufferHits, 0.917)],
        ),
        ("client-bound", vec![of_phase(Quantity::CpuWait, 0.01)], vec![of_phase(Quantity::CpuWait, 0.12)]),
        (
            "connection-waits",
            vec![mean(Quantity::ConnectionWait, 1e4), mean(Quantity::Service, 1e6)],
            vec![mean(Quantity::ConnectionWait, 1.9e5), mean(Quantity::Service, 1.2e6)],
        ),
        ("index-not-used", vec![settled(Quantity::IndexUsed, 1.0)], vec![settled(Quantity::IndexUsed, 0.0)]),
        ("machine-busy", vec![of_phase(Quantity::Steal, 0.001)], vec![of_phase(Quantity::Steal, 0.06)]),
        ("memory-grew", vec![settled(Quantity::Resident, 1e8)], vec![settled(Quantity::Resident, 1.3e8)]),
        ("server-bound", vec![of_phase(Quantity::ServerCpu, 0.5)], vec![of_phase(Quantity::ServerCpu, 0.52)]),
    ];
    for (name, a, b) in cases {
        assert_eq!(named(&a, &b), [name], "{name}");
        // As slow, with that evidence as it was. A server that waits for something else has less to do the slower it is.
        let mut still = a.clone();
        still
            .iter_mut()
            .filter(|(key, _)| key.quantity == Quantity::ServerCpu)
            .for_each(|(_, cores)| *cores /= 1.2);
        assert_eq!(named(&a, &still), Vec::<String>::new(), "{name} must be silent");
        // Evidence on one side alone is none.
        assert_eq!(named(&[], &b), Vec::<String>::new(), "{name} needs both sides");
        let (a, b) = (side("a", 1e6, &a), side("b", 1.2e6, &b));
        let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
        let cause = causes(&a, &b, &comparison).remove(0);
        assert!(
            !cause.evidence.is_empty() && !cause.advice.is_empty() && cause.sentence.ends_with('.'),
            "{cause:?}"
        );
    }
}

#[test]
fn nothing_became_worse_and_nothing_is_explained() {
    let a = side("a", 1e6, &[of_phase(Quantity::BufferHits, 0.99)]);
    let b = side("b", 1e6, &[of_phase(Quantity::BufferHits, 0.5)]);
    let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
    assert!(causes(&a, &b, &comparison).is_empty());
}

#[test]
fn processor_time_that_explains_little_of_the_slowness_is_no_cause() {
    // Calls that took 0.4 ms, 0.37 of them work, by sessions and cores; what they take then, and of that for the server.
    let named = |sessions: f64, cores: f64, takes: f64, work: f64| {
        let side = |name: &str, takes: f64, work: f64| {
            let rate = (sessions / takes).min(cores / work);
            let service = sessions / rate;
            let figures =
                [mean(Quantity::Service, service * 1e9), of_phase(Quantity::ServerCpu, rate * work)];
            side(name, service * 1e9, &figures)
        };
        let (a, b) = (side("a", 0.4e-3, 0.37e-3), side("b", takes, work));
        let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
        causes(&a, &b, &comparison).into_iter().map(|cause| cause.name).collect::<Vec<_>>()
    };
    // As measured on pgvector: a call that slept 4 ms took 0.85 ms of processor time, one that worked 2.4 ms.
    assert_eq!(named(1.0, 2.0, 5.0e-3, 0.85e-3), Vec::<String>::new());
    assert_eq!(named(1.0, 2.0, 2.5e-3, 2.4e-3), ["server-bound"]);
    // Twenty sessions on two cores wait for each other: half as much work again is all there is to explain.
    assert_eq!(named(20.0, 2.0, 0.6e-3, 0.56e-3), ["server-bound"]);
}

#[test]
fn a_process_that_grew_by_its_index_has_a_larger_index() {
    let before = [settled(Quantity::Memory, 3.3e6), settled(Quantity::Resident, 6.8e6)];
    let by_index = [settled(Quantity::Memory, 5.3e6), settled(Quantity::Resident, 9.0e6)];
    assert_eq!(named(&before, &by_index), ["index-larger"]);
    let by_more = [settled(Quantity::Memory, 5.3e6), settled(Quantity::Resident, 19.0e6)];
    assert_eq!(named(&before, &by_more), ["index-larger", "memory-grew"]);
}

#[test]
fn a_scan_in_the_place_of_an_index_traded_nothing() {
    let side = |name: &str, takes: f64, lost: u32, used: f64| {
        group(name, 5, |number, figures: &mut Figures| {
            speeds(figures, number, takes);
            recalls(figures, "hnsw", lost);
            figures.values.extend([settled(Quantity::IndexUsed, used)]);
        })
    };
    let named = |b: Group| {
        let a = side("a", 1e6, 2, 1.0);
        let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
        causes(&a, &b, &comparison).into_iter().map(|cause| cause.name).collect::<Vec<_>>()
    };
    assert_eq!(named(side("b", 1.5e6, 0, 1.0)), ["recall-traded"]);
    assert_eq!(named(side("b", 1.5e6, 0, 0.0)), ["index-not-used"]);
}

#[test]
fn short_answers_are_counted_for_as_many_searches() {
    let side = |name: &str, takes: f64, lost: u32, short: f64| {
        group(name, 5, |number, figures: &mut Figures| {
            speeds(figures, number, takes);
            recalls(figures, "hnsw", lost);
            figures.values.insert(key("hnsw", Quantity::ShortAnswers, Stat::Value), short);
        })
    };
    let named = |b: Group| {
        let a = side("a", 1e6, 0, 100.0);
        let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
        let causes = causes(&a, &b, &comparison).into_iter().map(|cause| cause.name);
        causes.collect::<Vec<_>>()
    };
    // Three times as many searches in the time, as many of them short.
    assert_eq!(named(side("b", 1e6 / 3.0, 2, 300.0)), ["recall-traded"]);
    assert_eq!(named(side("b", 1e6 / 3.0, 2, 700.0)), ["short-answers", "recall-traded"]);
    // Without loss there was nothing to be found.
    assert_eq!(named(side("b", 1.5e6, 0, 700.0)), Vec::<String>::new());
}
