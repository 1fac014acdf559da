//! Every error code has its page in `docs/errors/`, and every page has a code.

use std::collections::BTreeMap;

use super::Finding;
use super::repo::{Repo, functions};

const PAGES: &str = "docs/errors/";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let codes = codes(repo);
    let mut findings: Vec<Finding> = codes
        .iter()
        .filter(|(code, _)| repo.file(&format!("{PAGES}{code}.md")).is_none())
        .map(|(code, (path, line))| {
            Finding::new(
                path.as_str(),
                *line,
                format!("{code} has no page {PAGES}{code}.md"),
            )
        })
        .collect();
    for file in repo.ending(".md") {
        let Some(code) = file
            .path
            .strip_prefix(PAGES)
            .and_then(|name| name.strip_suffix(".md"))
        else {
            continue;
        };
        if !codes.contains_key(code) {
            findings.push(Finding::new(file.path.as_str(), 0, "no error has this code"));
        } else if !file.text.starts_with(&format!("# {code}: ")) {
            findings.push(Finding::new(
                file.path.as_str(),
                1,
                format!("the first line is not \"# {code}: …\""),
            ));
        }
    }
    findings
}

/// Functions in which the codes stand: one that maps a kind to its code, or a table of all facts about the kinds.
const CODE_FUNCTIONS: [&str; 2] = ["code", "facts"];

/// The texts in the bodies of these functions that look like a code, with where they stand.
fn codes(repo: &Repo) -> BTreeMap<String, (String, usize)> {
    let mut codes = BTreeMap::new();
    for file in repo.ending(".rs").filter(|file| file.source_of().is_some()) {
        let lines: Vec<&str> = file.text.lines().collect();
        for (_, start, length) in functions(&file.text)
            .into_iter()
            .filter(|(name, ..)| CODE_FUNCTIONS.contains(&name.as_str()))
        {
            for (number, line) in (start..).zip(&lines[start - 1..start - 1 + length]) {
                for text in line.split('"').skip(1).step_by(2).filter(|text| is_code(text)) {
                    codes.insert(text.to_owned(), (file.path.clone(), number));
                }
            }
        }
    }
    codes
}

fn is_code(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "impl Kind {\n    pub fn code(self) -> &'static str {\n        match self {\n            Self::A => \"conn.a\",\n        }\n    }\n}\n";

    #[test]
    fn a_code_without_a_page_and_a_page_without_a_code_are_found() {
        let complete = [
            ("crates/pg/src/error.rs", SOURCE),
            ("docs/errors/conn.a.md", "# conn.a: a\n"),
        ];
        assert!(check(&Repo::of(&complete)).is_empty());
        assert_eq!(check(&Repo::of(&complete[..1]))[0].line, 4);
        assert_eq!(
            check(&Repo::of(&complete[1..]))[0].message,
            "no error has this code"
        );
    }

    #[test]
    fn a_page_begins_with_its_code() {
        let files = [
            ("crates/pg/src/error.rs", SOURCE),
            ("docs/errors/conn.a.md", "# something\n"),
        ];
        assert_eq!(check(&Repo::of(&files)).len(), 1);
    }
}
