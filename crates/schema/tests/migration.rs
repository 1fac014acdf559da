//! Directories of migration files, and what is to be done with them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

use ponte_schema::migration::plan::{self, Applied, Direction, DownTo, Standing, Unfinished};
use ponte_schema::migration::{
    Migration, MigrationError, MigrationSet, Problem, Revision, TransactionMode, new_file, with_parts,
};

fn read(files: &[(&str, &str)]) -> Result<MigrationSet, MigrationError> {
    MigrationSet::from_files(
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())),
    )
}

fn one(name: &str, text: &str) -> Migration {
    read(&[(name, text)]).unwrap().last().unwrap().clone()
}

fn refused(files: &[(&str, &str)]) -> (Problem, String) {
    let error = read(files).unwrap_err();
    (error.problem, error.message)
}

fn revision(digits: &str) -> Revision {
    Revision::parse(digits).unwrap()
}

fn sql(script: &ponte_schema::migration::Script) -> Vec<&str> {
    script
        .statements()
        .iter()
        .map(|s| s.text(script.text()))
        .collect()
}

#[test]
fn one_file_holds_up_and_a_commented_out_down() {
    let migration = one(
        "001_users.sql",
        "-- UP operations\nCREATE TABLE users ();\n\n-- DOWN operations\n-- DROP TABLE users;\n",
    );
    assert_eq!(sql(&migration.up), ["CREATE TABLE users ()"]);
    assert_eq!(sql(migration.down.as_ref().unwrap()), ["DROP TABLE users"]);
}

#[test]
fn the_markers_may_say_more_and_be_spelled_in_any_case() {
    let migration = one(
        "1_a.sql",
        "--up operations:\nSELECT 1;\n-- Down Operations (commented or in separate file)\n-- SELECT 2;",
    );
    assert_eq!(sql(migration.down.as_ref().unwrap()), ["SELECT 2"]);
}

#[test]
fn a_marker_inside_a_string_or_a_body_is_text() {
    let migration = one(
        "1_a.sql",
        "SELECT '\n-- DOWN operations\n';\nDO $$\n-- DOWN operations\n$$;",
    );
    assert!(migration.down.is_none());
    assert_eq!(migration.up.statements().len(), 2);
}

#[test]
fn places_in_down_are_places_in_the_file() {
    let migration = one(
        "1_a.sql",
        "SELECT 1;\n-- DOWN operations\n\n--  SELECT 2;\n--SELECT 3;\n",
    );
    let down = migration.down.unwrap();
    let starts: Vec<(u32, u32)> = down
        .statements()
        .iter()
        .map(|s| down.in_file(s.start))
        .map(|p| (p.line, p.column))
        .collect();
    assert_eq!(starts, [(4, 5), (5, 3)]);
}

#[test]
fn a_down_part_without_a_statement_is_none() {
    assert!(
        one("1_a.sql", "SELECT 1;\n-- DOWN operations\n-- \n-- -- nothing\n")
            .down
            .is_none()
    );
    assert!(one("1_a.sql", "SELECT 1;").down.is_none());
}

#[test]
fn down_may_stand_in_a_file_of_its_own() {
    let set = read(&[("001_a.sql", "SELECT 1;"), ("001_a.down.sql", "SELECT 2;")]).unwrap();
    assert_eq!(sql(set.last().unwrap().down.as_ref().unwrap()), ["SELECT 2"]);
    let set = read(&[("1_a.up.sql", "SELECT 1;"), ("1_a.down.sql", "SELECT 2;")]).unwrap();
    assert_eq!(sql(&set.last().unwrap().up), ["SELECT 1"]);
}

#[test]
fn files_of_dbmate_and_goose_are_read_as_they_are() {
    let dbmate = one(
        "1_a.sql",
        "-- migrate:up transaction:false\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n",
    );
    assert_eq!(dbmate.up.mode(), TransactionMode::StepByStep);
    let down = dbmate.down.unwrap();
    assert_eq!(
        (sql(&down), down.mode()),
        (vec!["SELECT 2"], TransactionMode::Together)
    );

    let goose = one(
        "00001_a.sql",
        "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN END; $$;\n-- +goose StatementEnd\n\
         SELECT 1;\n-- +goose Down\nSELECT 2;\n",
    );
    assert_eq!(goose.up.statements().len(), 2);
    assert_eq!(goose.down.unwrap().mode(), TransactionMode::StepByStep);
}

