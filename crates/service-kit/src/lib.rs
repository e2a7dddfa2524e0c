//! What both services need, once.
//!
//! * [`config`], [`settings`] — settings from defaults, file, environment and flags, checked as a whole; the sections both have.
//! * [`cpu`] — a bounded pool for work on pixels, admitted by memory.
//! * [`engine`] — what an engine error means to a client.
//! * [`http`] — problem documents, routes that answer every verb, the request's id.
//! * [`allocator`], [`health`], [`logs`], [`metrics`], [`server`], [`tls`], [`trace`], [`exit`] — the life of a process.
//! * [`kafka`] — how brokers are reached, and a producer.
//! * [`terminal`] — what a command shows.

pub mod allocator;
pub mod config;
pub mod cpu;
pub mod engine;
pub mod exit;
pub mod health;
pub mod http;
pub mod kafka;
pub mod logs;
pub mod metrics;
pub mod openapi;
pub mod server;
pub mod settings;
pub mod terminal;
pub mod tls;
pub mod trace;
