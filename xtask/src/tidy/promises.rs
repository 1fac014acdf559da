//! Every promise of a pack's document names the tests that show it, or says why there is none.
//!
//! The last column of a table in a pack's README is such a column where its head says so. A test is named in backticks, with the file that it is
//! in: `csv::rows_are_mapped`.

use std::collections::BTreeSet;

use super::Finding;
use super::repo::{File, Repo};

/// The packs that a document of their own came before.
const PACKS: [&str; 5] = ["perfis", "atlas-bridge", "atlas2", "synapscale", "atlast"];
const HEADS: [&str; 3] = ["shown by", "test", "teste"];
const REASONS: [&str; 2] = ["No test: ", "Sem teste: "];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let tests: BTreeSet<String> = repo
        .files()
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with(".rs"))
        .flat_map(tests_in)
        .collect();
    let mut findings = Vec::new();
    for pack in PACKS {
        let path = format!("packs/{pack}/README.md");
        let Some(page) = repo.file(&path) else {
            findings.push(Finding::new(path, 0, "the pack has no README"));
            continue;
        };
        let rows = promises(&page.text);
        if rows.is_empty() {
            findings.push(Finding::new(
                path.as_str(),
                0,
                "no table says which test shows what",
            ));
        }
        for (line, cell) in rows {
            findings.extend(faults(cell, &tests).map(|fault| Finding::new(path.as_str(), line, fault)));
        }
    }
    findings
}

/// What is wrong with the last cell of a row.
fn faults<'a>(cell: &'a str, tests: &'a BTreeSet<String>) -> impl Iterator<Item = String> + 'a {
    let named: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let silent = named.is_empty() && !REASONS.iter().any(|reason| cell.starts_with(reason));
    let silent = silent.then(|| "no test is named, and no reason is given".to_owned());
    let unknown = named.into_iter().filter(|name| !tests.contains(*name));
    silent
        .into_iter()
        .chain(unknown.map(|name| format!("there is no test `{name}`")))
}

/// The last cells of the rows of all tables that have such a column, with their lines.
fn promises(text: &str) -> Vec<(usize, &str)> {
    let mut rows = Vec::new();
    let mut inside = false;
    for (number, line) in (1..).zip(text.lines()) {
        let last = line
            .strip_prefix('|')
            .and_then(|row| row.trim_end().strip_suffix('|'));
        let last = last.and_then(|row| row.rsplit(" |").next()).map(str::trim);
        match last {
            None => inside = false,
            Some(cell) if HEADS.contains(&cell) => inside = true,
            Some(cell) if inside && !cell.starts_with("--") => rows.push((number, cell)),
            Some(_) => {}
        }
    }
    rows
}

/// The tests of a file, as `file: name`.
fn tests_in(file: &File) -> Vec<String> {
    let stem = file
        .path
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".rs"));
    let mut names = Vec::new();
    let mut is_test = false;
    for line in file.text.lines().map(str::trim) {
        is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
        let name = line.trim_start_matches("async ").strip_prefix("fn ");
        if let (Some(name), Some(stem), true) = (name.and_then(|rest| rest.split('(').next()), stem, is_test)
        {
            names.push(format!("{stem}::{name}"));
            is_test = false;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: (&str, &str) = (
        "crates/cli/tests/a.rs",
        "#[tokio::test]\nasync fn it_works() {\n}\nfn help() {}\n",
    );

    fn findings(row: &str) -> Vec<String> {
        let page = format!(
            "| promise | where | shown by |\n| --- | --- | --- |\n{row}\n\n| other | table |\n| --- | --- |\n| a | b |\n"
        );
        let paths: Vec<String> = PACKS
            .iter()
            .map(|pack| format!("packs/{pack}/README.md"))
            .collect();
        let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), page.as_str())).collect();
        files.push(TEST);
        check(&Repo::of(&files))
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn a_promise_names_tests_that_are_there_or_a_reason() {
        assert_eq!(findings("| a | `b` | `a::it_works` |"), Vec::<String>::new());
        assert_eq!(
            findings("| a | b | No test: it is PostgreSQL's own |"),
            Vec::<String>::new()
        );
        assert_eq!(
            findings("| a | b | |"),
            ["no test is named, and no reason is given"; 5]
        );
        assert_eq!(
            findings("| a | b | `a::help`, `a::it_works` |"),
            ["there is no test `a::help`"; 5]
        );
    }

    #[test]
    fn a_pack_without_such_a_table_is_found() {
        assert_eq!(
            check(&Repo::of(&[("packs/perfis/README.md", "| a | b |\n")])).len(),
            PACKS.len()
        );
    }
}
