//! `history.csv`: figures over time.

use std::fmt::Write as _;

use crate::Series;
use crate::csv::{field, unit};

/// One row a point: the figure, its run, when it began, the commit, the value in base units, and the change of level that
/// begins there, if one does. The layout is that of RFC 4180, lines ending in a plain newline.
pub fn history_csv(series: &[Series]) -> String {
    let mut text = String::from("figure,run,started,commit,value,unit,change\n");
    for one in series {
        let unit = unit(one.quantity.unit());
        for (at, point) in one.points.iter().enumerate() {
            let change = one.changes.iter().find(|change| change.at == at);
            let _ = writeln!(
                text,
                "{},{},{},{},{},{unit},{}",
                field(&one.name),
                field(&point.run),
                field(&point.started),
                field(point.commit.as_deref().unwrap_or_default()),
                point.value,
                change.map_or_else(String::new, |change| change.share.to_string())
            );
        }
    }
    text
}
