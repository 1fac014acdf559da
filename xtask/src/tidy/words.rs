//! Words that have no place in the repository: promises, tests that are skipped without a reason, silenced lints without a
//! reason.

use super::Finding;
use super::repo::Repo;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources = [".rs", ".sql", ".toml", ".sh"];
    for file in repo.files() {
        if !sources.iter().any(|suffix| file.path.ends_with(suffix))
            || file.path.starts_with("xtask/src/tidy/words.rs")
        {
            continue;
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(message) = refused(line) {
                findings.push(Finding::new(file.path.as_str(), number, message));
            }
        }
    }
    findings
}

fn refused(line: &str) -> Option<&'static str> {
    let code = line.trim_start();
    if ["TODO", "FIXME", "XXX:", "HACK:"]
        .iter()
        .any(|word| line.contains(word))
    {
        Some("a promise: do it, or write down as a fact what is missing")
    } else if code.starts_with("#[ignore]") {
        Some("a skipped test needs a reason: #[ignore = \"…\"]")
    } else if (code.starts_with("#[allow(") || code.starts_with("#![allow(")) && !code.contains("reason") {
        Some("a silenced lint needs a reason: #[expect(…, reason = \"…\")]")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_and_unexplained_exceptions_are_found() {
        for line in ["// TODO later", "    #[ignore]", "#[allow(dead_code)]"] {
            assert_eq!(
                check(&Repo::of(&[("crates/pg/src/a.rs", line)])).len(),
                1,
                "{line}"
            );
        }
    }

    #[test]
    fn explained_exceptions_and_prose_are_fine() {
        for line in [
            "#[ignore = \"needs a server of version 18\"]",
            "#[expect(dead_code, reason = \"x\")]",
            "// todos",
        ] {
            assert!(
                check(&Repo::of(&[("crates/pg/src/a.rs", line)])).is_empty(),
                "{line}"
            );
        }
    }
}
