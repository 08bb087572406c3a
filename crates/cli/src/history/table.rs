//! Aligned tables.

/// Where a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words begin below each other.
    Left,
    /// Numbers end below each other.
    Right,
}

/// Lines with columns as wide as their widest cell; lines that are wider than the terminal are cut at its edge.
pub fn table<const N: usize>(head: [(&str, Align); N], rows: &[[String; N]], width: usize) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|at| {
            let widest = rows.iter().map(|row| console::measure_text_width(&row[at])).max().unwrap_or(0);
            widest.max(console::measure_text_width(head[at].0))
        })
        .collect();
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(&widths).zip(&head).map(|((cell, width), (_, align))| {
            let gap = " ".repeat(width - console::measure_text_width(cell));
            match align {
                Align::Left => format!("{cell}{gap}"),
                Align::Right => format!("{gap}{cell}"),
            }
        });
        let text = format!("  {}", padded.collect::<Vec<_>>().join("  "));
        console::truncate_str(text.trim_end(), width, "…").into_owned() + "\n"
    };
    let mut text = line(head.map(|(title, _)| title));
    for row in rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_shown() {
        let rows = [["µs".to_owned(), "7".to_owned()], ["日本".to_owned(), "1,000".to_owned()]];
        let text = table([("name", Align::Left), ("runs", Align::Right)], &rows, 80);
        assert_eq!(text, "  name   runs\n  µs        7\n  日本  1,000\n");
        assert_eq!(
            table([("name", Align::Left), ("runs", Align::Right)], &rows, 8).lines().nth(2),
            Some("  日本 …")
        );
    }
}
