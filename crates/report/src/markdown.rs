//! stub
/// stub
pub fn markdown(_: &annvil_core::record::RunRecord) -> String { String::new() }
