//! Taking an image in: bytes stream to a staged blob while they are counted, hashed and sniffed; then the picture is checked, made
//! durable, recorded, and only then acknowledged.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures::{TryFutureExt, TryStreamExt};
use image_engine::{EngineError, Facts, SNIFF_BYTES};
use jiff::{Timestamp, Unit};
use shared_types::{Digest, ErrorCode, ImageFormat, UploadId, UserId};

use super::access::random_text;
use super::import::Origin;
use super::{AndThen, Destination, OnDuplicate, Services};
use crate::domain::{Caller, Happening, Image, ImageName, Job, Reach, Scope, StoreError, Tags, Upload, Visibility};
use crate::ports::{NewWork, RemoteBody, RemoteError, StagedBlob};

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
    /// What deletes it without a key, if that was wanted: told this once.
    pub delete_token: Option<String>,
}

impl Uploaded {
    /// Nothing new: the same bytes are this image.
    fn existing(image: Image) -> Self {
        Self { image, deduplicated: true, is_new: false, jobs: Vec::new(), delete_token: None }
    }
}

/// What a client says of an upload beside its bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UploadOptions {
    /// Who may see the image; as the settings say if nothing is said.
    pub visibility: Option<Visibility>,
    /// What people file it under.
    pub tags: Tags,
    /// What is done with the image once it is there; nothing with one that was there before.
    pub then: Vec<AndThen>,
    /// What is done when its bytes are stored already.
    pub on_duplicate: OnDuplicate,
    /// Whether there is to be something that deletes it without a key.
    pub delete_token: bool,
    /// The album into which it goes.
    pub album: Option<Destination>,
}

/// An upload on its way in. Dropping it leaves nothing behind.
pub struct Receiving {
    services: Services,
    owner: Option<UserId>,
    staged: Box<dyn StagedBlob>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    bytes: u64,
    /// The first bytes, until they were recognised as a picture.
    head: Option<Vec<u8>>,
    format: Option<ImageFormat>,
    /// The resumable upload that the bytes come from, which is done with the image.
    upload: Option<UploadId>,
    /// What the image was where it comes from.
    origin: Origin,
}

impl Services {
    /// Begins an upload of an image that will belong to the caller.
    ///
    /// # Errors
    /// The caller may not upload, or has no room for another image.
    pub async fn receive_image(&self, caller: &Caller) -> Result<Receiving, StoreError> {
        self.receive_image_of(caller, caller.owner()).await
    }

    /// The same of one that will belong to a user for whom the caller may upload, or to nobody.
    pub(super) async fn receive_image_of(
        &self,
        caller: &Caller,
        owner: Option<UserId>,
    ) -> Result<Receiving, StoreError> {
        caller.require(Scope::Write)?;
        let receiving = self.stage(owner).await?;
        self.check_room(owner, 0).await?;
        Ok(receiving)
    }

    /// Makes sure that the user may keep another image of so many bytes.
    pub(super) async fn check_room(&self, owner: Option<UserId>, bytes: u64) -> Result<(), StoreError> {
        self.usage_of(owner).await?.map_or(Ok(()), |owner| owner.check_room(bytes))
    }

    /// Begins an upload.
    pub async fn receive(&self, caller: &Caller) -> Result<Receiving, StoreError> {
        caller.require(Scope::Write)?;
        self.stage(caller.owner()).await
    }

    /// Begins the upload of what a compressing service made.
    pub async fn receive_result(&self, caller: &Caller) -> Result<Receiving, StoreError> {
        caller.require(Scope::Service)?;
        self.stage(caller.owner()).await
    }

    async fn stage(&self, owner: Option<UserId>) -> Result<Receiving, StoreError> {
        let staged = self.inner.blobs.stage().await?;
        let services = self.clone();
        Ok(Receiving {
            services,
            owner,
            staged,
            gathered: Vec::new(),
            gathered_bytes: 0,
            bytes: 0,
            head: Some(Vec::new()),
            format: None,
            upload: None,
            origin: Origin::default(),
        })
    }

    /// Begins to make an image of a resumable upload.
    pub(super) async fn receive_upload(&self, upload: &Upload) -> Result<Receiving, StoreError> {
        Ok(Receiving { upload: Some(upload.id), ..self.stage(upload.owner).await? })
    }

    /// Begins to take over an image from elsewhere, which will belong to that user or to nobody.
    pub(super) async fn receive_import(&self, owner: Option<UserId>, origin: Origin) -> Result<Receiving, StoreError> {
        Ok(Receiving { origin, ..self.stage(owner).await? })
    }

