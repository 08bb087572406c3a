//! Reading `.fvecs` against reading the bytes alone: `cargo run --release -p annvil-data --example reading`.
//!
//! Both end with all values in memory of their own, from a file that the kernel has cached; repeats are interleaved.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::Write;
use std::time::Instant;

use annvil_core::vector::Vectors;
use annvil_data::formats;
use annvil_data::rows::Rows;

const ROWS: usize = 100_000;
const DIM: usize = 384;
const REPEATS: usize = 15;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.fvecs");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    for row in 0..ROWS {
        file.write_all(&(DIM as u32).to_le_bytes()).unwrap();
        for dim in 0..DIM {
            file.write_all(&((row * 31 + dim) as f32 * 1e-3).to_le_bytes()).unwrap();
        }
    }
    file.flush().unwrap();
    drop(file);

    let (mut bytes, mut rows, mut opened) = (vec![], vec![], vec![]);
    for _ in 0..=REPEATS {
        bytes.push(seconds(|| fs::read(&path).unwrap().len()));
        opened.push(seconds(|| open(&path).rows()));
        rows.push(seconds(|| match open(&path) {
            Vectors::F32(matrix) => matrix.copy_rows(0..ROWS).len(),
            _ => 0,
        }));
    }
    let [bytes, opened, rows] = [bytes, opened, rows].map(median);
    println!("{ROWS} × {DIM} f32 in .fvecs, medians of {REPEATS} interleaved repeats");
    println!("  read the bytes             {:6.1} ms", 1e3 * bytes);
    println!("  map and check every row    {:6.1} ms   {:.2} ×", 1e3 * opened, opened / bytes);
    println!("  the same, and copy values  {:6.1} ms   {:.2} ×   (bar: 1.3 ×)", 1e3 * rows, rows / bytes);
}

fn open(path: &std::path::Path) -> Vectors {
    match formats::vectors(path).unwrap() {
        Rows::Ready(vectors) => vectors,
        Rows::Streamed(_) => unreachable!("fvecs are mapped"),
    }
}

fn seconds(work: impl FnOnce() -> usize) -> f64 {
    let began = Instant::now();
    std::hint::black_box(work());
    began.elapsed().as_secs_f64()
}

/// Without the first, which warms up.
fn median(mut times: Vec<f64>) -> f64 {
    times.remove(0);
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
