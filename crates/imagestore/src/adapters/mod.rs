//! Back ends: each implements one port. Only `wiring.rs` names them.

pub mod files;
pub mod folder;
pub mod kafka;
pub mod key_file;
mod layout;
pub mod mqtt;
pub mod objects;
mod public;
pub mod remote;
pub mod sqlite;
pub mod webhook;
mod workspace;
