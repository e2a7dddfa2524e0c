//! Messages of requests: each is collected whole, within what all calls together may hold.
//!
//! tonic takes room for a message as soon as its length is told, and holds what has arrived until the rest has. Here a message takes room as
//! its bytes arrive, out of a budget, and for a time only; tonic is handed nothing but whole ones.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Frame;
use shared_types::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use crate::domain::StoreError;

/// Methods whose messages have files in them, and the field that has. All others need small messages.
const FILES_IN: [(&str, &str); 3] = [
    ("/image.v1.ImageService/UploadImage", "imgChunk"),
    ("/img.ImageService/storeImage", "imageBytes"),
    ("/img.ImageService/storeImages", "imageBytes"),
];

/// Whether there are files in the messages of the method.
pub(super) fn has_files(path: &str) -> bool {
    field_of_file(path).is_some()
}

fn field_of_file(path: &str) -> Option<&'static str> {
    FILES_IN.iter().find(|(method, _)| *method == path).map(|(_, field)| *field)
}

/// The most bytes of a message that has no file in it.
pub(super) const SMALL: usize = 64 * 1024;

/// What stands before each message: whether it is compressed, and its length (gRPC over HTTP/2, `Length-Prefixed-Message`).
const PREFIX: usize = 5;

/// The budget is counted in these, so that a message of few bytes counts for what it takes beside them.
const UNIT: usize = 1024;

/// The share of the budget that is for messages without files: whoever uploads cannot keep the others from being served.
const SHARE_OF_SMALL: usize = 8;

/// Bounds of what requests bring.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    files: Kind,
    others: Kind,
    pause: Duration,
}

/// Bounds of the messages of one kind.
#[derive(Debug, Clone)]
struct Kind {
    /// The most bytes of one message.
    most: usize,
    /// The field that has a file in such messages, if there is one.
    file: Option<&'static str>,
    /// In units, for all calls.
    budget: Arc<Semaphore>,
}

/// Room that a call has taken for a message that the handler may still hold; free again with the last clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Intake {
    /// With this many bytes of one message with a file in it, of all messages that are held at once, and for a message to arrive in.
    pub(super) fn new(most: usize, budget: usize, pause: Duration) -> Self {
        let units = |bytes: usize| Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS)));
        let others = budget / SHARE_OF_SMALL;
        Self {
            files: Kind { most, file: None, budget: units(budget - others) },
            others: Kind { most: SMALL, file: None, budget: units(others) },
            pause,
        }
    }

    /// The request's body as whole messages, and what it takes for them.
    pub(super) fn collect(&self, path: &str, body: Body) -> (Body, Held) {
        let file = field_of_file(path);
        let kind = if file.is_some() { &self.files } else { &self.others };
        let held = Held::default();
        let messages = Messages {
            body,
            kind: Kind { file, ..kind.clone() },
            pause: self.pause,
            rest: Bytes::new(),
            message: Vec::new(),
            room: None,
            held: held.clone(),
            deadline: None,
        };
        (Body::new(messages), held)
    }
}

struct Messages {
    body: Body,
    kind: Kind,
    pause: Duration,
    /// Arrived, and not looked at yet.
    rest: Bytes,
    /// The message that is arriving, with its prefix.
    message: Vec<u8>,
    /// What has been taken of the budget for it.
    room: Option<OwnedSemaphorePermit>,
    /// For the largest message before it: tonic keeps its buffer for as long as the request lasts.
    held: Held,
    /// Runs while the client is waited for, until a message is whole.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Messages {
    /// Takes of what has arrived; a message once it is whole.
    fn take(&mut self) -> Result<Option<Bytes>, StoreError> {
        self.take_until(PREFIX)?;
        let Some(length) = self.length() else { return Ok(None) };
        if length > self.kind.most {
            return Err(self.kind.too_large());
        }
        let whole = PREFIX + length;
        self.take_until(whole)?;
        if self.message.len() < whole { Ok(None) } else { self.finish().map(Some) }
    }

