//! The content hash of a data set: two sets with the same hash hold the same vectors, queries, labels and texts.

use std::fmt::Write;

use annvil_core::dataset::Queries;
use annvil_core::label::{Column, Dictionary, Labels};
use annvil_core::vector::{Matrix, SparseRows, Vectors};
use bytemuck::Pod;
use sha2::{Digest, Sha256};

#[cfg(target_endian = "big")]
compile_error!("content hashes are taken over values as they lie in memory, which must be little-endian");

/// SHA-256 in hexadecimal. Each part goes in with its type and length, so that no two sets share an encoding.
///
/// The metric, shipped answers and the names of files are no part of it. 10 MB take about 10 ms where the processor
/// has instructions for SHA.
pub fn content(base: &Vectors, queries: &Queries, labels: &Labels, texts: Option<&[String]>) -> String {
    let mut hash = Content(Sha256::new());
    hash.bytes(b"annvil data 1");
    hash.vectors(base);
    hash.numbers(&[queries.stride(), queries.rows()]);
    hash.matrix(queries);
    hash.labels(labels);
    hash.numbers(&[usize::from(texts.is_some()), texts.map_or(0, <[String]>::len)]);
    for text in texts.unwrap_or_default() {
        hash.bytes(text.as_bytes());
    }
    hexadecimal(&hash.0.finalize())
}

/// Bytes as two digits each.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

/// Bytes that are hashed between two returns of mapped rows.
const BLOCK_BYTES: usize = 4 << 20;

struct Content(Sha256);

impl Content {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn numbers(&mut self, numbers: &[usize]) {
        for number in numbers {
            self.0.update((*number as u64).to_le_bytes());
        }
    }

    fn vectors(&mut self, vectors: &Vectors) {
        self.bytes(vectors.element().name().as_bytes());
        self.numbers(&[vectors.dim(), vectors.rows()]);
        match vectors {
            Vectors::F32(m) => self.matrix(m),
            Vectors::F16(m) => self.matrix(m),
            Vectors::U8(m) => self.matrix(m),
            Vectors::I8(m) => self.matrix(m),
            Vectors::Bits { packed, .. } => self.matrix(packed),
            Vectors::Sparse(m) => {
                let mut end = 0;
                self.numbers(&[end]);
                for row in 0..m.rows() {
                    end += m.row(row).0.len();
                    self.numbers(&[end]);
                }
                self.sparse(m, |m, row| bytemuck::cast_slice(m.row(row).0));
                self.sparse(m, |m, row| bytemuck::cast_slice(m.row(row).1));
            }
        }
    }

    /// The bytes of all rows, as one part.
    fn matrix<T: Pod>(&mut self, matrix: &Matrix<T>) {
        let row_bytes = size_of::<T>() * matrix.stride();
        self.0.update((row_bytes as u64 * matrix.rows() as u64).to_le_bytes());
        let height = (BLOCK_BYTES / row_bytes.max(1)).max(1);
        for start in (0..matrix.rows()).step_by(height) {
            let block = start..(start + height).min(matrix.rows());
            match matrix.contiguous(block.clone()) {
                Some(values) => self.0.update(bytemuck::cast_slice(values)),
                None => block.clone().for_each(|row| self.0.update(bytemuck::cast_slice(matrix.row(row)))),
            }
            matrix.release(block);
        }
    }

    fn sparse(&mut self, rows: &SparseRows, part: impl Fn(&SparseRows, usize) -> &[u8]) {
        self.0.update((4 * rows.stored() as u64).to_le_bytes());
        for row in 0..rows.rows() {
            self.0.update(part(rows, row));
        }
        rows.release(0..rows.rows());
    }

    fn labels(&mut self, labels: &Labels) {
        self.numbers(&[labels.rows()]);
        for (name, column) in labels.columns() {
            self.bytes(name.as_bytes());
            self.bytes(column.kind().name().as_bytes());
            // Codes are given in the order of first appearance, so equal columns have equal codes. What is missing
            // takes a bit pattern beside the values'.
            match column {
                Column::Text { dictionary, codes } => {
                    self.dictionary(dictionary);
                    self.optional(codes, |code| u64::from(*code));
                }
                Column::Int(values) => self.optional(values, |x| x.cast_unsigned()),
                Column::Float(values) => self.optional(values, |x| x.to_bits()),
                Column::Bool(values) => self.optional(values, |x| u64::from(*x)),
                Column::TextList { dictionary, offsets, codes, present } => {
                    self.dictionary(dictionary);
                    self.bytes(bytemuck::cast_slice(offsets));
                    self.bytes(bytemuck::cast_slice(codes));
                    self.bytes(&present.iter().map(|x| u8::from(*x)).collect::<Vec<u8>>());
                }
            }
        }
    }

    fn dictionary(&mut self, dictionary: &Dictionary) {
        self.numbers(&[dictionary.texts().len()]);
        for text in dictionary.texts() {
            self.bytes(text.as_bytes());
        }
    }

    fn optional<T>(&mut self, values: &[Option<T>], bits: impl Fn(&T) -> u64) {
        let there: Vec<u8> = values.iter().map(|value| u8::from(value.is_some())).collect();
        let values: Vec<u64> = values.iter().map(|value| value.as_ref().map_or(0, &bits)).collect();
        self.bytes(&there);
        self.bytes(bytemuck::cast_slice(&values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::label::{LabelType, LabelValue};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_part_counts() {
        let matrix = |values: &[f32], dim| Matrix::new(values.to_vec(), dim).unwrap();
        let column = |value: Option<i64>| {
            let mut column = Column::new(LabelType::Int);
            column.push(value.map(LabelValue::Int)).unwrap();
            Labels::new(BTreeMap::from([("a".to_owned(), column)])).unwrap()
        };
        let (base, none) = (matrix(&[1.0, 2.0], 2), Labels::empty(1));
        let one = Vectors::F32(base.clone());
        let text = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let hashes = [
            content(&one, &base, &none, None),
            content(&Vectors::F32(matrix(&[1.0, 2.0], 1)), &base, &none, None),
            content(&Vectors::F32(matrix(&[1.0, 2.5], 2)), &base, &none, None),
            content(&one, &matrix(&[1.0, 2.5], 2), &none, None),
            content(&one, &base, &column(None), None),
            content(&one, &base, &column(Some(0)), None),
            content(&one, &base, &none, Some(&[])),
            content(&one, &base, &none, Some(&text("ab", "c"))),
            content(&one, &base, &none, Some(&text("a", "bc"))),
        ];
        assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), hashes.len());
        assert_eq!(hashes[0], content(&one, &base, &none, None));
        assert!(hashes.iter().all(|hash| hash.len() == 64));
    }
}
