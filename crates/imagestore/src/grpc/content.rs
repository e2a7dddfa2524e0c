//! Bytes of pictures in messages.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use shared_types::{ErrorCode, TransformQuery};
use tonic::{Response, Status};

use super::GrpcState;
use crate::app::{Asking, ContentBytes, Delivery, Wanted};
use crate::domain::{Caller, Image, StoreError};

/// Bytes of one message of a stream: what files are read in, and far below the least that a message may have.
const PIECE: usize = 256 * 1024;

/// A stream of answers.
pub(super) type Answers<T> = BoxStream<'static, Result<T, Status>>;

/// The bytes in pieces, each as a message; the next one is read when the client takes it.
pub(super) fn messages<T: Send + 'static>(bytes: ContentBytes, message: fn(Bytes) -> T) -> Answers<T> {
    match bytes {
        ContentBytes::Memory(bytes) => stream::unfold(bytes, |mut rest| async move {
            let piece = rest.split_to(rest.len().min(PIECE));
            (!piece.is_empty()).then_some((piece, rest))
        })
        .map(move |piece| Ok(message(piece)))
        .boxed(),
        ContentBytes::Blob(reader) => {
            let size = reader.size();
            let pieces = reader.stream(0..size).map_err(|error| StoreError::of_stream(error).into());
            pieces.map_ok(message).boxed()
        }
    }
}

/// All of the bytes.
pub(super) async fn whole(bytes: ContentBytes) -> Result<Bytes, StoreError> {
    match bytes {
        ContentBytes::Memory(bytes) => Ok(bytes),
        ContentBytes::Blob(reader) => Ok(reader.read_all().await?),
    }
}

/// What the parameters make of an image, if the caller may ask for that.
pub(super) async fn deliver(
    state: &GrpcState,
    caller: &Caller,
    image: Arc<Image>,
    query: TransformQuery,
    own_parameter: Option<&str>,
) -> Result<Delivery, StoreError> {
    state.services.check_asking(caller, &image, &Asking::of(&query, &image, own_parameter))?;
    // What may hold scripts is not shown by anybody who asks here: it is saved.
    let wanted = Wanted::negotiate(query.transform, query.format, query.name, &image, &[], true, None);
    state.services.resolve(caller, image, wanted).await
}

/// What is meant, with its bytes. Where the image got another original since it was looked up, it is looked up again.
pub(super) async fn fetch<F: Future<Output = Result<Delivery, StoreError>>>(
    state: &GrpcState,
    meant: impl Fn() -> F,
) -> Result<(Delivery, ContentBytes), StoreError> {
    let mut tries = 3;
    loop {
        let delivery = meant().await?;
        tries -= 1;
        match state.services.content(&delivery).await {
            Err(error) if tries > 0 && matches!(error.code, ErrorCode::NotFound | ErrorCode::Outdated) => {}
            content => return Ok((delivery, content?.bytes)),
        }
    }
}

/// Makes sure that an answer with so many bytes of a picture, as they are sent, fits into one message.
///
/// # Errors
/// It is larger than a message may be.
pub(super) fn check_fits(state: &GrpcState, size: u64) -> Result<(), StoreError> {
    /// What stands in a message beside the picture's bytes, at most: texts that are bounded, of which the tags are the longest.
    const BESIDE: u64 = 16 * 1024;
    let most = state.max_message_bytes as u64;
    if size + BESIDE > most {
        let detail = format!(
            "The image has {size} bytes, and a message has at most {most} (grpc.max_message_bytes); call GetImageStream."
        );
        return Err(StoreError::new(ErrorCode::MessageTooLarge, detail));
    }
    Ok(())
}

/// An answer with a picture in it, which compression would only make slower.
pub(super) fn uncompressed<T>(message: T) -> Response<T> {
    let mut answer = Response::new(message);
    answer.disable_compression();
    answer
}
