//! Who asks: from a key to a caller, within what its user may ask for.

mod limiter;
mod sessions;
mod users;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use blake3::Hash;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use service_kit::config::Secret;
use shared_types::{Digest, ErrorCode, KeyId, UserId};

use super::Services;
use super::replicas::Words;
use super::upload::now;
use crate::domain::{ApiKey, Caller, StoreError, User, Visibility};
use limiter::Limiter;
pub use limiter::Rate;
pub use sessions::{Session, Standing};
pub use users::{KeyOrder, MAX_ACCESS_PAGE};

/// Whether callers are asked who they are.
#[derive(Debug, Clone)]
pub struct AccessPolicy {
    /// Whether there are users and keys at all.
    pub keys: bool,
    /// What a compressing service shows beside a key; empty for none.
    pub token: Secret,
    /// Who may see an upload that does not say it.
    pub visibility: Visibility,
    /// How long what is known of a key is believed: so late a process hears of what another one did to it.
    pub remember: Duration,
    /// How long a browser that was shown a key is believed to have been.
    pub session: Duration,
}

/// A key that was looked up, and whose it is.
struct Known {
    key: ApiKey,
    user: User,
}

pub(super) struct Access {
    policy: AccessPolicy,
    /// The digest of the token, which is what is compared: in constant time, and whatever the length.
    token: Option<Hash>,
    keys: Cache<Digest, Arc<Known>>,
    by_id: Cache<KeyId, Arc<Known>>,
    limiters: Cache<UserId, Arc<Limiter>>,
}

impl Access {
    pub(super) fn new(policy: AccessPolicy) -> Self {
        const KEYS: u64 = 10_000;
        /// A minute without requests fills up what there is to take.
        const IDLE: Duration = Duration::from_mins(2);
        let token = (!policy.token.is_empty()).then(|| blake3::hash(policy.token.expose().as_bytes()));
        let keys = Cache::builder().max_capacity(KEYS).time_to_live(policy.remember).build();
        let by_id = Cache::builder().max_capacity(KEYS).time_to_live(policy.remember).build();
        let limiters = Cache::builder().max_capacity(KEYS).time_to_idle(IDLE).build();
        Self { policy, token, keys, by_id, limiters }
    }

    fn limiter(&self, user: UserId, limit: u32) -> Arc<Limiter> {
        self.limiters.get(&user).filter(|limiter| limiter.limit() == limit).unwrap_or_else(|| {
            let limiter = Arc::new(Limiter::new(limit));
            self.limiters.insert(user, Arc::clone(&limiter));
            limiter
        })
    }

    /// A user sent a request to another process.
    pub(super) fn note_request_elsewhere(&self, user: UserId, limit: u32) {
        self.limiter(user, limit).owe();
    }

    /// Everything known of keys is looked up anew.
    fn forget(&self) {
        self.keys.invalidate_all();
        self.by_id.invalidate_all();
    }
}

/// Who asks, as far as they may.
pub struct Identity {
    /// What is left of the requests that the user may send.
    pub rate: Option<Rate>,
    /// Who it is, or why nothing is done for them.
    pub caller: Result<Caller, StoreError>,
}

impl From<Result<Caller, StoreError>> for Identity {
    fn from(caller: Result<Caller, StoreError>) -> Self {
        Self { rate: None, caller }
    }
}

/// The key that a request shows, given the values of its `x-api-key` and `authorization`: each as text, if it is text.
///
/// # Errors
/// More than one, or not a key.
pub fn shown_key<'a>(
    api_key: impl IntoIterator<Item = Option<&'a str>>,
    authorization: impl IntoIterator<Item = Option<&'a str>>,
) -> Result<Option<&'a str>, StoreError> {
    if let Some(key) = single(api_key)? {
        return Ok(Some(key.trim()));
    }
    let Some(authorization) = single(authorization)? else { return Ok(None) };
    let (scheme, key) = authorization.split_once(' ').ok_or_else(unreadable)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(key.trim())) } else { Err(unreadable()) }
}

/// Of two keys it is anybody's guess which is meant.
fn single<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Result<Option<&'a str>, StoreError> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(Some(value)), None) => Ok(Some(value)),
        (Some(_), _) => Err(unreadable()),
    }
}

