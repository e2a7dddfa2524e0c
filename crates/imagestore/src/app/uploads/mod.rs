//! Resumable uploads: bytes come in over as many requests as it takes, each piece durable before it is acknowledged, and become an image like
//! any other when the last one is there.

mod append;
mod checksum;
mod finish;
mod locks;
mod sweep;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use shared_types::{ErrorCode, PartId, UploadId};
use tokio_util::sync::CancellationToken;

use super::upload::now;
use super::{AndThen, Services};
use crate::domain::{Caller, ImageName, Scope, StoreError, Tags, Upload, UploadKind, UploadState, Visibility};
use crate::ports::CatalogError;
use locks::Locks;

pub use append::{Append, Appending};

/// How long uploads are kept and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct UploadPolicy {
    /// How long after its last bytes an upload is removed.
    pub keep: Duration,
    /// How many may be under way.
    pub open: u64,
}

/// Reads what is to be done with an image from the words of a client.
pub type ThenReader = Box<dyn Fn(&str) -> Result<Vec<AndThen>, StoreError> + Send + Sync>;

/// What the use cases of uploads share.
pub(super) struct Uploads {
    policy: UploadPolicy,
    locks: Arc<Locks>,
    then_reader: OnceLock<ThenReader>,
    stop: CancellationToken,
}

impl Uploads {
    pub(super) fn new(policy: UploadPolicy) -> Self {
        let (locks, stop) = (Arc::new(Locks::default()), CancellationToken::new());
        Self { policy, locks, then_reader: OnceLock::new(), stop }
    }

    /// Ends the work in the background. What is left is done after the next start.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// When an upload that gets bytes now is removed.
    fn expiry(&self) -> Timestamp {
        now().checked_add(self.policy.keep).unwrap_or(Timestamp::MAX)
    }
}

/// What a client says of an upload that it begins.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// What it is for, and for a final one the uploads that it is put together from.
    pub kind: NewUploadKind,
    /// `Upload-Metadata` as it was sent.
    pub metadata: String,
    /// The name for the image.
    pub name: Option<ImageName>,
    /// What is to be done with the image, in the client's words.
    pub then: Option<String>,
    /// Who may see the image.
    pub visibility: Option<Visibility>,
    /// What people file the image under.
    pub tags: Tags,
}

/// What an upload is begun for.
#[derive(Debug, Clone)]
pub enum NewUploadKind {
    /// An image of that many bytes, or of a length that is said later.
    Whole(Option<u64>),
    /// A piece of an image.
    Partial(Option<u64>),
    /// An image put together from these, which the client wrote like this.
    Final(Vec<UploadId>, String),
}

impl Services {
    /// Says how words of clients about what is to be done with an image are read.
    pub fn read_then_with(&self, reader: ThenReader) {
        // The first one stays: there is one transport that takes them.
        let _ = self.inner.uploads.then_reader.set(reader);
    }

    fn read_then(&self, words: Option<&str>) -> Result<Vec<AndThen>, StoreError> {
        match (words, self.inner.uploads.then_reader.get()) {
            (None, _) => Ok(Vec::new()),
            (Some(words), Some(read)) => read(words),
            (Some(_), None) => Err(StoreError::internal(anyhow::anyhow!("nobody reads what is to be done"))),
        }
    }

    /// Begins an upload. A final one becomes an image at once: its state tells which.
    ///
    /// # Errors
    /// Among others [`ErrorCode::Overloaded`] when too many are under way.
    pub async fn create_upload(&self, caller: &Caller, new: NewUpload) -> Result<Upload, StoreError> {
        caller.require(Scope::Write)?;
        self.read_then(new.then.as_deref())?;
        let (kind, length, partial) = match new.kind {
            NewUploadKind::Whole(length) => (UploadKind::Whole, length, None),
            NewUploadKind::Partial(length) => (UploadKind::Partial, length, None),
            NewUploadKind::Final(partial, list) => (UploadKind::Final(list), None, Some(partial)),
        };
        if length == Some(0) && kind == UploadKind::Whole {
            return Err(StoreError::new(ErrorCode::MissingImage, "The file is empty.").parameter("Upload-Length"));
        }
        self.check_announced(length.unwrap_or_default())?;
        self.check_room(caller.owner(), length.unwrap_or_default()).await?;
        let upload = Upload {
            id: UploadId::generate(),
            owner: caller.owner(),
            kind,
            length,
            offset: 0,
            metadata: new.metadata,
            name: new.name,
            then: new.then,
            visibility: new.visibility,
            tags: new.tags,
            state: UploadState::Open,
            created: now(),
            expires: self.inner.uploads.expiry(),
        };
        let most = self.inner.uploads.policy.open;
        match partial {
            Some(partial) => self.concatenate(caller, upload, &partial).await,
            None if self.inner.catalog.insert_upload(&upload, most).await? => Ok(upload),
            None => Err(too_many(most)),
        }
    }

