//! The short way to write a batch: straight from the stage, as if nobody else wrote at the target.
//!
//! Comparing and remembering row versions first ([`Stage::pin`]) costs as much as writing, and it is needed only where the target has
//! changes of its own. Where it has none, the rows are written at once, which locks them, and *then* a later statement looks
//! for local changes. A change that was committed before we had its row is visible to that statement, and everything is undone; one
//! that waits for our lock will have seen what we wrote. What the sweep could not write is left to the rounds that compare.
//!
//! Where the target has changes of its own, the rows that they are about are set apart ([`Stage::contest`]) and left to the rounds too. All
//! of this is true row by row, so the others are written as before, and the look afterwards is for changes of theirs.

use ponte_schema::{Ident, Sql};

use super::{Direction, Local, Operation, Stage};
use crate::table::{TableSide, listed, member, qualified};

/// How a batch is swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sweep {
    /// Some of the staged rows are contested, and left out.
    pub contested: bool,
    /// Rows that were inserted at the source may be here all the same. Where they are not, the server need not look each of them up before it
    /// writes it, which is a fifth of what an INSERT costs.
    pub unless_there: bool,
}

impl Sweep {
    fn free(self) -> Sql {
        Sql::text(if self.contested {
            "s.contested IS NULL AND "
        } else {
            ""
        })
    }
}

impl Stage {
    /// Whether the rows of a table can be told apart by their keys from those that have local changes. With a filter, or columns that are made
    /// of others, more than the key counts.
    pub fn can_be_contested(table: &TableSide, local: Local<'_>) -> bool {
        matches!(local, Local::Pending(_))
            && table.filter.is_none()
            && table.mask.is_none()
            && !table.derived
            && !table.outgoing.derived_there
    }

    /// Sets the rows apart that have local changes which the source has not seen.
    pub fn contest(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
        Sql::render(
            include_str!("contest.sql"),
            &[
                ("stage", &self.stage),
                ("local", &self.local_changes(table, direction, local, None)),
                ("same_key", &table.same_staged_key("s", "l")),
            ],
        )
    }

    /// Whether the target has changes, not seen by the source, of rows that were not set apart.
    pub fn any_contested(&self, table: &TableSide, direction: Direction<'_>, local: Local<'_>) -> Sql {
        Sql::render(
            "SELECT EXISTS (SELECT FROM {stage} s JOIN ({local}) l ON {same_key} WHERE s.contested IS NULL), pg_current_snapshot()",
            &[
                ("stage", &self.stage),
                ("local", &self.local_changes(table, direction, local, None)),
                ("same_key", &table.same_staged_key("s", "l")),
            ],
        )
    }

    /// Whether inserted rows come among rows that are there: to places where some of them may be already.
    pub fn inserts_among(&self, table: &TableSide, sweep: Sweep) -> Sql {
        let staged = table.staged_key();
        Sql::render(
            include_str!("among.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("free", &sweep.free()),
                ("first_key", &qualified("t", &table.key[..1])),
                ("staged_key", &qualified("s", &staged[..1])),
            ],
        )
    }

    /// Updates, then inserts; no update for a table that is nothing but its key.
    pub fn sweep_upserts(&self, table: &TableSide, sweep: Sweep) -> Vec<(Operation, Sql)> {
        let mut statements = Vec::with_capacity(2);
        if !table.updated_columns().is_empty() {
            statements.push((Operation::Update, self.sweep_update(table, sweep)));
        }
        statements.push((Operation::Insert, self.sweep_insert(table, sweep)));
        statements
    }

    /// Deletes the rows that are gone at the source. Goes before the others, so that unique values are free.
    pub fn sweep_delete(&self, table: &TableSide, sweep: Sweep) -> Sql {
        Sql::render(
            include_str!("sweep_delete.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("free", &sweep.free()),
                ("matches", &table.matches_staged_key("t", "s")),
                ("and_inside", &table.and_inside("t")),
            ],
        )
    }

