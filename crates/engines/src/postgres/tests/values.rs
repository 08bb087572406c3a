//! The binary form of vectors: there and back, and as the server reads it.

use bytes::BytesMut;
use proptest::prelude::*;

use super::super::codec::Codec;
use super::super::server::ServerFacts;
use super::{connect, on_server};

const ALL: [Codec; 5] = [Codec::Vector, Codec::Halfvec, Codec::Bit, Codec::Sparsevec, Codec::Ruvector];

fn encoded(codec: Codec, row: &[f32]) -> BytesMut {
    let mut out = BytesMut::new();
    codec.encode(row, &mut out);
    out
}

/// What comes back of a row.
fn expected(codec: Codec, row: &[f32]) -> Vec<f32> {
    let each = |x: f32| match codec {
        Codec::Halfvec => half::f16::from_f32(x).to_f32(),
        Codec::Bit => f32::from(x > 0.0),
        _ => x,
    };
    row.iter().map(|x| each(*x)).collect()
}

proptest! {
    #[test]
    fn rows_come_back(row in prop::collection::vec(prop_oneof![Just(0.0_f32), -60_000.0_f32..60_000.0], 1..200)) {
        for codec in ALL {
            let mut back = vec![9.0];
            codec.decode(&encoded(codec, &row), &mut back).unwrap();
            prop_assert_eq!(&back, &expected(codec, &row), "{:?}", codec);
        }
    }

    #[test]
    fn anything_else_is_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for codec in ALL {
            let mut out = Vec::new();
            // A random length of a sparse row would be a gigabyte of zeros.
            if codec != Codec::Sparsevec || bytes.first().is_none_or(|byte| *byte > 127) {
                let read = codec.decode(&bytes, &mut out);
                prop_assert!(read.is_ok() || out.is_empty());
            }
        }
    }
}

#[test]
fn a_cut_value_is_refused() {
    for codec in ALL {
        let bytes = encoded(codec, &[1.0, -2.0, 0.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let mut out = Vec::new();
        for end in 0..bytes.len() {
            assert!(codec.decode(&bytes[..end], &mut out).is_err(), "{codec:?} cut at {end}");
        }
    }
}

#[test]
fn the_server_reads_what_is_meant() {
    on_server("PGVECTOR_URL", async |url| {
        let client = connect(url).await;
        let facts = ServerFacts::ensure(&client, None, true).await.unwrap();
        let row = [1.5, -2.25, 0.0, 0.1, -0.0];
        let texts = [
            (Codec::Vector, "[1.5,-2.25,0,0.1,-0]"),
            (Codec::Halfvec, "[1.5,-2.25,0,0.099975586,-0]"),
            (Codec::Bit, "10010"),
            (Codec::Sparsevec, "{1:1.5,2:-2.25,4:0.1}/5"),
        ];
        for (codec, text) in texts {
            let bytes = super::Raw(Some(encoded(codec, &row).freeze()));
            let sql = format!("select $1::text, {}($1)", codec.send());
            let rows = client.query_typed(&sql, &[(&bytes, facts.parameter(codec).unwrap())]).await.unwrap();
            assert_eq!(rows[0].get::<_, &str>(0), text);
            let mut back = Vec::new();
            codec.decode(rows[0].get(1), &mut back).unwrap();
            assert_eq!(back, expected(codec, &row));
        }
    });
}
