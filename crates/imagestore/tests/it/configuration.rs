//! Faults of the settings: all at once, each with its key, its place and what is wanted.

use std::path::Path;

use testkit::process::run_cli_in;

/// Exit code, settings and faults of `config print` in the folder, which may hold `imagestore.toml` and `.env`.
fn print(folder: &Path, env: &[(&str, &str)]) -> (Option<i32>, String, Vec<String>) {
    let output = run_cli_in(folder, "imagestore", ["config", "print"], env);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let faults = text(output.stderr).lines().skip(1).map(|line| line.trim_start().to_owned()).collect();
    (output.status.code(), text(output.stdout), faults)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The faults, in any order, begin like this.
fn assert_faults(faults: &[String], expected: &[&str]) {
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for start in expected {
        assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start} in {faults:#?}");
    }
}

#[test]
fn all_faults_of_all_places_come_in_one_message() {
    let file = "data_dir = 7\n[limits]\nfiles = \"many\"\nfiels = 3\n\n[fetch]\nenabled = \"perhaps\"\n";
    let folder = folder(&[("imagestore.toml", file), (".env", "IMAGESTORE__LOG__FORMAT=loud\n")]);
    let env = [
        ("IMAGESTORE__HTTP__WORKERS", "some"),
        ("IMAGESTORE__CPU__THREADS", "-1"),
        ("IMAGESTORE__LIMITS__SIDE", "0"),
        ("IMAGESTORE__FETCH__ALLOWED_NETWORKS", "10.0.0.0/8,everywhere"),
        ("IMAGESTORE__HTPT__BIND", "127.0.0.1:0"),
        ("IMAGESTORE__HTTP__BIND", "nowhere"),
        ("IMAGESTORE__GRPC__BINDS", "127.0.0.1:0,127.0.0.1:many"),
    ];
    let (code, _, faults) = print(folder.path(), &env);
    assert_eq!(code, Some(2));
    let expected = [
        "http.bind (IMAGESTORE__HTTP__BIND): must be ADDRESS:PORT, such as 127.0.0.1:8000, not \"nowhere\"",
        "grpc.binds[1] (IMAGESTORE__GRPC__BINDS): must be ADDRESS:PORT, such as 127.0.0.1:8000, not \"127.0.0.1:many\"",
        "data_dir (imagestore.toml:1): must be text, not a whole number",
        "limits.files (imagestore.toml:3): must be a whole number, not text",
        "limits.fiels (imagestore.toml:4): unknown key; known are limits.animation_pixels, limits.body_pause_seconds, limits.files,",
        "fetch.enabled (imagestore.toml:7): must be true or false, not text",
        "log.format (IMAGESTORE__LOG__FORMAT, .env:1): unknown variant `loud`, expected `text` or `json`",
        "http.workers (IMAGESTORE__HTTP__WORKERS): must be a whole number, not \"some\"",
        "cpu.threads (IMAGESTORE__CPU__THREADS): invalid value: integer `-1`",
        "limits.side (IMAGESTORE__LIMITS__SIDE): lower than 1",
        "fetch.allowed_networks (IMAGESTORE__FETCH__ALLOWED_NETWORKS): must be networks such as 10.1.0.0/16, not \"everywhere\"",
        "htpt.bind (IMAGESTORE__HTPT__BIND): unknown key; known are auth, auto, blobs, cache, catalog, cpu,",
    ];
    assert_faults(&faults, &expected);
}

#[test]
fn a_preset_that_cannot_work_is_a_fault() {
    let file = "[presets]\nwide = \"w=1200&h=300&fit=cover\"\nnone = \"w=0\"\ncompress = \"w=1\"\n";
    let folder = folder(&[("imagestore.toml", file)]);
    let (code, _, faults) = print(folder.path(), &[("IMAGESTORE__PRESETS__LOUD", "volume=11")]);
    assert_eq!(code, Some(2));
    let expected = [
        "presets.none (imagestore.toml:3): \"w=0\": `w` must be a whole number",
        "presets.compress (imagestore.toml:4): the name compress belongs to",
        "presets.loud (IMAGESTORE__PRESETS__LOUD): \"volume=11\": `volume` is not a parameter",
    ];
    assert_faults(&faults, &expected);
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_fault() {
    let env = [("IMAGESTORE__HTTP__WORKERS", "some")];
    let of_env = "http.workers (IMAGESTORE__HTTP__WORKERS): must be a whole number";
    for (file, expected) in [
        ("[limits]\nfiles = \nside = \"wide\"\npixels = = 1\n", &[":2: ", ":4: ", ":3): must be a whole"][..]),
        ("[limits\nfiles = 1\n", &[":1: unclosed table"]),
        ("data_dir = \"open\nlimits.side = true\n", &[":1: ", ":2): must be a whole number"]),
        ("data_dir = \"a\"\ndata_dir = \"b\"\n", &[":2: duplicate key"]),
        ("limits.files = 99999999999999999999\n", &[":1): must be a number of at most 64 bits"]),
        (
            "limits = 5\n[no.where]\nx = 1\n[fetch.allowed_networks]\ny = 1\n",
            &[":1): must be a section", ":3): unknown key", ":4): must be a list, not a section"],
        ),
    ] {
        let folder = folder(&[("imagestore.toml", file)]);
        let (code, _, faults) = print(folder.path(), &env);
        assert_eq!((code, faults.len()), (Some(2), expected.len() + 1), "{file}: {faults:#?}");
        for part in expected {
            let part = format!("imagestore.toml{part}");
            assert!(faults.iter().any(|fault| fault.contains(&part)), "{part} in {faults:#?}");
        }
        assert!(faults.iter().any(|fault| fault.starts_with(of_env)), "{faults:#?}");
    }
    let folder = folder(&[]);
    let output = run_cli_in(folder.path(), "imagestore", ["config", "check", "--config", "absent.toml"], &env);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("cannot read absent.toml") && message.contains(of_env), "{message}");
}

#[test]
fn a_malformed_line_of_dotenv_is_named() {
    let text = "IMAGESTORE__LOG__LEVEL=debug\n# it's\nIMAGESTORE__LIMITS__FILES 5 hunter2\nSTORAGE_FOLDER='open\nIMAGESTORE__LIMITS__SIDE=x\n";
    let folder = folder(&[(".env", text)]);
    let (code, _, faults) = print(folder.path(), &[("IMAGESTORE__HTTP__WORKERS", "some")]);
    assert_eq!(code, Some(2));
    let expected = [
        ".env:3: must be NAME=value",
        ".env:4: must be NAME=value",
        "limits.side (IMAGESTORE__LIMITS__SIDE, .env:5): must be a whole number",
        "http.workers (IMAGESTORE__HTTP__WORKERS): ",
    ];
    assert_faults(&faults, &expected);
    assert!(!faults.concat().contains("hunter2"));
}

#[test]
fn only_the_working_folders_dotenv_counts() {
    let parent = folder(&[(".env", "IMAGESTORE__LOG__LEVEL=debug\nnot a variable\n")]);
    let working = parent.path().join("working");
    std::fs::create_dir(&working).unwrap();
    let (code, out, faults) = print(&working, &[]);
    assert_eq!(code, Some(0), "{faults:#?}");
    assert!(out.contains("level = \"info\""), "{out}");
    let dotenv = "IMAGESTORE__LOG__LEVEL=warn\nSTORAGE_FOLDER=/from-dotenv\n";
    std::fs::write(working.join(".env"), dotenv).unwrap();
    std::fs::write(working.join("imagestore.toml"), "data_dir = \"/from-file\"\n").unwrap();
    let (_, out, _) = print(&working, &[("IMAGESTORE__LOG__LEVEL", "error")]);
    assert!(out.contains("level = \"error\"") && out.contains("data_dir = \"/from-dotenv\""), "{out}");
}
