//! The asynchronous form: the store keeps the job, some worker carries it out. Nothing is kept here.

use std::sync::Arc;

use service_kit::http::ApiError;
use shared_types::job::{JobDocument, JobStatus};
use shared_types::{ErrorCode, JobId};

use super::compress::Wish;
use crate::ports::{ImageStore, JobQueue, Sender, StoreError};

/// Where a job stands, as far as a client who waits for its variant needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not over.
    Pending {
        /// From 0 to 100.
        progress: u8,
        /// The store's word for it.
        status: JobStatus,
    },
    /// Done.
    Done {
        /// Where the variant is, or the original if nothing smaller was found.
        url: String,
    },
}

/// The use case with all it needs. Cheap to clone.
#[derive(Clone)]
pub struct Later {
    store: Arc<dyn ImageStore>,
    jobs: Arc<dyn JobQueue>,
}

impl Later {
    /// Jobs of this store.
    pub fn new(store: Arc<dyn ImageStore>, jobs: Arc<dyn JobQueue>) -> Self {
        Self { store, jobs }
    }

    /// Has the store make a job of a wish.
    pub async fn submit(&self, sender: &Sender, wish: &Wish) -> Result<JobId, ApiError> {
        Ok(self.jobs.submit(sender, wish.id, wish.goal, &wish.formats).await?.id)
    }

    /// How far a job is.
    ///
    /// # Errors
    /// No such job; and of one that failed or was called off, why, by its meaning.
    pub async fn status(&self, sender: &Sender, id: JobId) -> Result<Status, ApiError> {
        let job = self.jobs.job(sender, id).await.map_err(|error| match error {
            StoreError::NotFound => {
                ApiError::new(ErrorCode::NotFound, "The store has no job with this id. It may have been removed.")
            }
            error => error.into(),
        })?;
        match job.status {
            JobStatus::Done => Ok(Status::Done { url: self.url_of(&job) }),
            JobStatus::Failed | JobStatus::Dead => Err(failed(&job)),
            JobStatus::Cancelled => {
                Err(ApiError::new(ErrorCode::Conflict, "The job was called off; ask for the compression again."))
            }
            status @ (JobStatus::Queued | JobStatus::Leased | JobStatus::Running) => {
                Ok(Status::Pending { progress: job.progress, status })
            }
        }
    }

    fn url_of(&self, job: &JobDocument) -> String {
        match &job.urls.result {
            Some(url) => self.store.absolute_url(url),
            None => self.store.original_url(job.image_id),
        }
    }
}

fn failed(job: &JobDocument) -> ApiError {
    let Some(problem) = &job.problem else {
        return ApiError::new(ErrorCode::Internal, "The job failed, and the store does not know why.");
    };
    ApiError::new(ErrorCode::from_code(&problem.code).unwrap_or(ErrorCode::Internal), problem.detail.clone())
}
