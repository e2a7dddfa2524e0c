//! Bytes of pictures in messages.

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use tonic::Status;

use crate::app::ContentBytes;
use crate::domain::StoreError;

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
            let pieces = reader.stream(0..size).map_err(|error| StoreError::internal(error).into());
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
