//! The tools whose results can be read.

use std::fmt;
use std::str::FromStr;

use annvil_core::document::nearest;

/// A tool whose results can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tool {
    /// Criterion, of Rust: the folder `target/criterion`.
    Criterion,
    /// hyperfine: the file of `--export-json`.
    Hyperfine,
    /// k6: the file of `--summary-export`, or what `handleSummary` is given.
    K6,
    /// Locust: the `…_stats.csv` of `--csv`.
    Locust,
    /// `VectorDBBench`: its `result_….json`.
    Vectordbbench,
    /// pgbench: what it prints, or the files of `--log`.
    Pgbench,
    /// A table of figures by name.
    Csv,
}

/// No tool has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("results of `{text}` cannot be read; {help}")]
pub struct ToolError {
    text: String,
    help: String,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Criterion,
        Self::Hyperfine,
        Self::K6,
        Self::Locust,
        Self::Vectordbbench,
        Self::Pgbench,
        Self::Csv,
    ];

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Criterion => "criterion",
            Self::Hyperfine => "hyperfine",
            Self::K6 => "k6",
            Self::Locust => "locust",
            Self::Vectordbbench => "vectordbbench",
            Self::Pgbench => "pgbench",
            Self::Csv => "csv",
        }
    }

    /// How its results are had.
    pub(super) const fn written_by(self) -> &'static str {
        match self {
            Self::Criterion => "give the folder target/criterion that `cargo bench` writes",
            Self::Hyperfine => "give the file that `hyperfine --export-json FILE` writes",
            Self::K6 => "give the file that `k6 run --summary-export FILE` writes",
            Self::Locust => "give the …_stats.csv that `locust --csv PREFIX` writes",
            Self::Vectordbbench => "give a result_….json from VectorDBBench's folder of results",
            Self::Pgbench => "give what pgbench prints, or the file or folder of `pgbench --log`",
            Self::Csv => "the first line is `metric,value`, the others are like `search.service.p95,9.2ms`",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tool {
    type Err = ToolError;

    fn from_str(text: &str) -> Result<Self, ToolError> {
        if let Some(tool) = Self::ALL.into_iter().find(|tool| tool.name().eq_ignore_ascii_case(text)) {
            return Ok(tool);
        }
        let help = nearest(text, Self::ALL.map(Self::name)).map_or_else(
            || format!("there are {}", Self::ALL.map(Self::name).join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Err(ToolError { text: text.to_owned(), help })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_slips_are_told() {
        for tool in Tool::ALL {
            assert_eq!(tool.to_string().parse(), Ok(tool));
        }
        assert_eq!("VectorDBBench".parse(), Ok(Tool::Vectordbbench));
        let error = |text: &str| text.parse::<Tool>().unwrap_err().to_string();
        assert_eq!(error("hyperfin"), "results of `hyperfin` cannot be read; did you mean `hyperfine`?");
        assert!(
            error("jmeter")
                .ends_with("there are criterion, hyperfine, k6, locust, vectordbbench, pgbench, csv")
        );
    }
}
