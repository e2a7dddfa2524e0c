//! Errors in a line, and texts of others without what a terminal would obey.

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use anyhow::Chain;
use serde::Serialize;
use service_kit::exit::Failure;
use tokio_rustls::rustls;
use tonic::transport::Uri;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::domain::is_invisible;

/// The text without control characters, which a terminal would obey, and without marks that make it read as another one.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_unsafe(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// A document in one line. In JSON such characters can only stand in texts, where an escape means the same.
pub(super) fn json(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(document).map_err(Failure::fault)?;
    if !text.contains(is_unsafe) {
        return Ok(text);
    }
    // All of them stand for themselves in UTF-16.
    let escaped = |c: char| if is_unsafe(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Ok(text.chars().map(escaped).collect())
}

/// Prints a line, and tells whether somebody still reads: that `head` has enough is no fault.
///
/// # Errors
/// Any other reason for which it cannot be printed.
pub(super) fn say(line: &str) -> Result<bool, Failure> {
    match writeln!(io::stdout(), "{line}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::fault(error)),
    }
}

/// Why the connection did not come about, or broke, and what to look at.
pub(super) fn unreachable(server: &Uri, error: &(dyn Error + 'static)) -> String {
    let about_tls = Chain::new(error).any(|cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some())
    });
    let look_at = if about_tls {
        "is the certificate of an authority that is trusted here (--ca), and does the store speak TLS?"
    } else {
        "does the store run there, with gRPC on this port ([grpc] in its settings), and is it http:// or https://? --server names another address"
    };
    format!("cannot reach {server}: {}; {look_at}", plain(&cause(error)))
}

/// The innermost cause.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    Chain::new(error).last().map(ToString::to_string).unwrap_or_default()
}

/// What the store answered, and what can be done about it.
pub(super) fn explain(server: &Uri, status: &Status) -> String {
    if is_of_connection(status) {
        return unreachable(server, status);
    }
    let said = plain(status.message());
    match status.code() {
        Code::Unauthenticated => format!("{said} The key is taken from IMAGESTORE_KEY or --key."),
        Code::Internal | Code::Unknown | Code::DataLoss => {
            format!("{said} The store has it in its log as request {}.", request_id(status))
        }
        _ if said.is_empty() => format!("the store answered {:?}", status.code()),
        _ => said,
    }
}

/// Whether the status was made here, because there is no connection to the store any more.
pub(super) fn is_of_connection(status: &Status) -> bool {
    status.source().is_some()
}

/// When the same call may succeed, if the store says so.
pub(super) fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

fn request_id(status: &Status) -> String {
    let told = status.get_details_request_info().map(|info| info.request_id);
    let in_head = || Some(status.metadata().get("x-request-id")?.to_str().ok()?.to_owned());
    plain(&told.or_else(in_head).unwrap_or_else(|| "without an id".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}c\u{202e}d\n"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}");
        assert_eq!(plain("кот 猫.jpg"), "кот 猫.jpg");
        let text = json(&"a\u{1b}\u{9b}\u{202e}é").unwrap();
        assert_eq!(text, r#""a\u001b\u009b\u202eé""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "a\u{1b}\u{9b}\u{202e}é");
    }
}
