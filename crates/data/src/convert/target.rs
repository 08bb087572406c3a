//! What the name of a target asks for.

use std::path::Path;

use annvil_core::vector::Element;

use super::{Options, Part};
use crate::cast::is_exact;
use crate::error::{DataError, mismatch};
use crate::formats::Format;

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Native,
    Qdrant,
    File(Format),
}

impl Target {
    pub(super) fn of(path: &Path, options: &Options) -> Result<Self, DataError> {
        let format = path.extension().and_then(|_| Format::of_name(path));
        match (format, options.qdrant) {
            (None, true) => Ok(Self::Qdrant),
            (None, false) if options.part.is_none() => Ok(Self::Native),
            (None, false) => {
                let message = format!("{} would be a folder, which holds all parts", path.display());
                Err(mismatch(message, "leave `--part` out, or give the file an extension such as .npy"))
            }
            (Some(format), true) => {
                let message = format!(
                    "{} has the name of a {format} file, and Qdrant's layout is a folder",
                    path.display()
                );
                Err(mismatch(message, "give a name without an extension"))
            }
            (Some(format), false) => Ok(Self::File(format)),
        }
    }
}

/// The part that goes into a file.
pub(super) fn part(format: Format, wanted: Option<Part>) -> Result<Part, DataError> {
    let only_ids = matches!(format, Format::Ivecs | Format::Ibin);
    match wanted.unwrap_or(if only_ids { Part::Truth } else { Part::Base }) {
        Part::Truth if !only_ids && !matches!(format, Format::Npy | Format::Parquet) => Err(mismatch(
            format!("{format} files hold no answers"),
            "write them as .ivecs, .ibin, .npy or .parquet",
        )),
        Part::Base | Part::Queries if only_ids => Err(mismatch(
            format!("{format} files hold answers, not vectors"),
            "write vectors as .npy, .fvecs or .fbin",
        )),
        part => Ok(part),
    }
}

/// The element type in which vectors are written: the wanted one, or else their own, or one that holds them exactly.
pub(super) fn element(format: Format, from: Element, wanted: Option<Element>) -> Result<Element, DataError> {
    let held: &[Element] = match format {
        Format::Fvecs | Format::Fbin | Format::Jsonl | Format::Csv => &[Element::F32],
        Format::Bvecs | Format::U8bin => &[Element::U8],
        Format::I8bin => &[Element::I8],
        Format::Csr => &[Element::Sparse],
        Format::Npy | Format::Parquet => &[Element::F32, Element::F16, Element::I8, Element::U8],
        _ => &[Element::F32, Element::F16, Element::U8, Element::I8, Element::B1, Element::Sparse],
    };
    let names: Vec<&str> = held.iter().map(|element| element.name()).collect();
    let cannot = |element: Element| format!("{format} files hold {}, and not {element}", names.join(", "));
    if let Some(wanted) = wanted {
        let text = matches!(format, Format::Jsonl | Format::Csv) && wanted != Element::Sparse;
        return if held.contains(&wanted) || text {
            Ok(wanted)
        } else {
            Err(mismatch(cannot(wanted), "choose another format, or a folder, which holds all types"))
        };
    }
    if let Some(element) = held.iter().find(|element| **element == from) {
        return Ok(*element);
    }
    if let Some(element) = held.iter().rev().find(|element| is_exact(from, **element)) {
        return Ok(*element);
    }
    let remedy = match held {
        [Element::Sparse] => "choose another format: dense vectors are not made sparse here".to_owned(),
        _ => {
            format!("`--element {}` converts them and says what was lost, or choose another format", names[0])
        }
    };
    Err(mismatch(cannot(from), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_choose_the_target() {
        let of = |name: &str, qdrant| Target::of(Path::new(name), &Options { qdrant, ..Options::default() });
        assert_eq!(of("set", false).unwrap(), Target::Native);
        assert_eq!(of("set.v2", false).unwrap(), Target::Native);
        assert_eq!(of("set", true).unwrap(), Target::Qdrant);
        assert_eq!(of("a/b.fvecs", false).unwrap(), Target::File(Format::Fvecs));
        assert!(of("b.fvecs", true).unwrap_err().to_string().contains("folder"));
    }

    #[test]
    fn types_are_kept_widened_or_refused() {
        use Element::{B1, F16, F32, I8, Sparse, U8};
        for (format, from, wanted, expected) in [
            (Format::Npy, F16, None, Some(F16)),
            (Format::Fvecs, F16, None, Some(F32)),
            (Format::Fvecs, U8, None, Some(F32)),
            (Format::Bvecs, F32, None, None),
            (Format::Bvecs, F32, Some(U8), Some(U8)),
            (Format::Bvecs, F32, Some(I8), None),
            (Format::Npy, Sparse, None, None),
            (Format::Csr, F32, None, None),
            (Format::Jsonl, F32, Some(I8), Some(I8)),
            (Format::Npy, B1, None, Some(U8)),
        ] {
            let found = element(format, from, wanted);
            assert_eq!(found.as_ref().ok(), expected.as_ref(), "{format} {from}: {found:?}");
        }
        let error = element(Format::Bvecs, F32, None).unwrap_err().to_string();
        assert!(error.contains(".bvecs files hold u8, and not f32; `--element u8`"), "{error}");
    }

    #[test]
    fn parts_go_where_they_fit() {
        assert_eq!(part(Format::Ivecs, None).unwrap(), Part::Truth);
        assert_eq!(part(Format::Npy, None).unwrap(), Part::Base);
        assert!(part(Format::Fvecs, Some(Part::Truth)).is_err());
        assert!(part(Format::Ivecs, Some(Part::Queries)).is_err());
    }
}
