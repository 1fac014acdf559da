//! What the lint says of a file by its words: what comments allow, what sizes change, where a finding stands.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use std::time::{Duration, Instant};

use ponte_schema::lint::statement::{DropKind, Statement, TableChange};
use ponte_schema::lint::{Finding, Known, Past, RULES, Severity, Sizes, TableSize, lint};
use ponte_schema::migration::{MigrationSet, Revision};

fn findings(text: &str, sizes: Option<&Sizes>, past: Option<&Past>) -> Vec<Finding> {
    let file = ("001_a.sql".to_owned(), text.as_bytes().to_vec());
    let files = MigrationSet::from_files([file]).unwrap();
    lint(Known {
        migration: files.last().unwrap(),
        observed: None,
        sizes,
        past,
    })
}

/// Severity, place and rule of everything that is found.
fn told(text: &str) -> Vec<String> {
    in_short(&findings(text, None, None))
}

fn in_short(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|f| {
            format!(
                "{} {}:{} {}",
                f.severity, f.position.line, f.position.column, f.rule
            )
        })
        .collect()
}

#[test]
fn a_finding_stands_where_its_action_does() {
    let text = "ALTER TABLE users\n  ADD COLUMN a text,\n  DROP COLUMN b;\n\n-- DOWN operations\n-- DROP TABLE orders;\n";
    assert_eq!(
        told(text),
        ["warning 3:3 drop-column", "warning 6:4 down-loses-data"]
    );
}

#[test]
fn an_allowance_holds_for_the_statement_below_it() {
    let text = "SELECT 1;\n-- ponte: allow drop-table: nobody reads it\nDROP TABLE a;\nDROP TABLE b;\n";
    assert_eq!(told(text), ["warning 4:1 drop-table"]);
}

#[test]
fn at_the_top_it_holds_for_the_whole_file_and_its_down_part() {
    let allow = "-- ponte: allow drop-table: nobody reads them\n";
    let rest = "DROP TABLE a;\nDROP TABLE b;\n";
    assert_eq!(told(&format!("{allow}\n{rest}")), [""; 0]);
    assert_eq!(told(&format!("{allow}-- UP operations\n{rest}")), [""; 0]);
    assert_eq!(told(&format!("{allow}{rest}")), ["warning 3:1 drop-table"]);
    let down = "-- ponte: allow down-loses-data: it can be filled again\n\nSELECT 1;\n-- DOWN operations\n-- DROP TABLE a;\n";
    assert_eq!(told(down), [""; 0]);
    let inside = "SELECT 1;\n-- DOWN operations\n-- -- ponte: allow down-loses-data: it can be filled again\n-- DROP TABLE a;\n-- DROP TABLE b;\n";
    assert_eq!(told(inside), ["warning 5:4 down-loses-data"]);
}

#[test]
fn without_a_reason_or_a_known_name_nothing_is_allowed() {
    assert_eq!(
        told("-- ponte: allow drop-table\nDROP TABLE a;\n"),
        ["warning 1:1 unexplained-allowance", "warning 2:1 drop-table"]
    );
    assert_eq!(
        told("-- ponte: allow drop-tables: typing\nDROP TABLE a;\n"),
        ["warning 1:1 unused-allowance", "warning 2:1 drop-table"]
    );
}

#[test]
fn the_size_of_the_live_table_decides_how_much_it_matters() {
    let table = |schema: &str, name: &str, rows: u64, bytes: u64| TableSize {
        schema: schema.to_owned(),
        name: name.to_owned(),
        rows,
        bytes,
    };
    let mib = 1024 * 1024;
    let sizes = Sizes::new(vec![
        table("public", "empty", 0, 8192),
        table("public", "usual", 1_000_000, 200 * mib),
        table("app", "huge", 90_000_000, 10 * 1024 * mib),
        table("old", "huge", 0, 0),
    ]);
    let check = |sql: &str, expected: Severity| {
        let found = findings(sql, Some(&sizes), None);
        assert_eq!(found[0].severity, expected, "{sql}: {found:?}");
    };
    check("CREATE INDEX ON empty (a);", Severity::Note);
    check("CREATE INDEX ON usual (a);", Severity::Warning);
    check("CREATE INDEX ON app.huge (a);", Severity::Error);
    check("CREATE INDEX ON huge (a);", Severity::Error);
    check("CREATE INDEX ON old.huge (a);", Severity::Note);
    check("CREATE INDEX ON unknown (a);", Severity::Warning);
    check("DROP TABLE empty;", Severity::Note);
    check("DROP TABLE app.huge;", Severity::Warning);
    check("ALTER TABLE empty RENAME TO full_one;", Severity::Warning);
}

