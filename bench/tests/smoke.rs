//! The bench itself runs: every measurement that needs no second program, tiny.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::process::Command;

#[test]
fn a_quick_run_prints_every_figure_and_writes_them_as_json() {
    let json = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ponte-bench"))
        .args([
            "--quick",
            "--only",
            "initial,catch-up,idle,latency,overhead",
            "--json",
        ])
        .arg(json.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(json.path()).unwrap()).unwrap();
    let figures = report["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 10);
    for figure in figures {
        let name = figure["name"].as_str().unwrap();
        assert!(text.contains(name), "{name} is not in the table:\n{text}");
        assert!(figure["ours"].as_f64().unwrap() > 0.0, "{name} was not measured");
    }
}

#[test]
fn without_the_program_to_be_measured_it_says_what_to_build() {
    let output = Command::new(env!("CARGO_BIN_EXE_ponte-bench"))
        .args(["--quick", "--ponte", "/nonexistent/ponte"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("cargo build --release -p ponte"), "{text}");
}
