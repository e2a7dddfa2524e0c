//! Rows of users and their keys.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{Digest, KeyId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::connection::Connection;
use super::query::{QueryBuilder, query, query_as};
use super::{SqlCatalog, rows};
use crate::domain::{ApiKey, Image, Quotas, Usage, User, UserChange, UserName};
use crate::ports::{AccessCatalog, CatalogError};

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    name: String,
    disabled: bool,
    max_images: Option<i64>,
    max_bytes: Option<i64>,
    requests_per_minute: Option<i64>,
    images: i64,
    bytes: i64,
    created_us: i64,
}

impl TryFrom<UserRow> for User {
    type Error = CatalogError;

    fn try_from(row: UserRow) -> Result<Self, CatalogError> {
        Ok(Self {
            id: row.id.into(),
            name: row.name.parse().map_err(|_| rows::unreadable("name of a user"))?,
            disabled: row.disabled,
            quotas: Quotas {
                images: row.max_images.map(rows::unsigned).transpose()?,
                bytes: row.max_bytes.map(rows::unsigned).transpose()?,
                requests_per_minute: row.requests_per_minute.map(rows::unsigned).transpose()?,
            },
            usage: Usage { images: rows::unsigned(row.images)?, bytes: rows::unsigned(row.bytes)? },
            created: rows::timestamp(row.created_us)?,
        })
    }
}

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    user_id: Uuid,
    label: String,
    digest: Vec<u8>,
    scopes: String,
    created_us: i64,
    expires_us: Option<i64>,
    revoked_us: Option<i64>,
    used_us: Option<i64>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = CatalogError;

    fn try_from(row: KeyRow) -> Result<Self, CatalogError> {
        let time = |micros: Option<i64>| micros.map(rows::timestamp).transpose();
        Ok(Self {
            id: row.id.into(),
            user: row.user_id.into(),
            label: row.label,
            digest: rows::digest(&row.digest)?,
            scopes: row.scopes.parse().map_err(|_| rows::unreadable("scope of a key"))?,
            created: rows::timestamp(row.created_us)?,
            expires: time(row.expires_us)?,
            revoked: time(row.revoked_us)?,
            used: time(row.used_us)?,
        })
    }
}

#[async_trait]
impl AccessCatalog for SqlCatalog {
    async fn insert_user(&self, user: &User) -> Result<(), CatalogError> {
        let user = user.clone();
        self.writer.change(move |tx| Box::pin(async move { insert_user(tx, &user).await })).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, CatalogError> {
        user_by_id(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn user_by_name(&self, name: &UserName) -> Result<Option<User>, CatalogError> {
        let row: Option<UserRow> =
            query_as("SELECT * FROM users WHERE name = $1").bind(name.as_str()).fetch_optional(&self.reader).await?;
        row.map(User::try_from).transpose()
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, CatalogError> {
        let mut query = QueryBuilder::new("SELECT * FROM users WHERE TRUE");
        if let Some(after) = after {
            query.push(" AND id < ").push_bind(after.as_uuid());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        let rows: Vec<UserRow> = query.build_query_as().fetch_all(&self.reader).await?;
        rows.into_iter().map(User::try_from).collect()
    }

    async fn change_user(&self, id: UserId, change: &UserChange) -> Result<Option<User>, CatalogError> {
        let change = *change;
        self.writer.change(move |tx| Box::pin(change_user(tx, id, change))).await
    }

    async fn insert_key(&self, key: &ApiKey) -> Result<(), CatalogError> {
        let key = key.clone();
        self.writer.change(move |tx| Box::pin(async move { insert_key(tx, &key).await })).await
    }

    async fn key_by_digest(&self, digest: &Digest) -> Result<Option<(ApiKey, User)>, CatalogError> {
        let row: Option<KeyRow> = query_as("SELECT * FROM api_keys WHERE digest = $1")
            .bind(digest.as_bytes().as_slice())
            .fetch_optional(&self.reader)
            .await?;
        self.with_user(row).await
    }

    async fn key(&self, id: KeyId) -> Result<Option<(ApiKey, User)>, CatalogError> {
        let row: Option<KeyRow> =
            query_as("SELECT * FROM api_keys WHERE id = $1").bind(id.as_uuid()).fetch_optional(&self.reader).await?;
        self.with_user(row).await
    }

    async fn keys(&self, user: Option<UserId>, after: Option<KeyId>, limit: u32) -> Result<Vec<ApiKey>, CatalogError> {
        let mut query = QueryBuilder::new("SELECT * FROM api_keys WHERE TRUE");
        if let Some(user) = user {
            query.push(" AND user_id = ").push_bind(user.as_uuid());
        }
        if let Some(after) = after {
            query.push(" AND id < ").push_bind(after.as_uuid());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        let rows: Vec<KeyRow> = query.build_query_as().fetch_all(&self.reader).await?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    async fn revoke_key(&self, id: KeyId, now: Timestamp) -> Result<Option<ApiKey>, CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let row: Option<KeyRow> =
                    query_as("UPDATE api_keys SET revoked_us = coalesce(revoked_us, $2) WHERE id = $1 RETURNING *")
                        .bind(id.as_uuid())
                        .bind(now.as_microsecond())
                        .fetch_optional(tx)
                        .await?;
                row.map(ApiKey::try_from).transpose()
            })
        });
        change.await
    }

    async fn note_key_used(&self, id: KeyId, now: Timestamp) -> Result<(), CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                query("UPDATE api_keys SET used_us = $2 WHERE id = $1")
                    .bind(id.as_uuid())
                    .bind(now.as_microsecond())
                    .execute(tx)
                    .await?;
                Ok(())
            })
        });
        change.await
    }
}

