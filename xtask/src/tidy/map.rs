//! `docs/ARCHITECTURE.md` stays short, names only what exists, and leaves no module of any crate out.

use super::Finding;
use super::repo::Repo;

const MAP: &str = "docs/ARCHITECTURE.md";
const LINES_MAX: usize = 400;
/// A path that begins like this is checked; other words in backticks are names.
const ROOTS: [&str; 5] = ["crates/", "docs/", "xtask/", "scripts/", ".ci/"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(map) = repo.file(MAP) else {
        return vec![Finding::new(MAP, 0, "the file is missing")];
    };
    let mut findings = Vec::new();
    let length = map.text.lines().count();
    if length >= LINES_MAX {
        findings.push(Finding::new(
            MAP,
            0,
            format!("{length} lines, fewer than {LINES_MAX} are allowed"),
        ));
    }
    for (number, line) in (1..).zip(map.text.lines()) {
        let quoted = line.split('`').skip(1).step_by(2);
        for path in quoted.filter(|path| ROOTS.iter().any(|root| path.starts_with(root))) {
            if !repo.files().iter().any(|file| is_at(&file.path, path)) {
                findings.push(Finding::new(MAP, number, format!("{path} does not exist")));
            }
        }
    }
    for (name, module, path) in modules(repo) {
        if !mentions(&map.text, name, module) {
            findings.push(Finding::new(
                path,
                0,
                format!("the module {module} of {name} is not in {MAP}"),
            ));
        }
    }
    findings
}

fn is_at(file: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// The modules at the top of each crate: crate, module, path.
fn modules(repo: &Repo) -> Vec<(&str, &str, &str)> {
    let mut modules: Vec<(&str, &str, &str)> = Vec::new();
    for file in repo.ending(".rs") {
        let Some(name) = file.source_of() else {
            continue;
        };
        let below = &file.path["crates/".len() + name.len() + "/src/".len()..];
        let module = below.split('/').next().unwrap_or(below).trim_end_matches(".rs");
        let root = matches!(module, "lib" | "main" | "bin");
        if !root && !modules.iter().any(|(n, m, _)| (*n, *m) == (name, module)) {
            modules.push((name, module, &file.path));
        }
    }
    modules
}

/// Whether the section of a crate has the module's name in backticks.
fn mentions(map: &str, name: &str, module: &str) -> bool {
    let heading = format!("### `crates/{name}`");
    let Some((_, section)) = map.split_once(&heading) else {
        return false;
    };
    let section = section.split("\n#").next().unwrap_or(section);
    section.contains(&format!("`{module}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(map: &str) -> Vec<String> {
        let files = [
            (MAP, map),
            ("crates/pg/src/lib.rs", ""),
            ("crates/pg/src/session/mod.rs", ""),
        ];
        check(&Repo::of(&files)).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn every_module_stands_in_the_section_of_its_crate() {
        assert!(check_one("### `crates/pg`: x\n\n`session`\n").is_empty());
        assert_eq!(check_one("### `crates/pg`: x\n\n## other\n`session`\n").len(), 1);
        assert_eq!(check_one("").len(), 1);
    }

    #[test]
    fn a_path_that_does_not_exist_is_found() {
        let map = |path: &str| format!("### `crates/pg`: `session`\n`{path}`\n");
        assert!(check_one(&map("crates/pg/src/session/")).is_empty());
        assert_eq!(
            check_one(&map("crates/pg/src/sessions.rs")),
            ["crates/pg/src/sessions.rs does not exist"]
        );
    }
}
