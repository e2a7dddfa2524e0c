//! `imagecompress file`: files of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testkit::pictures::{broken, file, graphic, jpeg, photo};
use testkit::process::run_cli_in;
use testkit::tempfile::{TempDir, tempdir};

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(folder: &TempDir, arguments: &str) -> Run {
    let arguments = ["file"].into_iter().chain(arguments.split_whitespace());
    let output = run_cli_in(folder.path(), "imagecompress", arguments, &[]);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs and expects that nothing failed.
fn done(folder: &TempDir, arguments: &str) -> Run {
    let run = run(folder, arguments);
    assert_eq!((run.code, &*run.err), (Some(0), ""), "{arguments}: {}", run.out);
    run
}

fn photo_bytes(seed: u64) -> Vec<u8> {
    jpeg::baseline(&photo(400, 300, seed), 95)
}

fn folder_with(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Every file, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                names.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    names
}

fn format(folder: &TempDir, name: &str) -> &'static str {
    let bytes = fs::read(folder.path().join(name)).unwrap();
    image_engine::probe(std::io::Cursor::new(&bytes[..])).unwrap().format.extension()
}

#[test]
fn one_file_in_the_format_that_its_output_names() {
    let folder = folder_with(&[("in.jpg", photo_bytes(1))]);
    let run = done(&folder, "in.jpg --target high -o out.webp --report");
    assert!(run.out.starts_with(" file") && run.out.contains("% less"), "{}", run.out);
    assert_eq!(format(&folder, "out.webp"), "webp");
    assert_eq!(names(folder.path()), ["in.jpg", "out.webp"], "no temporary file is left");
    assert_eq!(fs::read(folder.path().join("in.jpg")).unwrap(), photo_bytes(1));
    let line = done(&folder, "in.jpg -q 40 --format webp").out;
    assert!(line.starts_with("in.jpg -> in.webp: ") && line.contains(", q 40") && line.lines().count() == 1, "{line}");
}

#[test]
fn beside_the_input_unless_told_otherwise() {
    let folder = folder_with(&[("a.jpeg", photo_bytes(1)), ("sub/b.jpg", photo_bytes(2))]);
    done(&folder, "a.jpeg sub/b.jpg -q 40");
    assert_eq!(names(folder.path()), ["a.jpeg", "a.min.jpeg", "sub/b.jpg", "sub/b.min.jpg"]);
    done(&folder, "a.jpeg sub/b.jpg -q 40 --format webp --out-dir made/here");
    assert_eq!(names(&folder.path().join("made/here")), ["a.webp", "b.webp"]);
    done(&folder, ". --recursive -q 40 --format avif,webp --out-dir tree");
    let tree = names(&folder.path().join("tree"));
    let stems: Vec<_> = tree.iter().map(|name| name.rsplit_once('.').unwrap().0).collect();
    assert_eq!(stems, ["a", "made/here/a", "made/here/b", "sub/b"], "results named NAME.min.EXT are no inputs");
}

#[test]
fn nothing_is_replaced_without_being_asked() {
    let folder = folder_with(&[("a.jpg", photo_bytes(1)), ("a.webp", b"mine".to_vec())]);
    let refused = run(&folder, "a.jpg -q 40 --format webp");
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("a.webp exists; --overwrite replaces it"), "{}", refused.err);
    assert_eq!(fs::read(folder.path().join("a.webp")).unwrap(), b"mine");
    let refused = run(&folder, "a.jpg -q 40 -o a.jpg");
    assert!(refused.err.contains("a.jpg exists; --overwrite replaces it"), "{}", refused.err);
    done(&folder, "a.jpg -q 40 --format webp --overwrite");
    assert_eq!(format(&folder, "a.webp"), "webp");
    assert_eq!(fs::read(folder.path().join("a.jpg")).unwrap(), photo_bytes(1));
    let path = folder.path().join("a.jpg");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    done(&folder, "a.jpg -q 40 -o a.jpg --overwrite");
    assert!(fs::metadata(&path).unwrap().len() < photo_bytes(1).len() as u64);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(names(folder.path()), ["a.jpg", "a.webp"]);
}

#[test]
fn two_inputs_never_share_a_result() {
    let folder = folder_with(&[("a.jpg", photo_bytes(1)), ("a.png", file::png(&photo(400, 300, 2)))]);
    let run = run(&folder, "a.jpg a.png -q 40 --format webp --overwrite");
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("a.webp is the result of another input"), "{}", run.err);
    let both = folder_with(&[("a.jpg", photo_bytes(1)), ("a.webp", file::webp_lossy(&photo(400, 300, 2), 95.0))]);
    let before = fs::read(both.path().join("a.webp")).unwrap();
    let run = self::run(&both, "a.jpg a.webp -q 40 --format webp --overwrite");
    assert!(run.err.contains("a.webp is another input"), "{}", run.err);
    assert_eq!(fs::read(both.path().join("a.webp")).unwrap(), before);
}

