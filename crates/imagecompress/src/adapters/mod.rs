//! Back ends: the store over HTTP, and what it announces by Kafka.

pub mod kafka;
pub mod store_client;
