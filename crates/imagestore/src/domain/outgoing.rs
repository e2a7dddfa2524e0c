//! What leaves the store: a change as programs elsewhere are told of it.

use jiff::Timestamp;

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
