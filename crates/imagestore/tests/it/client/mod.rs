//! `imagestore client`: the binary against a store, and against a stand-in that sends what no store does.

mod errors;
mod get;
mod list;
mod stand_in;
mod upload;
mod watch;

use std::path::Path;
use std::process::{Child, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, cli_in, run_cli_in};

use crate::support::store_with;

/// What a run has printed, and its exit code.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The lines of what it printed; panics if it failed.
    fn lines(&self) -> Vec<&str> {
        assert_eq!((self.code, &*self.err), (Some(0), ""), "{self:?}");
        self.out.lines().collect()
    }

    /// Its JSON documents, one a line.
    fn documents(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Expects a failure with one line on stderr that has this text.
    fn assert_fails(&self, text: &str) {
        assert_eq!((self.code, self.err.lines().count()), (Some(1), 1), "{self:?}");
        assert!(self.err.contains(text), "{text:?} in {self:?}");
    }
}

/// Runs `imagestore client` in a folder against the server at `127.0.0.1:PORT`.
fn client_of(address: &str, folder: &Path, args: &[&str], key: &str) -> Ran {
    let server = format!("http://{address}");
    let args = [&["client"], args].concat();
    Ran::of(run_cli_in(folder, "imagestore", args, &[("IMAGESTORE_SERVER", &server), ("IMAGESTORE_KEY", key)]))
}

fn client(store: &Store, folder: &Path, args: &[&str]) -> Ran {
    client_of(&store.grpc_address(), folder, args, "")
}

/// The same on its way, with its input and outputs at hand.
fn started(address: &str, folder: &Path, args: &[&str]) -> Child {
    let server = format!("http://{address}");
    let args = [&["client"], args].concat();
    let mut command = cli_in(folder, "imagestore", args, &[("IMAGESTORE_SERVER", &server)]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What Ctrl-C does.
fn interrupt(child: &Child) {
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
}

/// A store with gRPC.
fn store() -> Store {
    store_with(&[("GRPC__BINDS", "127.0.0.1:0")])
}

/// A picture of about 50 KB, another one for each number.
fn picture(number: u32) -> Vec<u8> {
    jpeg::baseline(&photo(400, 300, number.into()), 90)
}

/// What is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
