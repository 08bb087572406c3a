//! The table as comma-separated values.

use std::io::{self, Write};

use annvil_core::figures::Group;

use super::{COLUMNS, Export, rows};

/// Writes rows in the layout of RFC 4180, lines ending in a plain newline; what is unknown is empty. Values read back exactly.
#[derive(Debug)]
pub struct CsvExport<W>(W);

impl<W: Write> CsvExport<W> {
    /// Rows go to `out`, after the names of the columns.
    pub fn new(mut out: W) -> io::Result<Self> {
        writeln!(out, "{}", COLUMNS.join(","))?;
        Ok(Self(out))
    }
}

impl<W: Write> Export for CsvExport<W> {
    fn add(&mut self, group: &Group) -> io::Result<u64> {
        rows(group, |row| {
            let run = row.run;
            let known = |text: &Option<String>| field(text.as_deref().unwrap_or_default());
            let began = row.began.map(|began| began.to_string()).unwrap_or_default();
            let fields = [
                field(&run.run),
                field(&run.session),
                field(&run.tool),
                field(&run.scenario),
                known(&run.plan_hash),
                known(&run.fingerprint),
                known(&run.origin.branch),
                known(&run.origin.commit),
                field(&run.started),
                began,
                row.usable.to_string(),
                row.block.to_string(),
                field(row.variant),
                field(row.point),
                field(row.phase),
                field(row.form),
                row.figure,
                row.value.to_string(),
                row.unit,
            ];
            writeln!(self.0, "{}", fields.join(","))
        })
    }

    fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A field, quoted if it has to be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_a_line() {
        let mut out = Vec::new();
        let mut export = CsvExport::new(&mut out).unwrap();
        assert_eq!(export.add(&super::super::tests::group()).unwrap(), 6);
        export.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 7);
        assert!(lines.iter().all(|line| line.matches(',').count() >= COLUMNS.len() - 1));
        assert_eq!(
            lines[1],
            "a,a,annvil,\"quick, \"\"mine\"\"\",3f9a,c0ffee,,,2026-11-21T10:04:12Z,1795255452000000,true,0,hnsw,\
             ef_search=64,search,search,service.p99.9,1.5,time"
        );
        let value: f64 = lines[5].split(',').nth(17).unwrap().parse().unwrap();
        assert_eq!(value, 1e-300);
    }
}
