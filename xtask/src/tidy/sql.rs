//! SQL files tell what they do, and no SQL text is put together by `format!`.

use super::Finding;
use super::repo::{File, Repo};

const HEADER: [&str; 4] = ["-- purpose:", "-- reads:", "-- writes:", "-- locks:"];

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

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repo.ending(".sql").filter(|file| file.source_of().is_some()) {
        findings.extend(header(file));
    }
    for file in repo.ending(".rs").filter(|file| file.source_of().is_some()) {
        findings.extend(formatted(file));
    }
    findings
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
        .filter(|part| !comments.iter().any(|line| line.to_lowercase().starts_with(part)))
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
        if STATEMENTS.iter().any(|statement| text.starts_with(statement)) {
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
        assert_eq!(findings[0].message, "the header lacks -- writes:, -- locks:");
        assert!(check(&Repo::of(&[("packs/perfis/migrations/1.sql", "SELECT 1")])).is_empty());
    }

    #[test]
    fn sql_from_format_is_found_wherever_its_text_stands() {
        let check_one = |text: &str| check(&Repo::of(&[("crates/pg/src/a.rs", text)])).len();
        assert_eq!(check_one("let q = format!(\"DROP TABLE {t}\");\n"), 1);
        assert_eq!(check_one("let q = format!(\n    r#\"SELECT {c}\"#,\n);\n"), 1);
        assert_eq!(check_one("let m = format!(\"cannot drop {t}\");\n"), 0);
        assert_eq!(
            check_one("#[cfg(test)]\nlet q = format!(\"DROP TABLE {t}\");\n"),
            0
        );
    }
}
