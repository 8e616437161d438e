//! What `attache serve` refuses to start with: what `attache check` finds, it does not serve.

use std::{
    fs,
    process::{Command, Output},
};
use tempfile::TempDir;

fn attache(command: &[&str], config: &str) -> Output {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("attache.yaml");
    fs::write(&file, config).unwrap();
    let mut attache = Command::new(env!("CARGO_BIN_EXE_attache"));
    attache.args(command).arg(&file).output().unwrap()
}

#[test]
fn a_first_start_without_its_routes_fails_and_names_them() {
    let config = r#"{listen: {extproc: "127.0.0.1:0", admin: "127.0.0.1:0"}, routes: ./nothere}"#;
    for command in [&["serve", "-c"][..], &["check"]] {
        let output = attache(command, config);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {told}");
        assert!(told.contains("routes: ") && told.contains("nothere"), "{command:?}: {told}");
    }
}
