//! The settings file.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::Sources;
use super::layers::{Given, Layers};

/// Takes in the named file, or the default one if it is there.
pub(super) fn read(sources: &Sources<'_>, layers: &mut Layers<'_>) {
    let path = sources.file.as_deref().unwrap_or(Path::new(sources.default_file));
    match std::fs::read_to_string(path) {
        Ok(text) => Reader::new(path, &text).read(layers),
        Err(error) if error.kind() == ErrorKind::NotFound && sources.file.is_none() => {}
        Err(error) => layers.fault_of_place(format!("cannot read {}: {error}", path.display())),
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    /// Lines that are not TOML, and why. What was made of them is a guess and says nothing.
    broken: BTreeMap<usize, String>,
    /// Whether a section's header is among them, so that a key may stand in the wrong section.
    astray: bool,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, broken: BTreeMap::new(), astray: false }
    }

    fn read(mut self, layers: &mut Layers<'_>) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let line = self.line(error.span().map_or(0, |span| span.start));
            // One mistake may upset the parser several times. Its message alone is used: the other text quotes the line.
            self.broken.entry(line).or_insert_with(|| error.message().replace('\n', " "));
        }
        for (line, fault) in &self.broken {
            layers.fault_of_place(format!("{}: {fault}", self.origin(*line)));
        }
        let mut numbered = self.text.lines().zip(1..);
        self.astray =
            numbered.any(|(text, line)| text.trim_start().starts_with('[') && self.broken.contains_key(&line));
        self.section("", table.into_inner(), Some(layers.schema().root()), layers);
    }

    /// Walks down beside the section of the same name; `known` is `None` where there is none.
    fn section(&self, path: &str, table: DeTable<'_>, known: Option<&Table>, layers: &mut Layers<'_>) {
        for (name, value) in table {
            let line = self.line(name.span().start);
            let name = name.into_inner();
            let key = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            let default = known.and_then(|known| known.get(name.as_ref()));
            let lines = line..=self.line(value.span().end).max(line);
            if !value.get_ref().is_table() && self.broken.range(lines).next().is_some() {
                continue;
            }
            match (default, value.get_ref()) {
                (Some(Value::Table(known)), DeValue::Table(_)) => self.inside(&key, value, Some(known), layers),
                (Some(Value::Table(_)), _) => layers.fault(&key, &self.origin(line), "must be a section"),
                (Some(_), _) => self.give(key, value, line, layers),
                (None, inner) if !inner.is_table() && layers.schema().is_open(path) => {
                    self.give(key, value, line, layers);
                }
                (None, DeValue::Table(inner)) if !inner.is_empty() => self.inside(&key, value, None, layers),
                (None, _) if self.astray => {}
                (None, _) => layers.unknown(&key, &self.origin(line)),
            }
        }
    }

    fn inside(&self, key: &str, value: Spanned<DeValue<'_>>, known: Option<&Table>, layers: &mut Layers<'_>) {
        if let DeValue::Table(inner) = value.into_inner() {
            self.section(key, inner, known, layers);
        }
    }

    fn give(&self, key: String, value: Spanned<DeValue<'_>>, line: usize, layers: &mut Layers<'_>) {
        let origin = self.origin(line);
        match Value::deserialize(value.into_deserializer()) {
            Ok(value) => layers.give(Given { key, value, origin }),
            // All else that TOML knows can be held. The error would show the number, which may be a secret without quotes.
            Err(_) => layers.fault(&key, &origin, "must be a number of at most 64 bits"),
        }
    }

    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    fn origin(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}
