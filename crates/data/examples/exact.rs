//! The time of an exact search over vectors in two `.npy` files, for `cargo xtask compare-faiss`.
//!
//! `exact BASE QUERIES METRIC K THREADS ANSWERS`: waits for a line on standard input, searches, writes the seconds to standard
//! output, and so on until the input ends; then the distances of the last answers go to the file `ANSWERS` as 64-bit
//! floats, query after query.

use std::io::{BufRead, Write};
use std::time::Instant;
use std::{env, fs};

use annvil_core::dataset::Queries;
use annvil_core::vector::{Matrix, Vectors};
use annvil_data::exact::Request;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [base, queries, metric, k, threads, answers] = &arguments[..] else {
        return Err("usage: exact BASE QUERIES METRIC K THREADS ANSWERS".into());
    };
    let (base, queries) = (read(base)?, widened(&read(queries)?)?);
    let mut request = Request::new(&base, &queries, metric.parse()?, k.parse()?);
    request.threads = threads.parse()?;
    let mut output = std::io::stdout().lock();
    let mut truth = vec![];
    for line in std::io::stdin().lock().lines() {
        line?;
        let began = Instant::now();
        truth = request.run()?;
        writeln!(output, "{}", began.elapsed().as_secs_f64())?;
        output.flush()?;
    }
    let distances = truth.iter().flat_map(|answer| &answer.distances);
    fs::write(answers, distances.flat_map(|distance| distance.to_le_bytes()).collect::<Vec<u8>>())?;
    Ok(())
}

/// The vectors of a file, copied into memory: a mapped file would be read again in every search.
fn read(path: &str) -> Result<Vectors, Box<dyn std::error::Error>> {
    let mapped = annvil_data::formats::vectors(path.as_ref())?.collect(None)?.content;
    let rows = 0..mapped.rows();
    let owned = match &mapped {
        Vectors::F32(m) => Matrix::new(m.copy_rows(rows), m.stride()).map(Vectors::F32),
        Vectors::U8(m) => Matrix::new(m.copy_rows(rows), m.stride()).map(Vectors::U8),
        _ => None,
    };
    Ok(owned.ok_or("only 32-bit floats and bytes are compared")?)
}

/// Queries are 32-bit floats.
fn widened(vectors: &Vectors) -> Result<Queries, Box<dyn std::error::Error>> {
    let mut values = vec![0.0; vectors.rows() * vectors.dim()];
    for (row, out) in values.chunks_exact_mut(vectors.dim()).enumerate() {
        vectors.write_f32(row, out);
    }
    Ok(Matrix::new(values, vectors.dim()).ok_or("no queries")?)
}
