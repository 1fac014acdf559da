//! Which rows a batch really wrote, and what the user wants to be done with that knowledge.
//!
//! Each statement that writes rows also notes their keys, in the same statement, so that what is undone with it is forgotten with it. The
//! notes are read once everything is written: by the user's log, and by the user's statements.

use ponte_schema::{Command, Ident, Literal, QualifiedName, Sql};

use super::{Direction, Reason, Stage, StageLife, texts};
use crate::extras::{APPLIED, LogEach, LogSpec};
use crate::forward;
use crate::table::{TableSide, listed, qualified, renamed};
use crate::value::over_row;

/// What a statement does to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Adds them.
    Insert,
    /// Changes them.
    Update,
    /// Removes them.
    Delete,
}

impl Operation {
    fn name(self) -> Sql {
        Sql::text(match self {
            Self::Insert => "'INSERT'",
            Self::Update => "'UPDATE'",
            Self::Delete => "'DELETE'",
        })
    }
}

impl Stage {
    fn noted(&self) -> QualifiedName {
        self.beside("ponte_noted_")
    }

    /// The relation that the user's statements read.
    fn applied(&self) -> QualifiedName {
        self.beside("ponte_applied_")
    }

    fn beside(&self, prefix: &str) -> QualifiedName {
        let position = self.stage.name.as_str().trim_start_matches("ponte_stage_");
        QualifiedName::new("pg_temp", [prefix, position].concat())
    }

    /// Drops what [`Stage::create_notes`] and [`Stage::create_applied`] made, where it is there.
    pub(super) fn forget_notes(&self) -> Sql {
        Sql::render(
            "DROP TABLE IF EXISTS {noted}, {applied}",
            &[("noted", &self.noted()), ("applied", &self.applied())],
        )
    }

    /// Creates the table of notes.
    pub fn create_notes(&self, table: &TableSide, life: StageLife) -> Sql {
        Sql::render(
            include_str!("noted/create.sql"),
            &[
                ("noted", &self.noted()),
                ("end", &life.end()),
                ("table", &table.name),
                ("keys", &renamed("t", &table.key, &table.staged_key())),
            ],
        )
    }

    /// Creates the relation that the user's statements read.
    pub fn create_applied(&self, table: &TableSide, life: StageLife) -> Sql {
        Sql::render(
            "CREATE TEMPORARY TABLE IF NOT EXISTS {applied} ON COMMIT {end} AS\n  \
             SELECT {keys}, ''::text AS operation FROM {table} t WITH NO DATA",
            &[
                ("applied", &self.applied()),
                ("end", &life.end()),
                ("table", &table.name),
                ("keys", &qualified("t", &table.key)),
            ],
        )
    }

    /// The statement `write`, which writes rows of the table under the name `t`, noting them; and logging them for the node's other links,
    /// where `forwarded_from` names the link. It counts the same rows.
    pub fn noting(
        &self,
        table: &TableSide,
        operation: Operation,
        forwarded_from: Option<&str>,
        write: &Sql,
    ) -> Sql {
        let note = self.note(table, &operation.name(), &Sql::text("written"));
        let rest = match forwarded_from {
            None => note,
            Some(link) => Sql::render(
                ", noted AS (\n{note})\n{log}",
                &[
                    ("note", &note),
                    (
                        "log",
                        &forward::log(table, link, &Sql::text("written"), &self.stage),
                    ),
                ],
            ),
        };
        Sql::render(
            "WITH written AS (\n{write}RETURNING {returned}){rest}",
            &[
                ("write", write),
                ("returned", &forward::returned(table)),
                ("rest", &rest),
            ],
        )
    }

    /// Further parts of [`Stage::upsert`] that note what its two parts wrote.
    pub(super) fn noted_in(&self, table: &TableSide, updates: bool) -> Sql {
        let added = self.note(table, &Operation::Insert.name(), &Sql::text("added"));
        let mut sql = Sql::render(", noted_added AS ({added})", &[("added", &added)]);
        if updates {
            let updated = self.note(table, &Operation::Update.name(), &Sql::text("updated"));
            sql.push(&Sql::render(
                ", noted_updated AS ({updated})",
                &[("updated", &updated)],
            ));
        }
        sql
    }

    fn note(&self, table: &TableSide, operation: &Sql, written: &Sql) -> Sql {
        let keys = listed(&table.staged_key());
        Sql::render(
            "\nINSERT INTO {noted} ({keys}, operation) SELECT {keys}, {operation} FROM {written}",
            &[
                ("noted", &self.noted()),
                ("keys", &keys),
                ("operation", operation),
                ("written", written),
            ],
        )
    }

