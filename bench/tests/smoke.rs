//! The bench itself runs: every measurement that needs no second program, tiny.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

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
    let report: Value = serde_json::from_slice(&std::fs::read(json.path()).unwrap()).unwrap();
    let figures = report["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 12);
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

/// A tiny run beside other products: what it prints and writes.
fn beside(arguments: &[&str], programs: Option<&Path>) -> (String, Value) {
    let json = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ponte-bench"));
    command
        .arg("--quick")
        .args(arguments)
        .arg("--json")
        .arg(json.path());
    if let Some(programs) = programs {
        command.env("PONTE_PG_BIN", programs);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let written = std::fs::read(json.path()).unwrap();
    (said, serde_json::from_slice(&written).unwrap())
}

#[test]
fn a_product_stands_beside_the_work_by_hand_in_one_table() {
    let (said, report) = beside(&["--peers=by-hand,native", "--only", "initial,catch-up"], None);
    let entrants = report["entrants"].as_array().unwrap();
    assert_eq!(entrants.len(), 2);
    for (entrant, figures) in entrants.iter().zip([4, 7]) {
        assert_eq!(entrant["out"], Value::Null, "{said}");
        assert_eq!(entrant["figures"].as_array().unwrap().len(), figures, "{said}");
    }
    assert!(
        said.contains("| by hand") && said.contains("| native, one way"),
        "{said}"
    );
}

#[test]
fn a_product_that_is_not_installed_is_named_with_what_installs_it() {
    let oldest = ponte_testkit::binaries_of(ponte_testkit::OLDEST_AND_NEWEST.0);
    let (said, report) = beside(&["--peers=pglogical"], Some(oldest.directory()));
    assert!(said.contains("| not installed"), "{said}");
    assert_eq!(report["entrants"][0]["out"], "not installed: scripts/peers.sh");
}

#[test]
fn a_product_that_is_not_done_in_time_is_out_and_the_run_goes_on() {
    let (said, report) = beside(&["--peers=native", "--deadline", "0"], None);
    assert_eq!(report["entrants"][0]["out"], "getting ready: not done after 0 s");
    assert!(said.contains("native, one way: getting ready"), "{said}");
}
