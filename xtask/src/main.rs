//! Chores of the repository: `cargo xtask tidy` checks the rules of the house that no compiler knows, `cargo xtask
//! reference` writes the generated pages anew.

mod reference;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy | reference";

#[expect(clippy::print_stderr, clippy::print_stdout, reason = "a command-line program")]
fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    let root = repository();
    let done = match task.as_deref() {
        Some("tidy") => tidy::run(root),
        Some("reference") => reference::run(root),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(report) => {
            eprintln!("{report}");
            ExitCode::from(2)
        }
    }
}

/// The root of the repository: the directory above this crate.
fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
