//! The recall of each query, packed: a thousand queries are some 2 kB instead of 8.
//!
//! Recalls are shares of k, so there are few different ones: first the list of these, then for each query the step from the
//! last one's row and the place of its recall in the list. Numbers are LEB128: seven bits a byte, the lowest first.

/// Queries and their recall, 0 to 1.
pub(crate) type Recalls = Vec<(u32, f32)>;

/// Packs them. Rows come back in the same order, recalls to the bit.
pub(crate) fn pack(recalls: &[(u32, f32)]) -> Vec<u8> {
    let mut different: Vec<u32> = recalls.iter().map(|(_, recall)| recall.to_bits()).collect();
    different.sort_unstable();
    different.dedup();
    let mut packed = Vec::with_capacity(recalls.len() * 2 + different.len() * 4 + 8);
    number(different.len() as u64, &mut packed);
    for bits in &different {
        packed.extend(bits.to_le_bytes());
    }
    let mut last = 0i64;
    for (row, recall) in recalls {
        let step = i64::from(*row) - last;
        last = i64::from(*row);
        // Steps back are odd, steps ahead even.
        number(((step << 1) ^ (step >> 63)) as u64, &mut packed);
        let place = different.binary_search(&recall.to_bits()).unwrap_or_default();
        number(place as u64, &mut packed);
    }
    packed
}

/// Unpacks them; `None` if the bytes are not what [`pack`] makes.
pub(crate) fn unpack(packed: &[u8]) -> Option<Recalls> {
    let mut bytes = packed.iter().copied();
    let count = usize::try_from(read(&mut bytes)?).ok()?;
    let mut different = Vec::new();
    for _ in 0..count {
        let bits = [bytes.next()?, bytes.next()?, bytes.next()?, bytes.next()?];
        different.push(f32::from_le_bytes(bits));
    }
    let mut recalls = Vec::new();
    let mut row = 0i64;
    while bytes.len() > 0 {
        let step = read(&mut bytes)?;
        row = row.checked_add((step >> 1).cast_signed() ^ -(step & 1).cast_signed())?;
        let place = usize::try_from(read(&mut bytes)?).ok()?;
        recalls.push((u32::try_from(row).ok()?, *different.get(place)?));
    }
    Some(recalls)
}

fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_thousand_queries_are_two_kilobytes() {
        let recalls: Recalls = (0..1000).map(|row| (row, (row % 11) as f32 / 10.0)).collect();
        let packed = pack(&recalls);
        assert_eq!(unpack(&packed).unwrap(), recalls);
        assert!(packed.len() < 2_100, "{}", packed.len());
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(recalls in proptest::collection::vec((any::<u32>(), 0f32..=1.0), 0..200)) {
            prop_assert_eq!(unpack(&pack(&recalls)), Some(recalls));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = unpack(&bytes);
        }
    }
}
