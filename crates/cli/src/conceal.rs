//! Passwords on the command line, which every user of the machine may read while the program runs.
//!
//! A program can't change its own command line in safe code, but it can put itself in its place with another one: the
//! same process, under the same number, runs the same file again with asterisks where the passwords were. The true arguments
//! go through a pipe that only this process holds, so that they stand in no environment and no file. What was there to
//! see for the first millisecond was there: a variable such as `DATABASE_URL` is better.

use std::ffi::OsString;

use annvil_core::secret::mask;

use crate::out;

/// The arguments as the user gave them; nobody else sees more than asterisks of what is secret in them.
pub fn arguments() -> Vec<OsString> {
    #[cfg(unix)]
    {
        unix::arguments()
    }
    #[cfg(not(unix))]
    {
        std::env::args_os().collect()
    }
}

/// Makes panics say what they say without passwords.
pub fn mask_panics() {
    std::panic::set_hook(Box::new(|panic| {
        out::say(&mask(&panic.to_string()));
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            out::say(&mask(&trace.to_string()));
        }
    }));
}

/// An argument with asterisks where a password stands; `None` if there is none.
fn masked(argument: &OsString) -> Option<OsString> {
    let text = argument.to_str()?;
    let masked = mask(text);
    (masked != text).then(|| masked.into())
}

#[cfg(unix)]
mod unix {
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use rustix::io::{FdFlags, fcntl_setfd};

    use super::{masked, out};

    /// Says where the arguments are: number of the process that they are for, and of its end of the pipe.
    const VARIABLE: &str = "ANNVIL_ARGUMENTS";

    /// What a pipe takes at least before somebody reads; longer command lines stay as they are.
    const ROOM: usize = 16 * 1024;

    pub(super) fn arguments() -> Vec<OsString> {
        if let Some(handed) = handed_over() {
            return handed;
        }
        let arguments: Vec<OsString> = std::env::args_os().collect();
        if arguments.iter().any(|argument| masked(argument).is_some())
            && let Err(error) = again(&arguments)
        {
            out::say(&format!(
                "the password stays in the list of processes: {error}; DATABASE_URL would not show it"
            ));
        }
        arguments
    }

    /// The true arguments, if this process was put in its own place. A process that it started has another number.
    fn handed_over() -> Option<Vec<OsString>> {
        let place = std::env::var(VARIABLE).ok()?;
        let (process, end) = place.split_once(' ')?;
        if process != std::process::id().to_string() || end.parse::<u32>().is_err() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(format!("/dev/fd/{end}")).ok()?.read_to_end(&mut bytes).ok()?;
        let arguments = bytes.split_inclusive(|byte| *byte == 0);
        let arguments: Vec<OsString> =
            arguments.map(|argument| OsString::from_vec(argument[..argument.len() - 1].to_vec())).collect();
        (!arguments.is_empty()).then_some(arguments)
    }

    /// Runs this program again in this process; returns only if that fails.
    fn again(arguments: &[OsString]) -> io::Result<()> {
        let bytes: Vec<u8> =
            arguments.iter().flat_map(|argument| argument.as_bytes().iter().copied().chain([0])).collect();
        if bytes.len() > ROOM {
            return Err(io::Error::other("the command line is too long to be handed over"));
        }
        let program = std::env::current_exe()?;
        let (end, mut start) = io::pipe()?;
        start.write_all(&bytes)?;
        fcntl_setfd(&end, FdFlags::empty())?;
        let shown =
            arguments.iter().skip(1).map(|argument| masked(argument).unwrap_or_else(|| argument.clone()));
        Err(Command::new(&program)
            .arg0(arguments.first().map_or(OsStr::new("annvil"), OsString::as_os_str))
            .args(shown)
            .env(VARIABLE, format!("{} {}", std::process::id(), end.as_raw_fd()))
            .exec())
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn only_what_holds_a_password_is_changed() {
        for plain in ["run", "--set", "engine.postgres.url=postgres://me@host/db", "http://host/path"] {
            assert_eq!(masked(&plain.into()), None, "{plain}");
        }
        let secret = "engine.postgres.url=postgres://me:hunter2@host/db".into();
        assert_eq!(masked(&secret).unwrap(), "engine.postgres.url=postgres://me:*******@host/db");
        let already = masked(&secret).unwrap();
        assert_eq!(masked(&already), None);
    }
}
