//! Collects the pages of `docs/errors/` and `docs/lint/` into tables, so that `ponte explain` works without the repository.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    collect("../../docs/errors", "error_pages.rs")?;
    collect("../../docs/lint", "lint_pages.rs")
}

fn collect(directory: &str, file: &str) -> Result<(), Box<dyn std::error::Error>> {
    // Cargo runs this in the crate's directory. A path from compile time would be wrong after a checkout was moved.
    let directory = Path::new(directory).canonicalize()?;
    println!("cargo:rerun-if-changed={}", directory.display());
    let mut pages = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md")
            && let Some(code) = path.file_stem().and_then(|stem| stem.to_str())
            && code != "README"
        {
            pages.push((code.to_owned(), path.clone()));
        }
    }
    pages.sort();
    let mut table = String::from("&[\n");
    for (code, path) in pages {
        println!("cargo:rerun-if-changed={}", path.display());
        writeln!(table, "({code:?}, include_str!({path:?})),")?;
    }
    table.push(']');
    fs::write(Path::new(&build_directory()?).join(file), table)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script its directory in no other way"
)]
fn build_directory() -> Result<String, env::VarError> {
    env::var("OUT_DIR")
}
