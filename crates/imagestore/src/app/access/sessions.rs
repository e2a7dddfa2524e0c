//! Browsers that were shown a key once and show a ticket from then on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use shared_types::{ErrorCode, KeyId};

use super::{Identity, Known};
use crate::app::Services;
use crate::app::upload::now;
use crate::domain::{Caller, Scope, StoreError, Ticket, User};

/// A session that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What the browser shows from now on.
    pub ticket: String,
    /// Until when it holds.
    pub expires: Timestamp,
    /// For how long that is.
    pub seconds: i64,
}

/// Who a caller is and what they may do, as they are told themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The user whose key it is.
    pub user: Option<User>,
    /// The key.
    pub key: Option<KeyId>,
    /// Everything that the caller may do, also where it follows from something else.
    pub scopes: Vec<Scope>,
}

impl Services {
    /// Whether callers are asked who they are.
    pub fn asks_for_keys(&self) -> bool {
        self.inner.access.policy.keys
    }

    /// Begins a session of somebody who has shown a key; `None` where nobody is asked for one.
    pub async fn begin_session(&self, caller: &Caller) -> Result<Option<Session>, StoreError> {
        let Caller::Key { key, .. } = caller else {
            return match caller {
                Caller::Service => {
                    let detail = "This is the token of compressing services; sign in with a key of a user.";
                    Err(StoreError::new(ErrorCode::Forbidden, detail).parameter("key"))
                }
                _ => Ok(None),
            };
        };
        let (now, known) = (now(), self.known_by_id(*key).await?);
        let longest = SignedDuration::try_from(self.inner.access.policy.session).map_err(StoreError::internal)?;
        let end = (now + longest).min(known.key.expires.unwrap_or(Timestamp::MAX));
        let expires = Timestamp::from_second(end.as_second()).map_err(StoreError::internal)?;
        let ticket = Ticket { key: *key, expires }.seal(&self.inner.signing.keys);
        let ticket = ticket.ok_or_else(|| StoreError::internal(anyhow::anyhow!("there is no key to sign with")))?;
        Ok(Some(Session { ticket, expires, seconds: expires.duration_since(now).as_secs() }))
    }

    /// Who shows this ticket. Its key is looked up at every request, so that one that was revoked ends its sessions too.
    pub async fn identify_by_ticket(&self, ticket: &str) -> Identity {
        if !self.asks_for_keys() {
            return self.identify(None).await;
        }
        let known = match Ticket::open(ticket, &self.inner.signing.keys, now()) {
            Some(ticket) => self.known_by_id(ticket.key).await,
            None => Err(ended()),
        };
        match known {
            Ok(known) => self.within_rate(&known),
            Err(error) => Err(error).into(),
        }
    }

    /// When that ticket expires, if it holds.
    pub fn ticket_expires(&self, ticket: &str) -> Option<Timestamp> {
        Ticket::open(ticket, &self.inner.signing.keys, now()).map(|ticket| ticket.expires)
    }

    /// Who the caller is and what they may do.
    pub async fn standing(&self, caller: &Caller) -> Result<Standing, StoreError> {
        let key = if let Caller::Key { key, .. } = caller { Some(*key) } else { None };
        let scopes = Scope::ALL.into_iter().filter(|scope| caller.require(*scope).is_ok()).collect();
        Ok(Standing { user: self.usage_of(caller.owner()).await?, key, scopes })
    }

    /// Whether that key is not let in any more. A catalog that is away does not say so.
    pub(in crate::app) async fn is_shut_out(&self, key: KeyId) -> bool {
        self.known_by_id(key).await.is_err_and(|error| error.code == ErrorCode::Unauthorized)
    }

    async fn known_by_id(&self, id: KeyId) -> Result<Arc<Known>, StoreError> {
        let now = now();
        if let Some(known) = self.inner.access.by_id.get(&id).filter(|known| known.key.holds(now)) {
            return Ok(known);
        }
        let found = self.inner.catalog.key(id).await?;
        let (key, user) = found.filter(|(key, user)| key.holds(now) && !user.disabled).ok_or_else(ended)?;
        Ok(self.remember(key, user, now))
    }
}

fn ended() -> StoreError {
    let detail = "The session has ended: it is expired, or its key is revoked or its user disabled. Sign in again.";
    StoreError::new(ErrorCode::Unauthorized, detail)
}