fn unreadable() -> StoreError {
    StoreError::new(ErrorCode::Unauthorized, "Send one key, as `Authorization: Bearer KEY` or `X-Api-Key: KEY`.")
}

/// 256 random bits that can stand in a URL.
pub(super) fn random_text() -> Result<String, StoreError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| StoreError::internal(anyhow::anyhow!(error)))?;
    Ok(URL_SAFE_NO_PAD.encode(secret))
}

/// Makes sure that what is made now does not end before.
pub(super) fn check_expires(expires: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
    if expires.is_none_or(|end| end > now) {
        return Ok(());
    }
    let detail = "`expires_at` must be a time that is still to come.";
    Err(StoreError::new(ErrorCode::InvalidParameter, detail).parameter("expires_at"))
}

impl Services {
    /// Who may see an upload that does not say it.
    pub(super) fn default_visibility(&self) -> Visibility {
        self.inner.access.policy.visibility
    }

    /// Who shows this key, or none.
    pub async fn identify(&self, shown: Option<&str>) -> Identity {
        let Access { policy, token, .. } = &self.inner.access;
        let digest = shown.map(|shown| blake3::hash(shown.as_bytes()));
        if token.is_some() && digest == *token {
            return Ok(Caller::Service).into();
        }
        if !policy.keys {
            return Ok(Caller::Everyone { serves: token.is_none() }).into();
        }
        let Some(digest) = digest else { return Ok(Caller::Anonymous).into() };
        match self.known(&digest.into()).await {
            Ok(known) => self.within_rate(&known),
            Err(error) => Err(error).into(),
        }
    }

    /// The key of that digest, which is all that is ever compared: an unknown key takes as long as any other.
    async fn known(&self, digest: &Digest) -> Result<Arc<Known>, StoreError> {
        let now = now();
        if let Some(known) = self.inner.access.keys.get(digest).filter(|known| known.key.holds(now)) {
            return Ok(known);
        }
        let found = self.inner.catalog.key_by_digest(digest).await?;
        let (key, user) = found.filter(|(key, user)| key.holds(now) && !user.disabled).ok_or_else(|| {
            let detail = "The key is not valid: it is unknown, expired or revoked, or its user is disabled.";
            StoreError::new(ErrorCode::Unauthorized, detail)
        })?;
        Ok(self.remember(key, user, now))
    }

    /// Believes what was looked up, for a while.
    fn remember(&self, key: ApiKey, user: User, now: Timestamp) -> Arc<Known> {
        self.note_used(&key, now);
        let known = Arc::new(Known { key, user });
        self.inner.access.keys.insert(known.key.digest, Arc::clone(&known));
        self.inner.access.by_id.insert(known.key.id, Arc::clone(&known));
        known
    }

    /// Notes about once a minute that a key was used; the request does not wait for it.
    fn note_used(&self, key: &ApiKey, now: Timestamp) {
        const EVERY: SignedDuration = SignedDuration::from_mins(1);
        if key.used.is_some_and(|used| now.duration_since(used) < EVERY) {
            return;
        }
        let (services, id) = (self.clone(), key.id);
        let note = async move {
            if let Err(error) = services.inner.catalog.note_key_used(id, now).await {
                log::warn!("the last use of key {id} is not noted: {:#}", anyhow::Error::from(error));
            }
        };
        self.in_background(note);
    }

    fn within_rate(&self, known: &Known) -> Identity {
        let Known { key, user } = known;
        let caller = Caller::Key { key: key.id, user: user.id, scopes: key.scopes };
        let Some(limit) = user.quotas.requests_per_minute else { return Ok(caller).into() };
        let rate = self.inner.access.limiter(user.id, limit).take();
        let caller = if rate.allowed {
            self.tell_others(Words::Request { user: user.id, limit });
            Ok(caller)
        } else {
            let detail =
                format!("At most {limit} requests a minute are taken from one user; go on when Retry-After is over.");
            let error = StoreError::new(ErrorCode::TooManyRequests, detail);
            Err(StoreError { retry_after: Some(rate.reset), ..error })
        };
        Identity { rate: Some(rate), caller }
    }
}
