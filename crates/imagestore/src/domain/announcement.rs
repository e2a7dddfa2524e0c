//! What a message broker is told of a queued job.

use jiff::Timestamp;
use shared_types::job::Task;
use shared_types::job_message::{JobMessage, MessageKind};
use shared_types::transform::{ClientHints, Fit};
use shared_types::{Transform, TransformError, TransformQuery};
use uuid::Uuid;

use super::{Image, Job, OutgoingMessage, StoreError};

/// The operations by their names in messages, with what an older processor knows of them.
#[derive(Default)]
struct Operation {
    name: &'static str,
    size: Option<(u32, u32)>,
    text: Option<String>,
}

/// The message about a job on an image whose original the storage has by this key. Each time it is made it has an id of its own: said again it is another message.
///
/// # Errors
/// The job's parameters cannot be read.
pub fn announcement(job: &Job, image: &Image, original_key: String) -> Result<OutgoingMessage, StoreError> {
    let operation = operation(&job.order.task)?;
    let message = JobMessage {
        kind: MessageKind::Queued,
        job_id: job.id,
        id: image.id,
        original_key,
        content_type: image.facts.format.media_type().to_owned(),
        operation: operation.name.to_owned(),
        width: operation.size.map(|(width, _)| width),
        height: operation.size.map(|(_, height)| height),
        text: operation.text,
    };
    Ok(OutgoingMessage {
        id: Uuid::now_v7().to_string(),
        kind: message.kind.name().to_owned(),
        key: image.id.to_string(),
        time: Timestamp::now(),
        document: serde_json::to_string(&message).map_err(StoreError::internal)?,
        text: None,
    })
}

/// What is to be done, in the words of the older processor where it has some.
fn operation(task: &Task) -> Result<Operation, TransformError> {
    if task.goal.is_some() {
        return Ok(Operation { name: "compress", ..Operation::default() });
    }
    let transform = TransformQuery::parse_text(&task.transform, ClientHints::default())?.transform;
    let Transform { resize, text, .. } = &transform;
    let of_size = || resize.as_ref().and_then(|resize| resize.width.zip(resize.height));
    Ok(match (resize, text) {
        (Some(resize), None) if resize.fit == Fit::Fill => Operation { name: "resize", size: of_size(), text: None },
        (Some(resize), None) if resize.fit == Fit::Cover && of_size() == Some((150, 150)) => {
            Operation { name: "thumbnail", ..Operation::default() }
        }
        (None, Some(mark)) => {
            let lines: Vec<_> = mark.text.lines().collect();
            Operation { name: "watermark", size: None, text: Some(lines.join("\n")) }
        }
        _ => Operation { name: "transform", ..Operation::default() },
    })
}
