//! Open files: every session over TCP takes two of them in this process.

use annvil_core::engine::EngineError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one. Shells set the soft one low for the sake of programs that can't
/// count beyond it.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // What is left is what the error says, when it is not enough.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

/// Whether descriptors were what failed.
pub(super) fn ran_out(error: &std::io::Error) -> bool {
    let code = error.raw_os_error();
    [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| code == Some(errno.raw_os_error()))
}

/// The error that says so.
pub(super) fn too_few() -> EngineError {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.map_or_else(|| "only so many".to_owned(), |limit| limit.to_string());
    EngineError::Configuration {
        what: format!(
            "stub: no descriptors are left for another session; this process may open {limit} files, and a session over TCP takes two of them"
        ),
        help: "raise the limit before the start, `ulimit -n 65536`, or use fewer sessions".to_owned(),
    }
}
