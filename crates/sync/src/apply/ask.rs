//! Conflicts that a function of the user's decides ([`crate::decider`]).
//!
//! Each staged row in conflict gets a word: `here` or `there` for the side whose row stays, `both` where the function made a third row of them, `nobody`
//! where it left the decision to a person or failed. A third row takes the place of the arrived one and is a change of the target's own, newer than both;
//! everything else is left to [`Stage::resolve`].

use ponte_schema::{Literal, Sql};

use super::merge::column_names;
use super::{Direction, Local, Stage, texts};
use crate::table::{TableSide, listed, qualified};

/// What a stage has more where a function decides.
pub(super) const STAGED: &str = ", NULL::text AS decided";

impl Stage {
    /// Asks the function about every row in conflict, or about the one that stands at `row` in the stage; answers how many conflicts were recorded. `None`
    /// where no function decides.
    pub fn ask(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        local: Local<'_>,
        row: Option<&str>,
    ) -> Option<Sql> {
        let decider = table.decider.as_ref()?;
        if matches!(local, Local::All(_)) {
            return None;
        }
        let assignments = table.all_columns().into_iter().zip(table.all_staged());
        let assignments = assignments.skip(table.key.len()).map(|(column, staged)| {
            Sql::render(
                ", {staged} = (c.answer).{column}",
                &[("staged", &staged), ("column", &column)],
            )
        });
        let answered_key = table
            .key
            .iter()
            .map(|column| Sql::render("(c.answer).{column}", &[("column", column)]));
        Some(Sql::render(
            include_str!("ask.sql"),
            &[
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("table", &table.name),
                ("log", &table.log()),
                ("local", &self.decidable(table, direction, local)),
                ("row_here", &decider.row_here(table)),
                ("row_there", &decider.row_there(table)),
                ("answer", &decider.answer()),
                ("answered_key", &Sql::join(", ", answered_key)),
                ("assignments", &Sql::join("", assignments)),
                ("one", &one(row)),
                ("clash_keys", &qualified("p", &table.staged_key())),
                ("keys", &listed(&table.staged_key())),
                ("c_keys", &qualified("c", &table.staged_key())),
                ("key_texts", &texts("p", &table.staged_key())),
                ("here_texts", &texts("t", &table.all_columns())),
                ("there_texts", &texts("s", &table.all_staged())),
                ("same_key", &table.same_staged_key("l", "p")),
                ("matches", &table.matches_staged_key("t", "p")),
                ("column_names", &column_names(table)),
                ("here_id", &Literal::new(direction.here_id.to_string())),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("here_name", &Literal::new(direction.here)),
                ("there_name", &Literal::new(direction.there)),
            ],
        ))
    }

    /// Where the rows stand in the stage about which nothing is decided yet; more of them than are in conflict.
    pub fn undecided(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
        Sql::render(
            "SELECT coalesce(string_agg(p.staged::text, ';' ORDER BY p.staged), '') FROM {plan} p JOIN {stage} s ON s.ctid = p.staged \
             JOIN ({local}) l ON {same_key} WHERE s.decided IS NULL",
            &[
                ("plan", &self.plan),
                ("stage", &self.stage),
                ("local", &self.local_changes(table, direction, local, None)),
                ("same_key", &table.same_staged_key("l", "p")),
            ],
        )
    }

    /// Leaves the row that stands there to a person, or every one that is not decided.
    pub fn leave_undecided(&self, row: Option<&str>) -> Sql {
        Sql::render(
            include_str!("leave_undecided.sql"),
            &[("plan", &self.plan), ("stage", &self.stage), ("one", &one(row))],
        )
    }
}

fn one(row: Option<&str>) -> Sql {
    row.map_or_else(Sql::default, |row| {
        Sql::render(" AND p.staged = {row}::tid", &[("row", &Literal::new(row))])
    })
}
