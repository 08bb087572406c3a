//! Which figures of two sides belong together.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::comparison::Unmatched;
use annvil_core::figures::Group;
use annvil_core::key::MetricKey;

use super::{CompareSpec, Pairing, Refused, Side};

/// What belongs together, and what is left over.
pub(super) struct Matched {
    /// The key on side `a` and on side `b`, in the order of those of `b`.
    pub(super) pairs: Vec<(MetricKey, MetricKey)>,
    pub(super) unmatched: Vec<Unmatched>,
    pub(super) remarks: Vec<String>,
}

/// Every figure that is judged, with its counterpart.
pub(super) fn matched(a: &Group, b: &Group, spec: &CompareSpec) -> Matched {
    let keys_a = judged(a, spec);
    let keys_b = judged(b, spec);
    let mut remarks = Vec::new();
    let variants = variants(&keys_a, &keys_b, &spec.pairing, &mut remarks);
    let points = points(&keys_a, &keys_b, &variants, &mut remarks);

    let mut used: BTreeSet<&MetricKey> = BTreeSet::new();
    let mut pairs = Vec::new();
    let mut unmatched = Vec::new();
    for key in &keys_b {
        let counterparts = variants.iter().filter(|(_, variant)| *variant == key.variant);
        let found = counterparts.filter_map(|(variant, _)| {
            let point = points.get(&place(key, variant)).cloned().unwrap_or_else(|| key.point.clone());
            keys_a.get(&MetricKey { variant: variant.clone(), point, ..key.clone() })
        });
        let before = pairs.len();
        for other in found {
            used.insert(other);
            pairs.push((other.clone(), key.clone()));
        }
        if pairs.len() == before && variants.iter().any(|(_, variant)| *variant == key.variant) {
            unmatched.push(Unmatched { key: key.clone(), in_a: false });
        }
    }
    let left = keys_a.iter().filter(|key| !used.contains(key));
    let left = left.filter(|key| variants.iter().any(|(variant, _)| *variant == key.variant));
    unmatched.extend(left.map(|key| Unmatched { key: key.clone(), in_a: true }));
    if spec.pairing == Pairing::Same {
        // A variant of one side alone is told by its figures.
        let known = |key: &&MetricKey| !variants.iter().any(|(a, b)| *a == key.variant || *b == key.variant);
        unmatched.extend(keys_a.iter().filter(known).map(|key| Unmatched { key: key.clone(), in_a: true }));
        unmatched.extend(keys_b.iter().filter(known).map(|key| Unmatched { key: key.clone(), in_a: false }));
    }
    Matched { pairs, unmatched, remarks }
}

/// The figures of a side that are judged.
fn judged(group: &Group, spec: &CompareSpec) -> BTreeSet<MetricKey> {
    let all: BTreeSet<&MetricKey> = group.figures.iter().flat_map(|figures| figures.values.keys()).collect();
    all.into_iter().filter(|key| spec.gate.rule(key).judged == Some(true)).cloned().collect()
}

/// Refuses pairs of variants that are not there: a misspelt one would never be compared.
pub(super) fn check(a: &Group, b: &Group, pairing: &Pairing) -> Result<(), Refused> {
    let Pairing::Variants(pairs) = pairing else { return Ok(()) };
    let variants = |group: &Group| -> BTreeSet<String> {
        group
            .figures
            .iter()
            .flat_map(|figures| figures.values.keys())
            .map(|key| key.variant.clone())
            .collect()
    };
    let sides = [(Side::A, variants(a)), (Side::B, variants(b))];
    for (one, other) in pairs {
        for ((side, known), variant) in sides.iter().zip([one, other]) {
            if !known.contains(variant) {
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                return Err(Refused::NoVariant { side: *side, variant: variant.clone(), known });
            }
        }
    }
    Ok(())
}

/// Variants that belong together: name on side `a`, name on side `b`.
fn variants(
    a: &BTreeSet<MetricKey>,
    b: &BTreeSet<MetricKey>,
    pairing: &Pairing,
    remarks: &mut Vec<String>,
) -> Vec<(String, String)> {
    if let Pairing::Variants(pairs) = pairing {
        return pairs.clone();
    }
    let names = |keys: &BTreeSet<MetricKey>| -> BTreeSet<String> {
        keys.iter().map(|key| key.variant.clone()).collect()
    };
    let (of_a, of_b) = (names(a), names(b));
    let same: Vec<_> = of_a.intersection(&of_b).map(|name| (name.clone(), name.clone())).collect();
    match (of_a.first(), of_b.first()) {
        (Some(one), Some(other)) if same.is_empty() && of_a.len() == 1 && of_b.len() == 1 => {
            remarks
                .push(format!("variant `{one}` is compared with variant `{other}`: each side has no other"));
            vec![(one.clone(), other.clone())]
        }
        _ => same,
    }
}

/// A place of side `b` at which points are looked for: variant of `a`, variant of `b`, phase, form.
type PlaceOf = (String, String, String, String);

fn place(key: &MetricKey, variant: &str) -> PlaceOf {
    (variant.to_owned(), key.variant.clone(), key.phase.clone(), key.form.clone())
}

/// Points of side `a` that stand for another one of side `b`, where both have a single one.
fn points(
    a: &BTreeSet<MetricKey>,
    b: &BTreeSet<MetricKey>,
    variants: &[(String, String)],
    remarks: &mut Vec<String>,
) -> BTreeMap<PlaceOf, String> {
    let of = |keys: &BTreeSet<MetricKey>| {
        let mut points: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
        for key in keys {
            let place = (key.variant.clone(), key.phase.clone(), key.form.clone());
            points.entry(place).or_default().insert(key.point.clone());
        }
        points
    };
    let (of_a, of_b) = (of(a), of(b));
    let mut moved = BTreeMap::new();
    let mut told = BTreeSet::new();
    for ((variant, phase, form), points) in &of_b {
        for (other, _) in variants.iter().filter(|(_, name)| name == variant) {
            let Some(theirs) = of_a.get(&(other.clone(), phase.clone(), form.clone())) else { continue };
            let (Some(own), Some(their)) = (points.first(), theirs.first()) else { continue };
            if points.len() == 1 && theirs.len() == 1 && own != their {
                if told.insert((variant, own, their)) {
                    let name =
                        |point: &String| if point.is_empty() { "no point".to_owned() } else { point.clone() };
                    remarks.push(format!("{variant}: {} is compared with {}", name(their), name(own)));
                }
                moved.insert((other.clone(), variant.clone(), phase.clone(), form.clone()), their.clone());
            }
        }
    }
    moved
}
