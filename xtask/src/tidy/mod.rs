//! The rules of the house that no compiler knows. One rule per file; each takes the repository and returns what breaks it.
//!
//! `cargo test -p xtask` runs them all, so that nobody has to remember to.

mod arrows;
mod changelog;
mod codes;
mod dependencies;
mod lengths;
mod lint_pages;
mod map;
mod promises;
mod purity;
pub(crate) mod repo;
mod scenarios;
mod sql;
mod words;

use std::fmt;
use std::path::Path;

use repo::Repo;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// Counted from 1; 0 for a file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

type Rule = fn(&Repo) -> Vec<Finding>;

const RULES: &[(&str, Rule)] = &[
    ("crates depend only downward", arrows::check),
    ("the changelog knows the release", changelog::check),
    ("every code has its page", codes::check),
    ("dependencies are allowed", dependencies::check),
    ("files and functions are short", lengths::check),
    ("every rule of the lint has its page", lint_pages::check),
    ("the architecture's map is true", map::check),
    ("every promise of a pack has its test", promises::check),
    ("the pure crates are pure", purity::check),
    ("every scenario has its test", scenarios::check),
    ("SQL is in its place", sql::check),
    ("words that do not belong here", words::check),
];

/// Applies every rule.
pub(crate) fn run(root: &Path) -> Result<String, String> {
    let repo = Repo::read(root)?;
    let mut report = Vec::new();
    for (name, rule) in RULES {
        let findings = rule(&repo);
        if !findings.is_empty() {
            report.push(format!("{name}:"));
            report.extend(findings.iter().map(|finding| format!("  {finding}")));
        }
    }
    if report.is_empty() {
        Ok(format!(
            "tidy: {} rules, {} files",
            RULES.len(),
            repo.files().len()
        ))
    } else {
        Err(report.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_keeps_every_rule() {
        let report = crate::repository().and_then(|root| super::run(&root));
        if let Err(report) = report {
            panic!("\n{report}");
        }
    }
}
