//! imagestore: keeps images and makes any variant of them.
//!
//! Layers, imports pointing down only: `http`, `grpc` → `app` → `domain`, `ports` ← `adapters`; `wiring` alone names adapters.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod domain;
pub mod grpc;
pub mod http;
pub mod ports;
pub mod settings;
pub mod wiring;
