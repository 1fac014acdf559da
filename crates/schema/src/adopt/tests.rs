//! What becomes of files and rows, tool by tool.

use super::*;

fn files(files: &[(&str, &str)]) -> Vec<SourceFile> {
    let file = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    files.iter().map(file).collect()
}

/// `applied 1.2`, `failed 3 name`.
fn rows(rows: &[&str]) -> Vec<Entry> {
    let row = |text: &&str| {
        let mut words = text.split(' ');
        Entry {
            state: State::from_word(words.next().unwrap()).unwrap(),
            version: words.next().unwrap_or_default().to_owned(),
            name: words.next().unwrap_or_default().to_owned(),
        }
    };
    rows.iter().map(row).collect()
}

fn usual(tool: Tool) -> QualifiedName {
    QualifiedName::new("public", tool.table())
}

fn check(
    tool: Tool,
    sources: &[(&str, &str)],
    history: &[&str],
    made: &[&str],
    applied: &[&str],
) -> Conversion {
    let conversion = convert(tool, &usual(tool), &files(sources), &rows(history)).unwrap();
    let names: Vec<&str> = conversion.files.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, made, "{tool}");
    let revisions: Vec<&str> = conversion.applied.iter().map(Revision::as_str).collect();
    assert_eq!(revisions, applied, "{tool}");
    conversion
}

fn refusal(tool: Tool, sources: &[(&str, &str)], history: &[&str]) -> (Problem, String) {
    let error = convert(tool, &usual(tool), &files(sources), &rows(history)).unwrap_err();
    (error.problem, error.message)
}

fn text(conversion: &Conversion, index: usize) -> &str {
    std::str::from_utf8(&conversion.files[index].bytes).unwrap()
}

const ONE: &str = "SELECT 1;";

#[test]
fn flyways_whole_versions_stay_and_its_undo_scripts_become_down() {
    let sources = [
        ("V1__users.sql", "CREATE TABLE users ();\r\n"),
        ("U1__users.sql", "DROP TABLE users;\n"),
        ("V10__later.sql", ONE),
        ("V2__index.sql", "VACUUM;"),
        ("V2__index.sql.conf", "executeInTransaction = false\n"),
        ("R__views.sql", ONE),
    ];
    let history = [
        "applied 1 V1__users.sql",
        "applied 2 V2__index.sql",
        "repeatable  R__views.sql",
    ];
    let made = ["1_users.sql", "2_index.sql", "10_later.sql", "R__views.sql"];
    let conversion = check(Tool::Flyway, &sources, &history, &made, &["1", "2"]);
    assert_eq!(
        text(&conversion, 0),
        "-- UP operations\nCREATE TABLE users ();\n\n-- DOWN operations\n-- DROP TABLE users;\n"
    );
    assert!(text(&conversion, 1).contains("-- ponte: no-transaction\n"));
    assert_eq!(conversion.repeatable, ["views"]);
}

#[test]
fn flyways_dotted_versions_are_numbered_in_their_order() {
    let sources = [("V1_10__c.sql", ONE), ("V1_2__b.sql", ONE), ("V1__a.sql", ONE)];
    let made = ["001_v1_a.sql", "002_v1_2_b.sql", "003_v1_10_c.sql"];
    let history = [
        "applied 1.0 V1__a.sql",
        "applied 1.2 V1_2__b.sql",
        "undone 1.2 U1_2__b.sql",
    ];
    check(Tool::Flyway, &sources, &history, &made, &["001"]);
}

#[test]
fn flyways_baseline_counts_everything_before_it_as_applied() {
    let sources = [("V1__a.sql", ONE), ("V2__b.sql", ONE), ("V3__c.sql", ONE)];
    check(
        Tool::Flyway,
        &sources,
        &["baseline 2"],
        &["1_a.sql", "2_b.sql", "3_c.sql"],
        &["1", "2"],
    );
    let with_script = [("B2__all.sql", ONE), ("V1__a.sql", ONE), ("V3__c.sql", ONE)];
    check(
        Tool::Flyway,
        &with_script,
        &["baseline 2"],
        &["2_all.sql", "3_c.sql"],
        &["2"],
    );
    let (problem, message) = refusal(Tool::Flyway, &[("V3__c.sql", ONE)], &["baseline 2"]);
    assert_eq!(problem, Problem::AdoptFiles);
    assert!(message.contains("no file makes what was there"), "{message}");
}

#[test]
fn a_placeholder_is_refused_with_its_line() {
    let (_, message) = refusal(
        Tool::Flyway,
        &[("V1__a.sql", "SELECT 1;\nGRANT ALL ON t TO ${owner};")],
        &[],
    );
    assert!(
        message.contains("line 2 has the placeholder ${owner}"),
        "{message}"
    );
}

