//! Runs a command while there is a Garage, in which every store that a test starts keeps its blobs, each below a prefix of its own:
//! `cargo run -p testkit --bin with-garage -- cargo nextest run -p imagestore`.
#![allow(clippy::expect_used, reason = "a run that cannot begin has failed")]

use std::process::{Command, ExitCode};

use testkit::blobs::{TEST_BLOBS, TEST_ENDPOINT};
use testkit::garage::Garage;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().expect("usage: with-garage COMMAND [ARGUMENT ...]");
    let garage = Garage::start();
    let status = Command::new(program).args(words).env(TEST_BLOBS, "s3").env(TEST_ENDPOINT, garage.endpoint()).status();
    let code = status.expect("the command can be started").code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}
