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
