//! Taking an image in: bytes stream to a staged blob while they are counted, hashed and sniffed; then the picture is checked, made
//! durable, recorded, and only then acknowledged.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures::{TryFutureExt, TryStreamExt};
use image_engine::{EngineError, Facts, SNIFF_BYTES};
use jiff::{Timestamp, Unit};
use shared_types::{ErrorCode, ImageFormat, ImageId};

use super::{AndThen, OnDuplicate, Services};
use crate::domain::{Happening, Image, ImageName, Job, StoreError};
use crate::ports::{NewWork, RemoteError, StagedBlob};

/// Chunks are gathered to this size before they are hashed and written, off the async threads.
const GATHER: usize = 256 * 1024;

/// An image that is stored.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Its record.
    pub image: Image,
    /// Whether the same bytes were there already.
    pub deduplicated: bool,
    /// Whether it is a new image, and not one that was there before.
    pub is_new: bool,
    /// What was queued for it.
    pub jobs: Vec<Job>,
}

/// What an upload asks for beside being stored.
#[derive(Debug, Clone, Default)]
pub struct UploadTerms {
    /// What is done with the image once it is there; nothing with one that was there before.
    pub then: Vec<AndThen>,
    /// What is done when its bytes are stored already.
    pub on_duplicate: OnDuplicate,
}

/// An upload on its way in. Dropping it leaves nothing behind.
pub struct Receiving {
    services: Services,
    staged: Box<dyn StagedBlob>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    bytes: u64,
    /// The first bytes, until they were recognised as a picture.
    head: Option<Vec<u8>>,
    format: Option<ImageFormat>,
}

impl Services {
    /// Begins an upload.
    pub async fn receive(&self) -> Result<Receiving, StoreError> {
        let staged = self.inner.blobs.stage().await?;
        let services = self.clone();
        Ok(Receiving {
            services,
            staged,
            gathered: Vec::new(),
            gathered_bytes: 0,
            bytes: 0,
            head: Some(Vec::new()),
            format: None,
        })
    }

    /// Refuses a length that was announced, before any byte of it.
    pub fn check_announced(&self, bytes: u64) -> Result<(), StoreError> {
        let limit = self.inner.limits.upload_bytes;
        if bytes > limit { Err(too_many_bytes(limit)) } else { Ok(()) }
    }

    /// Fetches an image from a public URL.
    pub async fn upload_from_url(
        &self,
        url: &str,
        name: Option<ImageName>,
        terms: &UploadTerms,
    ) -> Result<Uploaded, StoreError> {
        let Some(remote) = &self.inner.remote else {
            return Err(StoreError::new(
                ErrorCode::ForbiddenUrl,
                "Fetching from URLs is switched off here (fetch.enabled).",
            )
            .parameter("url"));
        };
        let mut body = remote.get(url).await?;
        if let Some(length) = body.length {
            self.check_announced(length)?;
        }
        let mut receiving = self.receive().await?;
        while let Some(chunk) = body.stream.try_next().await.map_err(broken_off)? {
            receiving.write(chunk).await?;
        }
        receiving.finish_on(name, terms).await
    }
}

