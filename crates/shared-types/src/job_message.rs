//! What the store says of a job by a message broker.
//!
//! The message announces the job and is not the job: whoever takes it leases the job from the store by its id, and a job that is not to be
//! had any more needs nothing done. So a message may come twice, late, or not at all, and the store says it again.

use serde::{Deserialize, Serialize};

use crate::ids::{ImageId, JobId};

/// The header with the id of the message, a `UUIDv7`.
pub const EVENT_ID: &str = "event_id";

/// A job that is queued. Beside the job and the kind of message, the fields are those of an older processor's messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMessage {
    /// What is said.
    pub kind: MessageKind,
    /// The job.
    pub job_id: JobId,
    /// The image.
    pub id: ImageId,
    /// By which key the storage has the original.
    pub original_key: String,
    /// Media type of the original.
    pub content_type: String,
    /// What is to be done: `resize`, `thumbnail` and `watermark` as an older processor knows them, `compress` and `transform` as this one does.
    pub operation: String,
    /// Of a resize.
    pub width: Option<u32>,
    /// Of a resize.
    pub height: Option<u32>,
    /// Of a watermark.
    pub text: Option<String>,
}

/// The kinds of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageKind {
    /// The job waits for a worker.
    #[serde(rename = "job.queued")]
    Queued,
}

impl MessageKind {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "job.queued",
        }
    }
}

impl JobMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// Why it is none, as a sentence.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let document: serde_json::Value =
            serde_json::from_slice(body).map_err(|error| format!("The message is not a JSON document: {error}."))?;
        serde_json::from_value(document).map_err(|error| format!("The message has not the fields of a job: {error}."))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::{JobMessage, MessageKind};

    const JOB: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn fields_that_are_not_known_are_left_alone() {
        let text = format!(
            r#"{{"kind":"job.queued","job_id":"{JOB}","id":"{JOB}","original_key":"k","content_type":"image/png","operation":"resize","width":10,"height":20,"text":null,"later":1}}"#
        );
        let message = JobMessage::parse(text.as_bytes()).unwrap();
        assert_eq!((message.kind, message.width, message.height), (MessageKind::Queued, Some(10), Some(20)));
        assert_eq!(JobMessage::parse(&serde_json::to_vec(&message).unwrap()), Ok(message));
        assert_eq!(serde_json::to_value(MessageKind::Queued).unwrap(), MessageKind::Queued.name());
    }

    #[test]
    fn what_is_no_job_says_why() {
        for (text, why) in [
            ("", "not a JSON document"),
            ("{", "not a JSON document"),
            ("{}", "missing field `kind`"),
            (r#"{"kind":"job.done"}"#, "unknown variant"),
            (r#"{"kind":"job.queued","job_id":"7"}"#, "has not the fields"),
            ("[1]", "has not the fields"),
        ] {
            let said = JobMessage::parse(text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
