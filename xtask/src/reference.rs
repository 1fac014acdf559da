//! Writes `docs/reference/*.md`: each page is printed by the program that it describes. That the committed pages are
//! the printed ones is a test of the program itself.

use std::fs;
use std::path::Path;
use std::process::Command;

const PAGES: [&str; 2] = ["cli", "config"];

pub(crate) fn run(root: &Path) -> Result<String, String> {
    let directory = root.join("docs/reference");
    fs::create_dir_all(&directory).map_err(|e| format!("cannot create docs/reference: {e}"))?;
    for page in PAGES {
        let text = print(root, page)?;
        let file = directory.join(format!("{page}.md"));
        fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    Ok(format!("wrote docs/reference/{{{}}}.md", PAGES.join(",")))
}

fn print(root: &Path, page: &str) -> Result<Vec<u8>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "ponte", "--", "reference", page])
        .current_dir(root)
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
