//! A file has at most 800 lines, a function at most 70. `xtask/ratchet.txt` lists the exceptions with the length that they
//! had when they were allowed; they may shrink and not grow.

use super::Finding;
use super::repo::{Repo, functions};

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;
const RATCHET: &str = "xtask/ratchet.txt";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let exceptions = exceptions(repo);
    let allowed = |what: &str, ordinary: usize| {
        exceptions
            .iter()
            .find(|(known, ..)| known == what)
            .map_or(ordinary, |(_, allowed, _)| *allowed)
    };
    let mut findings = Vec::new();
    let mut used = Vec::new();
    for file in repo.ending(".rs") {
        let mut measure = |what: String, line: usize, length: usize, ordinary: usize| {
            if length > ordinary {
                used.push(what.clone());
            }
            if length > allowed(&what, ordinary) {
                let limit = allowed(&what, ordinary);
                findings.push(Finding::new(
                    file.path.as_str(),
                    line,
                    format!("{what} has {length} lines, at most {limit} are allowed"),
                ));
            }
        };
        measure(file.path.clone(), 0, file.text.lines().count(), FILE_LINES_MAX);
        for (name, line, length) in functions(&file.text) {
            measure(format!("{}:{name}", file.path), line, length, FUNCTION_LINES_MAX);
        }
    }
    for (what, _, line) in &exceptions {
        if !used.contains(what) {
            findings.push(Finding::new(
                RATCHET,
                *line,
                format!("{what} is short enough now: remove the line"),
            ));
        }
    }
    findings
}

/// `path LINES` or `path:function LINES`.
fn exceptions(repo: &Repo) -> Vec<(String, usize, usize)> {
    let Some(file) = repo.file(RATCHET) else {
        return Vec::new();
    };
    (1..)
        .zip(file.text.lines())
        .filter(|(_, line)| !line.starts_with('#'))
        .filter_map(|(number, line)| {
            let (what, length) = line.rsplit_once(' ')?;
            Some((what.to_owned(), length.parse().ok()?, number))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    fn check_one(text: &str, ratchet: &str) -> Vec<String> {
        let repo = Repo::of(&[("a.rs", text), (RATCHET, ratchet)]);
        check(&repo).into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn a_function_may_have_seventy_lines_and_not_more() {
        assert!(check_one(&long_function(70), "").is_empty());
        assert_eq!(check_one(&long_function(71), "").len(), 1);
    }

    #[test]
    fn a_file_may_have_eight_hundred_lines_and_not_more() {
        assert!(check_one(&"//\n".repeat(800), "").is_empty());
        assert_eq!(check_one(&"//\n".repeat(801), "").len(), 1);
    }

    #[test]
    fn an_exception_may_shrink_and_not_grow_and_ends_when_it_is_not_needed() {
        assert!(check_one(&long_function(80), "a.rs:long 80\n").is_empty());
        assert_eq!(check_one(&long_function(81), "a.rs:long 80\n").len(), 1);
        assert_eq!(
            check_one(&long_function(60), "a.rs:long 80\n"),
            ["a.rs:long is short enough now: remove the line"]
        );
    }
}
