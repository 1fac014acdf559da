//! Pairs of schemas that nobody wrote: drawn from a seed, out of building blocks that fit together.
//!
//! Every choice has a key, and most keys give both sides the same answer, so that the two are relatives. A seed that fails prints itself; one
//! that found a fault becomes a pair of the corpus.

use std::fmt::Write;

use crate::corpus::asked_for;
use crate::pairs::Pair;
use crate::run::Bench;

/// How many seeds are tried.
const SEEDS: &str = "PONTE_PLAN_SEEDS";
/// The first of them.
const FIRST: &str = "PONTE_PLAN_SEED";
/// Seeds of an ordinary run.
const USUAL: u64 = 20;
/// Out of a hundred choices, so many are made anew for the second side.
const CHANGED: u64 = 30;

const TABLES: usize = 4;
const COLUMNS: [&str; 5] = ["a", "b", "c", "\"D d\"", "e"];

/// One side of a pair: every choice by its key.
struct Draw {
    seed: u64,
    second: bool,
}

impl Draw {
    /// A number below `below`, the same on both sides unless this choice is one that changes.
    fn pick(&self, key: &str, below: u64) -> u64 {
        let hash = |salt: u64| {
            let bytes = key.bytes().fold(self.seed ^ salt, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            fastrand::Rng::with_seed(bytes).u64(..)
        };
        let changes = self.second && hash(1) % 100 < CHANGED;
        hash(if changes { 2 } else { 3 }) % below
    }

    /// True in so many of a hundred cases.
    fn chance(&self, key: &str, percent: u64) -> bool {
        self.pick(key, 100) < percent
    }

    fn of<'a>(&self, key: &str, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.pick(key, choices.len() as u64)).unwrap()]
    }

    fn has_table(&self, table: usize) -> bool {
        self.chance(&format!("table {table}"), 85)
    }

    /// The type of a column, and a default that fits.
    fn column(&self, table: usize, column: &str) -> Option<(&'static str, &'static str)> {
        let key = format!("column {table} {column}");
        if !self.chance(&key, 75) {
            return None;
        }
        let types = [
            ("integer", "7"),
            ("bigint", "(length('abc'))::bigint"),
            ("text", "'x''y'"),
            ("varchar(20)", "'v'"),
            ("numeric(8,2)", "1.5"),
            ("timestamptz", "now()"),
            ("boolean", "true"),
            ("e", "'one'"),
            ("d", "'one'"),
            ("c", "NULL"),
            ("e[]", "'{one}'"),
            ("integer[]", "'{1,2}'"),
        ];
        let index = self.pick(&format!("type of {key}"), types.len() as u64);
        Some(types[usize::try_from(index).unwrap()])
    }

