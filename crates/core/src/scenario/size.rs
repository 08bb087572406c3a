//! Sizes: every variant on the first rows of the data set, for several numbers of rows.

use indexmap::IndexMap;

use super::{Scenario, Variant};
use crate::dataset::Count;

/// How a number of rows is called in the name of a variant: `500`, `1k`, `2.5k`, `1M`.
pub fn size_name(rows: usize) -> String {
    for (unit, name) in [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")] {
        if rows >= unit && rows.is_multiple_of(unit / 10) {
            let (whole, tenths) = (rows / unit, rows % unit / (unit / 10));
            return if tenths == 0 { format!("{whole}{name}") } else { format!("{whole}.{tenths}{name}") };
        }
    }
    rows.to_string()
}

/// The name of a variant at one of several sizes: `hnsw 10k`.
pub fn sized_name(variant: &str, rows: Count) -> String {
    format!("{variant} {}", size_name(rows.0))
}

/// The name under which a variant stands in the scenario, if it is one of several sizes of it.
pub fn written_name<'a>(name: &'a str, variant: &Variant) -> Option<&'a str> {
    let rows = variant.rows?;
    name.strip_suffix(&size_name(rows.0))?.strip_suffix(' ')
}

/// Puts a variant for each size in the place of each that has no `rows` of its own: all of the first size, then all of the
/// next. What objectives say of a variant holds for all its sizes, and what they say of a size that is not measured is left out.
/// An error is a name that is given twice.
pub(super) fn expand(scenario: &mut Scenario) -> Result<(), String> {
    if scenario.sizes.is_empty() {
        return Ok(());
    }
    let written = std::mem::take(&mut scenario.variants);
    let (fixed, sized): (IndexMap<_, _>, IndexMap<_, _>) =
        written.into_iter().partition(|(_, variant): &(String, Variant)| variant.rows.is_some());
    let all = scenario.sizes.iter().flat_map(|rows| {
        sized.iter().map(|(name, variant)| {
            (sized_name(name, *rows), Variant { rows: Some(*rows), ..variant.clone() })
        })
    });
    for (name, variant) in all.chain(fixed.clone()) {
        if scenario.variants.contains_key(&name) {
            return Err(name);
        }
        scenario.variants.insert(name, variant);
    }
    let measured = &scenario.sizes;
    let variants = &scenario.variants;
    // What is said of a size that is not measured this time, because a preset chose others, says nothing.
    let left_out = |name: &str| {
        !variants.contains_key(name)
            && name.rsplit_once(' ').is_some_and(|(written, size)| {
                sized.contains_key(written)
                    && Count::parse(size).is_some_and(|size| !measured.contains(&size))
            })
    };
    scenario.objectives.retain_mut(|entry| {
        let bound_some = !entry.only.is_empty();
        for named in [&mut entry.only, &mut entry.except] {
            for (name, reason) in std::mem::take(named) {
                if sized.contains_key(&name) && !variants.contains_key(&name) {
                    named.extend(measured.iter().map(|rows| (sized_name(&name, *rows), reason.clone())));
                } else if !left_out(&name) {
                    named.insert(name, reason);
                }
            }
        }
        !bound_some || !entry.only.is_empty()
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_called_as_people_write_them() {
        for (rows, name) in [
            (100, "100"),
            (999, "999"),
            (1000, "1k"),
            (1001, "1001"),
            (1500, "1.5k"),
            (1550, "1550"),
            (50_000, "50k"),
            (2_500_000, "2.5M"),
            (2_500_001, "2500001"),
            (1_234_500, "1234.5k"),
        ] {
            assert_eq!(size_name(rows), name);
        }
        let variant = Variant { rows: Some(Count(1500)), ..Variant::default() };
        assert_eq!(written_name("hnsw 1.5k", &variant), Some("hnsw"));
        assert_eq!(written_name("hnsw", &variant), None);
        assert_eq!(written_name("hnsw 1.5k", &Variant::default()), None);
    }
}