#[test]
fn what_fails_does_not_keep_the_others_from_being_done() {
    let folder = folder_with(&[
        ("a.jpg", photo_bytes(1)),
        ("cut.jpg", broken::last_third_missing(&photo_bytes(2))),
        ("text.png", broken::TEXT.to_vec()),
        ("sub/c.jpg", photo_bytes(3)),
    ]);
    let run = run(&folder, "a.jpg cut.jpg text.png missing.jpg sub -q 40");
    assert_eq!(run.code, Some(1));
    assert_eq!(names(folder.path()), ["a.jpg", "a.min.jpg", "cut.jpg", "sub/c.jpg", "text.png"]);
    let lines: Vec<_> = run.err.lines().collect();
    assert!(lines[0].starts_with("imagecompress: cut.jpg: The picture is truncated or corrupt"), "{}", run.err);
    assert!(lines[1].starts_with("imagecompress: text.png: The bytes are not a picture"), "{}", run.err);
    assert!(lines[2].starts_with("imagecompress: missing.jpg: It cannot be read: No such file"), "{}", run.err);
    assert!(lines[3].starts_with("imagecompress: sub: It is a folder; --recursive"), "{}", run.err);
    assert_eq!(lines[4..], ["imagecompress: 4 of 5 files failed"]);
    assert!(run.out.contains("1 of 5 files") && run.out.matches("failed").count() == 4, "{}", run.out);
}

#[test]
fn a_goal_that_cannot_be_reached_leaves_no_file() {
    let folder = folder_with(&[("a.jpg", photo_bytes(1)), ("clear.png", file::png_alpha(&graphic(200, 150)))]);
    let impossible = run(&folder, "a.jpg --max-bytes 10 -o out.jpg");
    assert_eq!(impossible.code, Some(1));
    assert!(
        impossible.err.starts_with("imagecompress: a.jpg: ") && impossible.err.contains("bytes"),
        "{}",
        impossible.err
    );
    let opaque = run(&folder, "clear.png --format jpg");
    assert_eq!(opaque.code, Some(1));
    assert!(opaque.err.contains("jpg"), "{}", opaque.err);
    assert_eq!(names(folder.path()), ["a.jpg", "clear.png"]);
    let run = done(&folder, "a.jpg --max-bytes 9000 -o out.jpg --json");
    let bytes = fs::metadata(folder.path().join("out.jpg")).unwrap().len();
    let told: Value = serde_json::from_str(&run.out).unwrap();
    assert!(bytes <= 9000 && told["bytes_after"] == bytes, "{told}");
}

#[test]
fn what_cannot_become_smaller_is_kept_and_copied_where_a_file_is_expected() {
    let folder = folder_with(&[("a.jpg", jpeg::baseline(&photo(300, 200, 1), 10))]);
    // What is left after this is as small as it gets.
    done(&folder, "a.jpg --target lossless -o a.jpg --overwrite");
    let small = fs::read(folder.path().join("a.jpg")).unwrap();
    let run = done(&folder, "a.jpg --target 90");
    assert!(run.out.starts_with("a.jpg: kept as it is. "), "{}", run.out);
    assert_eq!(names(folder.path()), ["a.jpg"]);
    done(&folder, "a.jpg --target 90 --out-dir there");
    assert_eq!(fs::read(folder.path().join("there/a.jpg")).unwrap(), small);
    let run = done(&folder, "a.jpg --target 90 -o a.jpg --overwrite");
    assert!(run.out.starts_with("a.jpg: kept as it is. "), "{}", run.out);
    assert_eq!(fs::read(folder.path().join("a.jpg")).unwrap(), small);
}

#[test]
fn json_is_one_document_a_file() {
    let folder = folder_with(&[("a.jpg", photo_bytes(1)), ("text.png", broken::TEXT.to_vec())]);
    let run = run(&folder, "a.jpg text.png --json --target 60 --format webp --threads 1");
    let documents: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((run.code, documents.len()), (Some(1), 2));
    assert_eq!(
        (&documents[0]["input"], &documents[0]["output"], &documents[0]["status"], &documents[0]["format"]),
        (&json!("a.jpg"), &json!("a.webp"), &json!("made"), &json!("webp"))
    );
    assert!(documents[0]["score"].as_f64().unwrap() >= 60.0 && documents[0]["tries"].as_u64().unwrap() > 0);
    assert_eq!(documents[0]["bytes_before"], photo_bytes(1).len());
    assert_eq!((&documents[1]["status"], &documents[1]["code"]), (&json!("failed"), &json!("unsupported-format")));
}

#[test]
fn wrong_usage_is_told_before_anything_is_done() {
    let folder = folder_with(&[("a.jpg", photo_bytes(1)), ("b.jpg", photo_bytes(2))]);
    for (arguments, words) in [
        ("", "required"),
        ("a.jpg --target 101", "SSIMULACRA2"),
        ("a.jpg --target 80 -q 3", "cannot be used with"),
        ("a.jpg --max-bytes x", "whole number of bytes"),
        ("a.jpg -q 0", "100"),
        ("a.jpg --format exe", "must be auto"),
        ("a.jpg --threads 2000", "cpu.threads"),
        ("a.jpg b.jpg -o out.jpg", "--output takes one input"),
        (". -r -o out.jpg", "--output takes one file"),
        ("a.jpg -o out.webp --format avif", "--output names webp"),
        ("a.jpg -o out.webp --out-dir there", "cannot be used with"),
    ] {
        let run = run(&folder, arguments);
        assert_eq!(run.code, Some(2), "{arguments}: {}", run.err);
        assert!(run.err.contains(words), "{arguments}: {}", run.err);
    }
    assert_eq!(names(folder.path()), ["a.jpg", "b.jpg"]);
}
