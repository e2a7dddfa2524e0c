//! `imagestore user`, `imagestore key` and `imagestore sign`.

use clap::{Args, Subcommand};
use jiff::{Span, Timestamp, Zoned};
use service_kit::exit::{Failure, print};
use shared_types::KeyId;

use crate::app::{KeyOrder, MAX_ACCESS_PAGE, Services};
use crate::domain::{ApiKey, Caller, Quotas, Scopes, StoreError, User, UserChange, UserName};
use crate::http;
use crate::settings::Settings;
use crate::wiring::{self, Access};

/// Whoever has the data folder may do everything with it.
pub(super) const OPERATOR: Caller = Caller::Everyone { serves: false };

#[derive(Debug, Subcommand)]
pub(super) enum UserAction {
    /// Add a user.
    Add {
        /// 1 to 64 characters of a-z, 0-9, '-', '_', '.' and '@'.
        name: UserName,
        #[command(flatten)]
        quotas: QuotaFlags,
    },
    /// List users with what they keep, newest first.
    List,
    /// Change what a user may keep and ask for; what is not named is without bound from then on.
    Limit {
        /// The user.
        name: UserName,
        #[command(flatten)]
        quotas: QuotaFlags,
    },
    /// Refuse a user's keys. The images stay.
    Disable {
        /// The user.
        name: UserName,
    },
    /// Take a user's keys again.
    Enable {
        /// The user.
        name: UserName,
    },
}

#[derive(Debug, Args)]
pub(super) struct QuotaFlags {
    /// How many images the user may keep.
    #[arg(long, value_name = "NUMBER")]
    max_images: Option<u64>,
    /// How many bytes of originals the user may keep.
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// How many requests the user may send in a minute.
    #[arg(long, value_name = "NUMBER")]
    requests_per_minute: Option<u32>,
}

