//! For tests and measurements only: pictures made by code, the real binaries started and stopped, malformed requests.
//!
//! A helper here that cannot do its work panics and says why: the test that asked for it has failed.
#![allow(clippy::expect_used, reason = "a fixture that cannot be made is a failed test")]

pub mod authority;
pub mod azurite;
pub mod blobs;
pub mod broker;
pub mod drive;
pub mod garage;
pub mod gcs;
pub mod kafka;
pub mod lanczos;
pub mod measured;
pub mod openapi;
pub mod photos;
pub mod pictures;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod raw;
mod servers;
mod stand_in;

pub use {image, reqwest, tempfile};
