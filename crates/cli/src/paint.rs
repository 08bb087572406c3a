//! Colour and width of the terminal.

use std::io::IsTerminal;

use annvil_report::Style;

/// Whether colour is wanted: a terminal, and neither `NO_COLOR` nor a dumb one.
fn colour(terminal: bool) -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal && !no_color && !dumb
}

/// How results are printed to standard output.
pub fn style() -> Style {
    let terminal = std::io::stdout().is_terminal();
    let width = if terminal { console::Term::stdout().size().1 } else { 110 };
    Style {
        width: usize::from(width).clamp(60, 160),
        color: colour(terminal),
        unicode: unicode(),
        ..Style::default()
    }
}

fn unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    // Most terminals read UTF-8; only those that say something else get plain ASCII.
    locale.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf") || locale == "c" || locale == "posix"
    })
}

/// An error as it is printed.
pub fn error(text: &str) -> String {
    let (on, off) =
        if colour(std::io::stderr().is_terminal()) { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    format!("{on}error{off}: {text}")
}
