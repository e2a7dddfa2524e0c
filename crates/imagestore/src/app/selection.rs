//! What is done to each of some images that somebody has chosen.

use futures::{StreamExt, stream};
use shared_types::ImageId;

use super::Services;
use super::deleted::Deletion;
use crate::domain::{Caller, ImageChange, Scope, StoreError};

/// The most images of a selection.
pub const MAX_SELECTION: usize = 500;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectionWork {
    /// Change what is said of each.
    Change(ImageChange),
    /// Delete them, as one by one.
    Delete,
    /// Bring back those that were deleted.
    Restore,
}

impl SelectionWork {
    fn scope(&self) -> Scope {
        match self {
            Self::Change(_) => Scope::Write,
            Self::Delete | Self::Restore => Scope::Delete,
        }
    }
}

/// What became of a selection.
#[derive(Debug, Default)]
pub struct SelectionOutcome {
    /// The images of which it is done, in the order of the selection.
    pub done: Vec<ImageId>,
    /// The others, each with the reason.
    pub failed: Vec<(ImageId, StoreError)>,
}

impl Services {
    /// Does something to each image of a selection. One that is refused does not keep the others from it.
    ///
    /// # Errors
    /// The caller may do that to no image at all.
    pub async fn do_to_selection(
        &self,
        caller: &Caller,
        images: &[ImageId],
        work: &SelectionWork,
    ) -> Result<SelectionOutcome, StoreError> {
        /// So many changes may share a commit.
        const TOGETHER: usize = 16;
        caller.require(work.scope())?;
        let each = images.iter().map(|id| async move { (*id, self.do_to_one(caller, *id, work).await) });
        let mut results = stream::iter(each).buffered(TOGETHER);
        let mut outcome = SelectionOutcome::default();
        while let Some((id, result)) = results.next().await {
            match result {
                Ok(()) => outcome.done.push(id),
                Err(error) => outcome.failed.push((id, error)),
            }
        }
        Ok(outcome)
    }

    async fn do_to_one(&self, caller: &Caller, id: ImageId, work: &SelectionWork) -> Result<(), StoreError> {
        match work {
            SelectionWork::Change(change) => self.change(caller, id, change.clone()).await.map(drop),
            SelectionWork::Delete => self.delete(caller, id, Deletion::Usual).await,
            SelectionWork::Restore => self.restore(caller, id).await.map(drop),
        }
    }
}
