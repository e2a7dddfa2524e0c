//! Who calls: the key in the metadata.

use tonic::Request;
use tonic::metadata::MetadataMap;

use super::GrpcState;
use super::call::Notes;
use crate::app::{Identity, shown_key};
use crate::domain::{Caller, StoreError};

impl GrpcState {
    /// The caller of a method, whose key is valid, or who shows none.
    pub(super) fn caller<T>(&self, request: &Request<T>) -> impl Future<Output = Result<Caller, StoreError>> + Send {
        let shown = shown(request.metadata());
        let notes = request.extensions().get::<Notes>().cloned();
        async move {
            let Identity { rate, caller } = self.services.identify(shown?).await;
            if let (Some(rate), Some(notes)) = (rate, notes) {
                notes.tell(rate);
            }
            caller
        }
    }
}

/// The key that is shown, whichever way.
fn shown(metadata: &MetadataMap) -> Result<Option<&str>, StoreError> {
    let values = |name| metadata.get_all(name).into_iter().map(|value| value.to_str().ok());
    shown_key(values("x-api-key"), values("authorization"))
}
