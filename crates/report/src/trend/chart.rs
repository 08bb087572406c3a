//! A chart of characters: dots of braille, or stars where the terminal has no more than ASCII.

/// Bits of the dots of a braille character by column and row.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A field of dots.
pub(super) struct Chart {
    columns: usize,
    rows: usize,
    unicode: bool,
    /// The dots of each character.
    cells: Vec<u8>,
}

impl Chart {
    /// An empty field of so many characters.
    pub(super) fn new(columns: usize, rows: usize, unicode: bool) -> Self {
        Self { columns, rows, unicode, cells: vec![0; columns * rows] }
    }

    /// Dots from left to right.
    pub(super) fn across(&self) -> usize {
        self.columns * if self.unicode { 2 } else { 1 }
    }

    /// Dots from top to bottom.
    fn down(&self) -> usize {
        self.rows * if self.unicode { 4 } else { 1 }
    }

    /// Sets a dot. Heights are shares of the field, 0 at the foot, 1 at the top.
    fn dot(&mut self, x: usize, y: usize) {
        let (cell, bit) = if self.unicode {
            (y / 4 * self.columns + x / 2, DOTS[x % 2][y % 4])
        } else {
            (y * self.columns + x, 1)
        };
        if let Some(cell) = self.cells.get_mut(cell) {
            *cell |= bit;
        }
    }

    /// Sets the dots of a column from one height to another.
    pub(super) fn span(&mut self, x: usize, low: f64, high: f64) {
        let last = self.down() - 1;
        let place = |height: f64| last - (height.clamp(0.0, 1.0) * last as f64).round() as usize;
        for y in place(high)..=place(low) {
            self.dot(x, y);
        }
    }

    /// Its lines, from the top.
    pub(super) fn lines(&self) -> Vec<String> {
        let sign = |dots: &u8| match (self.unicode, dots) {
            (_, 0) => ' ',
            (true, dots) => char::from_u32(0x2800 + u32::from(*dots)).unwrap_or('·'),
            (false, _) => '*',
        };
        self.cells.chunks(self.columns.max(1)).map(|row| row.iter().map(sign).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_lie_where_they_should() {
        let mut chart = Chart::new(2, 1, true);
        chart.span(0, 0.0, 0.0);
        chart.span(1, 1.0, 1.0);
        chart.span(3, 0.0, 1.0);
        assert_eq!(chart.lines(), ["⡈⢸"]);
        let mut plain = Chart::new(3, 2, false);
        plain.span(0, 0.0, 0.0);
        plain.span(2, 0.0, 1.0);
        assert_eq!(plain.lines(), ["  *", "* *"]);
    }
}
