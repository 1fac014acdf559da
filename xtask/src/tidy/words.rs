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
        let lines: Vec<&str> = file.text.lines().collect();
        for index in 0..lines.len() {
            if let Some(message) = refused(&lines[index..]) {
                findings.push(Finding::new(file.path.as_str(), index + 1, message));
            }
        }
    }
    findings
}

/// What is wrong with the first of these lines; an attribute may go on over the next ones.
fn refused(lines: &[&str]) -> Option<&'static str> {
    let line = lines.first()?;
    let code = line.trim_start();
    if ["TODO", "FIXME", "XXX:", "HACK:"]
        .iter()
        .any(|word| line.contains(word))
    {
        Some("a promise: do it, or write down as a fact what is missing")
    } else if code.starts_with("#[ignore]") {
        Some("a skipped test needs a reason: #[ignore = \"…\"]")
    } else if (code.starts_with("#[allow(") || code.starts_with("#![allow(")) && !explained(lines) {
        Some("a silenced lint needs a reason: #[expect(…, reason = \"…\")]")
    } else {
        None
    }
}

/// Whether the attribute that begins in the first line has a reason before it ends.
fn explained(lines: &[&str]) -> bool {
    let end = lines.iter().position(|line| line.contains(")]")).unwrap_or(0);
    lines[..=end].iter().any(|line| line.contains("reason = "))
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
