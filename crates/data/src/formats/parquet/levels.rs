//! Small numbers in runs: levels of nesting, and places in a dictionary.
//!
//! Parquet's "RLE / bit-packing hybrid": runs of one number, and groups of eight numbers of a few bits each.

use super::thrift::varint;

/// Reads `count` numbers of `bits` bits each, 32 at most; `None` if they are not all there.
pub(super) fn hybrid(mut bytes: &[u8], bits: u8, count: usize) -> Option<Vec<u32>> {
    if bits > 32 {
        return None;
    }
    let mut numbers: Vec<u32> = vec![];
    while numbers.len() < count {
        let left = count - numbers.len();
        let (head, length) = varint(bytes)?;
        bytes = &bytes[length..];
        let run = usize::try_from(head >> 1).ok()?;
        if head & 1 == 0 {
            let width = usize::from(bits.div_ceil(8));
            let value = little_endian(bytes.get(..width)?) as u32;
            bytes = &bytes[width..];
            if run == 0 {
                return None;
            }
            numbers.resize(numbers.len() + run.min(left), value);
        } else {
            let packed = run.checked_mul(bits.into())?;
            // The last group may be cut off behind its last number.
            let here = &bytes[..packed.min(bytes.len())];
            let wanted = left.min(run.checked_mul(8)?);
            if wanted * usize::from(bits) > 8 * here.len() || wanted == 0 {
                return None;
            }
            unpack(here, bits, wanted, &mut numbers);
            bytes = &bytes[here.len()..];
        }
    }
    Some(numbers)
}

/// Appends `count` numbers of `bits` bits, the least significant bit first.
fn unpack(bytes: &[u8], bits: u8, count: usize, out: &mut Vec<u32>) {
    let mask = (1_u64 << bits) - 1;
    let (mut window, mut held) = (0_u64, 0_u8);
    let mut bytes = bytes.iter();
    for _ in 0..count {
        while held < bits {
            window |= u64::from(bytes.next().copied().unwrap_or(0)) << held;
            held += 8;
        }
        out.push((window & mask) as u32);
        window >>= bits;
        held -= bits;
    }
}

/// A number of up to eight bytes.
pub(super) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_and_groups() {
        // Five times 3, then 0 to 7 in three bits.
        let bytes = [10, 3, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(hybrid(&bytes, 3, 13).unwrap(), [3, 3, 3, 3, 3, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(hybrid(&bytes, 3, 4).unwrap(), [3; 4]);
        assert_eq!(hybrid(&bytes, 3, 14), None);
        assert_eq!(hybrid(&[0, 3], 3, 1), None);
        assert_eq!(hybrid(&[6], 0, 3).unwrap(), [0; 3]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), bits in 0..40_u8, count in 0..2000_usize) {
            if let Some(numbers) = hybrid(&bytes, bits, count) {
                prop_assert_eq!(numbers.len(), count);
            }
        }
    }
}
