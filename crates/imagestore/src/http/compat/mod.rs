//! Interfaces of other systems, in their own words, on the same use cases.

pub(super) mod albums;
pub(super) mod processor;