    async fn concatenate(&self, caller: &Caller, upload: Upload, partial: &[UploadId]) -> Result<Upload, StoreError> {
        let mut bytes: u64 = 0;
        for id in partial {
            let piece = self.upload(caller, *id).await.map_err(|error| error.parameter("Upload-Concat"))?;
            if piece.kind != UploadKind::Partial || !piece.is_complete() {
                let detail =
                    format!("The upload {id} is not a partial one that is complete; only such can be put together.");
                return Err(StoreError::new(ErrorCode::Conflict, detail).parameter("Upload-Concat"));
            }
            bytes = bytes.saturating_add(piece.offset);
            self.check_announced(bytes)?;
        }
        let most = self.inner.uploads.policy.open;
        let inserted = self.inner.catalog.insert_final_upload(&upload, partial, most).await;
        let upload = inserted.map_err(|error| not_now(error, &upload))?.ok_or_else(|| too_many(most))?;
        let id = upload.id;
        let Some(hold) = self.inner.uploads.locks.hold(id).await else { return Err(locked()) };
        match self.finish_held(hold, upload).await {
            Ok(upload) => {
                self.expire_soon(partial).await;
                Ok(upload)
            }
            Err(error) => {
                // Its client does not know the address, and puts the partial ones together again. The error that matters is the first.
                let _ = self.remove_upload(id).await;
                Err(error)
            }
        }
    }

    /// Partial uploads of which an image was made take their room for a while longer, for a client that did not hear of it.
    async fn expire_soon(&self, partial: &[UploadId]) {
        const SOON: Duration = Duration::from_hours(1);
        let at = now().checked_add(SOON).unwrap_or(Timestamp::MAX);
        for id in partial {
            if let Err(error) = self.inner.catalog.expire_upload(*id, at).await {
                log::warn!("the upload {id} expires in its own time: {:#}", anyhow::Error::from(error));
            }
        }
    }

    /// An upload as its row tells it, if it is the caller's.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], or [`ErrorCode::Gone`] when it has expired.
    pub async fn upload(&self, caller: &Caller, id: UploadId) -> Result<Upload, StoreError> {
        caller.require(Scope::Write)?;
        let upload = self.known_upload(id).await?;
        if caller.owns(upload.owner) { Ok(upload) } else { Err(StoreError::no_upload()) }
    }

    async fn known_upload(&self, id: UploadId) -> Result<Upload, StoreError> {
        let upload = self.inner.catalog.upload(id).await?.ok_or_else(StoreError::no_upload)?;
        if upload.expires < now() && upload.state != UploadState::Finishing {
            let detail = "The upload has expired (uploads.expire_hours); begin a new one.";
            return Err(StoreError::new(ErrorCode::Gone, detail));
        }
        Ok(upload)
    }

    /// How far an upload is, for a client that wants to go on with it: a request that hangs is ended before, so that all it brought counts,
    /// and an image that is due is made.
    ///
    /// # Errors
    /// [`ErrorCode::Gone`] if it failed, and whatever keeps the image from being made.
    pub async fn resume_upload(&self, caller: &Caller, id: UploadId) -> Result<Upload, StoreError> {
        let upload = self.upload(caller, id).await?;
        // While bytes arrive the row tells what is durable.
        let Some(hold) = self.inner.uploads.locks.hold(id).await else { return Ok(upload) };
        let upload = self.known_upload(id).await?;
        match upload.state {
            UploadState::Finishing => self.finish_held(hold, upload).await,
            UploadState::Failed(problem) => Err(StoreError::new(ErrorCode::Gone, problem.detail)),
            UploadState::Open | UploadState::Done(_) => Ok(upload),
        }
    }

    /// Removes an upload and its bytes. The image that was made of it stays.
    pub async fn delete_upload(&self, caller: &Caller, id: UploadId) -> Result<(), StoreError> {
        self.upload(caller, id).await?;
        self.remove_upload(id).await
    }

    /// The same, whoever's it is.
    pub(in crate::app) async fn remove_upload(&self, id: UploadId) -> Result<(), StoreError> {
        let services = self.clone();
        let delete = async move {
            let parts = services.inner.catalog.delete_upload(id).await?.ok_or_else(StoreError::no_upload)?;
            services.inner.uploads.locks.interrupt(id);
            services.remove_parts(&parts).await;
            Ok(())
        };
        self.to_its_end(delete).await
    }

    /// Removes the bytes of parts without a row. What fails here is done at the next start.
    pub(in crate::app) async fn remove_parts(&self, parts: &[PartId]) {
        for part in parts {
            if let Err(error) = self.inner.blobs.remove_part(*part).await {
                log::warn!("the part {part} stays until the next start: {:#}", anyhow::Error::from(error));
            }
        }
    }
}

fn too_many(most: u64) -> StoreError {
    const COME_BACK: Duration = Duration::from_mins(1);
    let detail = format!("{most} uploads are under way, and no more are begun (uploads.open); try again later.");
    StoreError { retry_after: Some(COME_BACK), ..StoreError::new(ErrorCode::Overloaded, detail) }
}

fn locked() -> StoreError {
    const COME_BACK: Duration = Duration::from_secs(1);
    let detail = "Another request is sending bytes of this upload; wait for its end, ask for the offset with HEAD and go on from there.";
    StoreError { retry_after: Some(COME_BACK), ..StoreError::new(ErrorCode::UploadLocked, detail) }
}

fn wrong_offset(offset: u64) -> StoreError {
    let detail = format!("The upload has {offset} bytes; send those that follow, with Upload-Offset: {offset}.");
    StoreError::new(ErrorCode::OffsetMismatch, detail).parameter("Upload-Offset")
}

/// The catalog's refusal of a change to an upload that was another when it was looked at.
fn not_now(error: CatalogError, upload: &Upload) -> StoreError {
    match error {
        CatalogError::Conflict => {
            let detail =
                format!("The upload {} was changed by another request; ask for it with HEAD and go on.", upload.id);
            StoreError::new(ErrorCode::Conflict, detail)
        }
        other => other.into(),
    }
}
