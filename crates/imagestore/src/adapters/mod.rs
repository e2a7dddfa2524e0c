//! Back ends: each implements one port. Only `wiring.rs` names them.

pub mod files;
pub mod folder;
pub mod key_file;
pub mod mqtt;
pub mod objects;
pub mod postgres;
mod public;
pub mod remote;
pub mod sql;
pub mod sqlite;
pub mod webhook;
mod workspace;
