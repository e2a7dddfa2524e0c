//! Users and keys as JSON documents, and what is asked to be made of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared_types::{KeyId, UserId};
use utoipa::ToSchema;
use utoipa::openapi::{Object, Type};

use crate::domain::{ApiKey, Quotas, Scope, User};
use crate::http::described::TextOrTexts;

/// A user, with what they keep and may keep.
#[derive(Serialize, ToSchema)]
pub(super) struct UserDocument {
    /// Its id.
    id: UserId,
    /// What people call it; no two have the same.
    #[schema(example = "anna")]
    name: String,
    /// Whether its keys are refused.
    disabled: bool,
    /// What it keeps.
    usage: UsageDocument,
    /// What it may keep and ask for.
    quotas: QuotasDocument,
    /// When it was added, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A page of users.
#[derive(Serialize, ToSchema)]
pub(super) struct UsersDocument {
    /// The users, newest first.
    pub(super) users: Vec<UserDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<UserId>,
}

/// What is kept.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageDocument {
    /// Images.
    pub(super) images: u64,
    /// Bytes of their originals, equal ones counted each time.
    pub(super) bytes: u64,
}

/// What may be kept and asked for; `null` is no bound.
#[derive(Serialize, ToSchema)]
pub(super) struct QuotasDocument {
    /// Images.
    #[schema(required)]
    max_images: Option<u64>,
    /// Bytes of their originals, equal ones counted each time.
    #[schema(required)]
    max_bytes: Option<u64>,
    /// Requests in a minute.
    #[schema(required, format = Int64)]
    requests_per_minute: Option<u32>,
}

/// What the caller keeps and may keep: a user's record, or, where there are no users, everything.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum CallerUsage {
    /// The user whose key it is.
    User(UserDocument),
    /// Nobody is asked who they are: everything is everybody's.
    Everybody(EverybodysUsage),
}

/// What the store keeps, where nobody is asked who they are.
#[derive(Serialize, ToSchema)]
pub(super) struct EverybodysUsage {
    /// Always `null`.
    #[schema(schema_with = null)]
    pub(super) id: (),
    /// What is kept.
    pub(super) usage: UsageDocument,
    /// No bounds.
    pub(super) quotas: QuotasDocument,
}

/// A key, without what is shown to be let in, which is kept nowhere.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyDocument {
    /// By which it is listed and revoked.
    id: KeyId,
    /// Whose it is.
    user_id: UserId,
    /// What its owner calls it.
    label: String,
    /// What it allows.
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<&'static str>,
    /// When it was made, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it is refused.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// When it was revoked.
    #[schema(required, format = DateTime)]
    revoked_at: Option<String>,
    /// When it was used last, to about a minute.
    #[schema(required, format = DateTime)]
    last_used_at: Option<String>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKeyDocument {
    #[serde(flatten)]
    pub(super) record: KeyDocument,
    /// What is shown to be let in: told this once.
    pub(super) key: String,
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
pub(super) struct KeysDocument {
    /// The keys, newest first.
    pub(super) keys: Vec<KeyDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<KeyId>,
}

/// A user that is added. Without a bound there is none.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "name": "anna", "max_images": 10_000, "max_bytes": 10_000_000_000_u64 }))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) struct NewUser {
    /// 1 to 64 characters of `a-z 0-9 - _ . @`, first one a letter or digit; no two have the same.
    #[schema(pattern = "^[a-z0-9][a-z0-9._@-]{0,63}$", example = "anna")]
    name: String,
    /// The most images.
    max_images: Option<u64>,
    /// The most bytes of their originals.
    max_bytes: Option<u64>,
    /// The most requests in a minute.
    #[schema(format = Int64, maximum = 4_294_967_295_u64)]
    requests_per_minute: Option<u32>,
}

/// What is changed of a user: the fields that are named; `null` takes a bound away.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "max_images": 20_000, "max_bytes": null }))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) struct UserChanges {
    /// Whether its keys are refused.
    disabled: Option<bool>,
    /// The most images.
    max_images: Option<u64>,
    /// The most bytes of their originals.
    max_bytes: Option<u64>,
    /// The most requests in a minute.
    #[schema(format = Int64, maximum = 4_294_967_295_u64)]
    requests_per_minute: Option<u32>,
}

/// A key that is made.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "user_id": "01890a5d-ac96-774b-bcce-b302099a8057", "scopes": ["read", "write"], "label": "laptop" }))]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what is read by hand")]
pub(super) struct NewKey {
    /// Whose it is to be.
    user_id: UserId,
    /// What it allows: some of `read`, `write`, `delete`, `admin`, `service`; the first three if nothing is said.
    #[schema(value_type = Option<TextOrTexts>, example = json!(["read", "write"]))]
    scopes: Option<Vec<String>>,
    /// From when on it is refused, RFC 3339; never if nothing is said.
    #[schema(format = DateTime, example = "2036-12-31T00:00:00Z")]
    expires_at: Option<String>,
    /// What its owner calls it: at most 100 bytes without control characters.
    #[schema(max_length = 100, example = "laptop")]
    label: Option<String>,
}

fn null() -> Object {
    Object::with_type(Type::Null)
}

pub(super) fn user_document(user: &User) -> UserDocument {
    UserDocument {
        id: user.id,
        name: user.name.as_str().to_owned(),
        disabled: user.disabled,
        usage: UsageDocument { images: user.usage.images, bytes: user.usage.bytes },
        quotas: quotas_document(&user.quotas),
        created_at: user.created.to_string(),
    }
}

pub(super) fn quotas_document(quotas: &Quotas) -> QuotasDocument {
    QuotasDocument {
        max_images: quotas.images,
        max_bytes: quotas.bytes,
        requests_per_minute: quotas.requests_per_minute,
    }
}

pub(super) fn key_document(key: &ApiKey) -> KeyDocument {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    KeyDocument {
        id: key.id,
        user_id: key.user,
        label: key.label.clone(),
        scopes: key.scopes.iter().map(Scope::name).collect(),
        created_at: key.created.to_string(),
        expires_at: time(key.expires),
        revoked_at: time(key.revoked),
        last_used_at: time(key.used),
    }
}