    /// The type of a table's key; all keys have one, so that references fit.
    fn key(&self) -> &'static str {
        self.of("key", &["integer", "bigint"])
    }

    fn types(&self, sql: &mut String) {
        let labels = self.of(
            "labels",
            &[
                "'one', 'two'",
                "'one', 'two', 'three'",
                "'two', 'one'",
                "'zero', 'one'",
            ],
        );
        let check = self.of("domain", &["", " CHECK (VALUE <> 'two')", " DEFAULT 'one'"]);
        let check = if labels.contains("'two'") { check } else { "" };
        let attributes = self.of(
            "attributes",
            &["x integer, y e", "x bigint, y e", "x integer, y e, z text"],
        );
        writeln!(sql, "CREATE TYPE e AS ENUM ({labels});").unwrap();
        writeln!(sql, "CREATE DOMAIN d AS e{check};").unwrap();
        writeln!(sql, "CREATE TYPE c AS ({attributes});").unwrap();
    }

    fn table(&self, sql: &mut String, table: usize) {
        let id = self.of(
            &format!("id {table}"),
            &[
                "PRIMARY KEY",
                "GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "DEFAULT 5 UNIQUE NOT NULL",
            ],
        );
        let mut lines = vec![format!("id {} {id}", self.key())];
        for column in COLUMNS {
            let Some((of_type, default)) = self.column(table, column) else {
                continue;
            };
            let key = format!("{table} {column}");
            let default = if self.chance(&format!("default {key}"), 40) {
                format!(" DEFAULT {default}")
            } else {
                String::new()
            };
            let not_null = self.chance(&format!("not null {key}"), 25);
            lines.push(format!(
                "{column} {of_type}{default}{}",
                if not_null { " NOT NULL" } else { "" }
            ));
        }
        if self.chance(&format!("computed {table}"), 30) {
            let expression = self.of(&format!("expression {table}"), &["id * 2", "id + 1", "-id"]);
            lines.push(format!(
                "g bigint GENERATED ALWAYS AS (({expression})::bigint) STORED"
            ));
        }
        if self.chance(&format!("check {table}"), 40) {
            let limit = self.of(&format!("limit {table}"), &["0", "-5"]);
            lines.push(format!("CONSTRAINT sound CHECK (id > {limit})"));
        }
        let unlogged = self.chance("unlogged", 10);
        let options = self.of(&format!("options {table}"), &["", "", " WITH (fillfactor = 80)"]);
        let word = if unlogged { "UNLOGGED TABLE" } else { "TABLE" };
        writeln!(sql, "CREATE {word} t{table} ({}){options};", lines.join(", ")).unwrap();
    }

    /// References, which may go round in rings.
    fn references(&self, sql: &mut String, table: usize) {
        let other = usize::try_from(self.pick(&format!("parent {table}"), TABLES as u64)).unwrap();
        if !self.has_table(other) || !self.chance(&format!("refers {table}"), 60) {
            return;
        }
        let action = self.of(
            &format!("action {table}"),
            &[
                "",
                " ON DELETE CASCADE",
                " DEFERRABLE INITIALLY DEFERRED",
                " NOT VALID",
            ],
        );
        writeln!(sql, "ALTER TABLE t{table} ADD COLUMN up {};", self.key()).unwrap();
        writeln!(
            sql,
            "ALTER TABLE t{table} ADD CONSTRAINT up FOREIGN KEY (up) REFERENCES t{other} (id){action};"
        )
        .unwrap();
    }

    /// What stands on one table.
    fn parts(&self, sql: &mut String, table: usize) {
        let some = |what: &str, percent| self.chance(&format!("{what} {table}"), percent);
        for column in COLUMNS
            .into_iter()
            .filter(|column| self.column(table, column).is_some())
        {
            let key = format!("index {table} {column}");
            if self.chance(&key, 25) {
                let columns = self.of(&format!("{key} on"), &["", ", id", ", id DESC"]);
                let unique = self.of(&format!("{key} unique"), &["", "UNIQUE "]);
                let only = self.of(&format!("{key} only"), &["", " WHERE id > 0"]);
                let name = format!("\"{} of {table}\"", column.replace('"', ""));
                writeln!(
                    sql,
                    "CREATE {unique}INDEX {name} ON t{table} ({column}{columns}){only};"
                )
                .unwrap();
            }
            if self.chance(&format!("comment {table} {column}"), 20) {
                writeln!(sql, "COMMENT ON COLUMN t{table}.{column} IS 'of {table}';").unwrap();
            }
        }
        if some("policy", 30) {
            let role = self.of(&format!("role {table}"), &["web", "clerk", "PUBLIC"]);
            writeln!(sql, "CREATE POLICY p ON t{table} TO {role} USING (id > 0);").unwrap();
        }
        if some("trigger", 30) {
            let event = self.of(
                &format!("event {table}"),
                &["INSERT", "UPDATE", "INSERT OR DELETE"],
            );
            writeln!(
                sql,
                "CREATE TRIGGER g BEFORE {event} ON t{table} FOR EACH ROW EXECUTE FUNCTION on_row();"
            )
            .unwrap();
        }
        if some("grant", 40) {
            let privileges = self.of(
                &format!("privileges {table}"),
                &["SELECT", "SELECT, INSERT", "ALL"],
            );
            writeln!(sql, "GRANT {privileges} ON t{table} TO web;").unwrap();
        }
        if some("owner", 15) {
            writeln!(sql, "ALTER TABLE t{table} OWNER TO boss;").unwrap();
        }
    }

    /// Views and functions in a stack: what reads the table, what takes its rows, what reads both.
    fn stack(&self, sql: &mut String, table: usize) {
        let some = |what: &str, percent| self.chance(&format!("{what} {table}"), percent);
        let of_table = |column: &&str| self.column(table, column).is_some();
        let seen = COLUMNS.into_iter().filter(of_table);
        let mut columns: Vec<&str> = seen
            .filter(|column| some(&format!("seen {column}"), 60))
            .collect();
        columns.push("id");
        if some("turned", 20) {
            columns.reverse();
        }
        let columns = columns.join(", ");
        if some("function", 50) {
            let result = self.of(&format!("result {table}"), &["bigint", "text"]);
            writeln!(
                sql,
                "CREATE FUNCTION f{table}(r t{table}) RETURNS {result} LANGUAGE sql IMMUTABLE AS 'SELECT ($1).id::{result}';"
            )
            .unwrap();
        }
        if !some("view", 60) {
            return;
        }
        writeln!(sql, "CREATE VIEW v{table} AS SELECT {columns} FROM t{table};").unwrap();
        let of_rows = if some("function", 50) {
            format!(", f{table}(NULL) AS f")
        } else {
            String::new()
        };
        let kind = self.of(&format!("kind {table}"), &["VIEW", "MATERIALIZED VIEW"]);
        writeln!(sql, "CREATE {kind} w{table} AS SELECT id{of_rows} FROM v{table};").unwrap();
        if some("grant on view", 40) {
            writeln!(sql, "GRANT SELECT ON w{table} TO clerk;").unwrap();
        }
    }

    fn partitions(&self, sql: &mut String) {
        if !self.chance("parts", 60) {
            return;
        }
        let key = self.of("key of parts", &["", ", PRIMARY KEY (a)"]);
        let more = self.of("more of parts", &["b text", "b bigint, c e"]);
        writeln!(
            sql,
            "CREATE TABLE p (a integer, {more}{key}) PARTITION BY LIST (a);"
        )
        .unwrap();
        for part in 0..3 {
            match self.pick(&format!("part {part}"), 3) {
                0 => writeln!(
                    sql,
                    "CREATE TABLE p{part} PARTITION OF p FOR VALUES IN ({part}, 1{part});"
                ),
                1 => writeln!(sql, "CREATE TABLE p{part} PARTITION OF p FOR VALUES IN ({part});"),
                _ => continue,
            }
            .unwrap();
        }
        if self.chance("index of parts", 50) {
            writeln!(sql, "CREATE INDEX p_b ON p (b);").unwrap();
        }
    }

    /// The whole side.
    fn sql(&self) -> String {
        let mut sql = String::new();
        self.types(&mut sql);
        let body = self.of("body", &["RETURN NEW;", "RETURN OLD;"]);
        writeln!(
            sql,
            "CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {body} END';"
        )
        .unwrap();
        let tables: Vec<usize> = (0..TABLES).filter(|table| self.has_table(*table)).collect();
        for table in &tables {
            self.table(&mut sql, *table);
        }
        for table in &tables {
            self.references(&mut sql, *table);
        }
        for table in tables {
            self.parts(&mut sql, table);
            self.stack(&mut sql, table);
        }
        self.partitions(&mut sql);
        sql
    }
}

fn pair(seed: u64) -> Pair {
    let side = |second| Draw { seed, second }.sql();
    Pair {
        name: format!("seed {seed}"),
        since: 13,
        from: side(false),
        rows: String::new(),
        to: side(true),
    }
}

#[tokio::test]
async fn schemas_that_nobody_wrote_are_planned_both_ways() {
    let number = |variable| asked_for(variable).and_then(|text| text.parse().ok());
    let first: u64 = number(FIRST).unwrap_or(1);
    let count = number(SEEDS).unwrap_or(USUAL);
    let pairs: Vec<Pair> = (first..first + count).map(pair).collect();
    let mut bench = Bench::start().await.content_with_gaps();
    for batch in pairs.chunks(usize::try_from(USUAL).unwrap()) {
        bench.check(batch).await;
    }
}
