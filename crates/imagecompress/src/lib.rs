//! imagecompress: fetches an image from imagestore over HTTP, makes it smaller, posts the variant back.
//!
//! It keeps nothing and never touches the store's files or catalog, so any number of it can run anywhere. Layers, imports pointing down
//! only: `http`, `files` → `app` → `ports` ← `adapters`; `wiring` alone names adapters.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod files;
pub mod http;
pub mod ports;
pub mod settings;
pub mod wiring;
