//! Making an image of an upload whose bytes are all there.

use futures::TryStreamExt;
use shared_types::UploadId;
use shared_types::job::JobProblem;

use super::Services;
use super::locks::Hold;
use crate::app::{AndThen, UploadOptions, Uploaded};
use crate::domain::{StoreError, Upload, UploadState};

impl Services {
    /// Makes the image, to the end even if the client goes away; gives the upload as it then stands. It happens once however often it is
    /// begun: the image is recorded in the transaction that ends the upload.
    ///
    /// # Errors
    /// For a reason that passes the upload stays as it is, and is finished later. Otherwise it has failed, and its bytes are gone.
    pub(super) async fn finish_held(&self, hold: Hold, upload: Upload) -> Result<Upload, StoreError> {
        let services = self.clone();
        let finish = async move {
            let finished = services.finish(upload).await;
            drop(hold);
            finished
        };
        self.to_its_end(finish).await
    }

    pub(super) async fn finish(&self, upload: Upload) -> Result<Upload, StoreError> {
        let stored = match self.read_then(upload.then.as_deref()) {
            Ok(then) => self.store_parts(&upload, then).await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(Uploaded { image, .. }) => {
                match self.inner.catalog.drop_parts(upload.id).await {
                    Ok(parts) => self.remove_parts(&parts).await,
                    // They go with the upload when it expires.
                    Err(error) => {
                        let error = anyhow::Error::from(error);
                        log::warn!("parts of the upload {} stay: {error:#}", upload.id);
                    }
                }
                Ok(Upload { state: UploadState::Done(image.id), ..upload })
            }
            Err(error) if error.code.is_temporary() => Err(error),
            Err(error) => {
                self.fail_upload(upload.id, &error).await?;
                Err(error)
            }
        }
    }

    async fn store_parts(&self, upload: &Upload, then: Vec<AndThen>) -> Result<Uploaded, StoreError> {
        let mut receiving = self.receive_upload(upload).await?;
        for part in self.inner.catalog.parts_of(upload.id).await? {
            let opened = self.inner.blobs.open_part(part.id).await?;
            let lost =
                || StoreError::internal(anyhow::anyhow!("the part {} of the upload {} is lost", part.id, upload.id));
            let reader = opened.filter(|reader| reader.size() == part.bytes).ok_or_else(lost)?;
            let mut chunks = reader.stream(0..part.bytes);
            while let Some(chunk) = chunks.try_next().await.map_err(StoreError::of_stream)? {
                receiving.write(chunk).await?;
            }
        }
        let (visibility, tags) = (upload.visibility, upload.tags.clone());
        let options = UploadOptions { visibility, tags, then, ..UploadOptions::default() };
        receiving.finish(upload.name.clone(), &options).await
    }

    /// The upload is no image, and its bytes go.
    pub(super) async fn fail_upload(&self, id: UploadId, why: &StoreError) -> Result<(), StoreError> {
        let problem = JobProblem { code: why.code.code().to_owned(), detail: why.detail.clone() };
        let parts = self.inner.catalog.fail_upload(id, &problem).await?;
        self.remove_parts(&parts).await;
        Ok(())
    }
}
