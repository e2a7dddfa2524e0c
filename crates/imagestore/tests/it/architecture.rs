//! Imports point down only. Reads the `use` lines and the manifests of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

/// Tests run in the folder of their package. The path that they were built with may be that of another checkout with the same target folder.
fn crates() -> PathBuf {
    Path::new("..").canonicalize().unwrap()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let files = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"));
    files.map(|entry| (entry.path().to_owned(), fs::read_to_string(entry.path()).unwrap())).collect()
}

fn assert_never_names(folder: &Path, forbidden: &[&str]) {
    let sources = sources(folder);
    assert!(!sources.is_empty(), "{} has no sources", folder.display());
    for (file, text) in sources {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for name in forbidden {
                assert!(!line.contains(name), "{} names {name}: {line}", file.display());
            }
        }
    }
}

#[test]
fn layers_of_the_services() {
    for service in ["imagestore", "imagecompress"] {
        let src = crates().join(service).join("src");
        assert_never_names(
            &src.join("app"),
            &["actix", "tonic", "sqlx", "reqwest", "rdkafka", "crate::http", "crate::grpc", "crate::adapters"],
        );
        assert_never_names(
            &src.join("ports"),
            &[
                "actix",
                "tonic",
                "sqlx",
                "reqwest",
                "rdkafka",
                "crate::http",
                "crate::grpc",
                "crate::adapters",
                "crate::app",
            ],
        );
        assert_never_names(
            &src.join("http"),
            &["sqlx", "tonic", "rdkafka", "crate::grpc", "crate::adapters", "crate::ports"],
        );
        assert_never_names(&src.join("adapters"), &["actix", "tonic", "crate::http", "crate::grpc", "crate::app"]);
    }
    assert_never_names(
        &crates().join("imagestore/src/grpc"),
        &["actix", "sqlx", "crate::http", "crate::adapters", "crate::ports"],
    );
    assert_never_names(
        &crates().join("imagestore/src/domain"),
        &["actix", "tonic", "sqlx", "crate::http", "crate::grpc", "crate::adapters", "crate::ports", "crate::app"],
    );
}

#[test]
fn the_client_knows_a_store_by_its_interface_alone() {
    assert_never_names(
        &crates().join("imagestore/src/cli/client"),
        &[
            "actix",
            "sqlx",
            "reqwest",
            "crate::app",
            "crate::ports",
            "crate::adapters",
            "crate::http",
            "crate::grpc",
            "crate::wiring",
            "crate::settings",
        ],
    );
}

#[test]
fn the_engine_is_pure() {
    let engine = crates().join("image-engine/src");
    assert_never_names(
        &engine,
        &["tokio", "actix", "std::fs", "std::net", "std::env", "Instant", "SystemTime", "static mut"],
    );
}

#[test]
fn crates_depend_downwards() {
    for (name, allowed) in [
        ("shared-types", &[][..]),
        ("image-engine", &["shared-types"]),
        ("grpc-api", &[]),
        ("service-kit", &["shared-types", "image-engine"]),
        ("imagestore", &["shared-types", "grpc-api", "image-engine", "service-kit"]),
        ("imagecompress", &["shared-types", "image-engine", "service-kit"]),
        ("testkit", &[]),
    ] {
        let manifest = fs::read_to_string(crates().join(name).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
        for ours in
            ["shared-types", "grpc-api", "image-engine", "service-kit", "imagestore", "imagecompress", "testkit"]
        {
            let named = dependencies
                .lines()
                .any(|line| line.starts_with(&format!("{ours}.")) || line.starts_with(&format!("{ours} ")));
            assert!(!named || allowed.contains(&ours), "{name} depends on {ours}");
        }
    }
}

#[test]
fn files_named_in_the_architecture_exist() {
    let root = crates().parent().unwrap().to_owned();
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let named: Vec<_> = text.split('`').skip(1).step_by(2).filter(|name| name.starts_with("crates/")).collect();
    assert!(named.len() > 5);
    for name in named {
        assert!(root.join(name).exists(), "{name}");
    }
}
