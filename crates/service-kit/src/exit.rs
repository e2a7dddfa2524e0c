//! How a process ends: 0 done, 1 a fault, 2 wrong usage or settings.

use std::io::Write;
use std::process::ExitCode;

/// Why the process ends early; the text is what the person who started it reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Wrong flags or settings: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Anything else: exit code 1.
    #[error("{0}")]
    Fault(String),
}

impl Failure {
    /// A fault with all its causes.
    pub fn fault(error: impl Into<anyhow::Error>) -> Self {
        Self::Fault(format!("{:#}", error.into()))
    }
}

/// Writes the answer of a command to stdout.
///
/// # Errors
/// [`Failure::Fault`] if nobody reads it any more.
pub fn print(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{}", text.trim_end()).map_err(Failure::fault)
}

/// Turns the result of `main` into the exit code, with one line (or one a fault) on stderr.
pub fn report(program: &str, result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else { return ExitCode::SUCCESS };
    // Nothing can be done about a closed stderr.
    let _ = writeln!(std::io::stderr(), "{program}: {failure}");
    match failure {
        Failure::Usage(_) => ExitCode::from(2),
        Failure::Fault(_) => ExitCode::from(1),
    }
}
