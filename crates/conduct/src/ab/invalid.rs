//! Blocks that can't be judged are measured again, but not for ever.

/// Blocks in a row that may be invalid.
const IN_A_ROW: usize = 3;

/// Blocks in all that may be invalid, beside a third of the good ones.
const IN_ALL: usize = 3;

/// How many blocks could not be judged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Invalid {
    row: usize,
    all: usize,
    good: usize,
}

impl Invalid {
    /// Counts a block that can be judged.
    pub(crate) fn good(&mut self) {
        self.row = 0;
        self.good += 1;
    }

    /// Counts one that can't. Says whether the machine is not fit for measuring now.
    pub(crate) fn is_too_much(&mut self) -> bool {
        self.row += 1;
        self.all += 1;
        self.row >= IN_A_ROW || self.all > IN_ALL + self.good / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_row_or_too_many_in_all_are_too_much() {
        let mut invalid = Invalid::default();
        assert_eq!([(); 3].map(|()| invalid.is_too_much()), [false, false, true]);
        let mut invalid = Invalid::default();
        let alternating = (0..20).find(|_| {
            invalid.good();
            invalid.is_too_much()
        });
        assert_eq!((alternating, invalid.all), (Some(4), 5));
        // One in five goes on for ever.
        let mut invalid = Invalid::default();
        for _ in 0..1000 {
            (0..4).for_each(|_| invalid.good());
            assert!(!invalid.is_too_much());
        }
    }
}
