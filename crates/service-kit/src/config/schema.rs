//! What settings there are, as the embedded defaults name them.

use std::iter;

use config::builder::DefaultState;
use config::{Config, ConfigBuilder, File, FileFormat};
use toml::{Table, Value};

use super::layers::Given;

/// The defaults, which give every key its kind.
pub(super) struct Schema {
    table: Table,
    open: Vec<String>,
    /// The kind of every value in an open section.
    text: Value,
}

impl Schema {
    /// Reads the embedded defaults.
    pub(super) fn parse(defaults: &str, open_sections: &[&str]) -> Result<Self, String> {
        let table = defaults.parse().map_err(|error| format!("the built-in defaults: {error}"))?;
        let open = open_sections.iter().map(|section| (*section).to_owned()).collect();
        Ok(Self { table, open, text: Value::String(String::new()) })
    }

    /// Whether the section takes any key.
    pub(super) fn is_open(&self, section: &str) -> bool {
        self.open.iter().any(|open| open == section)
    }

    /// The outermost level.
    pub(super) fn root(&self) -> &Table {
        &self.table
    }

    /// The default of a key; `None` for sections and what is not known.
    pub(super) fn default(&self, key: &str) -> Option<&Value> {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
        let known = self.section(section)?.get(name).filter(|value| !value.is_table());
        known.or_else(|| self.is_open(section).then_some(&self.text))
    }

    /// What is known where `key` was expected, or in the nearest section around it, to be appended to a message.
    pub(super) fn suggestion(&self, key: &str) -> String {
        let around = iter::successors(key.rsplit_once('.'), |(section, _)| section.rsplit_once('.'));
        let nearest = around.map(|(section, _)| section).find_map(|section| Some((section, self.section(section)?)));
        let names: Vec<_> = match nearest {
            Some((section, table)) => table.keys().map(|name| format!("{section}.{name}")).collect(),
            None => self.table.keys().cloned().collect(),
        };
        format!("; known are {}", names.join(", "))
    }

    /// The defaults with these values in their place, later ones winning.
    pub(super) fn with<'a>(&self, given: impl IntoIterator<Item = &'a Given>) -> Result<Table, String> {
        let layer = |toml: &str| File::from_str(toml, FileFormat::Toml);
        let defaults = Config::builder().add_source(layer(&self.table.to_string()));
        let values = given.into_iter().map(|Given { key, value, .. }| layer(&format!("{key} = {value}")));
        let layered = values.fold(defaults, ConfigBuilder::<DefaultState>::add_source).build();
        layered.and_then(Config::try_deserialize).map_err(|error| error.to_string())
    }

    fn section(&self, path: &str) -> Option<&Table> {
        let names = path.split('.').filter(|name| !name.is_empty());
        names.into_iter().try_fold(&self.table, |table, name| table.get(name)?.as_table())
    }
}

/// The kind of a value in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// Text as the kind of value that the default has; `None` if it cannot be one.
pub(super) fn typed(text: &str, default: &Value) -> Option<Value> {
    Some(match default {
        Value::Boolean(_) => Value::Boolean(text.parse().ok()?),
        Value::Integer(_) => Value::Integer(text.parse().ok()?),
        Value::Float(_) => Value::Float(text.parse().ok()?),
        Value::Array(_) => list(text).unwrap_or_else(|| {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(Value::from).collect())
        }),
        _ => Value::String(text.to_owned()),
    })
}

/// A list as a file would have it, which those need whose entries are sections.
fn list(text: &str) -> Option<Value> {
    let table: Table = format!("list = {text}").parse().ok()?;
    table.get("list").filter(|list| list.is_array()).cloned()
}