impl QuotaFlags {
    fn quotas(&self) -> Quotas {
        let Self { max_images, max_bytes, requests_per_minute } = *self;
        Quotas { images: max_images, bytes: max_bytes, requests_per_minute }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyAction {
    /// Make a key and print it, which happens this once.
    Create {
        /// Whose key it is.
        #[arg(long, value_name = "NAME")]
        user: UserName,
        /// What it allows: some of read, write, delete, admin, service, with commas between them.
        #[arg(long, default_value_t = Scopes::OWN)]
        scopes: Scopes,
        /// For how long it is taken, such as 90d or 12h; for ever without.
        #[arg(long, value_name = "TIME")]
        expires: Option<Span>,
        /// What its owner calls it.
        #[arg(long, default_value = "")]
        label: String,
    },
    /// List keys, newest first.
    List {
        /// Only those of this user.
        #[arg(long, value_name = "NAME")]
        user: Option<UserName>,
    },
    /// Refuse a key from now on.
    Revoke {
        /// Its id, as the list tells it.
        id: KeyId,
    },
}

pub(super) async fn user(settings: &Settings, action: UserAction) -> Result<(), Failure> {
    with_services(settings, async |services| match action {
        UserAction::Add { name, quotas } => {
            let user = services.add_user(&OPERATOR, name, quotas.quotas()).await?;
            Ok(format!("{} {}", user.id, user.name.as_str()))
        }
        UserAction::List => {
            let mut lines = vec![USER_HEAD.to_owned()];
            let mut after = None;
            loop {
                let (users, next) = services.users(&OPERATOR, after, MAX_ACCESS_PAGE).await?;
                lines.extend(users.iter().map(user_line));
                after = next;
                if after.is_none() {
                    return Ok(lines.join("\n"));
                }
            }
        }
        UserAction::Limit { name, quotas } => {
            let change = UserChange { quotas: Some(quotas.quotas()), ..UserChange::default() };
            change_user(services, &name, change).await
        }
        UserAction::Disable { name } => {
            change_user(services, &name, UserChange { disabled: Some(true), ..UserChange::default() }).await
        }
        UserAction::Enable { name } => {
            change_user(services, &name, UserChange { disabled: Some(false), ..UserChange::default() }).await
        }
    })
    .await
}

async fn change_user(services: &Services, name: &UserName, change: UserChange) -> Result<String, StoreError> {
    let user = services.user_by_name(&OPERATOR, name).await?;
    let user = services.change_user(&OPERATOR, user.id, change).await?;
    Ok(format!("{USER_HEAD}\n{}", user_line(&user)))
}

pub(super) async fn key(settings: &Settings, action: KeyAction) -> Result<(), Failure> {
    with_services(settings, async |services| match action {
        KeyAction::Create { user, scopes, expires, label } => {
            let user = services.user_by_name(&OPERATOR, &user).await?;
            let expires = expires.map(from_now).transpose()?;
            let (shown, _) = services.create_key(&OPERATOR, user.id, KeyOrder { label, scopes, expires }).await?;
            Ok(shown)
        }
        KeyAction::List { user } => {
            let user = match user {
                Some(name) => Some(services.user_by_name(&OPERATOR, &name).await?.id),
                None => None,
            };
            let mut lines = vec![KEY_HEAD.to_owned()];
            let mut after = None;
            loop {
                let (keys, next) = services.keys(&OPERATOR, user, after, MAX_ACCESS_PAGE).await?;
                lines.extend(keys.iter().map(key_line));
                after = next;
                if after.is_none() {
                    return Ok(lines.join("\n"));
                }
            }
        }
        KeyAction::Revoke { id } => {
            let key = services.revoke_key(&OPERATOR, id).await?;
            Ok(format!("{KEY_HEAD}\n{}", key_line(&key)))
        }
    })
    .await
}

pub(super) async fn sign(settings: &Settings, address: &str, expires: Span) -> Result<(), Failure> {
    with_services(settings, async |services| {
        let holds = from_now(expires)?.duration_since(Timestamp::now()).try_into().unwrap_or_default();
        let public = settings.public_url();
        let signed = http::sign(services, &settings.presets, public.as_ref(), &OPERATOR, (address, holds)).await;
        signed.map_err(|error| StoreError { cause: error.cause, ..StoreError::new(error.code, error.detail) })
    })
    .await
}

fn from_now(span: Span) -> Result<Timestamp, StoreError> {
    let end = Zoned::now().checked_add(span).map(|end| end.timestamp());
    end.map_err(|_| StoreError::new(shared_types::ErrorCode::InvalidParameter, "That time is too far away."))
}

/// Opens the catalog beside a running service, and prints what the work gives.
async fn with_services(
    settings: &Settings,
    work: impl AsyncFnOnce(&Services) -> Result<String, StoreError>,
) -> Result<(), Failure> {
    let opened = wiring::open(settings, Access::Beside).await.map_err(Failure::fault)?;
    let result = work(&opened.services).await;
    opened.services.close().await;
    print(&result.map_err(|error| Failure::fault(wiring::explain(&error)))?)
}

const USER_HEAD: &str =
    "id                                   name                 state         images           bytes";

fn user_line(user: &User) -> String {
    let state = if user.disabled { "disabled" } else { "enabled" };
    let (images, bytes) = (user.usage.images, user.usage.bytes);
    format!("{} {:<20} {state:<8} {images:>11} {bytes:>15}", user.id, user.name.as_str())
}

const KEY_HEAD: &str =
    "id                                   user                                 state    last used            scopes";

fn key_line(key: &ApiKey) -> String {
    let state = match key.revoked {
        Some(_) => "revoked",
        None if !key.holds(Timestamp::now()) => "expired",
        None => "valid",
    };
    let used = key.used.map_or_else(|| "never".to_owned(), |used| used.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let label = if key.label.is_empty() { String::new() } else { format!(" ({})", key.label) };
    format!("{} {} {state:<8} {used:<20} {}{label}", key.id, key.user, key.scopes)
}
