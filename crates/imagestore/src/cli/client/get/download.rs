//! Bytes on their way, and what is known of them beforehand.

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use grpc_api::image_v1 as api;
use service_kit::exit::Failure;
use shared_types::ImageId;
use tonic::{Status, Streaming};

use super::target;
use crate::cli::client::connection::{Client, ServerFlags};

/// A picture that is under way.
pub(super) struct Download {
    /// What the file may be called; the image's id alone if its name was not asked for.
    pub(super) name: String,
    /// How many bytes follow.
    pub(super) size: u64,
    /// BLAKE3 of them, hex, of an original.
    pub(super) digest: Option<String>,
    pub(super) pieces: BoxStream<'static, Result<Bytes, Status>>,
}

/// Asks for the original, the thumbnail or the variant.
///
/// # Errors
/// What the store says.
pub(super) async fn begin(
    server: &ServerFlags,
    id: ImageId,
    thumbnail: bool,
    transform: Option<api::Transform>,
    named: bool,
) -> Result<Download, Failure> {
    let mut client = server.connect().await?;
    let begun = match transform {
        Some(transform) => variant(&mut client, id, transform, named).await,
        None if thumbnail => image(&mut client, id, api::Rendition::Thumbnail).await.map(|(download, _)| download),
        None => image(&mut client, id, api::Rendition::Original).await.map(|(download, _)| download),
    };
    begun.map_err(|status| Failure::Fault(server.explain(&status)))
}

async fn image(client: &mut Client, id: ImageId, rendition: api::Rendition) -> Result<(Download, api::Image), Status> {
    let wanted = api::GetImageRequest { id: id.to_string(), rendition: rendition.into() };
    let mut messages = client.get_image_stream(wanted).await?.into_inner();
    let head = first(&mut messages).await?;
    let about = head.metadata.unwrap_or_default();
    let digest = (rendition == api::Rendition::Original).then(|| about.digest.clone());
    let name = target::file_name(id, &about.name, &head.media_type);
    let pieces = messages.map_ok(|message| message.chunk).boxed();
    Ok((Download { name, size: head.size, digest, pieces }, about))
}

async fn variant(client: &mut Client, id: ImageId, transform: api::Transform, named: bool) -> Result<Download, Status> {
    // A variant's head does not tell the image's name. Of this call only the head is read.
    let about = if named { image(client, id, api::Rendition::Original).await?.1 } else { api::Image::default() };
    let wanted = api::GetVariantRequest { id: id.to_string(), transform: Some(transform) };
    let mut messages = client.get_variant(wanted).await?.into_inner();
    let head = first(&mut messages).await?;
    let name = target::file_name(id, &about.name, &head.media_type);
    let pieces = messages.map_ok(|message| message.chunk).boxed();
    Ok(Download { name, size: head.size, digest: None, pieces })
}

async fn first<T>(messages: &mut Streaming<T>) -> Result<T, Status> {
    messages.message().await?.ok_or_else(|| Status::unknown("The store's answer has no message."))
}
