//! Users and their keys, for administrators.

use jiff::Timestamp;
use shared_types::{Digest, ErrorCode, KeyId, UserId};

use crate::app::Services;
use crate::app::access::{check_expires, random_text};
use crate::app::upload::now;
use crate::domain::{
    ApiKey, Caller, Quotas, Scope, Scopes, StoreError, Usage, User, UserChange, UserName, is_invisible,
};
use crate::ports::CatalogError;

/// The most users or keys of one page.
pub const MAX_ACCESS_PAGE: u32 = 500;

/// What begins every key, so that people and scanners know one when they see it.
const PREFIX: &str = "imgs_";

/// The longest name of a key.
const MAX_LABEL: usize = 100;

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOrder {
    /// What its owner calls it.
    pub label: String,
    /// What it allows.
    pub scopes: Scopes,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
}

impl Services {
    /// Makes sure that there is somebody who can make keys: gives the key of a new administrator where there is no user at all.
    pub async fn bootstrap_key(&self) -> Result<Option<String>, StoreError> {
        if !self.inner.access.policy.keys || !self.inner.catalog.users(None, 1).await?.is_empty() {
            return Ok(None);
        }
        let name = "admin".parse().map_err(|error: String| StoreError::internal(anyhow::anyhow!(error)))?;
        let operator = Caller::Everyone { serves: false };
        let user = match self.add_user(&operator, name, Quotas::default()).await {
            // Another process has begun at the same time, and shows the key.
            Err(error) if error.code == ErrorCode::Conflict => return Ok(None),
            added => added?,
        };
        let scopes = Scopes::of(&[Scope::Read, Scope::Write, Scope::Delete, Scope::Admin]);
        let order = KeyOrder { label: "first key".to_owned(), scopes, expires: None };
        Ok(Some(self.create_key(&operator, user.id, order).await?.0))
    }

    /// Adds a user.
    pub async fn add_user(&self, caller: &Caller, name: UserName, quotas: Quotas) -> Result<User, StoreError> {
        caller.require(Scope::Admin)?;
        let (id, usage) = (UserId::generate(), Usage::default());
        let user = User { id, name, disabled: false, quotas, usage, created: now() };
        match self.inner.catalog.insert_user(&user).await {
            Err(CatalogError::NameTaken) => {
                let detail = format!("There is a user {} already; choose another name.", user.name.as_str());
                Err(StoreError::new(ErrorCode::Conflict, detail).parameter("name"))
            }
            result => Ok(result.map(|()| user)?),
        }
    }

    /// A page of users, newest first, and where the next one begins.
    pub async fn users(
        &self,
        caller: &Caller,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<(Vec<User>, Option<UserId>), StoreError> {
        caller.require(Scope::Admin)?;
        let mut users = self.inner.catalog.users(after, limit + 1).await?;
        let next = crate::app::next_of(&mut users, limit).map(|user| user.id);
        Ok((users, next))
    }

    /// The user of that id.
    pub async fn user(&self, caller: &Caller, id: UserId) -> Result<User, StoreError> {
        caller.require(Scope::Admin)?;
        self.inner.catalog.user(id).await?.ok_or_else(no_user)
    }

    /// The user of that name.
    pub async fn user_by_name(&self, caller: &Caller, name: &UserName) -> Result<User, StoreError> {
        caller.require(Scope::Admin)?;
        self.inner.catalog.user_by_name(name).await?.ok_or_else(no_user)
    }

    /// Changes what a user may do; holds for the next request.
    pub async fn change_user(&self, caller: &Caller, id: UserId, change: UserChange) -> Result<User, StoreError> {
        caller.require(Scope::Admin)?;
        let user = self.inner.catalog.change_user(id, &change).await?.ok_or_else(no_user)?;
        self.inner.access.forget();
        Ok(user)
    }

    /// Makes a key: gives it, which is the only time, and what is kept of it.
    pub async fn create_key(
        &self,
        caller: &Caller,
        user: UserId,
        order: KeyOrder,
    ) -> Result<(String, ApiKey), StoreError> {
        caller.require(Scope::Admin)?;
        let KeyOrder { label, scopes, expires } = order;
        if label.len() > MAX_LABEL || label.chars().any(|c| c.is_control() || is_invisible(c)) {
            let detail = format!("`label` must be at most {MAX_LABEL} bytes without control or invisible characters.");
            return Err(StoreError::new(ErrorCode::InvalidParameter, detail).parameter("label"));
        }
        let created = now();
        check_expires(expires, created)?;
        let user = self.user(caller, user).await?.id;
        let shown = format!("{PREFIX}{}", random_text()?);
        let digest = Digest::of(shown.as_bytes());
        let key =
            ApiKey { id: KeyId::generate(), user, label, digest, scopes, created, expires, revoked: None, used: None };
        self.inner.catalog.insert_key(&key).await?;
        Ok((shown, key))
    }

    /// A page of keys, newest first, and where the next one begins.
    pub async fn keys(
        &self,
        caller: &Caller,
        user: Option<UserId>,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<(Vec<ApiKey>, Option<KeyId>), StoreError> {
        caller.require(Scope::Admin)?;
        let mut keys = self.inner.catalog.keys(user, after, limit + 1).await?;
        let next = crate::app::next_of(&mut keys, limit).map(|key| key.id);
        Ok((keys, next))
    }

    /// Revokes a key; it is refused from the next request on.
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId) -> Result<ApiKey, StoreError> {
        caller.require(Scope::Admin)?;
        let revoked = self.inner.catalog.revoke_key(id, now()).await?;
        self.inner.access.forget();
        revoked.ok_or_else(|| StoreError::new(ErrorCode::NotFound, "No key has this id."))
    }

    /// What the caller's user keeps and may keep; `None` where nobody is asked who they are.
    pub async fn usage(&self, caller: &Caller) -> Result<Option<User>, StoreError> {
        caller.require(Scope::Read)?;
        self.usage_of(caller.owner()).await
    }

    /// The same of a user, for the store itself.
    pub(in crate::app) async fn usage_of(&self, owner: Option<UserId>) -> Result<Option<User>, StoreError> {
        let Some(id) = owner else { return Ok(None) };
        Ok(Some(self.inner.catalog.user(id).await?.ok_or_else(no_user)?))
    }
}

fn no_user() -> StoreError {
    StoreError::new(ErrorCode::NotFound, "There is no such user.")
}
