//! Taking further bytes of an upload: they become durable parts while they arrive.

use bytes::Bytes;
use image_engine::SNIFF_BYTES;
use shared_types::{ErrorCode, UploadId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::checksum::Verifying;
use super::locks::{Ending, Hold};
use super::{Services, locked, not_now, wrong_offset};
use crate::domain::{Caller, Checksum, StoreError, Upload, UploadKind, UploadPart, UploadState};
use crate::ports::{CatalogError, StagedPart};

/// After so many bytes a part is made durable and the next one begun: the most that a crash can take back.
const PART_BYTES: u64 = 16 * 1024 * 1024;

/// Chunks are gathered to this size before they are written, off the async threads.
const GATHER: usize = 256 * 1024;

/// Chunks that may wait to be gathered.
const WAITING: usize = 4;

/// What a request says of the bytes that it brings.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// Where they begin.
    pub offset: u64,
    /// How many the whole upload is to have, for one that did not say so before.
    pub length: Option<u64>,
    /// How many they are, if that is known.
    pub announced: Option<u64>,
    /// What they hash to. Then all of them are kept or none.
    pub checksum: Option<Checksum>,
}

/// Bytes on their way into an upload. They are taken in by a task of its own: if this is dropped, as happens when a connection is cut, what
/// has arrived is kept.
pub struct Appending {
    chunks: mpsc::Sender<Chunk>,
    taken: JoinHandle<Result<Upload, StoreError>>,
    ending: Ending,
}

enum Chunk {
    Bytes(Bytes),
    End,
}

impl Services {
    /// Begins to take further bytes.
    ///
    /// # Errors
    /// Among others [`ErrorCode::UploadLocked`] while bytes arrive by another request, [`ErrorCode::OffsetMismatch`], and what an upload that
    /// failed has failed for.
    pub async fn append(&self, caller: &Caller, id: UploadId, append: Append) -> Result<Appending, StoreError> {
        if matches!(self.upload(caller, id).await?.kind, UploadKind::Final(_)) {
            let detail = "The upload is put together from others and takes no bytes of its own.";
            return Err(StoreError::new(ErrorCode::Forbidden, detail));
        }
        let hold = self.inner.uploads.locks.hold(id).await.ok_or_else(locked)?;
        hold.heard();
        let mut upload = self.known_upload(id).await?;
        if let UploadState::Failed(problem) = upload.state {
            let code = ErrorCode::from_code(&problem.code).unwrap_or(ErrorCode::Gone);
            return Err(StoreError::new(code, problem.detail));
        }
        if append.offset != upload.offset {
            return Err(wrong_offset(upload.offset));
        }
        if let Some(length) = append.length {
            upload = self.set_length(&upload, length).await?;
        }
        let announced = append.announced.unwrap_or_default();
        if upload.missing().is_some_and(|missing| announced > missing) {
            return Err(surplus(&upload));
        }
        self.check_announced(upload.offset.saturating_add(announced))?;
        let head = self.head_of(&upload).await?;
        let (chunks, arriving) = mpsc::channel(WAITING);
        let ending = hold.ending();
        let verifying = append.checksum.map(Verifying::new);
        let taking = Taking { services: self.clone(), upload, head, verifying, part: None };
        let task = service_kit::http::request::scope(taking.run(hold, arriving));
        let taken = self.inner.background.spawn_on(task, &self.inner.runtime);
        Ok(Appending { chunks, taken, ending })
    }

    async fn set_length(&self, upload: &Upload, length: u64) -> Result<Upload, StoreError> {
        self.check_announced(length)?;
        if upload.length == Some(length) {
            return Ok(upload.clone());
        }
        let refusal = match upload.length {
            Some(known) => format!("The upload has {known} bytes, which was said before; it cannot be changed."),
            None if length < upload.offset => format!("The upload has {} bytes already.", upload.offset),
            None => {
                return self
                    .inner
                    .catalog
                    .set_upload_length(upload.id, length)
                    .await
                    .map_err(|error| not_now(error, upload));
            }
        };
        Err(StoreError::new(ErrorCode::InvalidParameter, refusal).parameter("Upload-Length"))
    }

    /// The first bytes of an image, as far as they are there; `None` where they need no looking at.
    async fn head_of(&self, upload: &Upload) -> Result<Option<Vec<u8>>, StoreError> {
        if upload.kind != UploadKind::Whole || upload.offset >= SNIFF_BYTES as u64 {
            return Ok(None);
        }
        let mut head = Vec::new();
        for part in self.inner.catalog.parts_of(upload.id).await? {
            if let Some(reader) = self.inner.blobs.open_part(part.id).await? {
                head.extend_from_slice(&reader.read_all().await?);
            }
        }
        Ok(Some(head))
    }
}

impl Appending {
    /// Passes the next bytes on.
    ///
    /// # Errors
    /// As soon as they are refused; nothing more is taken then.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        match self.chunks.send(Chunk::Bytes(bytes)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.outcome().await.err().unwrap_or_else(locked)),
        }
    }

    /// Returns when nothing more is taken: the bytes were refused, or another request takes over. [`Appending::finish`] tells.
    pub async fn ended(&self) {
        self.chunks.closed().await;
    }

    /// There are no more bytes. Gives the upload when all of them are durable, and the image is stored if they were the last.
    pub async fn finish(mut self) -> Result<Upload, StoreError> {
        // If nobody takes it, the task has ended and tells why.
        let _ = self.chunks.send(Chunk::End).await;
        self.outcome().await
    }

    /// The rest of the bytes will not come. Returns when those that came are durable.
    pub async fn break_off(self) {
        let Self { chunks, taken, ending } = self;
        drop((chunks, ending));
        // What it tells is that the end is missing.
        let _ = taken.await;
    }

    async fn outcome(&mut self) -> Result<Upload, StoreError> {
        (&mut self.taken).await.map_err(StoreError::internal)?
    }
}

