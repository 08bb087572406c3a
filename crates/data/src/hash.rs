//! The content hash of a data set: two sets with the same hash hold the same vectors, queries, labels and texts.

use std::fmt::Write;

use annvil_core::dataset::Queries;
use annvil_core::label::{Column, Dictionary, Labels};
use annvil_core::vector::Vectors;
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
    hash.bytes(bytemuck::cast_slice(queries.as_slice()));
    hash.labels(labels);
    hash.numbers(&[usize::from(texts.is_some()), texts.map_or(0, <[String]>::len)]);
    for text in texts.unwrap_or_default() {
        hash.bytes(text.as_bytes());
    }
    hash.0.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

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
            Vectors::F32(m) => self.bytes(bytemuck::cast_slice(m.as_slice())),
            Vectors::F16(m) => self.bytes(bytemuck::cast_slice(m.as_slice())),
            Vectors::U8(m) => self.bytes(m.as_slice()),
            Vectors::I8(m) => self.bytes(bytemuck::cast_slice(m.as_slice())),
            Vectors::Bits { packed, .. } => self.bytes(packed.as_slice()),
            Vectors::Sparse(rows) => {
                self.numbers(&rows.offsets);
                self.bytes(bytemuck::cast_slice(&rows.indices));
                self.bytes(bytemuck::cast_slice(&rows.values));
            }
        }
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
    use annvil_core::vector::Matrix;
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