    /// Notes the rows that are about to be set aside, and why.
    pub fn note_refused(&self, table: &TableSide, reason: Reason<'_>) -> Sql {
        Sql::render(
            include_str!("noted/refused.sql"),
            &[
                ("noted", &self.noted()),
                ("keys", &listed(&table.staged_key())),
                ("staged_keys", &qualified("s", &table.staged_key())),
                ("stage", &self.stage),
                ("table", &table.name),
                ("matches", &table.matches_staged_key("t", "s")),
                ("sqlstate", &Literal::new(reason.sqlstate)),
                ("message", &Literal::new(reason.message)),
            ],
        )
    }

    /// Notes the rows of the quarantine that are accepted although nothing had to be written.
    pub fn note_settled(&self, table: &TableSide, link: &str) -> Sql {
        Sql::render(
            include_str!("noted/settled.sql"),
            &[
                ("noted", &self.noted()),
                ("keys", &listed(&table.staged_key())),
                ("staged_keys", &qualified("s", &table.staged_key())),
                ("stage", &self.stage),
                ("same_key", &table.same_staged_key("n", "s")),
                ("key_texts", &texts("s", &table.staged_key())),
                ("link", &Literal::new(link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
            ],
        )
    }

    /// Shows the user's statements what is staged; counts it.
    pub fn show_staged(&self, table: &TableSide) -> Sql {
        Sql::render(
            "INSERT INTO {applied} ({keys}, operation)\n\
             SELECT {staged_keys}, CASE WHEN NOT s.present THEN 'DELETE' WHEN s.inserted THEN 'INSERT' ELSE 'UPDATE' END FROM {stage} s",
            &[
                ("applied", &self.applied()),
                ("keys", &listed(&table.key)),
                ("staged_keys", &qualified("s", &table.staged_key())),
                ("stage", &self.stage),
            ],
        )
    }

    /// Shows the user's statements what was written; counts it.
    pub fn show_written(&self, table: &TableSide) -> Sql {
        Sql::render(
            "INSERT INTO {applied} ({keys}, operation)\n\
             SELECT {noted_keys}, {operation} FROM {noted} n WHERE n.sqlstate IS NULL AND n.operation <> 'NONE' GROUP BY {noted_keys}",
            &[
                ("applied", &self.applied()),
                ("keys", &listed(&table.key)),
                ("noted_keys", &qualified("n", &table.staged_key())),
                ("operation", &net_operation()),
                ("noted", &self.noted()),
            ],
        )
    }

    /// Shows them nothing any more.
    pub fn hide(&self) -> Sql {
        Sql::render("DELETE FROM {applied}", &[("applied", &self.applied())])
    }

    /// A statement of the user's over this table's part of a batch.
    pub fn command(&self, command: &Command) -> Sql {
        Sql::of(&command.renamed(APPLIED, &self.applied().name))
    }

    /// What the server says about such a statement without running it, privileges included.
    pub fn explain_command(&self, command: &Command) -> Sql {
        Sql::render("EXPLAIN {command}", &[("command", &self.command(command))])
    }

    /// Writes the user's log of this table's part of the batch.
    pub fn write_log(&self, table: &TableSide, direction: Direction<'_>, log: &LogSpec) -> Sql {
        let columns: Vec<Ident> = log.columns.iter().map(|(column, _)| column.clone()).collect();
        let entry = Ident::new("entry");
        let values = log.columns.iter().map(|(_, value)| over_row(value, "e", &entry));
        let rows = self.rows_of_log(table);
        let entries = match log.each {
            LogEach::Row => rows,
            LogEach::Batch => Sql::render(include_str!("noted/batch.sql"), &[("rows", &rows)]),
        };
        Sql::render(
            include_str!("noted/log.sql"),
            &[
                ("log", &log.table),
                ("columns", &listed(&columns)),
                ("values", &Sql::join(", ", values)),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("source", &Literal::new(direction.there)),
                ("target", &Literal::new(direction.here)),
                ("entries", &entries),
            ],
        )
    }

    fn rows_of_log(&self, table: &TableSide) -> Sql {
        let noted_keys = qualified("n", &table.staged_key());
        let key_texts = texts("n", &table.staged_key());
        Sql::render(
            include_str!("noted/rows.sql"),
            &[
                ("noted", &self.noted()),
                ("stage", &self.stage),
                ("noted_keys", &noted_keys),
                ("key_texts", &key_texts),
                ("operation", &net_operation()),
                ("same_key", &table.same_staged_key("n", "s")),
            ],
        )
    }

    /// What the server says about writing the log without doing it, privileges included.
    pub fn explain_log(&self, table: &TableSide, direction: Direction<'_>, log: &LogSpec) -> Sql {
        Sql::render(
            "EXPLAIN {log}",
            &[("log", &self.write_log(table, direction, log))],
        )
    }
}

/// What several statements of one batch did to a row `n` taken together.
fn net_operation() -> Sql {
    Sql::text(
        "CASE WHEN bool_or(n.operation = 'DELETE') THEN 'DELETE' WHEN bool_or(n.operation = 'INSERT') THEN 'INSERT' ELSE max(n.operation) END",
    )
}
