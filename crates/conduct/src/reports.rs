//! The reports of a run, written into its folder.

use annvil_core::record::RunRecord;
use annvil_report::Series;
use annvil_store::RunFolder;

use crate::error::RunError;

/// Writes `summary.md`, `report.html`, `metrics.csv` and `load.csv` in the place of those that are there. The page ends with
/// what [`crate::trend::history`] says, if there is any.
pub fn write(folder: &RunFolder, record: &RunRecord, history: &[Series]) -> Result<(), RunError> {
    folder.write("summary.md", annvil_report::markdown(record).as_bytes())?;
    folder.write("report.html", annvil_report::html_with_history(record, history).as_bytes())?;
    folder.write("metrics.csv", annvil_report::csv(record).as_bytes())?;
    folder.write("load.csv", annvil_report::load_csv(record).as_bytes())?;
    Ok(())
}
