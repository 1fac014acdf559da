//! The committed pages of `docs/reference/` are the ones that the program prints.
#![allow(clippy::unwrap_used, reason = "this is a test, and its helpers are too")]

use std::path::Path;
use std::process::Command;

fn check(page: &str) {
    let printed = Command::new(env!("CARGO_BIN_EXE_ponte"))
        .args(["reference", page])
        .output()
        .unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/reference/{page}.md"));
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        String::from_utf8(printed.stdout).unwrap() == committed,
        "docs/reference/{page}.md is not what the program prints: run `cargo xtask reference`"
    );
}

#[test]
fn the_command_line_page_is_current() {
    check("cli");
}

#[test]
fn the_configuration_page_is_current() {
    check("config");
}
