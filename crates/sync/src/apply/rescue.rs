//! The statements of the long way: the target refuses something of a batch, and what it refuses has to be told from the rest.
//!
//! Two kinds of refusal are found by looking ([`Stage::mark_unique`], [`Stage::mark_orphans`]): values that another row holds, references to rows
//! that are missing. For all others the rows get numbers, and ranges of them are tried ([`Part`]). What stays refused moves into
//! `ponte.quarantine` with its image and the reason.

use ponte_schema::{Ident, Literal, Sql};

use super::{Direction, OUTSIDE, Reference, Stage, idents, references_row, texts};
use crate::shape::ForeignKey;
use crate::snapshot::Snapshot;
use crate::table::{TableSide, equal, listed, member, qualified, renamed};

/// A range of the numbers that [`Stage::number`] gave to the rows of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

impl Part {
    pub(super) fn condition(self) -> Sql {
        Sql::render(
            " AND s.turn BETWEEN {first} AND {last}",
            &[("first", &self.first), ("last", &self.last)],
        )
    }
}

/// Why rows leave the stage.
#[derive(Debug, Clone, Copy)]
pub struct Reason<'a> {
    /// What the server said, or would have said.
    pub sqlstate: &'a str,
    /// In words, without values.
    pub message: &'a str,
}

impl Stage {
    /// [`Stage::pin`] of a part of the batch.
    pub fn pin_part(&self, table: &TableSide, part: Part) -> Sql {
        let mut sql = self.pin(table);
        sql.push(&part.condition());
        sql
    }

    /// Whether a part has rows of this table.
    pub fn any_of(&self, part: Part) -> Sql {
        Sql::render(
            "EXISTS (SELECT FROM {stage} s WHERE true{part})",
            &[("stage", &self.stage), ("part", &part.condition())],
        )
    }

