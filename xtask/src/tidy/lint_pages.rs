//! Every rule of the lint has its page in `docs/lint/`, with examples, and every page its rule.

use super::Finding;
use super::repo::Repo;

const RULES: &str = "crates/schema/src/lint/rules/";
const PAGES: &str = "docs/lint/";
const INDEX: &str = "docs/lint/README.md";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut codes = Vec::new();
    for file in repo.ending(".rs").filter(|file| file.path.starts_with(RULES)) {
        let lines = (1..).zip(file.text.lines());
        for (number, line) in lines {
            let Some(code) = line.trim().strip_prefix("code: \"") else {
                continue;
            };
            let code = code.trim_end_matches("\",");
            codes.push(code);
            let stem = file.path[RULES.len()..].trim_end_matches(".rs");
            if stem.replace('_', "-") != code {
                findings.push(Finding::new(
                    file.path.as_str(),
                    number,
                    format!("the file of {code} is not called by its name"),
                ));
            }
            match repo.file(&format!("{PAGES}{code}.md")) {
                None => findings.push(Finding::new(
                    file.path.as_str(),
                    number,
                    format!("{code} has no page {PAGES}{code}.md"),
                )),
                Some(page) if !page.text.starts_with(&format!("# {code}: ")) => findings.push(Finding::new(
                    page.path.as_str(),
                    1,
                    format!("the first line is not \"# {code}: …\""),
                )),
                Some(_) => {}
            }
            if !repo
                .file(INDEX)
                .is_some_and(|index| index.text.contains(&format!("[{code}]({code}.md)")))
            {
                findings.push(Finding::new(INDEX, 0, format!("{code} is not in the list")));
            }
        }
    }
    for page in repo.ending(".md").filter(|file| file.path != INDEX) {
        let code = page
            .path
            .strip_prefix(PAGES)
            .map(|name| name.trim_end_matches(".md"));
        if let Some(code) = code
            && !codes.contains(&code)
        {
            findings.push(Finding::new(page.path.as_str(), 0, "no rule has this name"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: (&str, &str) = ("crates/schema/src/lint/rules/a_b.rs", "    code: \"a-b\",\n");
    const PAGE: (&str, &str) = ("docs/lint/a-b.md", "# a-b: something\n");
    const LIST: (&str, &str) = (INDEX, "[a-b](a-b.md)\n");

    #[test]
    fn a_rule_without_a_page_and_a_page_without_a_rule_are_found() {
        assert!(check(&Repo::of(&[RULE, PAGE, LIST])).is_empty());
        assert_eq!(check(&Repo::of(&[RULE, LIST])).len(), 1);
        assert_eq!(
            check(&Repo::of(&[PAGE, LIST]))[0].message,
            "no rule has this name"
        );
        assert_eq!(
            check(&Repo::of(&[RULE, PAGE]))[0].message,
            "a-b is not in the list"
        );
    }

    #[test]
    fn a_rule_lives_in_the_file_of_its_name() {
        let elsewhere = ("crates/schema/src/lint/rules/other.rs", RULE.1);
        assert_eq!(check(&Repo::of(&[elsewhere, PAGE, LIST])).len(), 1);
    }
}
