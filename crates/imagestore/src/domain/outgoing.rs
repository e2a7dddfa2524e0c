//! What leaves the store: a change as programs elsewhere are told of it. docs/EVENTS.md has an example of each kind.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{AlbumEvent, ImageEvent, OutboxMessage, VariantNotice};

/// A message about one change. It is the same however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// A `UUIDv7` as text. A message that comes twice has the same one.
    pub id: String,
    /// What happened, such as `image.stored`.
    pub kind: String,
    /// The image or album that it is about, by its id: messages of one key are sent in the order of the changes.
    pub key: String,
    /// When the change was made.
    pub time: Timestamp,
    /// All of it as a JSON document.
    pub document: String,
    /// The same as a sentence of the older album service, where that has one.
    pub text: Option<String>,
}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    id: &'a str,
    r#type: &'a str,
    timestamp: Timestamp,
    data: &'a Value,
}

impl OutgoingMessage {
    /// What can have happened.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        let (images, albums) = (ImageEvent::ALL.map(ImageEvent::name), AlbumEvent::ALL.map(AlbumEvent::name));
        images.into_iter().chain([VariantNotice::STORED]).chain(albums)
    }
}

impl TryFrom<&OutboxMessage> for OutgoingMessage {
    type Error = serde_json::Error;

    /// Of what the transaction of the change wrote down: `event` says what happened, `text` is the sentence.
    fn try_from(written: &OutboxMessage) -> Result<Self, serde_json::Error> {
        let data: Value = serde_json::from_str(&written.body)?;
        let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
        let (id, kind, time) = (written.id.to_string(), text("event").unwrap_or_default(), written.created);
        let document = Document { id: &id, r#type: &kind, timestamp: time, data: &data };
        let document = serde_json::to_string(&document)?;
        Ok(Self { document, id, kind, key: written.key.clone(), time, text: text("text") })
    }
}
