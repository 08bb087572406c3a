//! The name that was probably meant.

/// Longer names are not compared: the effort grows with the square of the length, and no key of ours is that long.
const LONGEST: usize = 64;

/// The candidate that `name` was probably meant to be: the one with the fewest slips (letters left out, added, changed
/// or swapped) if they are few for its length, or else the shortest that `name` begins. Case counts for nothing, and a
/// dash or a space is as good as `_`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    let length = name.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let written = plain(candidate);
            let longer = written.chars().count().max(length);
            if longer > LONGEST {
                return None;
            }
            let slips = strsim::damerau_levenshtein(&name, &written);
            // A name of one or two letters has nothing left to be recognized by after a slip.
            let allowed = if longer < 3 { 0 } else { (longer / 3).min(3) };
            if slips <= allowed {
                Some((slips, longer, candidate))
            } else {
                (length >= 2 && written.starts_with(&name)).then_some((LONGEST, longer, candidate))
            }
        })
        .min_by_key(|(slips, longer, _)| (*slips, *longer))
        .map(|(_, _, candidate)| candidate)
}

fn plain(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '-' | ' ') { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

/// What to try instead of `name`: the nearest of what is known, or all of it.
pub(super) fn suggest(name: &str, known: &[&str], what: &str) -> String {
    if known.is_empty() {
        return format!("there are no {what} here");
    }
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("valid {what} here: {}", known.join(", ")),
    }
}