#[test]
fn the_directive_is_about_the_part_that_it_stands_in() {
    let modes = |text: &str| {
        let migration = one("1_a.sql", text);
        (migration.up.mode(), migration.down.unwrap().mode())
    };
    let (together, steps) = (TransactionMode::Together, TransactionMode::StepByStep);
    assert_eq!(
        modes("-- UP operations\n-- ponte: no-transaction\nSELECT 1;\n-- DOWN operations\n-- SELECT 2;"),
        (steps, together)
    );
    assert_eq!(
        modes("-- ponte: no-transaction\n-- UP operations\nSELECT 1;\n-- DOWN operations\n-- SELECT 2;"),
        (steps, steps)
    );
    assert_eq!(
        modes("-- UP operations\nSELECT 1;\n-- DOWN operations\n-- ponte: no-transaction\n-- SELECT 2;"),
        (together, steps)
    );
    assert_eq!(
        modes("SELECT 1;\n-- DOWN operations\n-- DROP INDEX CONCURRENTLY i;"),
        (together, steps)
    );
}

#[test]
fn a_file_that_is_a_transaction_as_a_whole_loses_its_begin_and_commit() {
    assert_eq!(
        sql(&one("1_a.sql", "BEGIN;\nSELECT 1;\nCOMMIT;").up),
        ["SELECT 1"]
    );
}

#[test]
fn transactions_inside_a_file_are_refused_with_their_place() {
    let error = read(&[("1_a.sql", "SELECT 1;\n COMMIT;\nSELECT 2;")]).unwrap_err();
    assert_eq!(error.problem, Problem::FileText);
    let position = error.place.unwrap().position.unwrap();
    assert_eq!((position.line, position.column), (2, 2));
    assert_eq!(
        refused(&[("1_a.sql", "-- ponte: no-transaction\nBEGIN; SELECT 1;")]).0,
        Problem::FileText
    );
}

#[test]
fn step_by_step_a_transaction_of_the_file_is_one_step() {
    let up = one(
        "1_a.sql",
        "-- ponte: no-transaction\nSELECT 1; BEGIN; SELECT 2; SELECT 3; COMMIT; VACUUM;",
    )
    .up;
    assert_eq!(up.steps(), [0..1, 1..5, 5..6]);
}

#[test]
fn bytes_that_editors_add_do_not_change_checksums() {
    let plain = one(
        "1_a.sql",
        "SELECT 1;\nSELECT 2;\n-- DOWN operations\n-- SELECT 3;\n",
    );
    let windows = one(
        "1_a.sql",
        "\u{feff}SELECT 1;\r\nSELECT 2;\r\n-- DOWN operations\r\n-- SELECT 3;",
    );
    assert_eq!(
        plain,
        Migration {
            up: plain.up.clone(),
            down: plain.down.clone(),
            ..windows
        }
    );
}

#[test]
fn two_files_with_one_number_are_refused_with_both_names() {
    let (problem, message) = refused(&[("001_a.sql", ""), ("1_b.sql", "")]);
    assert_eq!(problem, Problem::Duplicate);
    assert!(
        message.contains("001_a.sql") && message.contains("1_b.sql"),
        "{message}"
    );
    assert_eq!(
        refused(&[("1_a.sql", ""), ("1_b.down.sql", "")]).0,
        Problem::Duplicate
    );
}

#[test]
fn files_that_contradict_themselves_are_refused() {
    for files in [
        vec![
            ("1_a.sql", "-- DOWN operations\n-- x\n"),
            ("1_a.down.sql", "SELECT 1"),
        ],
        vec![("1_a.sql", "-- UP operations\n-- UP operations\n")],
        vec![("1_a.sql", "-- +goose Up\n-- migrate:down\n")],
        vec![("1_a.sql", "-- +goose Down\nSELECT 1;\n-- +goose Up\n")],
        vec![("1_a.sql", "SELECT 1;\n-- DOWN operations\nDROP TABLE t;\n")],
        vec![("1_a.sql", "SELECT 'never ends")],
        vec![("1_a.sql", "COPY (SELECT 1) TO STDOUT;")],
        vec![("1_a.sql", "-- +goose ENVSUB ON\n-- +goose Up\nSELECT ${X};")],
    ] {
        assert_eq!(refused(&files).0, Problem::FileText, "{files:?}");
    }
    let latin1 =
        MigrationSet::from_files([("1_a.sql".to_owned(), b"-- ok\n-- \xe9\n".to_vec())]).unwrap_err();
    assert!(
        latin1.message.contains("line 2 is not UTF-8"),
        "{}",
        latin1.message
    );
    assert_eq!(refused(&[("1_a.down.sql", "SELECT 1")]).0, Problem::FileName);
}

