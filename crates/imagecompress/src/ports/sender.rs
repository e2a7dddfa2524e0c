//! For whom the store is asked.

use std::fmt;

/// For whom a request is sent to the store, and so what the store allows it to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sender {
    /// This service, known by `store.token`.
    Itself,
    /// A client, with the key it showed here. What it may not do there is not done for it.
    Client(Key),
}

/// A key of the store, or none. Never shown.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Key(Option<String>);

impl Key {
    /// The key that a client showed, if it showed one.
    pub fn shown(key: Option<String>) -> Self {
        Self(key)
    }

    /// The key itself.
    pub fn expose(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "***" } else { "none" })
    }
}
