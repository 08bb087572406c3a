//! What went wrong on the control plane, in the server's own words.

use std::error::Error as _;

use annvil_core::engine::EngineError;
use tokio_postgres::Error;

use super::NAME;

/// What is said where prepared statements come and go by themselves.
const POOLED: &str = "\n  a pooler hands out connections by transaction: set `pooler: transaction`; what others have left prepared on its \
                      connections ends with RECONNECT in its console";

/// The failure of a statement: what was being done, what the server said, and its hint if it gave one.
pub(super) fn failed(doing: &str, error: &Error) -> EngineError {
    EngineError::failed(NAME, doing, words(error))
}

/// What an error says: the server's message with detail, hint and code, or the client's with its cause.
pub(super) fn words(error: &Error) -> String {
    let Some(server) = error.as_db_error() else {
        return match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
    };
    let mut words = format!("{} ({})", server.message(), server.code().code());
    for more in [server.detail(), server.hint()].into_iter().flatten() {
        words.push_str("\n  ");
        words.push_str(more);
    }
    // A statement that is not there, or that somebody else has left there.
    if matches!(server.code().code(), "26000" | "42P05") {
        words.push_str(POOLED);
    }
    words
}