    fn sweep_update(&self, table: &TableSide, sweep: Sweep) -> Sql {
        Sql::render(
            include_str!("sweep_update.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("free", &sweep.free()),
                ("assignments", &assignments(table)),
                ("matches", &table.matches_staged_key("t", "s")),
                ("differs", &differs(table)),
            ],
        )
    }

    fn sweep_insert(&self, table: &TableSide, sweep: Sweep) -> Sql {
        let unless_there = if sweep.unless_there {
            Sql::render(
                "\nON CONFLICT ({key}) DO NOTHING",
                &[("key", &listed(&table.key))],
            )
        } else {
            Sql::default()
        };
        Sql::render(
            include_str!("sweep_insert.sql"),
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("columns", &listed(&table.all_columns())),
                ("overriding", &overriding(table)),
                ("staged", &qualified("s", &table.all_staged())),
                ("free", &sweep.free()),
                ("unless_there", &unless_there),
            ],
        )
    }
}

/// `a = s.c1, b = s.c2`; a loose column keeps its value where that is what the source has, in the source's form.
pub(crate) fn assignments(table: &TableSide) -> Sql {
    let updated = table.updated_columns();
    let each = updated.iter().map(|(column, staged)| {
        let incoming = member("s", staged);
        let value = match alike_there(table, column) {
            None => incoming,
            Some(alike) => Sql::render(
                "CASE WHEN {alike} THEN {here} ELSE {incoming} END",
                &[
                    ("alike", &alike),
                    ("here", &member("t", column)),
                    ("incoming", &incoming),
                ],
            ),
        };
        Sql::render("{column} = {value}", &[("column", column), ("value", &value)])
    });
    Sql::join(", ", each)
}

/// Whether a row `t` is not the staged row `s`, byte by byte; a loose column differs only if it does so in both sides' forms.
pub(crate) fn differs(table: &TableSide) -> Sql {
    let (loose, exact): (Vec<_>, Vec<_>) = table
        .updated_columns()
        .into_iter()
        .partition(|(column, _)| alike_there(table, column).is_some());
    let mut tests = Vec::with_capacity(1 + loose.len());
    if !exact.is_empty() {
        tests.push(rows_differ(table, &exact));
    }
    tests.extend(loose.iter().map(|pair| differs_in(table, pair)));
    match tests.len() {
        0 => Sql::text("false"),
        1 => tests.remove(0),
        _ => Sql::render("({tests})", &[("tests", &Sql::join(" OR ", tests))]),
    }
}

/// The same of one column.
pub(super) fn differs_in(table: &TableSide, pair: &(Ident, Ident)) -> Sql {
    let differ = rows_differ(table, std::slice::from_ref(pair));
    match alike_there(table, &pair.0) {
        None => differ,
        Some(alike) => Sql::render(
            "({differ} AND NOT {alike})",
            &[("differ", &differ), ("alike", &alike)],
        ),
    }
}

fn rows_differ(table: &TableSide, columns: &[(Ident, Ident)]) -> Sql {
    let row = columns.iter().map(|(column, _)| table.plain_value("t", column));
    let staged = columns.iter().map(|(_, staged)| member("s", staged));
    Sql::render(
        "ROW({row})::record OPERATOR(pg_catalog.*<>) ROW({staged})::record",
        &[
            ("row", &Sql::join(", ", row)),
            ("staged", &Sql::join(", ", staged)),
        ],
    )
}

/// Whether a loose column of the row `t`, brought to the source, is what the source has; `None` for any other column.
fn alike_there(table: &TableSide, column: &Ident) -> Option<Sql> {
    let loose = table.outgoing.loose.iter().zip(table.staged_originals());
    let (loose, original) = loose.into_iter().find(|(loose, _)| loose.column == *column)?;
    Some(Sql::render(
        "({sent}::text IS NOT DISTINCT FROM {original})",
        &[
            ("sent", &loose.sent.of("t", &table.name.name)),
            ("original", &member("s", &original)),
        ],
    ))
}

/// What lets an INSERT write an identity that is GENERATED ALWAYS.
pub(crate) fn overriding(table: &TableSide) -> Sql {
    Sql::text(if table.identity_always {
        " OVERRIDING SYSTEM VALUE"
    } else {
        ""
    })
}
