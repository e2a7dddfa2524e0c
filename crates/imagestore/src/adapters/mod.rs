//! Back ends: each implements one port. Only `wiring.rs` names them.

pub mod files;
pub mod remote;
pub mod sqlite;
