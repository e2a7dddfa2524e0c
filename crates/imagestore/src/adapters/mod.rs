//! Back ends: each implements one port. Only `wiring.rs` names them.

pub mod files;
pub mod folder;
pub mod kafka;
pub mod key_file;
mod layout;
pub mod mqtt;
pub mod objects;
pub mod postgres;
mod public;
pub mod remote;
pub mod sql;
pub mod sqlite;
pub mod transfer;
pub mod webhook;
mod workspace;