    /// Refuses a length that was announced, before any byte of it.
    pub fn check_announced(&self, bytes: u64) -> Result<(), StoreError> {
        let limit = self.inner.limits.upload_bytes;
        if bytes > limit { Err(too_many_bytes(limit)) } else { Ok(()) }
    }

    /// Fetches an image from a public URL.
    pub async fn upload_from_url(
        &self,
        caller: &Caller,
        url: &str,
        name: Option<ImageName>,
        options: &UploadOptions,
    ) -> Result<Uploaded, StoreError> {
        let mut receiving = self.receive_image(caller).await?;
        self.fetch_into(&mut receiving, url).await?;
        receiving.finish(name, options).await
    }

    pub(super) async fn fetch_into(&self, receiving: &mut Receiving, url: &str) -> Result<(), StoreError> {
        let mut body = self.fetch(url, None).await?;
        while let Some(chunk) = body.stream.try_next().await.map_err(broken_off)? {
            receiving.write(chunk).await?;
        }
        Ok(())
    }

    /// Begins to fetch what is not larger than an upload may be, with this header where the address itself is asked.
    pub(super) async fn fetch(&self, url: &str, header: Option<(&str, &str)>) -> Result<RemoteBody, StoreError> {
        let Some(remote) = &self.inner.remote else {
            return Err(StoreError::new(
                ErrorCode::ForbiddenUrl,
                "Fetching from URLs is switched off here (fetch.enabled).",
            )
            .parameter("url"));
        };
        let body = remote.get(url, header).await?;
        if let Some(length) = body.length {
            self.check_announced(length)?;
        }
        Ok(body)
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

    /// What the bytes are, once enough of them came in to tell.
    pub fn format(&self) -> Option<ImageFormat> {
        self.format
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
    /// Work for the image is queued in the same transaction.
    pub async fn finish(mut self, name: Option<ImageName>, options: &UploadOptions) -> Result<Uploaded, StoreError> {
        let (facts, deduplicated) = self.complete().await?;
        let Self { services, owner, staged, bytes, upload, origin, .. } = self;
        let digest = staged.digest();
        origin.check(&digest)?;
        let visibility = options.visibility.unwrap_or_else(|| services.default_visibility());
        let (id, created) = origin.id_and_time(&services).await?;
        let (tags, metadata) = (options.tags.clone(), origin.metadata);
        let image = Image {
            id,
            owner,
            visibility,
            digest,
            bytes,
            facts,
            name,
            tags,
            metadata,
            created,
            revision: 1,
            replaced: None,
        };
        let jobs = services.jobs_for(&image, &options.then).await?;
        let on_duplicate = options.on_duplicate;
        let delete_token = options.delete_token.then(random_text).transpose()?;
        let album = options.album.as_ref().map(Destination::placement);
        let recorder = services.clone();
        let record = async move {
            // Of two uploads at once that must not be copies, the second one finds the first.
            let _hold = match on_duplicate {
                OnDuplicate::Keep => None,
                OnDuplicate::Return | OnDuplicate::Reject => {
                    let hold = recorder.inner.duplicates.hold(&digest).await;
                    Some((hold, recorder.only_turn(&format!("upload {digest}")).await?))
                }
            };
            if let Some(image) = recorder.in_place_of(&digest, whose(owner), on_duplicate).await? {
                return Ok(Uploaded::existing(image));
            }
            let work = NewWork {
                rendition: recorder.wants_master_at_once(&image.facts, image.bytes),
                analysis: true,
                jobs,
                upload,
                album,
                delete_token: delete_token.as_ref().map(|token| Digest::of(token.as_bytes())),
            };
            let insert = recorder.inner.catalog.insert_image(&image, &work).map_ok(|()| ((), Vec::new()));
            recorder.record_blob(&digest, staged.commit(), insert).await?;
            recorder.wake_backlogs();
            recorder.publish(image.owner, Happening::ImageStored(Arc::new(image.clone())));
            recorder.jobs_queued(&work.jobs);
            if album.is_some() {
                recorder.inner.outbox.wake();
            }
            Ok(Uploaded { image, deduplicated, is_new: true, jobs: work.jobs, delete_token })
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
        // Another user's copy saves nothing: how long an upload takes would tell that there is one.
        if let Some(known) = self.services.copies_of(&self.staged.digest(), whose(self.owner), 1).await?.pop() {
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

/// Among whose images an upload of this owner looks for its own bytes.
pub(super) fn whose(owner: Option<UserId>) -> Reach {
    owner.map_or(Reach::Everybody, Reach::User)
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

pub(super) fn broken_off(error: std::io::Error) -> StoreError {
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