    /// How long the message is to be, without its prefix.
    fn length(&self) -> Option<usize> {
        let prefix = self.message.first_chunk::<PREFIX>()?;
        usize::try_from(u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]])).ok()
    }

    /// Moves bytes into the message until it has so many, or there are no more.
    fn take_until(&mut self, wanted: usize) -> Result<(), StoreError> {
        let count = wanted.saturating_sub(self.message.len()).min(self.rest.len());
        if count == 0 {
            return Ok(());
        }
        let needed = self.message.len() + count;
        if needed > self.message.capacity() {
            // Twice as much each time, so that bytes are not moved again and again, and never more than the message needs.
            let capacity = (2 * self.message.capacity()).clamp(needed, wanted);
            let units = capacity.div_ceil(UNIT) - self.room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            add(&mut self.room, self.kind.room(units)?);
            self.message.reserve_exact(capacity - self.message.len());
        }
        self.message.extend_from_slice(&self.rest[..count]);
        self.rest.advance(count);
        Ok(())
    }

    /// Gives the message away, with the room for it and for what it may be when it is no longer compressed.
    fn finish(&mut self) -> Result<Bytes, StoreError> {
        if self.message[0] != 0 {
            add(&mut self.room, self.kind.room(self.kind.most.div_ceil(UNIT))?);
        }
        self.deadline = None;
        self.held.keep_larger(self.room.take());
        Ok(std::mem::take(&mut self.message).into())
    }

    fn too_late(&self) -> StoreError {
        let detail = format!("No whole message arrived for {} s; send the request again.", self.pause.as_secs());
        StoreError::new(ErrorCode::RequestTimeout, detail)
    }
}

/// A message with too many bytes, of a file if there is one in this field.
pub(super) fn too_large_for(file: Option<&str>, most: usize) -> StoreError {
    file.map_or_else(too_large, |field| too_large_with_file(most, field))
}

fn too_large_with_file(most: usize, field: &str) -> StoreError {
    let detail = format!(
        "A message may have at most {most} bytes here (grpc.max_message_bytes); send the file in smaller pieces, as UploadImage takes them."
    );
    StoreError::new(ErrorCode::MessageTooLarge, detail).parameter(field)
}

/// One with too many bytes although there is no file in it.
pub(super) fn too_large() -> StoreError {
    let detail = format!("A message of this call may have at most {SMALL} bytes; say less in it.");
    StoreError::new(ErrorCode::MessageTooLarge, detail)
}

impl Kind {
    fn too_large(&self) -> StoreError {
        too_large_for(self.file, self.most)
    }

    /// Takes so many units, if they are free.
    fn room(&self, units: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let wanted = u32::try_from(units).map_err(|_| TryAcquireError::NoPermits);
        wanted.and_then(|units| Arc::clone(&self.budget).try_acquire_many_owned(units)).map_err(|_| {
            let detail = "Messages of other calls take all the memory there is for them; try again a little later.";
            StoreError::new(ErrorCode::Overloaded, detail)
        })
    }
}

fn add(room: &mut Option<OwnedSemaphorePermit>, more: OwnedSemaphorePermit) {
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
}

impl Held {
    fn keep_larger(&self, room: Option<OwnedSemaphorePermit>) {
        let units = |room: &Option<OwnedSemaphorePermit>| room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if units(&room) > units(&held) {
            *held = room;
        }
    }
}

impl http_body::Body for Messages {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        loop {
            match this.take() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
            let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) else {
                let pause = this.pause;
                ready!(this.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause))).as_mut().poll(context));
                return Poll::Ready(Some(Err(this.too_late().into())));
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => this.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                None if this.message.is_empty() => return Poll::Ready(None),
                None => {
                    let detail = "The request ended within a message; send it again.";
                    return Poll::Ready(Some(Err(StoreError::new(ErrorCode::IncompleteBody, detail).into())));
                }
            }
        }
    }
}
