//! `.env` in the working folder, and in no folder above it: what lies there belongs to somebody else.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};

use dotenvy::Error;

const NAME: &str = ".env";

/// A variable and the line it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// Its name.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// `.env:3`.
    pub(super) origin: String,
}

/// Every variable, or the fault in its place. Nothing if there is no such file.
pub(super) fn read() -> Vec<Result<Variable, String>> {
    match std::fs::read(NAME) {
        Ok(bytes) => parse(&bytes),
        // A folder of that name is a common home of Python's virtual environments.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => Vec::new(),
        Err(error) => vec![Err(format!("cannot read {NAME}: {error}"))],
    }
}

fn parse(bytes: &[u8]) -> Vec<Result<Variable, String>> {
    // The parser takes a blank before the end of the file for a mistake, but not one before the end of a line.
    let bytes = [bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes), b"\n"].concat();
    let mut read = Vec::new();
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for (line, number) in lines.iter_mut().zip(1..) {
        // Left to the parser it would end a statement of several lines without a word about where that began.
        if std::str::from_utf8(line).is_err() {
            read.push(Err(format!("{NAME}:{number}: must be UTF-8")));
            *line = b"\n";
        }
    }
    let taken = Cell::new(0);
    let items = dotenvy::from_read_iter(Lines { all: &lines, taken: &taken, rest: &[] });
    for item in items {
        read.push(match item {
            Ok((name, text)) => Ok(Variable { name, text, origin: format!("{NAME}:{}", taken.get()) }),
            Err(error) => {
                let first = taken.get() - lines_before_last(&error);
                // A quote that is not closed takes in all the rest of the file, where more may be wrong.
                taken.set(first);
                // Without the line itself, which may hold a secret.
                Err(format!(
                    "{NAME}:{first}: must be NAME=value, with the value in quotes if it holds spaces or quotes"
                ))
            }
        });
    }
    read
}

/// The lines of a statement but its last.
fn lines_before_last(error: &Error) -> usize {
    match error {
        Error::LineParse(statement, _) => statement.strip_suffix('\n').unwrap_or(statement).matches('\n').count(),
        _ => 0,
    }
}

/// Hands out a line at a time, so that it is known which one the parser has come to.
struct Lines<'a> {
    all: &'a [&'a [u8]],
    taken: &'a Cell<usize>,
    /// Of the line taken last.
    rest: &'a [u8],
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            let Some(line) = self.all.get(self.taken.get()) else { return Ok(0) };
            self.taken.set(self.taken.get() + 1);
            self.rest = line;
        }
        self.rest.read(buffer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    fn outcome(text: &[u8]) -> Vec<String> {
        let line = |item| match item {
            Ok(Variable { name, text, origin }) => format!("{origin} {name}={text}"),
            Err(fault) => fault,
        };
        parse(text).into_iter().map(line).collect()
    }

    #[test]
    fn every_line_is_read_or_named() {
        let long = "x".repeat(20_000);
        let text = format!("\u{feff}A=1\r\n# it's a comment\n\nexport B='two words' # why\nC={long}\nD=${{A}}2 ");
        let expected = [".env:1 A=1", ".env:4 B=two words", &format!(".env:5 C={long}"), ".env:6 D=12"];
        assert_eq!(outcome(text.as_bytes()), expected);
        let read = outcome(b"A=1\nhunter2\nF='a\nb'\nB=it's\nC=2\n\nD=\xff\nE=${A}\nG=a b\n\n");
        let places: Vec<_> = read.iter().map(|line| line.split_once(' ').unwrap().0).collect();
        assert_eq!(
            places,
            [".env:8:", ".env:1", ".env:2:", ".env:4", ".env:5:", ".env:6", ".env:9", ".env:10:"],
            "{read:?}"
        );
        assert_eq!((read[3].as_str(), read[6].as_str()), (".env:4 F=a\nb", ".env:9 E=1"));
        assert!(!read.concat().contains("hunter2"));
    }
}
