//! `ponte migrate test` from outside, on tables with rows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod program;

use std::fs;
use std::path::Path;

use program::{Run, ponte};
use serde_json::{Value, json};

/// File, what it holds, what becomes of it with rows and without.
const FILES: [(&str, &str, &str, &str); 10] = [
    (
        "001_people.sql",
        "-- UP operations
CREATE TABLE people (id integer PRIMARY KEY, email text NOT NULL, note text NOT NULL, seen_at timestamptz NOT NULL);
CREATE TABLE pets (id integer PRIMARY KEY, owner integer NOT NULL REFERENCES people);
CREATE TABLE flags (id integer PRIMARY KEY);
-- DOWN operations
-- DROP TABLE flags, pets, people;
",
        "returned",
        "returned",
    ),
    (
        "002_required.sql",
        "-- UP operations
ALTER TABLE pets ADD COLUMN kind text;
ALTER TABLE people ADD COLUMN tenant integer NOT NULL;
-- DOWN operations
-- ALTER TABLE people DROP COLUMN tenant;
-- ALTER TABLE pets DROP COLUMN kind;
",
        "up_fails_on_rows",
        "returned",
    ),
    (
        "003_unique.sql",
        "-- UP operations
CREATE UNIQUE INDEX CONCURRENTLY one ON flags ((id IS NULL));
-- DOWN operations
-- DROP INDEX CONCURRENTLY one;
",
        "up_fails_on_rows",
        "returned",
    ),
    (
        "004_cast.sql",
        "-- UP operations
ALTER TABLE people ALTER note TYPE integer USING note::integer;
-- DOWN operations
-- ALTER TABLE people ALTER note TYPE text;
",
        "up_fails_on_rows",
        "returned",
    ),
    (
        "005_gone.sql",
        "-- UP operations
ALTER TABLE people DROP COLUMN email;
UPDATE people SET seen_at = seen_at + interval '1 day';
-- DOWN operations
-- ALTER TABLE people ADD COLUMN email text NOT NULL DEFAULT '';
-- ALTER TABLE people ALTER email DROP DEFAULT;
",
        "loses_rows",
        "returned",
    ),
    (
        "006_known.sql",
        "-- ponte: allow drop-column: nobody reads it
-- UP operations
ALTER TABLE pets DROP COLUMN kind;
-- DOWN operations
-- ALTER TABLE pets ADD COLUMN kind text;
",
        "returned",
        "returned",
    ),
    (
        "007_down_deletes.sql",
        "-- UP operations
ALTER TABLE pets ADD COLUMN name text;
-- DOWN operations
-- DELETE FROM pets;
-- ALTER TABLE pets DROP COLUMN name;
",
        "loses_rows",
        "returned",
    ),
    (
        "008_down_fails.sql",
        "-- UP operations
ALTER TABLE pets ALTER owner DROP NOT NULL;
UPDATE pets SET owner = NULL;
-- DOWN operations
-- ALTER TABLE pets ALTER owner SET NOT NULL;
",
        "down_fails_on_rows",
        "returned",
    ),
    (
        "009_odd.sql",
        "-- UP operations
CREATE TABLE odd (word text NOT NULL CHECK (md5(word) LIKE 'abcdef0123%'));
CREATE TABLE plain (id integer PRIMARY KEY);
-- DOWN operations
-- DROP TABLE odd, plain;
",
        "returned",
        "returned",
    ),
    (
        "010_early.sql",
        "-- ponte: without-rows nobody is there yet
-- UP operations
ALTER TABLE plain ADD COLUMN tenant integer NOT NULL;
-- DOWN operations
-- ALTER TABLE plain DROP COLUMN tenant;
",
        "returned",
        "returned",
    ),
];

fn test(directory: &Path, args: &[&str]) -> Run {
    let nowhere = "postgres://nobody@127.0.0.1:9/nothing";
    ponte(directory, nowhere, &[&["migrate", "test"], args].concat())
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    let migrations = project.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    for (name, text) in files {
        fs::write(migrations.join(name), text).unwrap();
    }
    project
}

fn outcomes(shown: &Value) -> Vec<&str> {
    let lines = shown["migrations"].as_array().unwrap().iter();
    lines.map(|line| line["outcome"].as_str().unwrap()).collect()
}

#[test]
fn rows_show_what_empty_tables_hide() {
    let project = project(&FILES.map(|(name, text, ..)| (name, text)));
    let empty = test(project.path(), &["--rows", "0", "--output", "json"])
        .ends(0)
        .json();
    assert_eq!(outcomes(&empty), FILES.map(|(.., without)| without));
    assert_eq!(empty["rows_per_table"], 0);

    let shown = test(project.path(), &["--output", "json"]).ends(1).json();
    assert_eq!(outcomes(&shown), FILES.map(|(_, _, with, _)| with));
    let failure = |at: usize| &shown["migrations"][at]["failure"];
    let required = failure(1);
    assert_eq!(required["file"], "002_required.sql");
    assert_eq!(required["line"], 3);
    assert_eq!(required["table"], "people");
    assert_eq!(
        required["statement"],
        "ALTER TABLE people ADD COLUMN tenant integer NOT NULL"
    );
    assert!(required["row"].as_str().unwrap().starts_with("(1,"), "{required}");
    assert_eq!(failure(2)["sqlstate"], "23505");
    assert_eq!(failure(2)["row"], "Key ((id IS NULL))=(f) is duplicated.");
    assert_eq!(failure(3)["sqlstate"], "22P02");
    assert_eq!(failure(3)["table"], "people");
    assert!(failure(3)["row"].is_string(), "{}", failure(3));
    assert_eq!(failure(7)["table"], "pets");

    let lost = |at: usize| &shown["migrations"][at]["lost"][0];
    assert_eq!(lost(4)["table"], "people");
    // A time that has moved is none that is lost.
    assert_eq!(lost(4)["values"], json!([{"column": "email", "values": 20}]));
    assert_eq!(lost(4)["example_key"], "(1)");
    assert_eq!(lost(6)["table"], "pets");
    assert_eq!(lost(6)["rows"], lost(6)["of_rows"]);

    let odd = &shown["migrations"][8]["unfilled"];
    assert_eq!(odd.as_array().unwrap().len(), 1, "{odd}");
    assert_eq!(odd[0]["table"], "odd");
    assert_eq!(shown["migrations"][9]["without_rows"], "nobody is there yet");

    let text = test(project.path(), &["005_gone.sql"]).ends(1).stdout;
    assert!(
        text.contains("people: 20 of 20 rows have lost their email"),
        "{text}"
    );
}

#[test]
fn what_fails_without_rows_too_is_an_error_of_the_file() {
    let project = project(&[
        (
            "001_one.sql",
            "-- UP operations\nCREATE TABLE one (id integer PRIMARY KEY);\n-- DOWN operations\n-- DROP TABLE one;\n",
        ),
        (
            "002_two.sql",
            "-- UP operations\nINSERT INTO one VALUES (1), (1);\n-- DOWN operations\n-- SELECT 1;\n",
        ),
    ]);
    let run = test(project.path(), &[]).ends(2);
    assert!(run.stderr.contains("002_two.sql:2:"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    let refused = test(project.path(), &["--rows", "many"]).ends(2);
    assert!(refused.stderr.contains("--rows"), "{}", refused.stderr);
}
