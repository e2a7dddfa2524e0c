//! Rows of users and their keys.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{Digest, KeyId, UserId};

use super::CatalogError;
use crate::domain::{ApiKey, User, UserChange, UserName};

/// A part of the catalog, with the same promises: each method is one transaction. What users keep is counted in the transaction that adds
/// or removes it.
#[async_trait]
pub trait AccessCatalog: Send + Sync {
    /// Adds a user.
    ///
    /// # Errors
    /// [`CatalogError::NameTaken`].
    async fn insert_user(&self, user: &User) -> Result<(), CatalogError>;

    /// The user, if it exists.
    async fn user(&self, id: UserId) -> Result<Option<User>, CatalogError>;

    /// The user of that name.
    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, CatalogError>;

    /// Users, newest first, those older than `after`, at most `limit`.
    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, CatalogError>;

    /// Changes a user; gives it as it then is, or `None` if there is none.
    async fn change_user(&self, id: UserId, change: &UserChange) -> Result<Option<User>, CatalogError>;

    /// Adds a key of a user who exists.
    async fn insert_key(&self, key: &ApiKey) -> Result<(), CatalogError>;

    /// The key with that digest, whether it holds or not, and whose it is.
    async fn key_by_digest(&self, digest: &Digest) -> Result<Option<(ApiKey, User)>, CatalogError>;

    /// The key with that id likewise.
    async fn key(&self, id: KeyId) -> Result<Option<(ApiKey, User)>, CatalogError>;

    /// Keys, newest first, of one user or of all, those older than `after`, at most `limit`.
    async fn keys(&self, user: Option<UserId>, after: Option<KeyId>, limit: u32) -> Result<Vec<ApiKey>, CatalogError>;

    /// Revokes a key; gives it as it then is, or `None` if there is none. One that is revoked already stays as it is.
    async fn revoke_key(&self, id: KeyId, now: Timestamp) -> Result<Option<ApiKey>, CatalogError>;

    /// Notes that a key was used.
    async fn note_key_used(&self, id: KeyId, now: Timestamp) -> Result<(), CatalogError>;
}
