//! Every figure of a run as comma-separated values, one a row.

use std::fmt::Write as _;

use annvil_core::quantity::Unit;
use annvil_core::record::{RunRecord, metrics};

/// Every figure of a run: the columns of its key, the block, the value in base units, the unit.
///
/// The layout is that of RFC 4180, lines ending in a plain newline. Values are written so that they read back exactly.
pub fn csv(record: &RunRecord) -> String {
    let mut text = String::from("variant,point,phase,form,quantity,stat,block,value,unit\n");
    for metric in metrics(record) {
        let key = metric.key;
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{}",
            field(&key.variant),
            field(&key.point),
            field(&key.phase),
            field(&key.form),
            key.quantity,
            key.stat,
            metric.block,
            metric.value,
            unit(key.quantity.unit())
        );
    }
    text
}

/// Quoted where it must be. A field that a spreadsheet would take for a formula is quoted behind an apostrophe.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    if formula || text.contains([',', '"', '\n', '\r']) {
        let quote = if formula { "'" } else { "" };
        format!("\"{quote}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "ns",
        Unit::PerSecond => "1/s",
        Unit::Share => "share",
        Unit::Bytes => "B",
        Unit::Ratio => "ratio",
        Unit::Count => "count",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(field("hnsw f16"), "hnsw f16");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
    }
}
