//! Images that come in one stream.

use grpc_api::image_v1 as api;
use shared_types::{ErrorCode, ImageFormat};
use tonic::{Status, Streaming};

use crate::app::{Receiving, UploadOptions};
use crate::domain::{Caller, Image, ImageName, StoreError, Tags};
use crate::grpc::documents::{self, invalid, set};
use crate::grpc::{GrpcState, incoming, status};

/// How many ids an error names: it stands in the head of the answer, of which clients take about 8 KiB.
const NAMED: usize = 100;

/// Stores the images of a stream.
///
/// # Errors
/// Those of a single image; the images before it are stored, and `stored_ids` in `ErrorInfo` has the last ones of them.
pub(super) async fn receive(
    state: &GrpcState,
    caller: &Caller,
    mut stream: Streaming<api::UploadImageRequest>,
) -> Result<api::UploadImageResponse, Status> {
    let mut stored = Vec::new();
    match receive_all(state, caller, &mut stream, &mut stored).await {
        Ok(()) => Ok(answer(&stored)),
        Err(error) if stored.is_empty() => Err(error),
        Err(error) => {
            let ids: Vec<_> = stored.iter().rev().take(NAMED).map(|image| image.id.to_string()).collect();
            let ids: Vec<_> = ids.into_iter().rev().collect();
            let told = [("stored_ids", ids.join(",")), ("stored", stored.len().to_string())];
            Err(status::with_more(&error, told))
        }
    }
}

async fn receive_all(
    state: &GrpcState,
    caller: &Caller,
    stream: &mut Streaming<api::UploadImageRequest>,
    stored: &mut Vec<Image>,
) -> Result<(), Status> {
    let Some(first) = incoming::next(state, stream, Some("imgChunk")).await? else { return Err(nothing().into()) };
    let mut image = Incoming::begin(state, caller, first).await?;
    while let Some(message) = incoming::next(state, stream, Some("imgChunk")).await? {
        if image.goes_on_with(&message) {
            image.go_on(message).await?;
            continue;
        }
        stored.push(image.finish().await?);
        if stored.len() >= state.files {
            let detail = format!("A stream may have at most {} images here (limits.files).", state.files);
            return Err(StoreError::new(ErrorCode::TooManyBytes, detail).parameter("name").into());
        }
        image = Incoming::begin(state, caller, message).await?;
    }
    stored.push(image.finish().await?);
    Ok(())
}

/// One image on its way in. Dropping it leaves nothing behind.
struct Incoming {
    /// What was said of it, without its bytes.
    first: api::UploadImageRequest,
    name: ImageName,
    format: Option<ImageFormat>,
    options: UploadOptions,
    receiving: Receiving,
}

impl Incoming {
    async fn begin(state: &GrpcState, caller: &Caller, mut first: api::UploadImageRequest) -> Result<Self, StoreError> {
        let name =
            set(&first.name).ok_or_else(|| invalid("name", "is missing: the first message of an image needs it"))?;
        let name =
            ImageName::from_client(name).ok_or_else(|| invalid("name", "must be a file name such as photo.jpg"))?;
        let format = set(&first.format).map(format).transpose()?;
        let tags = first.tags.iter().map(|tag| documents::value("tags", tag)).collect::<Result<_, _>>()?;
        let tags = Tags::of(tags).map_err(|reason| invalid("tags", reason))?;
        let visibility = set(&first.visibility).map(|text| documents::value("visibility", text)).transpose()?;
        state.services.check_announced(first.announced_size).map_err(|error| error.parameter("announced_size"))?;
        let receiving = state.services.receive_image(caller).await?;
        let chunk = std::mem::take(&mut first.img_chunk);
        let options = UploadOptions { visibility, tags, ..UploadOptions::default() };
        let mut incoming = Self { first, name, format, options, receiving };
        incoming.take(chunk).await?;
        Ok(incoming)
    }

    /// Whether the message is of this image, and not the first one of another.
    fn goes_on_with(&self, message: &api::UploadImageRequest) -> bool {
        message.name.is_empty() || message.name == self.first.name
    }

    async fn go_on(&mut self, message: api::UploadImageRequest) -> Result<(), StoreError> {
        let first = &self.first;
        let changed = [
            ("format", !message.format.is_empty() && message.format != first.format),
            ("announced_size", message.announced_size != 0 && message.announced_size != first.announced_size),
            ("tags", !message.tags.is_empty() && message.tags != first.tags),
            ("visibility", !message.visibility.is_empty() && message.visibility != first.visibility),
        ];
        if let Some((field, _)) = changed.into_iter().find(|(_, changed)| *changed) {
            return Err(invalid(field, "must be said in the first message of an image, and not otherwise later"));
        }
        self.take(message.img_chunk).await
    }

    async fn take(&mut self, chunk: bytes::Bytes) -> Result<(), StoreError> {
        if chunk.is_empty() {
            return Ok(());
        }
        let announced = self.first.announced_size;
        if announced > 0 && self.receiving.bytes() + chunk.len() as u64 > announced {
            let reason = format!("goes on behind the end that was announced: announced_size is {announced}");
            return Err(invalid("imgChunk", reason));
        }
        self.receiving.write(chunk).await?;
        self.check_format(self.receiving.format())
    }

    /// The content decides; a client that takes it for something else may have mixed up its files.
    fn check_format(&self, content: Option<ImageFormat>) -> Result<(), StoreError> {
        match (self.format, content) {
            (Some(said), Some(content)) if said != content => {
                let reason = format!("is {:?}, but by its content the file is {content}", self.first.format);
                Err(invalid("format", reason))
            }
            _ => Ok(()),
        }
    }

    async fn finish(mut self) -> Result<Image, StoreError> {
        let (announced, bytes) = (self.first.announced_size, self.receiving.bytes());
        if announced > 0 && bytes < announced {
            let detail = format!("`announced_size` is {announced}, but {bytes} bytes came; send the image again.");
            return Err(StoreError::new(ErrorCode::IncompleteBody, detail).parameter("announced_size"));
        }
        if bytes > 0 {
            let content = self.receiving.recognise()?;
            self.check_format(Some(content))?;
        }
        let Self { name, options, receiving, .. } = self;
        Ok(receiving.finish(Some(name), &options).await?.image)
    }
}

fn format(text: &str) -> Result<ImageFormat, StoreError> {
    let extension = text.strip_prefix('.').unwrap_or(text);
    ImageFormat::from_extension(extension).ok_or_else(|| {
        invalid("format", format!("must be the extension of a format that is read, such as .jpg, not {text:?}"))
    })
}

fn nothing() -> StoreError {
    StoreError::new(ErrorCode::MissingImage, "The stream has no message; send the image's name and bytes.")
}

fn answer(stored: &[Image]) -> api::UploadImageResponse {
    let total_size = stored.iter().map(|image| image.bytes).sum();
    let (id, digest) = stored.last().map(|image| (image.id.to_string(), image.digest.to_string())).unwrap_or_default();
    let images = stored.iter().map(documents::image).collect();
    api::UploadImageResponse { size: u32::try_from(total_size).unwrap_or(u32::MAX), id, digest, images, total_size }
}
