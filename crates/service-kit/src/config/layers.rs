//! What the places give, weakest first, and what is wrong with it.

use std::fmt::Display;

use toml::Value;

use super::schema::{self, Schema};

/// A value and the place that gives it.
pub(super) struct Given {
    /// Such as `http.bind`.
    pub(super) key: String,
    /// As the place gives it.
    pub(super) value: Value,
    /// `my.toml:3` or a variable's name.
    pub(super) origin: String,
}

/// Takes values and faults from all places.
///
/// No message shows a value that may be a secret: secrets are text, and text is never of the wrong kind.
pub(super) struct Layers<'a> {
    schema: &'a Schema,
    fits: &'a dyn Fn(&Given) -> Result<(), String>,
    given: Vec<Given>,
    faults: Vec<String>,
}

impl<'a> Layers<'a> {
    /// `fits` says what is wrong with a value that is of the right kind.
    pub(super) fn new(schema: &'a Schema, fits: &'a dyn Fn(&Given) -> Result<(), String>) -> Self {
        Self { schema, fits, given: Vec::new(), faults: Vec::new() }
    }

    /// What settings there are.
    pub(super) fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// A known key's value.
    pub(super) fn give(&mut self, given: Given) {
        let Some(default) = self.schema.default(&given.key) else { return self.unknown(&given.key, &given.origin) };
        let (wanted, got) = (schema::kind(default), schema::kind(&given.value));
        if wanted != got && !(default.is_float() && given.value.is_integer()) {
            return self.fault(&given.key, &given.origin, format_args!("must be {wanted}, not {got}"));
        }
        match (self.fits)(&given) {
            Ok(()) => self.given.push(given),
            Err(fault) => self.fault(&given.key, &given.origin, fault),
        }
    }

    /// A value from a place that only knows text.
    pub(super) fn give_text(&mut self, key: &str, text: &str, origin: &str) {
        let Some(default) = self.schema.default(key) else { return self.unknown(key, origin) };
        match schema::typed(text, default) {
            Some(value) => self.give(Given { key: key.to_owned(), value, origin: origin.to_owned() }),
            None => self.fault(key, origin, format_args!("must be {}, not {text:?}", schema::kind(default))),
        }
    }

    /// A key that there is not.
    pub(super) fn unknown(&mut self, key: &str, origin: &str) {
        self.fault(key, origin, format_args!("unknown key{}", self.schema.suggestion(key)));
    }

    /// Something wrong with a key.
    pub(super) fn fault(&mut self, key: &str, origin: &str, what: impl Display) {
        self.faults.push(fault(key, origin, what));
    }

    /// Something wrong with a place itself.
    pub(super) fn fault_of_place(&mut self, line: String) {
        self.faults.push(line);
    }

    /// Every value of the right type, weakest first, and every fault.
    pub(super) fn finish(self) -> (Vec<Given>, Vec<String>) {
        (self.given, self.faults)
    }
}

/// One line of the message.
pub(super) fn fault(key: &str, origin: &str, what: impl Display) -> String {
    format!("{key} ({origin}): {what}")
}