impl Receiving {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// As soon as they are too many, or are seen not to be a picture.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.bytes += chunk.len() as u64;
        self.services.check_announced(self.bytes)?;
        self.sniff(&chunk, false)?;
        self.gathered_bytes += chunk.len();
        self.gathered.push(chunk);
        if self.gathered_bytes >= GATHER { self.flush().await } else { Ok(()) }
    }

    /// How many bytes came in so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sniff(&mut self, chunk: &[u8], is_all: bool) -> Result<(), StoreError> {
        let Some(head) = &mut self.head else { return Ok(()) };
        let missing = SNIFF_BYTES.saturating_sub(head.len());
        head.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        if head.len() < SNIFF_BYTES && !is_all {
            return Ok(());
        }
        self.format = Some(image_engine::recognise(head)?);
        self.head = None;
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        self.gathered_bytes = 0;
        Ok(self.staged.write(std::mem::take(&mut self.gathered)).await?)
    }

    /// What the bytes are that came in, which must be all.
    ///
    /// # Errors
    /// They are not a picture.
    pub fn recognise(&mut self) -> Result<ImageFormat, StoreError> {
        self.sniff(&[], true)?;
        self.format.ok_or_else(|| EngineError::NotAnImage.into())
    }

    /// Checks the picture, makes it durable and records it. When this returns, the image survives a power cut.
    pub async fn finish(self, name: Option<ImageName>) -> Result<Uploaded, StoreError> {
        self.finish_on(name, &UploadTerms::default()).await
    }

    /// The same on these terms; work for the image is queued in the same transaction.
    pub async fn finish_on(mut self, name: Option<ImageName>, terms: &UploadTerms) -> Result<Uploaded, StoreError> {
        let (facts, deduplicated) = self.complete().await?;
        let Self { services, staged, bytes, .. } = self;
        let digest = staged.digest();
        let image = Image { id: ImageId::generate(), digest, bytes, facts, name, created: now() };
        let jobs = services.jobs_for(&image, &terms.then).await?;
        let on_duplicate = terms.on_duplicate;
        let recorder = services.clone();
        let record = async move {
            // Of two uploads at once that must not be copies, the second one finds the first.
            let _hold = match on_duplicate {
                OnDuplicate::Keep => None,
                OnDuplicate::Return | OnDuplicate::Reject => Some(recorder.inner.duplicates.hold(&digest).await),
            };
            if let Some(image) = recorder.in_place_of(&digest, on_duplicate).await? {
                return Ok(Uploaded { image, deduplicated: true, is_new: false, jobs: Vec::new() });
            }
            let work = NewWork { rendition: recorder.wants_master_at_once(&image), analysis: true, jobs };
            let insert = recorder.inner.catalog.insert_image(&image, &work).map_ok(|()| ((), Vec::new()));
            recorder.record_blob(&digest, staged.commit(), insert).await?;
            recorder.inner.renditions.backlog.wake();
            recorder.inner.analyses.backlog.wake();
            recorder.publish(Happening::ImageStored(Arc::new(image.clone())));
            recorder.jobs_queued(&work.jobs);
            Ok(Uploaded { image, deduplicated, is_new: true, jobs: work.jobs })
        };
        services.to_its_end(record).await
    }

    /// Ends the stream of bytes; the picture is whole and of a kind and size that is taken, and the disk has it under a temporary name.
    /// Tells whether its bytes are known already.
    async fn complete(&mut self) -> Result<(Facts, bool), StoreError> {
        if self.bytes == 0 {
            return Err(StoreError::new(ErrorCode::MissingImage, "The file is empty."));
        }
        self.sniff(&[], true)?;
        self.flush().await?;
        let disk = async { Ok(self.staged.prepare().await?) };
        let ((), checked) = futures::try_join!(disk, self.check())?;
        Ok(checked)
    }

    async fn check(&self) -> Result<(Facts, bool), StoreError> {
        if let Some(known) = self.services.inner.catalog.image_by_digest(&self.staged.digest()).await? {
            return Ok((known.facts, true));
        }
        Ok((self.check_picture().await?, false))
    }

    /// Reads the header, then decodes the picture once on the CPU pool: what is acknowledged can be decoded.
    pub(super) async fn check_picture(&self) -> Result<Facts, StoreError> {
        let limits = self.services.inner.limits.engine;
        let header = self.staged.reader().map_err(StoreError::internal)?;
        let facts =
            tokio::task::spawn_blocking(move || image_engine::probe(header)).await.map_err(StoreError::internal)??;
        limits.check(&facts)?;
        let mut content = self.staged.reader().map_err(StoreError::internal)?;
        let bytes = self.bytes;
        let cost = image_engine::verify_cost(&facts, bytes);
        let work = move |stop: &(dyn Fn() -> bool + Sync)| -> Result<(), StoreError> {
            let mut source = Vec::with_capacity(usize::try_from(bytes).map_err(StoreError::internal)?);
            content.read_to_end(&mut source).map_err(StoreError::internal)?;
            Ok(image_engine::verify(&source, &limits, stop)?)
        };
        self.services.inner.cpu.run(cost, work).await??;
        Ok(facts)
    }

    /// Ends a variant made elsewhere: checked like an image, but left to the caller to commit and record.
    pub(super) async fn finish_unrecorded(mut self) -> Result<(Facts, Box<dyn StagedBlob>, u64), StoreError> {
        let (facts, _) = self.complete().await?;
        Ok((facts, self.staged, self.bytes))
    }
}

/// Now, as precisely as the catalog keeps it.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Microsecond).unwrap_or(now)
}

fn too_many_bytes(limit: u64) -> StoreError {
    let detail = format!("A file may have at most {limit} bytes here (limits.upload_bytes).");
    StoreError::new(ErrorCode::TooManyBytes, detail)
}

fn broken_off(error: std::io::Error) -> StoreError {
    let told = if error.kind() == std::io::ErrorKind::TimedOut {
        StoreError::new(ErrorCode::UpstreamTimeout, "The server of that URL did not send the whole file in time.")
    } else {
        StoreError::new(ErrorCode::BadUpstream, "The server of that URL broke off before the end of the file.")
    };
    told.parameter("url").caused_by(error)
}

impl From<RemoteError> for StoreError {
    fn from(error: RemoteError) -> Self {
        let (code, detail) = match error {
            RemoteError::Forbidden(detail) => (ErrorCode::ForbiddenUrl, detail),
            RemoteError::Timeout => {
                (ErrorCode::UpstreamTimeout, "The server of that URL did not answer in time.".to_owned())
            }
            RemoteError::Failed(detail) => (ErrorCode::BadUpstream, detail),
        };
        Self::new(code, detail).parameter("url")
    }
}
