//! `ponte docs diff` from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is a test, and its helpers are too"
)]

mod program;

use std::fs;

use program::ponte;
use serde_json::{Value, json};

const FIRST: &str = "-- UP operations
CREATE TABLE teams (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE old (id integer PRIMARY KEY);
CREATE TABLE people (id integer PRIMARY KEY, name text, nick text, old_id integer REFERENCES old);
CREATE VIEW names AS SELECT name FROM people;
";
const SECOND: &str = "-- UP operations
DROP VIEW names;
ALTER TABLE people DROP COLUMN old_id, DROP COLUMN nick;
DROP TABLE old;
ALTER TABLE people ALTER name TYPE varchar(20), ADD COLUMN team_id integer NOT NULL REFERENCES teams;
CREATE INDEX people_team ON people (team_id);
CREATE TABLE pets (id integer PRIMARY KEY, owner integer NOT NULL REFERENCES people (id));
COMMENT ON TABLE pets IS 'Who lives with whom | <b>';
CREATE VIEW pet_names AS SELECT id FROM pets;
";
const NOWHERE: &str = "postgres://nobody@127.0.0.1:9/nothing";

fn fates(list: &Value, name: &str) -> Vec<(String, String)> {
    let of = |line: &Value| {
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        (text(name), text("fate"))
    };
    list.as_array().unwrap().iter().map(of).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(name, fate)| (name.to_owned(), fate.to_owned()))
        .to_vec()
}

#[test]
fn a_reader_is_told_what_became_of_tables_columns_and_relations() {
    let project = tempfile::tempdir().unwrap();
    let migrations = project.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    fs::write(migrations.join("001_first.sql"), FIRST).unwrap();
    fs::write(migrations.join("002_second.sql"), SECOND).unwrap();
    let diff = |args: &[&str]| ponte(project.path(), NOWHERE, &[&["docs", "diff"], args].concat());

    let shown = diff(&["001", "migrations", "--output", "json"]).ends(1).json();
    assert_eq!(shown["equal"], false);
    let tables = &shown["tables"];
    assert_eq!(
        fates(tables, "table"),
        pairs([("old", "gone"), ("people", "changed"), ("pets", "new")])
    );
    let people = &tables[1];
    assert_eq!(
        fates(&people["columns"], "column"),
        pairs([
            ("name", "changed"),
            ("team_id", "new"),
            ("nick", "gone"),
            ("old_id", "gone")
        ])
    );
    assert_eq!(people["columns"][0]["now"], "character varying(20)");
    assert_eq!(
        fates(&people["relations"], "constraint"),
        pairs([("people_old_id_fkey", "gone"), ("people_team_id_fkey", "new")])
    );
    assert_eq!(people["relations"][1]["now"], "team_id → teams (id)");
    assert_eq!(fates(&people["parts"], "object"), pairs([("people_team", "new")]));
    assert_eq!(tables[2]["columns"][1]["now"], "integer, not null");
    assert_eq!(
        fates(&shown["objects"], "object"),
        pairs([("public.names", "gone"), ("public.pet_names", "new")])
    );

    let text = diff(&["001", "002"]).ends(1).stdout;
    assert!(
        text.contains("\n## New table pets\n\nWho lives with whom | <b>\n"),
        "{text}"
    );
    assert!(
        text.contains("| `name` | changed | `text` | `character varying(20)` |\n"),
        "{text}"
    );
    assert!(text.contains("- new relation `team_id → teams (id)`\n"), "{text}");

    diff(&["001", "002", "--format", "html", "--out", "changes.html"]).ends(1);
    let page = fs::read_to_string(project.path().join("changes.html")).unwrap();
    assert!(page.contains("Who lives with whom | &lt;b&gt;"), "{page}");
    assert!(!page.contains("<link") && !page.contains("http"), "{page}");

    let same = diff(&["migrations", "002", "--output", "json"]).ends(0).json();
    assert_eq!(same, json!({"equal": true, "tables": [], "objects": []}));
    let unknown = diff(&["001", "007"]).ends(2);
    assert!(
        unknown.stderr.contains("migrate.unknown_revision"),
        "{}",
        unknown.stderr
    );
    let nowhere = diff(&["001", "nowhere"]).ends(2);
    assert!(nowhere.stderr.contains("diff.source"), "{}", nowhere.stderr);
}
