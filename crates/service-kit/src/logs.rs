//! Logs go to stderr through `env_logger`, one line each, with the id of the request they belong to.

use std::io::{self, Write};

use env_logger::Builder;
use env_logger::fmt::Formatter;
use jiff::{Timestamp, Unit};
use log::kv::{Key, Value, VisitSource};
use log::{Level, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::http::request;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging at `level`; `RUST_LOG` wins. A second call changes nothing.
pub fn init(level: &str, format: LogFormat) {
    let mut builder = Builder::new();
    // Libraries at debug or trace drown what is looked for; RUST_LOG can ask for them.
    builder.parse_filters(&format!("{level},sqlx=warn,hyper=info,reqwest=info,actix_server=warn,h2=info,mio=info"));
    builder.parse_default_env();
    match format {
        LogFormat::Text => builder.format(text),
        LogFormat::Json => builder.format(json),
    };
    let _ = builder.try_init();
}

fn now() -> String {
    let now = Timestamp::now();
    format!("{:.3}", now.round(Unit::Millisecond).unwrap_or(now))
}

/// Whether a line may hold keys: the library that signs requests to object stores writes them into what it tells at debug. Not even `RUST_LOG`
/// brings them out.
fn may_tell_secrets(record: &Record<'_>) -> bool {
    record.level() > Level::Info && record.target().starts_with("reqsign")
}

fn text(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    if may_tell_secrets(record) {
        return Ok(());
    }
    write!(out, "{} {:<5} {}", now(), record.level(), record.target())?;
    request::with_id(|id| write!(out, " [{id}]")).transpose()?;
    // A message with line breaks could pass for several lines.
    let message = record.args().to_string();
    write!(out, " {}", message.replace('\n', "\\n").replace('\r', "\\r"))?;
    let mut pairs = TextPairs(out);
    record.key_values().visit(&mut pairs).map_err(io::Error::other)?;
    writeln!(out)
}

struct TextPairs<'a>(&'a mut Formatter);

impl<'kvs> VisitSource<'kvs> for TextPairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        Ok(write!(self.0, " {key}={:?}", value.to_string())?)
    }
}

fn json(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    if may_tell_secrets(record) {
        return Ok(());
    }
    let mut line = Map::new();
    line.insert("time".to_owned(), now().into());
    line.insert("level".to_owned(), record.level().as_str().into());
    line.insert("target".to_owned(), record.target().into());
    if let Some(id) = request::current_id() {
        line.insert("request_id".to_owned(), id.into());
    }
    line.insert("message".to_owned(), record.args().to_string().into());
    record.key_values().visit(&mut JsonPairs(&mut line)).map_err(io::Error::other)?;
    writeln!(out, "{}", json!(line))
}

struct JsonPairs<'a>(&'a mut Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for JsonPairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        self.0.insert(key.to_string(), value.to_string().into());
        Ok(())
    }
}
