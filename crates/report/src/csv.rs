//! Every figure of a run as comma-separated values, one a row.

use std::fmt::Write as _;

use annvil_core::quantity::Unit;
use annvil_core::record::{PhaseResult, RunRecord, metrics};
use annvil_core::scenario::point_name;

mod load;

pub use load::load_csv;

/// Every figure of a run: the columns of its key, the block, the value in base units, the unit. Of phases of open load also
/// what was offered, dropped and never sent.
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
    offers(&mut text, record);
    text
}

/// What was offered in open load, and what of it was lost. It belongs to a phase and is no quantity that objectives know.
fn offers(text: &mut String, record: &RunRecord) {
    for block in &record.blocks {
        for phase in &block.phases {
            let PhaseResult::Measured { load, .. } = &phase.result else { continue };
            let Some(open) = &load.open else { continue };
            let (variant, point, name) =
                (field(&block.variant), field(&point_name(&phase.point)), field(&phase.name));
            for (quantity, value, unit) in [
                ("offered", open.rate(), "1/s"),
                ("dropped", open.dropped as f64, "count"),
                ("unsent", open.unsent as f64, "count"),
                ("in_flight", load.in_flight, "count"),
            ] {
                let _ = writeln!(
                    text,
                    "{variant},{point},{name},,{quantity},value,{},{value},{unit}",
                    block.block
                );
            }
        }
    }
}

/// Quoted where it must be. A field that a spreadsheet would take for a formula is quoted behind an apostrophe.
pub(crate) fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    if formula || text.contains([',', '"', '\n', '\r']) {
        let quote = if formula { "'" } else { "" };
        format!("\"{quote}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

pub(crate) const fn unit(unit: Unit) -> &'static str {
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
