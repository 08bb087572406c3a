//! What went wrong in a call: the server's codes as kinds of failure.

use annvil_core::engine::EngineError;
use annvil_core::operation::OpError;
use tokio_postgres::Error;

use super::report::words;

/// The kind of a failure, with the server's words. What has no code of the server is the connection's.
pub(super) fn call(error: &Error) -> OpError {
    let Some(code) = error.code() else { return OpError::Refused(words(error)) };
    match code.code() {
        // A statement or a lock that took too long, ended by the server.
        "57014" | "55P03" => OpError::Timeout,
        "25006" => OpError::Unsupported(words(error)),
        code => match &code[..2] {
            "53" => OpError::Throttled(words(error)),
            "57" | "08" => OpError::Refused(words(error)),
            "22" => OpError::Wrong(words(error)),
            "0A" => OpError::Unsupported(words(error)),
            _ => OpError::Other(words(error)),
        },
    }
}

/// Why a connection could not be opened, with what to try.
pub(super) fn connecting(place: &str, error: &Error) -> EngineError {
    let code = error.code().map_or("", |code| code.code());
    let hint = match code {
        "28P01" | "28000" => "check user and password of the URL, or PGPASSWORD",
        "3D000" => "create the database, or name one that is there",
        "53300" => "the server has no connection left: fewer sessions, `pool`, or a higher max_connections",
        "57P03" => "the server is starting up: try again in a moment",
        "" if words(error).contains("does not support TLS") => {
            "the server has no TLS: `sslmode=prefer` or `disable` goes without"
        }
        "" if words(error).contains("password missing") => {
            "put the password into the URL, or into PGPASSWORD"
        }
        "" if error.to_string().contains("TLS") => {
            "`sslmode=require` does not check the certificate; `verify-ca` and `verify-full` take `sslrootcert=FILE`"
        }
        "" => "check host and port of the URL, and that the server runs",
        _ => "",
    };
    let mut cause = words(error);
    if !hint.is_empty() {
        cause = format!("{cause}\n  {hint}");
    }
    EngineError::failed(super::NAME, format!("connect to {place}"), cause)
}

/// A failure to open a connection in the middle of calls.
pub(super) fn reconnecting(error: &EngineError) -> OpError {
    OpError::Refused(error.to_string())
}
