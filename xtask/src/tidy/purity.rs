//! `schema` and `sync` have no driver, clock, environment or randomness: values in, values out.

use super::Finding;
use super::repo::Repo;

pub(super) const PURE: [&str; 2] = ["schema", "sync"];

const BANNED: [(&str, &str); 9] = [
    ("tokio", "a driver or an executor"),
    ("SystemTime", "a clock"),
    ("Instant::now", "a clock"),
    ("time::Instant", "a clock"),
    ("std::env", "the environment"),
    ("std::fs", "the file system"),
    ("std::net", "the network"),
    ("rand::", "randomness"),
    ("new_v4", "randomness"),
];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.ending(".rs") {
        let Some(name) = file.source_of().filter(|name| PURE.contains(name)) else {
            continue;
        };
        for (number, line) in file.lines_outside_tests() {
            let code = line.split("//").next().unwrap_or_default();
            for (word, what) in BANNED {
                if code.contains(word) {
                    findings.push(Finding::new(
                        file.path.as_str(),
                        number,
                        format!("{word} is {what}; {name} is pure, take it as a value"),
                    ));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_found_in_the_pure_crates_only() {
        let text = "use std::time::SystemTime; // clock\n";
        assert_eq!(check(&Repo::of(&[("crates/sync/src/a.rs", text)])).len(), 1);
        assert!(check(&Repo::of(&[("crates/engine/src/a.rs", text)])).is_empty());
        assert!(check(&Repo::of(&[("crates/sync/src/a.rs", "// no SystemTime here\n")])).is_empty());
    }
}