#[test]
fn what_the_history_says_is_found_once_a_file() {
    let late = Past::Late(Revision::parse("005").unwrap());
    let text = "SELECT 1;\nSELECT 2;\n-- DOWN operations\n-- SELECT 1;\n";
    assert_eq!(
        in_short(&findings(text, None, Some(&late))),
        ["error 1:1 late-file"]
    );
    assert_eq!(
        in_short(&findings(text, None, Some(&Past::Changed))),
        ["error 1:1 edited-file"]
    );
}

#[test]
fn every_rule_has_a_name_of_its_own_in_order() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
}

#[test]
fn statements_are_told_apart_however_they_are_written() {
    let Statement::AlterTable { table, actions } = Statement::read(
        "alter table if exists only /* the */ \"My\".\"Table\" * add column if not exists \"C\" numeric(10, 2) [] default (1 + 2) not null check (\"C\" > 0), drop constraint if exists k cascade",
    ) else {
        panic!("this is an ALTER TABLE");
    };
    assert_eq!(
        (table.schema.as_deref(), table.name.as_str()),
        (Some("My"), "Table")
    );
    let TableChange::AddColumn {
        column,
        if_not_exists,
    } = &actions[0].change
    else {
        panic!("this adds a column: {actions:?}");
    };
    assert!(*if_not_exists && column.not_null);
    assert_eq!(column.name.name, "C");
    assert_eq!(column.data_type, "numeric(10, 2) []");
    assert_eq!(column.default.as_deref(), Some("(1 + 2)"));
    assert_eq!(column.constraints.len(), 1);
    assert!(matches!(&actions[1].change, TableChange::DropConstraint(name) if name.name == "k"));
    let Statement::Drop(dropped) = Statement::read("DROP TABLE IF EXISTS a, s.b CASCADE") else {
        panic!("this is a DROP");
    };
    assert_eq!((dropped.kind, dropped.names.len()), (DropKind::Table, 2));
    assert!(dropped.cascade && dropped.if_exists);
    let update = Statement::read("UPDATE ONLY t SET a = (SELECT 1 WHERE true)");
    assert!(matches!(update, Statement::Change { filtered: false, .. }));
    let update = Statement::read("UPDATE t SET a = 1 FROM u WHERE u.id = t.id");
    assert!(matches!(update, Statement::Change { filtered: true, .. }));
}

#[test]
fn no_text_makes_it_panic() {
    for text in [
        "",
        "(",
        ")",
        "ALTER",
        "ALTER TABLE",
        "ALTER TABLE t",
        "ALTER TABLE t ADD",
        "ALTER TABLE t ADD COLUMN",
        "CREATE",
        "CREATE INDEX",
        "CREATE INDEX ON",
        "CREATE TABLE t (",
        "CREATE TABLE t (a",
        "CREATE TABLE t (a int",
        "DROP",
        "DROP TABLE",
        "GRANT",
        "GRANT a",
        "GRANT a TO",
        "SET",
        "SET x",
        "TRUNCATE",
        "REINDEX (",
        "CREATE POLICY p ON t USING",
        "CREATE RULE",
        "ALTER TABLE t ADD CONSTRAINT",
        "ALTER TABLE t ADD FOREIGN KEY (a",
        "ALTER TYPE t RENAME VALUE",
        "VACUUM (",
        "COPY (",
        "\"\"\"",
        "ALTER TABLE t ALTER COLUMN c TYPE",
        "CREATE VIEW v WITH (",
        "ALTER DEFAULT PRIVILEGES GRANT",
    ] {
        Statement::read(text);
    }
}

#[test]
fn a_file_is_judged_by_its_words_in_milliseconds() {
    let some = "CREATE TABLE a_# (id bigint PRIMARY KEY, b text NOT NULL DEFAULT '', c integer REFERENCES d, CHECK (c > 0));
                CREATE INDEX e_# ON e (f, g);
                ALTER TABLE h ADD COLUMN i_# uuid DEFAULT gen_random_uuid(), ALTER COLUMN j SET NOT NULL;
                UPDATE k SET l = 1 WHERE m = 'a; b';
                CREATE FUNCTION n_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n";
    let text: String = (0..40).map(|n| some.replace('#', &n.to_string())).collect();
    let mut taken: Vec<Duration> = (0..9)
        .map(|_| {
            let clock = Instant::now();
            assert!(findings(&text, None, None).len() > 100);
            clock.elapsed()
        })
        .collect();
    taken.sort();
    println!(
        "200 statements, read and judged: {:?} at best, {:?} in the median",
        taken[0], taken[4]
    );
    // The best of them, for the machine may have other work: ten times what it may take in a release build.
    assert!(taken[0] < Duration::from_millis(50), "{taken:?}");
}