#[test]
fn files_that_are_read_as_they_are_are_not_touched() {
    let sources = [
        ("001_a.up.sql", ONE),
        ("001_a.down.sql", ONE),
        ("002_b.up.sql", ONE),
    ];
    let made = ["001_a.up.sql", "001_a.down.sql", "002_b.up.sql"];
    check(
        Tool::GolangMigrate,
        &sources,
        &["applied 2"],
        &made,
        &["001", "002"],
    );
    check(Tool::Sqlx, &sources, &["applied 1"], &made, &["001"]);
    check(Tool::GolangMigrate, &sources, &[], &made, &[]);
}

#[test]
fn of_gooses_rows_the_last_one_about_a_version_counts() {
    let sources = [("00001_a.sql", ONE), ("00002_b.sql", ONE)];
    let history = ["applied 0", "applied 1", "applied 2", "undone 2"];
    check(
        Tool::Goose,
        &sources,
        &history,
        &["00001_a.sql", "00002_b.sql"],
        &["00001"],
    );
}

#[test]
fn refinerys_files_lose_their_letter() {
    let sources = [("V1__a.sql", ONE), ("U2__b.sql", ONE)];
    check(
        Tool::Refinery,
        &sources,
        &["applied 1 a"],
        &["1_a.sql", "2_b.sql"],
        &["1"],
    );
}

#[test]
fn prismas_directories_become_files_and_what_it_rolled_back_is_pending() {
    let sources = [
        ("20240101000000_init/migration.sql", ONE),
        ("20240101000000_init/down.sql", "SELECT 2;"),
        ("20240102000000_more/migration.sql", ONE),
    ];
    let made = ["20240101000000_init.sql", "20240102000000_more.sql"];
    let history = ["applied  20240101000000_init", "undone  20240102000000_more"];
    let conversion = check(Tool::Prisma, &sources, &history, &made, &["20240101000000"]);
    assert!(text(&conversion, 0).ends_with("-- DOWN operations\n-- SELECT 2;\n"));
}

const ALEMBIC: &str = "BEGIN;

CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);

-- Running upgrade  -> a1

CREATE TABLE users (note text DEFAULT '-- Running upgrade x -> y; COMMIT;');

INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING alembic_version.version_num;

-- Running upgrade a1 -> b1, on one branch

COMMIT;

CREATE INDEX CONCURRENTLY i ON users (note);

BEGIN;

-- Running upgrade a1 -> c1

SELECT 3;

-- Running upgrade b1, c1 -> d1

COMMIT;
";

#[test]
fn files_of_flyway_and_prisma_run_in_the_schema_that_the_tool_made() {
    let home = QualifiedName::new("Home", "any");
    let sources = [
        ("V1__a.sql", ONE),
        ("U1__a.sql", ONE),
        ("V2__b.sql", ONE),
        ("R__c.sql", ONE),
    ];
    let rows = rows(&["applied 1 V1__a.sql"]);
    let conversion = convert(Tool::Flyway, &home, &files(&sources), &rows).unwrap();
    assert_eq!(
        text(&conversion, 0),
        "-- UP operations\nCREATE SCHEMA IF NOT EXISTS \"Home\";\nSET search_path TO \"Home\", public;\nSELECT 1;\n\n\
         -- DOWN operations\n-- SET search_path TO \"Home\", public;\n-- SELECT 1;\n"
    );
    for later in 1..3 {
        let own = text(&conversion, later);
        assert!(
            own.contains("SET search_path TO \"Home\", public;\nSELECT 1;"),
            "{own}"
        );
        assert!(!own.contains("CREATE SCHEMA"), "{own}");
    }
    let sources = [("1_a/migration.sql", ONE)];
    let conversion = convert(Tool::Prisma, &home, &files(&sources), &[]).unwrap();
    assert!(text(&conversion, 0).contains("SET search_path TO \"Home\";\n"));
}

#[test]
fn transactions_per_migration_of_alembics_are_no_request_to_run_without_one() {
    let up = "BEGIN;\n-- Running upgrade  -> a1\nSELECT 1;\nINSERT INTO meta.\"Books\" (version_num) VALUES ('a1');\nCOMMIT;\n\n\
              BEGIN;\n-- Running upgrade a1 -> b1\nSELECT 2;\nCOMMIT;\n";
    let table = QualifiedName::new("meta", "Books");
    let history = rows(&["applied b1"]);
    let conversion = convert(Tool::Alembic, &table, &files(&[("up.sql", up)]), &history).unwrap();
    assert_eq!(text(&conversion, 0), "-- UP operations\nSELECT 1;\n");
    assert_eq!(text(&conversion, 1), "-- UP operations\nSELECT 2;\n");
}