    /// Notes which rows of the quarantine come with this batch.
    pub fn try_quarantined(&self, table: &TableSide, link: &str) -> Sql {
        Sql::render(
            include_str!("try_quarantined.sql"),
            &[
                ("stage", &self.stage),
                ("link", &Literal::new(link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("key_texts", &texts("s", &table.staged_key())),
            ],
        )
    }

    /// Marks rows whose unique values are taken.
    pub fn mark_unique(&self, table: &TableSide) -> Sql {
        let staged = Sql::render(
            "SELECT s.ctid AS \"ponte staged\", ROW(s.version_at, s.changed_at) AS \"ponte age\", {row} FROM {stage} s WHERE s.present",
            &[("row", &as_named(table)), ("stage", &self.stage)],
        );
        let kept = Sql::render(
            "SELECT t.* FROM {table} t WHERE NOT EXISTS (SELECT FROM {stage} g WHERE {matches})",
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("matches", &table.matches_staged_key("t", "g")),
            ],
        );
        Sql::render(
            include_str!("mark_unique.sql"),
            &[
                ("table", &quoted(&Sql::of(&table.name))),
                ("stage", &quoted(&Sql::of(&self.stage))),
                ("staged_rows", &quoted(&staged)),
                ("kept_rows", &quoted(&kept)),
            ],
        )
    }

    /// Marks rows whose parents are missing; `None` where one of the referencing columns does not travel.
    pub fn mark_orphans(
        &self,
        table: &TableSide,
        key: &ForeignKey,
        parent: Option<&(&TableSide, Self)>,
    ) -> Option<Sql> {
        let child_columns = staged_names(table, &key.child_columns)?;
        let arriving = match parent {
            None => Sql::text("true"),
            Some((parent, stage)) => Sql::render(
                "NOT EXISTS (SELECT FROM {stage} g WHERE g.present AND {references})",
                &[
                    ("stage", &stage.stage),
                    (
                        "references",
                        &equal(
                            "s",
                            &child_columns,
                            "g",
                            &staged_names(parent, &key.parent_columns)?,
                        ),
                    ),
                ],
            ),
        };
        Some(Sql::render(
            include_str!("mark_orphans.sql"),
            &[
                ("stage", &self.stage),
                ("constraint", &Literal::new(key.name.as_str())),
                ("not_null", &all_filled("s", &child_columns)),
                ("parent", &key.parent_name()),
                (
                    "references",
                    &equal("s", &child_columns, "r", &idents(&key.parent_columns)),
                ),
                ("not_arriving", &arriving),
            ],
        ))
    }

    /// Marks the rows of a part, with the name of the constraint that refused them.
    pub fn mark_part(&self, part: Part, constraint: Option<&str>) -> Sql {
        let marks = constraint.map_or_else(
            || Sql::text("ARRAY[]::text[]"),
            |name| Sql::render("ARRAY[{name}]", &[("name", &Literal::new(name))]),
        );
        Sql::render(
            "UPDATE {stage} s SET refused = {marks} WHERE true{part}",
            &[
                ("stage", &self.stage),
                ("marks", &marks),
                ("part", &part.condition()),
            ],
        )
    }

    /// Moves the marked rows into the quarantine.
    pub fn set_aside(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        seen: Option<&Snapshot>,
        reason: Reason<'_>,
    ) -> Sql {
        let names = Sql::join(", ", table.all_columns().iter().map(|c| Literal::new(c.as_str())));
        let when_masked = |text: &'static str| Sql::text(if table.mask.is_some() { text } else { "" });
        let otherwise = if reason.sqlstate == OUTSIDE {
            "outside"
        } else {
            "refused"
        };
        // At the first contact the source has seen nothing of the target.
        let seen = seen.map_or_else(|| Sql::text("'3:3:'::pg_snapshot"), |seen| Sql::of(seen));
        Sql::render(
            include_str!("set_aside.sql"),
            &[
                ("stage", &self.stage),
                ("table", &table.name),
                ("which", &Sql::text("s.refused IS NOT NULL")),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("key_texts", &texts("s", &table.staged_key())),
                ("column_names", &names),
                ("row_texts", &texts("s", &table.all_staged())),
                ("matches", &table.matches_staged_key("t", "s")),
                ("sqlstate", &Literal::new(reason.sqlstate)),
                ("otherwise", &Literal::new(otherwise)),
                ("message", &Literal::new(reason.message)),
                ("seen", &seen),
                ("changed", &when_masked(", changed")),
                ("mask", &when_masked(", s.changed")),
                ("changed_again", &when_masked(", changed = excluded.changed")),
            ],
        )
    }

    /// Numbers the planned rows, deletes or others, beginning above a number.
    pub fn number(&self, table: &TableSide, present: bool, above: i64) -> Sql {
        Sql::render(
            include_str!("number.sql"),
            &[
                ("stage", &self.stage),
                ("plan", &self.plan),
                ("plan_keys", &qualified("p", &table.staged_key())),
                ("present", &Sql::text(if present { "true" } else { "false" })),
                ("above", &above),
            ],
        )
    }

    /// Numbers the rows of one unit one by one.
    pub fn split_unit(&self, table: &TableSide, unit: i64, above: i64) -> Sql {
        Sql::render(
            include_str!("split_unit.sql"),
            &[
                ("stage", &self.stage),
                ("stage_keys", &qualified("g", &table.staged_key())),
                ("unit", &unit),
                ("above", &above),
            ],
        )
    }

    /// Joins rows that hand unique values to one another.
    pub fn link_units(&self, table: &TableSide) -> Sql {
        let wanted = Sql::render(
            "SELECT s.turn AS \"ponte turn\", {row} FROM {stage} s WHERE s.present AND s.turn IS NOT NULL",
            &[("row", &as_named(table)), ("stage", &self.stage)],
        );
        let holders = Sql::render(
            "SELECT g.turn AS \"ponte turn\", t.* FROM {table} t JOIN {stage} g ON {matches} WHERE g.turn IS NOT NULL",
            &[
                ("table", &table.name),
                ("stage", &self.stage),
                ("matches", &table.matches_staged_key("t", "g")),
            ],
        );
        Sql::render(
            include_str!("link_units.sql"),
            &[
                ("table", &quoted(&Sql::of(&table.name))),
                ("stage", &quoted(&Sql::of(&self.stage))),
                ("wanted_rows", &quoted(&wanted)),
                ("holder_rows", &quoted(&holders)),
            ],
        )
    }

    /// Joins rows with the rows that they reference.
    pub fn link_parents(
        &self,
        table: &TableSide,
        key: &ForeignKey,
        parent: (&TableSide, &Self),
    ) -> Option<Sql> {
        let references = equal(
            "s",
            &staged_names(table, &key.child_columns)?,
            "r",
            &staged_names(parent.0, &key.parent_columns)?,
        );
        Some(Sql::render(
            include_str!("link_parents.sql"),
            &[
                ("stage", &self.stage),
                ("parent_stage", &parent.1.stage),
                ("references", &references),
            ],
        ))
    }

    /// Joins rows with the rows that they reference until now and that are to be deleted.
    pub fn link_movers(&self, table: &TableSide, key: &ForeignKey, parent: (&TableSide, &Self)) -> Sql {
        Sql::render(
            include_str!("link_movers.sql"),
            &[
                ("stage", &self.stage),
                ("table", &table.name),
                ("parent_stage", &parent.1.stage),
                ("parent", &key.parent_name()),
                ("matches", &table.matches_staged_key("t", "s")),
                ("references", &references_row("t", key, "r")),
                ("parent_matches", &parent.0.matches_staged_key("r", "g")),
            ],
        )
    }

    /// Takes unique values off the planned rows that others of the batch take over.
    pub fn vacate(&self, table: &TableSide) -> Sql {
        let wanted = Sql::render(
            "SELECT p.ctid AS \"ponte plan\", {row} FROM {plan} p JOIN {stage} s ON s.ctid = p.staged WHERE p.present",
            &[
                ("row", &as_named(table)),
                ("plan", &self.plan),
                ("stage", &self.stage),
            ],
        );
        let matches = table.matches_staged_key("t", "p");
        let holders = Sql::render(
            "SELECT p.ctid AS \"ponte plan\", t.* FROM {table} t JOIN {plan} p ON {matches} WHERE t.xmin = p.seen",
            &[
                ("table", &table.name),
                ("plan", &self.plan),
                ("matches", &matches),
            ],
        );
        let key_names = Sql::join(", ", table.key.iter().map(|c| Literal::new(c.as_str())));
        Sql::render(
            include_str!("vacate.sql"),
            &[
                ("table", &quoted(&Sql::of(&table.name))),
                ("table_sql", &quoted(&Sql::of(&table.name))),
                ("plan", &quoted(&Sql::of(&self.plan))),
                ("key_names", &key_names),
                ("wanted_rows", &quoted(&wanted)),
                ("holder_rows", &quoted(&holders)),
                ("matches", &quoted(&matches)),
            ],
        )
    }

    /// Lets planned deletes lose that rows which stay reference; without a reference, all of the plan. Answers how many, and whether
    /// [`Stage::vacate`] had been at one of them.
    pub fn keep_parents(
        &self,
        table: &TableSide,
        direction: Direction<'_>,
        reference: Option<&Reference<'_>>,
    ) -> Sql {
        let referenced = reference.map_or_else(
            || Sql::text("true"),
            |reference| {
                Sql::render(
                    "EXISTS (SELECT FROM {child} r WHERE {references} AND {stays})",
                    &[
                        ("child", &reference.key.child_name()),
                        ("references", &references_row("r", reference.key, "t")),
                        ("stays", &reference.stays()),
                    ],
                )
            },
        );
        let names = Sql::join(", ", table.all_columns().iter().map(|c| Literal::new(c.as_str())));
        Sql::render(
            include_str!("keep_parents.sql"),
            &[
                ("stage", &self.stage),
                ("plan", &self.plan),
                ("table", &table.name),
                ("log", &table.log()),
                ("matches", &table.matches_staged_key("t", "p")),
                ("plan_keys", &qualified("p", &table.staged_key())),
                ("kept_keys", &qualified("k", &table.staged_key())),
                ("keys", &listed(&table.staged_key())),
                ("version", &table.version_of("t")),
                ("key_texts", &texts("p", &table.staged_key())),
                ("here_texts", &texts("t", &table.all_columns())),
                ("column_names", &names),
                ("referenced", &referenced),
                ("here_id", &Literal::new(direction.here_id.to_string())),
                ("link", &Literal::new(direction.link)),
                ("schema_name", &Literal::new(table.name.schema.as_str())),
                ("table_name", &Literal::new(table.name.name.as_str())),
                ("here_name", &Literal::new(direction.here)),
                ("there_name", &Literal::new(direction.there)),
            ],
        )
    }
}

/// Gives up the refused row of that number. `key` is a JSON object with the staged names of the key.
pub fn discard(table: &TableSide, link: &str, id: i64, key: &str) -> Sql {
    Sql::render(
        include_str!("discard.sql"),
        &[
            ("link", &Literal::new(link)),
            ("id", &id),
            ("key", &Literal::new(key)),
            ("table", &table.name),
            ("changelog", &table.changelog_table()),
            ("log", &table.log()),
            ("here_texts", &texts("t", &table.all_columns())),
            ("matches", &table.matches_staged_key("t", "k")),
            ("keys", &listed(&table.staged_key())),
            ("known_keys", &qualified("k", &table.staged_key())),
        ],
    )
}

/// A fragment of SQL as a string constant, for statements that are put together at the server.
fn quoted(sql: &Sql) -> Literal {
    Literal::new(sql.as_str())
}

/// The staged columns under the names that they have in the table.
fn as_named(table: &TableSide) -> Sql {
    renamed("s", &table.all_staged(), &table.all_columns())
}

/// What columns of the table are called in its stage; `None` where one does not travel.
fn staged_names(table: &TableSide, columns: &[String]) -> Option<Vec<Ident>> {
    let (names, staged) = (table.all_columns(), table.all_staged());
    let place = |column: &String| names.iter().position(|n| n.as_str() == column);
    columns.iter().map(|c| Some(staged[place(c)?].clone())).collect()
}

/// `alias.a IS NOT NULL AND …`
pub(super) fn all_filled(alias: &'static str, columns: &[Ident]) -> Sql {
    Sql::join(
        " AND ",
        columns
            .iter()
            .map(|c| Sql::render("{column} IS NOT NULL", &[("column", &member(alias, c))])),
    )
}
