//! Back ends: each implements one port. Only `wiring.rs` names them.

pub mod files;
pub mod folder;
pub mod key_file;
pub mod postgres;
pub mod remote;
pub mod sql;
pub mod sqlite;
