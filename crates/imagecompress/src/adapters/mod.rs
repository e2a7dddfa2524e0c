//! Back ends: the store over HTTP.

pub mod store_client;
