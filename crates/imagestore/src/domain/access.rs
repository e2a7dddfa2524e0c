//! Who asks, and what they may do. Every decision about that is made here.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use shared_types::{ErrorCode, KeyId, UserId};
use utoipa::ToSchema;

use super::{Album, Image, Sight, StoreError};

/// One thing that a key may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Scope {
    /// See one's own images, whatever their visibility.
    Read,
    /// Upload, change, and order variants.
    Write,
    /// Delete.
    Delete,
    /// Users and keys, and whatever belongs to anybody.
    Admin,
    /// Take jobs and bring their results.
    Service,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::Delete, Self::Admin, Self::Service];

    /// The name in the catalog, on the wire and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }
}

/// What a key allows. In text the names with commas between them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// All that an owner does with their own images.
    pub const OWN: Self = Self(1 << Scope::Read as u8 | 1 << Scope::Write as u8 | 1 << Scope::Delete as u8);

    /// These scopes.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | 1 << *scope as u8))
    }

    /// Whether the scope itself is among them.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }

    /// Those that are among them, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Whether they allow it: an administrator may do what any owner may.
    fn allow(self, scope: Scope) -> bool {
        self.contains(scope) || (scope != Scope::Service && self.contains(Scope::Admin))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(Scope::name).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = |name: &str| Scope::ALL.into_iter().find(|scope| scope.name() == name);
        let scopes: Option<Vec<_>> = text.split(',').map(|name| known(name.trim())).collect();
        let names = || Scope::ALL.map(Scope::name).join(", ");
        scopes
            .map(|scopes| Self::of(&scopes))
            .ok_or_else(|| format!("must be some of {}, with commas between them", names()))
    }
}

/// Who may see an image beside its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Visibility {
    /// Nobody, but by a signed URL or a shared album.
    Private,
    /// Whoever has its address.
    Unlisted,
    /// Everybody: it is in the list that anyone may read.
    Public,
}

impl Visibility {
    /// Every visibility.
    pub const ALL: [Self; 3] = [Self::Private, Self::Unlisted, Self::Public];

    /// The name in the catalog, in settings and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Unlisted => "unlisted",
            Self::Public => "public",
        }
    }
}

impl FromStr for Visibility {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|visibility| visibility.name() == text);
        found.ok_or_else(|| "must be private, unlisted or public".to_owned())
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody is asked who they are (`auth.mode = "off"`).
    Everyone {
        /// Whether that includes taking jobs: no token is set for it.
        serves: bool,
    },
    /// Somebody without a key.
    Anonymous,
    /// The holder of a key.
    Key {
        /// The key.
        key: KeyId,
        /// Whose key it is.
        user: UserId,
        /// What it allows.
        scopes: Scopes,
    },
    /// A compressing service, or this store itself.
    Service,
    /// Whoever has a signed address, and at that address alone: whoever signed it has answered for what is to be seen there.
    Signed {
        /// When it expires.
        until: Timestamp,
    },
}

/// For whom an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Whoever may see the image.
    Anyone,
    /// Those like the caller: others would be refused.
    Caller,
    /// Whoever has the address, until then.
    Until(Timestamp),
}

impl Caller {
    /// To whom that belongs which the caller brings.
    pub fn owner(&self) -> Option<UserId> {
        match self {
            Self::Key { user, .. } => Some(*user),
            Self::Everyone { .. } | Self::Anonymous | Self::Service | Self::Signed { .. } => None,
        }
    }

    /// Whether the caller has shown nothing: neither a key nor a signed address.
    pub fn is_stranger(&self) -> bool {
        matches!(self, Self::Everyone { .. } | Self::Anonymous)
    }

    /// Whether the caller may have anything made of an image of that owner, where others may not.
    pub fn may_make_freely(&self, owner: Option<UserId>) -> bool {
        match self {
            Self::Everyone { .. } | Self::Anonymous => false,
            Self::Key { scopes, .. } => {
                self.owns(owner) && (scopes.allow(Scope::Write) || scopes.contains(Scope::Service))
            }
            Self::Service | Self::Signed { .. } => true,
        }
    }

    /// Whose things the caller may list: everybody's, or those of one user.
    ///
    /// # Errors
    /// The caller has nothing of their own, or the key does not allow reading.
    pub fn reach(&self) -> Result<Reach, StoreError> {
        self.require(Scope::Read)?;
        Ok(self.whose())
    }

    /// The same of a caller who was found to be allowed something.
    pub fn whose(&self) -> Reach {
        match self {
            Self::Key { user, .. } if !self.is_admin() => Reach::User(*user),
            _ => Reach::Everybody,
        }
    }