fn applied(set: &MigrationSet, digits: &str) -> Applied {
    let file = set.get(&revision(digits)).unwrap();
    Applied {
        revision: file.revision.clone(),
        name: file.name.clone(),
        checksum_up: file.checksum_up.clone(),
        checksum_down: file.checksum_down.clone(),
        checksum_tokens: file.checksum_tokens.clone(),
        applied_at: String::new(),
        duration_ms: 0,
        applied_by: String::new(),
        release: String::new(),
        unfinished: None,
    }
}

const DOWN: &str = "\n-- DOWN operations\n-- SELECT 0;\n";

fn three() -> MigrationSet {
    let text = |n: u8| format!("SELECT {n};{DOWN}");
    read(&[
        ("1_a.sql", &text(1)),
        ("2_b.sql", &text(2)),
        ("10_c.sql", &text(3)),
    ])
    .unwrap()
}

fn names(planned: Result<Vec<&Migration>, MigrationError>) -> Result<Vec<String>, Problem> {
    planned
        .map(|files| files.iter().map(|file| file.name.clone()).collect())
        .map_err(|error| error.problem)
}

#[test]
fn pending_files_are_applied_in_the_order_of_their_numbers() {
    let set = three();
    assert_eq!(names(plan::up(&set, &[], None, false)).unwrap(), ["a", "b", "c"]);
    assert_eq!(
        names(plan::up(&set, &[], Some(&revision("002")), false)).unwrap(),
        ["a", "b"]
    );
    assert_eq!(
        names(plan::up(&set, &[], Some(&revision("3")), false)),
        Err(Problem::UnknownRevision)
    );
}

#[test]
fn a_late_lower_number_is_an_error_unless_it_is_asked_for() {
    let set = three();
    let history = [applied(&set, "1"), applied(&set, "10")];
    assert_eq!(names(plan::up(&set, &history, None, false)), Err(Problem::Late));
    assert_eq!(names(plan::up(&set, &history, None, true)).unwrap(), ["b"]);
}

#[test]
fn a_changed_file_stops_up_and_a_comment_does_not() {
    let set = three();
    let history = [applied(&set, "1")];
    let edited = read(&[
        ("1_a.sql", &format!("-- why\nselect  1;{DOWN}")),
        ("2_b.sql", "SELECT 2;"),
    ])
    .unwrap();
    assert_eq!(plan::status(&edited, &history).applied[0].1, Standing::Edited);
    assert_eq!(names(plan::up(&edited, &history, None, false)).unwrap(), ["b"]);
    let changed = read(&[("1_a.sql", "SELECT 11;"), ("2_b.sql", "SELECT 2;")]).unwrap();
    assert_eq!(plan::status(&changed, &history).applied[0].1, Standing::Changed);
    assert_eq!(
        names(plan::up(&changed, &history, None, false)),
        Err(Problem::Changed)
    );
}

#[test]
fn an_applied_migration_without_a_file_is_missing_and_cannot_be_undone() {
    let set = three();
    let history = [applied(&set, "1"), applied(&set, "2")];
    let less = read(&[("1_a.sql", "SELECT 1;")]).unwrap();
    assert_eq!(plan::status(&less, &history).applied[1].1, Standing::Missing);
    assert_eq!(
        names(plan::down(&less, &history, &DownTo::Steps(1))),
        Err(Problem::Irreversible)
    );
}

#[test]
fn down_goes_from_the_newest_to_the_revision_that_stays() {
    let set = three();
    let history = [applied(&set, "1"), applied(&set, "2"), applied(&set, "10")];
    let down = |to: &DownTo| names(plan::down(&set, &history, to));
    assert_eq!(down(&DownTo::Steps(1)).unwrap(), ["c"]);
    assert_eq!(down(&DownTo::Steps(9)).unwrap(), ["c", "b", "a"]);
    assert_eq!(down(&DownTo::Revision(revision("1"))).unwrap(), ["c", "b"]);
    assert_eq!(down(&DownTo::Revision(revision("0"))).unwrap(), ["c", "b", "a"]);
    assert_eq!(
        down(&DownTo::Revision(revision("7"))),
        Err(Problem::UnknownRevision)
    );
}

