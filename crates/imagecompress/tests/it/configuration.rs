//! Messages about settings that hold a secret.

use testkit::process::run_cli_in;

#[test]
fn no_fault_shows_a_secret() {
    let folder = testkit::tempfile::tempdir().unwrap();
    let print = |env: &[(&str, &str)]| {
        let output = run_cli_in(folder.path(), "imagecompress", ["config", "print"], env);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    for token in ["7777", "77777777777777777777777", "[\"7777\"]", "7777x", "\"7777", "\"\"\"7777", "{ a = 7777 }"] {
        std::fs::write(folder.path().join("imagecompress.toml"), format!("[store]\ntoken = {token}\n")).unwrap();
        std::fs::write(folder.path().join(".env"), "IMAGECOMPRESS__STORE__TOKEN='7777\n").unwrap();
        let (code, message) = print(&[("IMAGECOMPRESS__STORE__ATTEMPTS", "x")]);
        assert_eq!(code, Some(2), "{message}");
        for part in ["imagecompress.toml:", ".env:1: ", "store.attempts (IMAGECOMPRESS__STORE__ATTEMPTS): "] {
            assert!(message.contains(part), "{part} for {token} in {message}");
        }
        assert!(!message.contains("777"), "{message}");
    }
    std::fs::remove_file(folder.path().join("imagecompress.toml")).unwrap();
    std::fs::write(folder.path().join(".env"), "IMAGECOMPRESS__STORE__TOKEN='7777'\n").unwrap();
    let (code, settings) = print(&[]);
    assert_eq!(code, Some(0), "{settings}");
    assert!(settings.contains("token = \"***\""), "{settings}");
}