    /// Whether the caller may do what administrators do.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::Everyone { .. } => true,
            Self::Key { scopes, .. } => scopes.contains(Scope::Admin),
            Self::Anonymous | Self::Service | Self::Signed { .. } => false,
        }
    }

    /// Makes sure that the caller may do that at all.
    ///
    /// # Errors
    /// No key was shown, or it does not allow this.
    pub fn require(&self, scope: Scope) -> Result<(), StoreError> {
        let allowed = match self {
            Self::Everyone { serves } => scope != Scope::Service || *serves,
            Self::Anonymous | Self::Signed { .. } => false,
            Self::Key { scopes, .. } => scopes.allow(scope),
            Self::Service => scope == Scope::Service,
        };
        match self {
            _ if allowed => Ok(()),
            Self::Anonymous | Self::Everyone { .. } | Self::Signed { .. } => Err(no_key(scope)),
            Self::Key { .. } | Self::Service => {
                let detail = format!("This needs a key with the scope {}; yours does not have it.", scope.name());
                Err(StoreError::new(ErrorCode::Forbidden, detail))
            }
        }
    }

    /// Whether a thing of that owner is the caller's to deal with.
    pub fn owns(&self, owner: Option<UserId>) -> bool {
        match self {
            Self::Everyone { .. } | Self::Service => true,
            Self::Anonymous | Self::Signed { .. } => false,
            Self::Key { user, scopes, .. } => {
                owner == Some(*user) || scopes.contains(Scope::Admin) || scopes.contains(Scope::Service)
            }
        }
    }

    /// Whether the caller is known to be its owner, or an administrator: not whoever comes where nobody is asked.
    pub fn is_owner(&self, owner: Option<UserId>) -> bool {
        match self {
            Self::Key { user, scopes, .. } => owner == Some(*user) || scopes.contains(Scope::Admin),
            Self::Everyone { .. } | Self::Anonymous | Self::Signed { .. } | Self::Service => false,
        }
    }

    /// Makes sure that the caller may see the image.
    ///
    /// # Errors
    /// To those who may not see it there is no such image. Its owner is told if it is only the key that does not allow it.
    pub fn check_sees(&self, image: &Image) -> Result<(), StoreError> {
        if matches!(self, Self::Signed { .. }) {
            return Ok(());
        }
        self.sees(image.visibility, image.owner, StoreError::no_image)
    }

    /// Makes sure that the caller may do that to the image.
    ///
    /// # Errors
    /// Those of [`Caller::require`]; where the image is another's, that it is, or that there is none.
    pub fn check_may(&self, scope: Scope, image: &Image) -> Result<(), StoreError> {
        self.may(scope, image.owner, || self.check_sees(image), "The image belongs to another user.")
    }

    /// Makes sure that the caller may see the album: as with an image.
    ///
    /// # Errors
    /// Those of [`Caller::check_sees`].
    pub fn check_sees_album(&self, album: &Album) -> Result<(), StoreError> {
        self.sees(album.visibility, album.owner, StoreError::no_album)
    }

    /// Makes sure that the caller may do that to the album: as with an image.
    ///
    /// # Errors
    /// Those of [`Caller::check_may`].
    pub fn check_may_with_album(&self, scope: Scope, album: &Album) -> Result<(), StoreError> {
        self.may(scope, album.owner, || self.check_sees_album(album), "The album belongs to another user.")
    }

    /// Which images of an album the caller may see, who may see the album.
    pub fn sight(&self, album: &Album) -> Sight {
        match self {
            _ if !self.owns(album.owner) => Sight::NotPrivate,
            Self::Key { user, scopes, .. } if !scopes.contains(Scope::Admin) && !scopes.contains(Scope::Service) => {
                Sight::Of(Some(*user))
            }
            _ => Sight::All,
        }
    }

    fn sees(
        &self,
        visibility: Visibility,
        owner: Option<UserId>,
        hidden: fn() -> StoreError,
    ) -> Result<(), StoreError> {
        if visibility != Visibility::Private {
            return Ok(());
        }
        if !self.owns(owner) {
            return Err(hidden());
        }
        self.require(Scope::Read).or_else(|refused| self.require(Scope::Service).map_err(|_| refused))
    }

    fn may(
        &self,
        scope: Scope,
        owner: Option<UserId>,
        sees: impl FnOnce() -> Result<(), StoreError>,
        foreign: &str,
    ) -> Result<(), StoreError> {
        // First of all, so that those who may do nothing learn nothing.
        self.require(scope)?;
        if self.owns(owner) {
            return Ok(());
        }
        sees()?;
        Err(StoreError::new(ErrorCode::Forbidden, foreign))
    }
}

/// Whose things are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anybody's.
    Everybody,
    /// Those of one user.
    User(UserId),
}

impl Reach {
    /// The one user whose things are meant.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Everybody => None,
            Self::User(user) => Some(user),
        }
    }
}

fn no_key(scope: Scope) -> StoreError {
    let detail = match scope {
        Scope::Service => {
            "This address is for compressing services; send `Authorization: Bearer` with the token of jobs.token or a key \
             with the scope service."
                .to_owned()
        }
        scope => format!("Send a key with the scope {} as `Authorization: Bearer` or `X-Api-Key`.", scope.name()),
    };
    StoreError::new(ErrorCode::Unauthorized, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for bits in 1..1 << Scope::ALL.len() {
            let scopes = Scopes(bits);
            assert_eq!(scopes.to_string().parse(), Ok(scopes));
        }
        assert_eq!(" write, read".parse(), Ok(Scopes::of(&[Scope::Read, Scope::Write])));
        for bad in ["", "all", "read,,write", "Read", "read;write"] {
            assert!(bad.parse::<Scopes>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_administrator_may_what_owners_may_but_is_no_service() {
        let admin = Scopes::of(&[Scope::Admin]);
        for scope in Scope::ALL {
            assert_eq!(admin.allow(scope), scope != Scope::Service, "{scope:?}");
        }
        assert!(!Scopes::OWN.allow(Scope::Admin));
    }
}
