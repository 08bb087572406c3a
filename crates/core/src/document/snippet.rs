//! The line of an error with carets under what is wrong.

/// Characters of a line that are shown; with the margin this fits 120 columns.
const WIDTH: usize = 112;

/// What is shown of a line, and the carets to be put under it.
pub(super) struct Snippet {
    /// The line, cut to what fits.
    pub(super) text: String,
    /// Blanks and carets.
    pub(super) carets: String,
}

impl Snippet {
    /// `column` counts characters from 1; carets stop where the line ends, as a text of several lines goes on below.
    pub(super) fn new(line: &str, column: usize, length: usize) -> Self {
        let line: Vec<char> = line.chars().map(shown).collect();
        let begin = column.saturating_sub(1).min(line.len());
        let end = begin.saturating_add(length.max(1)).min(line.len().max(begin + 1));
        let (first, last) = window(&line, begin, end);
        let visible = |from: usize, to: usize| line.get(from..to.min(line.len())).unwrap_or_default();
        let columns = |from: usize, to: usize| visible(from, to).iter().map(|c| width(*c)).sum::<usize>();

        let cut = |cut: bool| if cut { "…" } else { "" };
        let text: String = visible(first, last).iter().collect();
        let indent = columns(first, begin) + usize::from(first > 0);
        let carets = columns(begin, end.min(last)).max(1);
        Self {
            text: format!("{}{text}{}", cut(first > 0), cut(last < line.len())),
            carets: format!("{}{}", " ".repeat(indent), "^".repeat(carets)),
        }
    }
}

/// The part of a long line that is shown, with the beginning of the place inside it.
fn window(line: &[char], begin: usize, end: usize) -> (usize, usize) {
    let total: usize = line.iter().map(|c| width(*c)).sum();
    if total <= WIDTH {
        return (0, line.len());
    }
    // The place in the middle if it fits, or else its beginning after a third of the width.
    let before = WIDTH.saturating_sub(end - begin).max(WIDTH * 2 / 3) / 2;
    let mut first = begin;
    let mut used = 0;
    while first > 0 && used + width(line[first - 1]) <= before {
        first -= 1;
        used += width(line[first]);
    }
    let mut last = begin;
    while last < line.len() && used + width(line[last]) <= WIDTH {
        used += width(line[last]);
        last += 1;
    }
    // Room left over behind the end of the line goes in front.
    while first > 0 && last == line.len() && used + width(line[first - 1]) <= WIDTH {
        first -= 1;
        used += width(line[first]);
    }
    (first, last)
}

/// Tabs and what moves the cursor would set the carets astray.
fn shown(c: char) -> char {
    match c {
        c if c.is_control() => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c => c,
    }
}

/// Columns of a character in a terminal: the common ranges of Unicode's East Asian Width and of combining marks.
fn width(c: char) -> usize {
    match c {
        '\u{0300}'..='\u{036f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}