impl SqlCatalog {
    async fn with_user(&self, row: Option<KeyRow>) -> Result<Option<(ApiKey, User)>, CatalogError> {
        let Some(key) = row.map(ApiKey::try_from).transpose()? else { return Ok(None) };
        let user = self.user(key.user).await?.ok_or_else(|| rows::unreadable("key of no user"))?;
        Ok(Some((key, user)))
    }
}

async fn insert_user(tx: &mut Connection<'_>, user: &User) -> Result<(), CatalogError> {
    let added = query(
        "INSERT INTO users (id, name, disabled, max_images, max_bytes, requests_per_minute, created_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING",
    )
    .bind(user.id.as_uuid())
    .bind(user.name.as_str())
    .bind(user.disabled)
    .bind(user.quotas.images.map(rows::signed).transpose()?)
    .bind(user.quotas.bytes.map(rows::signed).transpose()?)
    .bind(user.quotas.requests_per_minute)
    .bind(user.created.as_microsecond())
    .execute(tx)
    .await?;
    if added == 1 { Ok(()) } else { Err(CatalogError::NameTaken) }
}

async fn user_by_id(connection: &mut Connection<'_>, id: UserId) -> Result<Option<User>, CatalogError> {
    let row: Option<UserRow> =
        query_as("SELECT * FROM users WHERE id = $1").bind(id.as_uuid()).fetch_optional(connection).await?;
    row.map(User::try_from).transpose()
}

async fn change_user(tx: &mut Connection<'_>, id: UserId, change: UserChange) -> Result<Option<User>, CatalogError> {
    if let Some(disabled) = change.disabled {
        let set = query("UPDATE users SET disabled = $2 WHERE id = $1");
        set.bind(id.as_uuid()).bind(disabled).execute(&mut *tx).await?;
    }
    if let Some(quotas) = change.quotas {
        query("UPDATE users SET max_images = $2, max_bytes = $3, requests_per_minute = $4 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(quotas.images.map(rows::signed).transpose()?)
            .bind(quotas.bytes.map(rows::signed).transpose()?)
            .bind(quotas.requests_per_minute)
            .execute(&mut *tx)
            .await?;
    }
    user_by_id(tx, id).await
}

async fn insert_key(tx: &mut Connection<'_>, key: &ApiKey) -> Result<(), CatalogError> {
    query(
        "INSERT INTO api_keys (id, user_id, label, digest, scopes, created_us, expires_us, revoked_us, used_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(key.id.as_uuid())
    .bind(key.user.as_uuid())
    .bind(&key.label)
    .bind(key.digest.as_bytes().as_slice())
    .bind(key.scopes.to_string())
    .bind(key.created.as_microsecond())
    .bind(key.expires.map(Timestamp::as_microsecond))
    .bind(key.revoked.map(Timestamp::as_microsecond))
    .bind(key.used.map(Timestamp::as_microsecond))
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether the owner may keep this image too.
pub(super) async fn check_quota(tx: &mut Connection<'_>, image: &Image) -> Result<(), CatalogError> {
    let Some(owner) = image.owner else { return Ok(()) };
    let user = user_by_id(tx, owner).await?.ok_or_else(|| rows::unreadable("image of no user"))?;
    user.check_room(image.bytes).map_err(CatalogError::Refused)
}

/// Whether the owner may keep this image with an original of so many bytes.
pub(super) async fn check_growth(tx: &mut Connection<'_>, image: &Image, bytes: u64) -> Result<(), CatalogError> {
    let (Some(owner), Some(more)) = (image.owner, bytes.checked_sub(image.bytes)) else { return Ok(()) };
    let user = user_by_id(tx, owner).await?.ok_or_else(|| rows::unreadable("image of no user"))?;
    user.check_bytes(more).map_err(CatalogError::Refused)
}
