//! Which test shows which scenario: `docs/scenarios.md` lists what a two-way sync has to survive, and its last column names
//! the tests that show it.
//!
//! A test says which scenarios it covers in its doc comment, `/// AT-068, AT-069: …`. `cargo xtask scenarios` writes the
//! column anew from there. A scenario without a test keeps the reason that stands in the column, and needs one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::tidy::repo::{File, Repo};

/// The list.
pub(crate) const PAGE: &str = "docs/scenarios.md";

/// How the last column begins where there is no test.
pub(crate) const REASON: &str = "No test: ";

/// Writes the column anew.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let repo = Repo::read(root)?;
    let page = repo.file(PAGE).ok_or_else(|| format!("there is no {PAGE}"))?;
    let text = filled(&page.text, &tests_of(repo.files()));
    fs::write(root.join(PAGE), text).map_err(|e| format!("cannot write {PAGE}: {e}"))?;
    Ok(format!("wrote {PAGE}"))
}

/// The tests of each scenario, as `file: name`.
pub(crate) fn tests_of(files: &[File]) -> BTreeMap<String, Vec<Test>> {
    let mut tests: BTreeMap<String, Vec<Test>> = BTreeMap::new();
    for file in files
        .iter()
        .filter(|f| f.path.ends_with(".rs") && !f.path.starts_with("xtask/"))
    {
        for (scenario, name) in named_in(&file.text) {
            tests.entry(scenario).or_default().push(Test {
                path: file.path.clone(),
                name,
            });
        }
    }
    tests
}

/// A test and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    pub(crate) path: String,
    pub(crate) name: String,
}

/// Scenario and function for each doc comment that names one.
fn named_in(text: &str) -> Vec<(String, String)> {
    let mut pending = Vec::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if let Some(comment) = line.strip_prefix("///") {
            pending.extend(scenarios_in(comment));
        } else if let Some(name) = function(line) {
            found.extend(pending.drain(..).map(|scenario| (scenario, name.to_owned())));
        } else if line.is_empty() {
            pending.clear();
        }
    }
    found
}

/// `AT-012` wherever it stands.
fn scenarios_in(comment: &str) -> impl Iterator<Item = String> {
    comment.match_indices("AT-").filter_map(|(at, _)| {
        let id = comment.get(at..at + 6)?;
        id[3..].chars().all(|c| c.is_ascii_digit()).then(|| id.to_owned())
    })
}

fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let rest = line
        .strip_prefix("async fn ")
        .or_else(|| line.strip_prefix("fn "))?;
    rest.split(['(', '<']).next()
}

/// The page with its last column as the tests have it.
pub(crate) fn filled(page: &str, tests: &BTreeMap<String, Vec<Test>>) -> String {
    let mut out = String::new();
    for line in page.lines() {
        match row(line).and_then(|row| Some((tests.get(row.scenario)?, row))) {
            Some((tests, row)) => {
                out.push_str(&format!(
                    "| {} | {} | {} |\n",
                    row.scenario,
                    row.words,
                    column(tests)
                ));
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

fn column(tests: &[Test]) -> String {
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for test in tests {
        let names = by_file.entry(&test.path).or_default();
        if !names.contains(&test.name.as_str()) {
            names.push(&test.name);
        }
    }
    let files = by_file.iter().map(|(path, names)| {
        let short = path.strip_prefix("crates/").unwrap_or(path);
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("{short}: {}", names.join(", "))
    });
    files.collect::<Vec<_>>().join("; ")
}

/// A row of the list.
pub(crate) struct Row<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) words: &'a str,
    pub(crate) last: &'a str,
}

/// Reads a line as a row of the list.
pub(crate) fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line
        .strip_prefix('|')?
        .strip_suffix('|')?
        .splitn(3, '|')
        .map(str::trim);
    let scenario = cells.next().filter(|cell| cell.starts_with("AT-"))?;
    Some(Row {
        scenario,
        words: cells.next()?,
        last: cells.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File {
            path: "crates/pg/tests/sync/a.rs".into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_doc_comment_ties_scenarios_to_the_next_function() {
        let text = "/// AT-001, AT-003: late.\n#[tokio::test]\nasync fn late_rows_arrive() {\n}\n\n/// AT-9: no.\nfn other() {}\n";
        let tests = tests_of(&[file(text)]);
        assert_eq!(tests.keys().collect::<Vec<_>>(), ["AT-001", "AT-003"]);
        assert_eq!(tests["AT-003"][0].name, "late_rows_arrive");
    }

    #[test]
    fn the_last_column_names_the_tests_and_keeps_reasons() {
        let tests = tests_of(&[file("/// AT-001: late.\nfn late_rows_arrive() {}\n")]);
        let page = "| AT-001 | late | |\n| AT-002 | never | No test: takes a year |\n";
        assert_eq!(
            filled(page, &tests),
            "| AT-001 | late | pg/tests/sync/a.rs: `late_rows_arrive` |\n| AT-002 | never | No test: takes a year |\n"
        );
    }
}