#[test]
fn nothing_is_undone_where_one_of_them_has_no_down() {
    let set = read(&[("1_a.sql", "SELECT 1;"), ("2_b.sql", &format!("SELECT 2;{DOWN}"))]).unwrap();
    let history = [applied(&set, "1"), applied(&set, "2")];
    assert_eq!(
        names(plan::down(&set, &history, &DownTo::Steps(2))),
        Err(Problem::Irreversible)
    );
    assert_eq!(
        names(plan::down(&set, &history, &DownTo::Steps(1))).unwrap(),
        ["b"]
    );
}

#[test]
fn a_half_done_file_goes_on_while_what_was_done_still_stands_in_it() {
    let text = |second: &str| format!("-- ponte: no-transaction\nSELECT 1;\n{second};{DOWN}");
    let set = read(&[("1_a.sql", &text("SELECT 2"))]).unwrap();
    let up = &set.last().unwrap().up;
    let mut row = applied(&set, "1");
    row.unfinished = Some(Unfinished {
        direction: Direction::Up,
        steps_done: 1,
        step_begun: true,
        checksum_done: up.checksum_of_steps(1),
    });
    let history = [row];
    assert_eq!(names(plan::up(&set, &history, None, false)).unwrap(), ["a"]);
    let mended = read(&[("1_a.sql", &text("SELECT 22"))]).unwrap();
    assert_eq!(names(plan::up(&mended, &history, None, false)).unwrap(), ["a"]);
    let other = read(&[("1_a.sql", "-- ponte: no-transaction\nSELECT 3; SELECT 2;")]).unwrap();
    assert_eq!(
        names(plan::up(&other, &history, None, false)),
        Err(Problem::Interrupted)
    );
    assert_eq!(
        names(plan::down(&set, &history, &DownTo::Steps(1))),
        Err(Problem::Interrupted)
    );
}

#[test]
fn a_new_file_takes_the_next_number_in_the_width_of_the_last() {
    let name = |set: &MigrationSet| {
        new_file(set, "Add user's E-mail!", "20300101000000")
            .unwrap()
            .file
    };
    assert_eq!(name(&MigrationSet::default()), "001_add_user_s_e_mail.sql");
    assert_eq!(
        name(&read(&[("0009_a.sql", "")]).unwrap()),
        "0010_add_user_s_e_mail.sql"
    );
    assert_eq!(
        name(&read(&[("20250101000000_a.sql", "")]).unwrap()),
        "20300101000000_add_user_s_e_mail.sql"
    );
    assert_eq!(
        name(&read(&[("20300101000000_a.sql", "")]).unwrap()),
        "20300101000001_add_user_s_e_mail.sql"
    );
    assert!(new_file(&MigrationSet::default(), "!?", "20300101000000").is_err());
}

#[test]
fn the_template_is_a_file_that_is_read_and_cannot_be_undone_yet() {
    let new = new_file(&MigrationSet::default(), "a", "20300101000000").unwrap();
    let migration = one(&new.file, &new.text);
    assert!(migration.up.statements().is_empty() && migration.down.is_none());
}

#[test]
fn a_file_with_both_parts_is_read_as_it_was_written() {
    let down = "-- ponte: no-transaction\n\n-- destroys a table\nDROP TABLE t;\n";
    let text = with_parts("CREATE TABLE t ();\n", down);
    let set = MigrationSet::from_files([("001_t.sql".to_owned(), text.into_bytes())]).unwrap();
    let migration = set.last().unwrap();
    assert_eq!(migration.up.mode(), TransactionMode::Together);
    let read = migration.down.as_ref().unwrap();
    assert_eq!(read.mode(), TransactionMode::StepByStep);
    assert_eq!(read.text(), down);
}

#[test]
fn a_file_may_say_in_either_part_why_there_is_no_way_back() {
    for text in [
        "-- ponte: irreversible the rows are gone\nDROP TABLE t;\n",
        "DROP TABLE t;\n-- DOWN operations\n-- ponte: irreversible: the rows are gone\n",
    ] {
        let set = MigrationSet::from_files([("001_t.sql".to_owned(), text.as_bytes().to_vec())]).unwrap();
        let migration = set.last().unwrap();
        assert_eq!(migration.irreversible.as_deref(), Some("the rows are gone"));
        assert!(migration.down.is_none());
    }
}
