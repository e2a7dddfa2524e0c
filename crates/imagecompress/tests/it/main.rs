//! imagecompress from the outside: the real binary against the real imagestore, and against stores that fail.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod compress;
mod configuration;
mod failing_jobs;
mod failing_store;
mod files;
mod jobs;
mod kafka;
mod keys;
mod later;
mod openapi;
mod outages;
mod panics;
mod stand_in;
mod support;
mod tls;
