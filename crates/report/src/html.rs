//! stub
/// stub
pub fn html(_: &annvil_core::record::RunRecord) -> String { String::new() }