#[test]
fn alembics_output_is_cut_at_its_comments_and_loses_its_own_books() {
    let down = "-- Running downgrade d1 -> b1, c1\n\n-- Running downgrade a1 -> \n\nDROP TABLE users;\n";
    let sources = [("down.sql", down), ("up.sql", ALEMBIC)];
    let made = ["001_a1.sql", "002_b1.sql", "003_c1.sql", "004_d1.sql"];
    let conversion = check(Tool::Alembic, &sources, &["applied b1"], &made, &["001", "002"]);
    assert_eq!(
        text(&conversion, 0),
        "-- UP operations\nCREATE TABLE users (note text DEFAULT '-- Running upgrade x -> y; COMMIT;');\n\n\
         -- DOWN operations\n-- DROP TABLE users;\n"
    );
    assert_eq!(
        text(&conversion, 1),
        "-- UP operations\n-- ponte: no-transaction\nCREATE INDEX CONCURRENTLY i ON users (note);\n"
    );
    assert!(text(&conversion, 3).ends_with("-- DOWN operations\n-- SELECT 1;\n"));
    check(
        Tool::Alembic,
        &sources,
        &["applied b1", "applied c1"],
        &made,
        &["001", "002", "003"],
    );
}

#[test]
fn rails_dump_becomes_one_file_under_the_newest_version() {
    let dump = "\\restrict abc\nSET lock_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n\
                SET check_function_bodies = false;\nCREATE TABLE public.users ();\nCREATE TABLE public.schema_migrations (version character varying NOT NULL);\n\
                INSERT INTO \"schema_migrations\" (version) VALUES ('20240101000000');\n\\unrestrict abc\n";
    let history = ["applied 20240101000000", "applied 20240202000000"];
    let conversion = check(
        Tool::Rails,
        &[("structure.sql", dump)],
        &history,
        &["20240202000000_baseline.sql"],
        &["20240202000000"],
    );
    let own = text(&conversion, 0);
    assert!(
        own.starts_with("-- UP operations\n")
            && own.contains("SET check_function_bodies = false;\nCREATE TABLE public.users ();"),
        "{own}"
    );
    assert!(!own.contains("lock_timeout"), "{own}");
    assert!(
        !own.contains("schema_migrations") && !own.contains("set_config"),
        "{own}"
    );
}

#[test]
fn what_is_failed_or_has_no_file_is_refused_by_name() {
    let (problem, message) = refusal(Tool::Sqlx, &[("1_a.sql", ONE)], &["failed 1 a"]);
    assert_eq!(problem, Problem::AdoptUnfinished);
    assert!(message.contains("it left 1 a failed"), "{message}");
    for (tool, row) in [
        (Tool::Dbmate, "applied 7"),
        (Tool::Alembic, "applied z9"),
        (Tool::Prisma, "applied  7_x"),
    ] {
        let sources = [("1_a.sql", ALEMBIC), ("1_x/migration.sql", ONE)];
        let sources = if tool == Tool::Prisma {
            &sources[1..]
        } else {
            &sources[..1]
        };
        let (problem, message) = refusal(tool, sources, &[row]);
        assert_eq!(problem, Problem::AdoptFiles, "{tool}");
        assert!(message.contains("there is no file for that"), "{message}");
    }
}

#[test]
fn tables_are_told_apart_by_their_columns() {
    let owner = |table: &str, columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        Tool::ALL.into_iter().find(|tool| tool.owns(table, &columns))
    };
    assert_eq!(
        owner("schema_migrations", &["version", "dirty"]),
        Some(Tool::GolangMigrate)
    );
    assert_eq!(owner("schema_migrations", &["version", "inserted_at"]), None);
    assert_eq!(owner("alembic_version", &["version_num"]), Some(Tool::Alembic));
    assert_eq!(owner("goose_db_version", &["a"]), None);
}

#[test]
fn a_table_of_another_name_is_a_tools_own_only_with_exactly_its_columns() {
    let is_like = |table: &str, columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        Tool::ALL
            .into_iter()
            .any(|tool| tool.is_like_its_own(table, &columns))
    };
    assert!(is_like("revision", &["version_num"]));
    assert!(is_like("books", &["id", "version_id", "is_applied", "tstamp"]));
    assert!(!is_like(
        "books",
        &["id", "version_id", "is_applied", "tstamp", "note"]
    ));
    assert!(is_like("db_migrations", &["version"]));
    assert!(!is_like("product", &["version"]));
}
