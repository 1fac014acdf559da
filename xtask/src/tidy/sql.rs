//! SQL files tell what they do, and no SQL text that reaches a server is put together by `format!`.
//!
//! In the pure crates the types see to that: a `String` cannot become a `Sql`. A statement that a person is advised to run
//! is prose.

use super::Finding;
use super::purity::PURE;
use super::repo::{File, Repo};

const HEADER: [&str; 4] = ["purpose:", "reads:", "writes:", "locks:"];

/// How statements begin. In capitals, as ours are written; prose is not.
const STATEMENTS: [&str; 18] = [
    "ALTER ",
    "ANALYZE ",
    "CALL ",
    "COMMENT ",
    "COPY ",
    "CREATE ",
    "DELETE ",
    "DO ",
    "DROP ",
    "GRANT ",
    "INSERT ",
    "LOCK ",
    "REVOKE ",
    "SELECT ",
    "SET ",
    "TRUNCATE ",
    "UPDATE ",
    "WITH ",
];

/// How far above a `format!` it may say that the text is advice.
const ADVICE_LINES: usize = 3;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.ending(".sql").filter(|file| file.source_of().is_some()) {
        findings.extend(header(file));
        findings.extend(foreign_letters(file));
    }
    let executing = |file: &&File| file.source_of().is_some_and(|name| !PURE.contains(&name));
    for file in repo.ending(".rs").filter(executing) {
        findings.extend(formatted(file));
    }
    findings
}

/// Letters, also in comments, that not every server's encoding has: it would refuse the whole statement.
fn foreign_letters(file: &File) -> Option<Finding> {
    let line = file.text.lines().position(|line| !line.is_ascii())?;
    Some(Finding::new(
        file.path.as_str(),
        line + 1,
        "is not ASCII: a database in another encoding than UTF8 would refuse the statement",
    ))
}

/// What the header lacks.
fn header(file: &File) -> Option<Finding> {
    let comments: Vec<&str> = file
        .text
        .lines()
        .take_while(|line| line.starts_with("--"))
        .collect();
    let missing: Vec<&str> = HEADER
        .into_iter()
        .filter(|part| !comments.iter().any(|line| line.to_lowercase().contains(part)))
        .collect();
    (!missing.is_empty()).then(|| {
        Finding::new(
            file.path.as_str(),
            1,
            format!("the header lacks {}", missing.join(", ")),
        )
    })
}

/// A `format!` whose text begins like a statement, on the same line or on the next one.
fn formatted(file: &File) -> Vec<Finding> {
    let lines: Vec<(usize, &str)> = file.lines_outside_tests().collect();
    let mut findings = Vec::new();
    for (index, (number, line)) in lines.iter().enumerate() {
        let Some((_, after)) = line.split_once("format!(") else {
            continue;
        };
        let text = match after.trim() {
            "" => lines.get(index + 1).map_or("", |(_, next)| next.trim()),
            text => text,
        };
        let text = text.trim_start_matches(['r', '#']).trim_start_matches('"');
        let advice = lines[index.saturating_sub(ADVICE_LINES)..=index]
            .iter()
            .any(|(_, line)| ["hint(", "refuse("].iter().any(|call| line.contains(call)));
        if !advice && STATEMENTS.iter().any(|statement| text.starts_with(statement)) {
            findings.push(Finding::new(
                file.path.as_str(),
                *number,
                "SQL from format!: use ponte_schema::Sql, which quotes",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sql_file_needs_its_whole_header() {
        let whole = "-- purpose: a\n-- reads: b\n-- writes: c\n-- locks: d\nSELECT 1";
        assert!(check(&Repo::of(&[("crates/pg/src/a.sql", whole)])).is_empty());
        let findings = check(&Repo::of(&[(
            "crates/pg/src/a.sql",
            "-- purpose: a\n-- reads: b\nSELECT 1",
        )]));
        assert_eq!(findings[0].message, "the header lacks writes:, locks:");
        assert!(check(&Repo::of(&[("packs/perfis/migrations/1.sql", "SELECT 1")])).is_empty());
    }

    #[test]
    fn letters_that_some_encodings_lack_are_found() {
        let text = "-- purpose: a\n-- reads: b\n-- writes: c\n-- locks: d\nSELECT 1 -- and so on\u{2026}";
        let findings = check(&Repo::of(&[("crates/pg/src/a.sql", text)]));
        assert_eq!((findings.len(), findings[0].line), (1, 5));
    }

    #[test]
    fn sql_from_format_is_found_wherever_its_text_stands() {
        let check_one = |text: &str| check(&Repo::of(&[("crates/pg/src/a.rs", text)])).len();
        assert_eq!(check_one("let q = format!(\"DROP TABLE {t}\");\n"), 1);
        assert_eq!(check_one("let q = format!(\n    r#\"SELECT {c}\"#,\n);\n"), 1);
        assert_eq!(check_one("error.hint(format!(\"DROP TABLE {t}\"))\n"), 0);
        assert_eq!(check_one("let m = format!(\"cannot drop {t}\");\n"), 0);
        assert_eq!(
            check_one("#[cfg(test)]\nlet q = format!(\"DROP TABLE {t}\");\n"),
            0
        );
    }
}
