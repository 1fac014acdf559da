//! Every scenario of `docs/scenarios.md` has a test that names it, or says why there is none.

use super::Finding;
use super::repo::Repo;
use crate::scenarios::{PAGE, REASON, filled, row, tests_of};

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(page) = repo.file(PAGE) else {
        return vec![Finding::new(PAGE, 0, "the list of scenarios is missing")];
    };
    let tests = tests_of(repo.files());
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(page.text.lines()) {
        if let Some(row) = row(line)
            && !tests.contains_key(row.scenario)
            && !row.last.starts_with(REASON)
        {
            let message = format!("no test names {}, and no reason is given", row.scenario);
            findings.push(Finding::new(PAGE, number, message));
        }
    }
    for (scenario, tests) in &tests {
        if !page.text.contains(&format!("| {scenario} |")) {
            let test = &tests[0];
            let message = format!("{} names {scenario}, which {PAGE} does not list", test.name);
            findings.push(Finding::new(test.path.as_str(), 0, message));
        }
    }
    if findings.is_empty() && filled(&page.text, &tests) != page.text {
        findings.push(Finding::new(PAGE, 0, "is out of date: cargo xtask scenarios"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(page: &str, test: &str) -> usize {
        check(&Repo::of(&[(PAGE, page), ("crates/pg/tests/a.rs", test)])).len()
    }

    #[test]
    fn a_scenario_needs_a_test_or_a_reason() {
        let test = "/// AT-001: x\nfn a() {}\n";
        assert_eq!(findings("| AT-001 | x | pg/tests/a.rs: `a` |\n", test), 0);
        assert_eq!(findings("| AT-001 | x | |\n", ""), 1);
        assert_eq!(findings("| AT-001 | x | No test: it takes a year |\n", ""), 0);
    }

    #[test]
    fn a_page_that_is_out_of_date_and_an_unknown_scenario_are_found() {
        let test = "/// AT-001: x\nfn a() {}\n";
        assert_eq!(findings("| AT-001 | x | |\n", test), 1);
        assert_eq!(findings("", test), 1);
    }
}
