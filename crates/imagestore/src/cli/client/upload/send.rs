//! One file in one stream.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{Stream, StreamExt, future, stream};
use grpc_api::image_v1 as api;
use indicatif::ProgressBar;
use tokio::sync::oneshot;
use tonic::{Code, Status};

use super::pieces::{self, Pieces};
use super::sources::Source;
use crate::cli::client::connection::Client;
use crate::cli::client::words;

/// How many times a file is sent when the store asks to come back later, and the longest that is waited for it.
const ATTEMPTS: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(90);

/// Why a file is not stored.
pub(super) enum Fault {
    /// It could not be read to its end.
    Unreadable(io::Error),
    /// The store does not take it.
    Refused(Status),
    /// The store takes nothing: it is away, or the key is wrong.
    Store(Status),
}

/// What every file needs.
pub(super) struct Sender {
    pub(super) client: Client,
    /// What the first message of each image says beside its name.
    pub(super) first: api::UploadImageRequest,
    pub(super) bar: ProgressBar,
}

impl Sender {
    /// Sends a file, again if the store says when. What comes from standard input can be read only once.
    pub(super) async fn send(&self, source: Source) -> (Source, Result<api::Image, Fault>) {
        let mut attempts = 1;
        loop {
            let counted = Arc::new(AtomicU64::new(0));
            let sent = self.try_send(&source, &counted).await;
            if let Err(Fault::Refused(status)) = &sent
                && let Some(pause) = words::retry_after(status).filter(|pause| *pause <= PATIENCE)
                && attempts < ATTEMPTS
                && source.path.is_some()
            {
                self.bar.dec(counted.load(Ordering::Relaxed));
                tokio::time::sleep(pause).await;
                attempts += 1;
                continue;
            }
            return (source, sent);
        }
    }

    async fn try_send(&self, source: &Source, counted: &Arc<AtomicU64>) -> Result<api::Image, Fault> {
        let first = api::UploadImageRequest {
            name: source.name.clone(),
            announced_size: source.size.unwrap_or(0),
            ..self.first.clone()
        };
        let (broken, is_broken) = oneshot::channel();
        let mut client = self.client.clone();
        let bar = self.bar.clone();
        let counted = Arc::clone(counted);
        let count = move |bytes: u64| {
            counted.fetch_add(bytes, Ordering::Relaxed);
            bar.inc(bytes);
        };
        let pieces = pieces::of(source).await.map_err(Fault::Unreadable)?;
        let answer = client.upload_image(messages(first, pieces, count, broken));
        let answer = tokio::select! {
            biased;
            Ok(error) = is_broken => return Err(Fault::Unreadable(error)),
            answer = answer => answer,
        };
        let images = answer.map_err(fault)?.into_inner().images;
        images.into_iter().next().ok_or_else(|| Fault::Refused(Status::unknown("The store's answer names no image.")))
    }
}

/// The messages of one image. If it cannot be read to its end, they stop there without an end, since what has one is stored: whoever listens to
/// `broken` drops the call.
fn messages(
    first: api::UploadImageRequest,
    pieces: Pieces,
    count: impl Fn(u64) + Send + 'static,
    broken: oneshot::Sender<io::Error>,
) -> impl Stream<Item = api::UploadImageRequest> + Send + 'static {
    let rest = stream::unfold((pieces, broken, count), |(mut pieces, broken, count)| async move {
        match pieces.next().await? {
            Ok(piece) => {
                count(piece.len() as u64);
                let message = api::UploadImageRequest { img_chunk: piece, ..Default::default() };
                Some((message, (pieces, broken, count)))
            }
            Err(error) => {
                // Nobody listens any more if the call was over before.
                let _ = broken.send(error);
                future::pending().await
            }
        }
    });
    stream::once(future::ready(first)).chain(rest)
}

fn fault(status: Status) -> Fault {
    let takes_nothing = matches!(status.code(), Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented);
    if takes_nothing || words::is_of_connection(&status) { Fault::Store(status) } else { Fault::Refused(status) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_breaks_off_has_no_end() {
        let (broken, is_broken) = oneshot::channel();
        let pieces = stream::iter([Ok("abc".into()), Err(io::ErrorKind::TimedOut.into())]).boxed();
        let messages = messages(api::UploadImageRequest::default(), pieces, |_| {}, broken);
        let mut messages = std::pin::pin!(messages);
        assert!(messages.next().await.is_some_and(|first| first.img_chunk.is_empty()));
        assert!(messages.next().await.is_some_and(|second| second.img_chunk == "abc"));
        let more = tokio::time::timeout(Duration::from_millis(50), messages.next()).await;
        assert!(more.is_err(), "an end would have the store keep the half");
        assert_eq!(is_broken.await.unwrap().kind(), io::ErrorKind::TimedOut);
    }
}
