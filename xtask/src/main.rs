//! Chores of the repository: `cargo xtask tidy` checks the rules of the house that no compiler knows, `cargo xtask
//! reference` and `cargo xtask scenarios` write the generated pages anew.

mod reference;
mod scenarios;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask tidy | reference | scenarios";

#[expect(clippy::print_stderr, clippy::print_stdout, reason = "a command-line program")]
fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    let done = repository().and_then(|root| match task.as_deref() {
        Some("tidy") => tidy::run(&root),
        Some("reference") => reference::run(&root),
        Some("scenarios") => scenarios::run(&root),
        _ => Err(USAGE.to_owned()),
    });
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

/// The root of the repository: the nearest directory from here up that has the lock file.
fn repository() -> Result<PathBuf, String> {
    let here = std::env::current_dir().map_err(|e| format!("cannot tell the current directory: {e}"))?;
    let root = here
        .ancestors()
        .find(|directory| directory.join("Cargo.lock").is_file());
    root.map(Path::to_owned)
        .ok_or_else(|| format!("{} is not in the repository", here.display()))
}
