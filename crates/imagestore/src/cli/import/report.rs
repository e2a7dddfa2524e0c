//! What came of an import.

use indicatif::DecimalBytes;
use serde_json::{Value, json};
use service_kit::exit::{Failure, print};
use service_kit::terminal;

use crate::app::Amount;
use crate::cli::complain;
use crate::domain::StoreError;

/// What became of one picture.
pub(super) enum Fate {
    /// It is stored, or would be.
    Stored,
    /// It was stored already.
    Known,
    /// It is something else.
    NoPicture,
    Failed(StoreError),
}

/// One picture, or a source that broke off.
pub(super) struct Done {
    pub(super) label: String,
    pub(super) bytes: u64,
    pub(super) fate: Fate,
}

/// All of them.
#[derive(Default)]
pub(super) struct Report {
    dry_run: bool,
    stored: Amount,
    known: Amount,
    no_pictures: u64,
    failed: Vec<(String, StoreError)>,
}

impl Report {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    pub(super) fn note(&mut self, done: Done) {
        match done.fate {
            Fate::Stored => self.stored.add(done.bytes),
            Fate::Known => self.known.add(done.bytes),
            Fate::NoPicture => self.no_pictures += 1,
            Fate::Failed(error) => self.failed.push((done.label, error)),
        }
    }

    /// Failures on stderr, a line each; the rest on stdout.
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        for (label, error) in &self.failed {
            let cause = error.cause.as_ref().map(|cause| format!(" ({cause:#})")).unwrap_or_default();
            complain(&format!("{label}: {}{cause}", error.detail));
        }
        print(&if json { self.document().to_string() } else { self.table() })
    }

    fn document(&self) -> Value {
        let amount = |Amount { number, bytes }: Amount| json!({ "number": number, "bytes": bytes });
        let failure = |(source, error): &(String, StoreError)| json!({ "source": source, "code": error.code.code(), "detail": error.detail });
        let failed: Vec<_> = self.failed.iter().map(failure).collect();
        json!({
            "dry_run": self.dry_run,
            "stored": amount(self.stored),
            "present": amount(self.known),
            "no_pictures": self.no_pictures,
            "failed": failed,
        })
    }

    fn table(&self) -> String {
        let row = |what: &str, Amount { number, bytes }: Amount| {
            vec![what.to_owned(), number.to_string(), DecimalBytes(bytes).to_string()]
        };
        let count = |what: &str, number: u64| vec![what.to_owned(), number.to_string(), String::new()];
        let rows = [
            row(if self.dry_run { "would be stored" } else { "stored" }, self.stored),
            row("there already", self.known),
            count("no pictures", self.no_pictures),
            count("failed", self.failed.len() as u64),
        ];
        terminal::table(["", "number", "bytes"], 1, rows).to_string()
    }

    /// Whether all went well.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        match self.failed.len() {
            0 => Ok(()),
            failed => Err(Failure::Fault(format!("{failed} failed"))),
        }
    }
}