/// The task that takes bytes in.
struct Taking {
    services: Services,
    upload: Upload,
    /// The first bytes, until they were recognised as a picture.
    head: Option<Vec<u8>>,
    verifying: Option<Verifying>,
    part: Option<OpenPart>,
}

struct OpenPart {
    staged: Box<dyn StagedPart>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    bytes: u64,
}

impl Taking {
    async fn run(mut self, hold: Hold, mut arriving: mpsc::Receiver<Chunk>) -> Result<Upload, StoreError> {
        let taken = self.take_all(&hold, &mut arriving).await;
        // Whoever sends more is told by it that the task ends.
        drop(arriving);
        hold.ends();
        match taken {
            Ok(()) => {
                self.verify().await?;
                self.settle().await?;
                let Self { services, upload, .. } = self;
                if upload.state == UploadState::Finishing { services.finish(upload).await } else { Ok(upload) }
            }
            Err(error) => {
                // Without the end its checksum cannot be told.
                if self.verifying.is_none() {
                    self.settle().await?;
                }
                Err(error)
            }
        }
    }

    async fn take_all(&mut self, hold: &Hold, arriving: &mut mpsc::Receiver<Chunk>) -> Result<(), StoreError> {
        loop {
            let chunk = tokio::select! {
                biased;
                () = hold.stopped() => return Err(locked()),
                chunk = arriving.recv() => chunk,
            };
            match chunk {
                Some(Chunk::Bytes(bytes)) => {
                    hold.heard();
                    self.take(bytes).await?;
                }
                Some(Chunk::End) => return Ok(()),
                None => return Err(StoreError::new(ErrorCode::IncompleteBody, "The body ended before its end.")),
            }
        }
    }

    async fn take(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let pending = self.part.as_ref().map_or(0, |part| part.bytes);
        let end = self.upload.offset + pending + bytes.len() as u64;
        if self.upload.length.is_some_and(|length| end > length) {
            return Err(surplus(&self.upload));
        }
        self.services.check_announced(end)?;
        if let Some(head) = &mut self.head {
            let missing = SNIFF_BYTES.saturating_sub(head.len());
            head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        }
        if self.verifying.is_none() {
            self.sniff().await?;
        }
        let part = match &mut self.part {
            Some(part) => part,
            none => none.insert(OpenPart {
                staged: self.services.inner.blobs.stage_part().await?,
                gathered: Vec::new(),
                gathered_bytes: 0,
                bytes: 0,
            }),
        };
        part.bytes += bytes.len() as u64;
        part.gathered_bytes += bytes.len();
        part.gathered.push(bytes);
        let (gathered, whole) = (part.gathered_bytes, part.bytes);
        if gathered >= GATHER {
            self.flush().await?;
        }
        if whole >= PART_BYTES && self.verifying.is_none() { self.settle().await } else { Ok(()) }
    }

    /// Ends an upload that is seen not to be a picture.
    async fn sniff(&mut self) -> Result<(), StoreError> {
        let Some(head) = self.head.take_if(|head| head.len() >= SNIFF_BYTES) else { return Ok(()) };
        let Err(error) = image_engine::recognise(&head) else { return Ok(()) };
        let error = error.into();
        self.part = None;
        self.services.fail_upload(self.upload.id, &error).await?;
        Err(error)
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        part.gathered_bytes = 0;
        let chunks = std::mem::take(&mut part.gathered);
        if let Some(verifying) = self.verifying.take() {
            self.verifying = Some(verifying.update(chunks.clone()).await?);
        }
        // Of a part that could not be written nobody knows what it holds: it is dropped.
        part.staged.write(chunks).await?;
        self.part = Some(part);
        Ok(())
    }

    /// Compares the checksum, if there is one.
    async fn verify(&mut self) -> Result<(), StoreError> {
        if self.verifying.is_some() {
            self.flush().await?;
        }
        let Some(verifying) = self.verifying.take() else { return Ok(()) };
        verifying.verify()?;
        self.sniff().await
    }

    /// Makes the open part durable, then its row.
    async fn settle(&mut self) -> Result<(), StoreError> {
        self.flush().await?;
        let Some(part) = self.part.take() else { return Ok(()) };
        let Services { inner } = &self.services;
        let id = part.staged.commit().await?;
        let part = UploadPart { id, start: self.upload.offset, bytes: part.bytes };
        match inner.catalog.append_part(self.upload.id, &part, inner.uploads.expiry()).await {
            Ok(upload) => {
                self.upload = upload;
                Ok(())
            }
            Err(error) => {
                // After a fault of the catalog it is not certain that there is no row; the next start knows.
                if matches!(error, CatalogError::NoUpload | CatalogError::Conflict) {
                    self.services.remove_parts(&[id]).await;
                }
                Err(not_now(error, &self.upload))
            }
        }
    }
}

fn surplus(upload: &Upload) -> StoreError {
    let length = upload.length.unwrap_or_default();
    let detail = format!(
        "The upload is to have {length} bytes, of which {} are here; there are more in the body.",
        upload.offset
    );
    StoreError::new(ErrorCode::TooManyBytes, detail)
}
