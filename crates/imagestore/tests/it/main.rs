//! imagestore from the outside: the real binary, real sockets, real files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed test may panic")]

mod access;
mod access_table;
mod album_races;
mod albums;
mod albums_compat;
mod analyses;
mod animation;
mod architecture;
mod bad_input;
mod better;
mod caching;
mod colours_and_metadata;
mod command_line;
mod configuration;
mod contract;
mod cors;
mod delete_tokens;
mod delivery;
mod disk_full;
mod duplicates;
mod durability;
mod events;
mod grpc;
mod hostile_requests;
mod images;
mod info;
mod jobs;
mod keys;
mod marks_and_presets;
mod races;
mod renditions;
mod signing;
mod srcset;
mod stats;
mod support;
mod svg;
mod tls;
mod upload;
mod uploads_tus;
mod url_upload;
mod variants;
