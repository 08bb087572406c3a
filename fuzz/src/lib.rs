//! What the fuzz targets share.

mod room;

use std::path::PathBuf;
use std::sync::Arc;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Owner};
use annvil_data::FormatError;
use annvil_data::convert::{Options, convert};
use annvil_data::format::Kept;
use annvil_data::formats::table::objects;
use annvil_data::map::Bytes;
use annvil_data::rows::Rows;

pub use room::bound;

/// Input as the readers get a mapped file.
struct Input(Vec<u64>, usize);

impl Owner for Input {
    fn bytes(&self) -> &[u8] {
        // Aligned as a page is, as far as any element type needs it.
        &bytemuck::cast_slice(&self.0)[..self.1]
    }
}

/// The input as bytes of a file.
pub fn bytes(data: &[u8]) -> Bytes {
    let words = data.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(word)
    });
    Arc::new(Input(words.collect(), data.len()))
}

/// Reads all rows, block by block, and looks at every value.
pub fn drain(rows: Rows) -> Result<usize, FormatError> {
    let shape = rows.shape();
    let mut row = vec![];
    let count = rows.each(None, |block, range| {
        assert_eq!((block.element(), block.dim()), (shape.element, shape.dim));
        if shape.dim <= 1 << 16 {
            row.resize(shape.dim, 0.0);
            range.for_each(|at| block.write_f32(at, &mut row));
        }
        Ok::<(), FormatError>(())
    })?;
    assert!(shape.rows.is_none_or(|rows| rows == count), "{count} rows of {:?}", shape.rows);
    Ok(count)
}

/// Containers that are right, written by Annvil itself, for the mutations to begin with; into the folder that the
/// environment names.
pub fn seed(end: &str) {
    let Some(folder) = std::env::var_os("ANNVIL_SEEDS").map(PathBuf::from) else { return };
    let lines = b"{\"v\": [1, 2], \"a\": 1}\n{\"v\": [3, 4], \"a\": 2}\n{\"v\": [5, 60], \"a\": null}\n";
    for element in [Element::F32, Element::F16, Element::U8] {
        let path = folder.join(format!("seed-{element}.{end}"));
        let _ = std::fs::remove_file(&path);
        let Ok(mut set) = objects("seed", &bytes(lines)) else { continue };
        set.truth = Some(Kept { content: Neighbours { ids: vec![vec![2, 1], vec![0]] }, total: 2 });
        if let Ok(queries) = objects("seed", &bytes(lines)) {
            set.queries = Some(queries.base);
        }
        let options = Options { element: Some(element), ..Options::default() };
        if let Err(error) = convert(set, &path, &options, &mut |_, _| true) {
            eprintln!("no seed {}: {error}", path.display());
        }
    }
}
